// The real daemon, killed with SIGKILL at random moments while clients write, while it starts and
// while it stops, must come back each time with all that it acknowledged and nothing that nobody
// wrote; and the offline check must find no fault in what a kill leaves.
//
// TRIFECTA_CRASH_ROUNDS says how many kills (20), TRIFECTA_CRASH_SEED repeats the choices of a run;
// the instant at which a signal arrives cannot be repeated.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/crash/writer.h"
#include "tests/support/catch.h"
#include "tests/support/daemon_process.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {
namespace {

constexpr uint64_t kWriters = 4;
// A kill comes after at most so many acknowledged requests: some early, some after checkpoints.
constexpr uint64_t kRequestsMax = 1'000;
// Faults shown in full; one kind of damage may lose thousands of words.
constexpr size_t kFaultsShown = 10;
// How often a stopping node is looked at, at most, before it is killed: some 100 ms.
constexpr uint64_t kLooksMax = 50'000;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

class Story {
 public:
  explicit Story(uint64_t seed) : random_(seed) {
    for (uint64_t i = 0; i < kWriters; ++i) {
      writers_.emplace_back(&model_, static_cast<char>('A' + i), random_());
    }
  }

  // Starts the node, holds it against the model, lets clients write and kills it.
  void Round() {
    if (Below(5) == 0) KillAtStart();
    DaemonProcess node(options_);
    Judge(&node);
    Write(&node, Below(5) == 0);
  }

  // What remains at last holds too, survives a clean stop, and has no fault.
  void End() {
    CheckOffline();
    for (int start = 0; start < 2; ++start) {
      DaemonProcess node(options_);
      Judge(&node);
      const ProcessResult stopped = node.Stop();
      INFO(stopped.error);
      REQUIRE(stopped.status == 0);
      CheckOffline();
    }
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  // While it recovers.
  void KillAtStart() {
    ProcessOptions command;
    command.command = {DaemonProgram(),   "--config", "/dev/null",  "--data-dir",
                       options_.data_dir, "--listen", "127.0.0.1:0"};
    Process node(std::move(command));
    REQUIRE(!node.WaitForError("listening on ").empty());
    node.Kill();
  }

  void Write(DaemonProcess* node, bool stop_first) {
    Progress progress(kWriters);
    std::vector<std::thread> threads;
    for (Writer& writer : writers_) {
      threads.emplace_back([&] { writer.Run(node->port(), &progress); });
    }
    progress.WaitFor(1 + Below(kRequestsMax));
    if (stop_first) {
      node->process().Signal(SIGTERM);
      for (uint64_t looks = Below(kLooksMax); looks > 0 && !node->process().Ended(); --looks) {
      }
    }
    node->process().Kill();
    for (std::thread& thread : threads) thread.join();
    for (const Writer& writer : writers_) {
      INFO("standard error: " << node->process().Error());
      REQUIRE(writer.unexpected() == std::vector<std::string>{});
    }
  }

  void Judge(DaemonProcess* node) {
    INFO("standard error: " << node->process().Error());
    REQUIRE(node->running());
    RawClient client(node->port());
    const RawAnswer exported = client.Get("/api/v1/export");
    REQUIRE(exported.whole);
    REQUIRE(exported.status == 200);
    const std::vector<std::string> held = Lines(exported.body);
    CHECK(std::is_sorted(held.begin(), held.end()));
    std::vector<std::string> faults = model_.Judge(held);
    const size_t count = faults.size();
    faults.resize(std::min(count, kFaultsShown));
    INFO(count << " faults in " << model_.words() << " words");
    REQUIRE(faults == std::vector<std::string>{});
    CheckAnswers(&client, held);
  }

  // The other ways to read agree with the export.
  void CheckAnswers(RawClient* client, const std::vector<std::string>& held) {
    CHECK(client->Get("/api/v1/count?q=").body ==
          "{\"prefix\":\"\",\"count\":" + std::to_string(held.size()) + "}");
    const std::string prefix(1, static_cast<char>('a' + Below(12)));
    std::string results;
    auto word = std::lower_bound(held.begin(), held.end(), prefix);
    for (int i = 0; i < 10 && word != held.end() && word->starts_with(prefix); ++i, ++word) {
      results += (i == 0 ? "\"" : ",\"") + *word + "\"";
    }
    CHECK(client->Get("/search?q=" + prefix).body == "{\"results\":[" + results + "]}");
  }

  void CheckOffline() {
    ProcessOptions command;
    command.command = {TRIFECTA_BIN "/trifecta", "check", options_.data_dir};
    const ProcessResult check = Run(std::move(command));
    INFO(check.output << check.error);
    REQUIRE(check.status == 0);
  }

  std::mt19937_64 random_;
  TempDir folder_;
  // The memtable is as small as may be, so that checkpoints are frequent.
  const DaemonProcessOptions options_{
      .data_dir = folder_.File("data"), .flags = {"--memtable-size", "1MiB"}, .environment = {}};
  WordModel model_;
  std::vector<Writer> writers_;
};

TEST_CASE("A node killed at any moment comes back with what it acknowledged, and nothing else") {
  const uint64_t seed = FromEnvironment("TRIFECTA_CRASH_SEED", std::random_device{}());
  INFO("repeat with TRIFECTA_CRASH_SEED=" << seed);
  Story story(seed);
  for (uint64_t round = FromEnvironment("TRIFECTA_CRASH_ROUNDS", 20); round > 0; --round) {
    story.Round();
  }
  story.End();
}

}  // namespace
}  // namespace trifecta::test
