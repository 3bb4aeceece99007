#include "tests/bench/daemon_round.h"

#include <algorithm>
#include <fstream>

#include "tests/bench/common/die.h"
#include "tests/bench/common/disk_rate.h"
#include "tests/bench/common/load_generator.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/searches.h"
#include "tests/bench/fixed_server.h"
#include "tests/support/daemon_process.h"
#include "tests/support/raw_client.h"

namespace trifecta::bench {
namespace {

constexpr size_t kManyClients = 64;
constexpr size_t kFewClients = 4;
// A load that never ends is given up.
constexpr std::chrono::seconds kLoadPatience{600};
// Part of a measurement that is run before it, uncounted.
constexpr double kWarmUp = 0.2;

std::string LoadProgram() { return std::string(TRIFECTA_BIN) + "/trifecta"; }

test::ProcessOptions LoadCommand(const test::DaemonProcess& daemon, const std::string& file) {
  test::ProcessOptions options;
  options.command = {LoadProgram(), "--config",   "/dev/null", "--node", daemon.address(),
                     "load",        "--progress", "none",      file};
  return options;
}

class Round {
 public:
  explicit Round(const DaemonPlan& plan)
      : plan_(plan),
        targets_(DrawSearches(*plan.words)),
        daemon_(test::DaemonProcessOptions{plan.folder->Fresh("daemon"), {}, {}}) {
    if (!daemon_.running()) Die("the daemon did not start: " + daemon_.Wait().error);
  }

  DaemonFigures Run() {
    Load();
    Search();
    Stop();
    Add();
    SearchWhileLoading();
    RestartAfterKill();
    return figures_;
  }

 private:
  // Requests a second; the first part is not counted.
  LoadResult Measure(uint16_t port, size_t connections,
                     const std::function<void(std::string*)>& request) {
    LoadPlan load{port, connections, plan_.seconds * kWarmUp, {}, request};
    GenerateLoad(load);
    load.seconds = plan_.seconds;
    LoadResult result = GenerateLoad(load);
    if (result.failures > 0) Die("an answer was not 2xx: " + result.first_failure);
    return result;
  }

  std::function<void(std::string*)> Searches() {
    return [this, next = size_t{0}](std::string* text) mutable {
      AppendGet(targets_[next++ % targets_.size()], text);
    };
  }

  std::function<void(std::string*)> Adds() {
    return [this](std::string* text) {
      const std::string word = "added-" + std::to_string(++added_);
      AppendPost("/api/v1/words", R"({"word":")" + word + R"("})", text);
    };
  }

  void Load() {
    const Timer timer;
    const test::ProcessResult load =
        test::Run(LoadCommand(daemon_, plan_.words_file), kLoadPatience);
    if (load.status != 0) Die("trifecta load failed: " + load.error);
    const auto words = static_cast<double>(plan_.words->size());
    figures_.load_words_per_second = words / timer.Seconds();
    if (Count() != plan_.words->size()) Die("words are missing after trifecta load");
    figures_.memory_mib = static_cast<double>(AnonymousBytes(daemon_.process().pid())) / 0x1p20;
  }

  void Search() {
    const test::RawAnswer answer = test::RawClient(daemon_.port()).Get(targets_[0]);
    if (answer.status != 200) Die("a search failed: " + answer.body);
    const FixedServer fixed(answer.body.size());
    figures_.searches_64 = Measure(daemon_.port(), kManyClients, Searches()).rate();
    figures_.fixed_gets_64 = Measure(fixed.port(), kManyClients, [](std::string* text) {
                               AppendGet("/fixed", text);
                             }).rate();
    figures_.search_quiet_p99_ms =
        Measure(daemon_.port(), kFewClients, Searches()).latencies.Percentile(0.99) / 1e6;
  }

  void Stop() {
    if (daemon_.Stop().status != 0) Die("the daemon did not stop cleanly");
    const auto bytes = static_cast<double>(SizeOfFolder(daemon_.data_dir()).bytes);
    figures_.bytes_per_word = bytes / static_cast<double>(plan_.words->size());
    daemon_.Start();
    if (!daemon_.running()) Die("the daemon did not start again");
  }

  void Add() {
    const FixedServer fixed(64);
    figures_.syncs_per_second = SyncsPerSecond(plan_.folder->path(), plan_.seconds);
    figures_.adds_1 = Measure(daemon_.port(), 1, Adds()).rate();
    figures_.adds_64 = Measure(daemon_.port(), kManyClients, Adds()).rate();
    figures_.fixed_posts_64 = Measure(fixed.port(), kManyClients, [](std::string* text) {
                                AppendPost("/fixed", R"({"word":"added-1234567"})", text);
                              }).rate();
  }

  // The words with an end that makes them new, four times as many.
  std::string NewWords(const std::string& name) {
    const std::string path = plan_.folder->path() + "/" + name + ".txt";
    std::ofstream file(path);
    for (const std::string_view word : plan_.words->words()) {
      for (const char digit : {'1', '2', '3', '4'}) file << word << '-' << name << digit << '\n';
    }
    if (!file.flush()) Die("cannot write " + path);
    return path;
  }

  void SearchWhileLoading() {
    test::Process load(LoadCommand(daemon_, NewWords("searched")));
    LoadPlan searches{daemon_.port(), kFewClients, static_cast<double>(kLoadPatience.count()),
                      [&] { return load.Ended(); }, Searches()};
    const LoadResult result = GenerateLoad(searches);
    if (result.failures > 0) Die("a search failed during a load: " + result.first_failure);
    if (load.Wait().status != 0) Die("trifecta load failed while searches ran");
    figures_.search_p99_ms = result.latencies.Percentile(0.99) / 1e6;
  }

  // The words that the daemon holds.
  uint64_t Count() {
    const test::RawAnswer answer = test::RawClient(daemon_.port()).Get("/api/v1/count?q=");
    const size_t at = answer.body.find("\"count\":");
    if (answer.status != 200 || at == std::string::npos) Die("a count failed: " + answer.body);
    return std::stoull(answer.body.substr(at + 8));
  }

  void RestartAfterKill() {
    const uint64_t enough = Count() + plan_.words->size();
    test::Process load(LoadCommand(daemon_, NewWords("killed")));
    uint64_t counted = 0;
    while (counted < enough && !load.Ended()) counted = Count();
    daemon_.Kill();
    load.Kill();
    const Timer timer;
    daemon_.Start();
    if (!daemon_.running()) Die("the daemon did not start after the kill");
    while (test::RawClient(daemon_.port()).Get("/ready").status != 200) {
    }
    figures_.restart_ms = timer.Milliseconds();
    if (Count() < counted) Die("words are missing after the kill");
  }

  const DaemonPlan& plan_;
  std::vector<std::string> targets_;
  test::DaemonProcess daemon_;
  DaemonFigures figures_;
  uint64_t added_ = 0;
};

}  // namespace

DaemonFigures MeasureDaemon(const DaemonPlan& plan) { return Round(plan).Run(); }

}  // namespace trifecta::bench
