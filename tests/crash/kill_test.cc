// The real daemon, killed with SIGKILL at random moments while clients write, while it starts and
// while it stops, must come back each time with all that it acknowledged and nothing that nobody
// wrote; and the offline check must find no fault in what a kill leaves.
//
// TRIFECTA_CRASH_ROUNDS says how many kills (20), TRIFECTA_CRASH_SEED repeats the choices of a run;
// the instant at which a signal arrives cannot be repeated.
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <random>
#include <thread>

#include "tests/crash/writer.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {
namespace {

constexpr uint64_t kWriters = 4;
// A kill comes after at most so many acknowledged requests: some early, some after checkpoints.
constexpr uint64_t kRequestsMax = 2'000;
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

// A run of the daemon on a folder. The memtable is as small as may be: checkpoints are frequent.
class Node {
 public:
  explicit Node(const std::string& folder)
      : process_({.command = {TRIFECTA_BIN "/trifectad", "--data-dir", folder, "--listen",
                              "127.0.0.1:0", "--memtable-size", "1MiB"}}) {
    const std::string line = process_.WaitForError("listening on 127.0.0.1:");
    INFO("standard error: " << process_.Error());
    REQUIRE(!line.empty());
    port_ = static_cast<uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  }

  uint16_t port() const { return port_; }
  Process& process() { return process_; }

  void WaitUntilReady() {
    const std::string line = process_.WaitForError("ready on ");
    INFO("standard error: " << process_.Error());
    REQUIRE(!line.empty());
  }

 private:
  Process process_;
  uint16_t port_ = 0;
};

class Story {
 public:
  explicit Story(uint64_t seed) : random_(seed) {
    for (uint64_t i = 0; i < kWriters; ++i) {
      writers_.emplace_back(&model_, static_cast<char>('A' + i), random_());
    }
  }

  // Starts the node, holds it against the model, lets clients write and kills it.
  void Round() {
    if (Below(5) == 0) Node(folder_.File("data")).process().Kill();
    Node node(folder_.File("data"));
    node.WaitUntilReady();
    Judge(&node);
    Write(&node, Below(5) == 0);
  }

  // What remains at last holds too, survives a clean stop, and has no fault.
  void End() {
    CheckOffline();
    for (int start = 0; start < 2; ++start) {
      Node node(folder_.File("data"));
      node.WaitUntilReady();
      Judge(&node);
      node.process().Signal(SIGTERM);
      const ProcessResult stopped = node.process().Wait();
      INFO(stopped.error);
      REQUIRE(stopped.status == 0);
      CheckOffline();
    }
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  void Write(Node* node, bool stop_first) {
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

  void Judge(Node* node) {
    RawHttp http(node->port());
    const std::optional<RawReply> exported = http.Send("GET", "/api/v1/export");
    INFO("standard error: " << node->process().Error());
    REQUIRE(exported.has_value());
    REQUIRE(exported->status == 200);
    const std::vector<std::string> held = Lines(exported->body);
    CHECK(std::is_sorted(held.begin(), held.end()));
    std::vector<std::string> faults = model_.Judge(held);
    const size_t count = faults.size();
    faults.resize(std::min(count, kFaultsShown));
    INFO(count << " faults in " << model_.words() << " words");
    REQUIRE(faults == std::vector<std::string>{});
    CheckAnswers(&http, held);
  }

  // The other ways to read agree with the export.
  void CheckAnswers(RawHttp* http, const std::vector<std::string>& held) {
    const std::optional<RawReply> count = http->Send("GET", "/api/v1/count?q=");
    REQUIRE(count.has_value());
    CHECK(count->body == "{\"prefix\":\"\",\"count\":" + std::to_string(held.size()) + "}");
    const std::string prefix(1, static_cast<char>('a' + Below(12)));
    std::string results;
    auto word = std::lower_bound(held.begin(), held.end(), prefix);
    for (int i = 0; i < 10 && word != held.end() && word->starts_with(prefix); ++i, ++word) {
      results += (i == 0 ? "\"" : ",\"") + *word + "\"";
    }
    const std::optional<RawReply> search = http->Send("GET", "/search?q=" + prefix);
    REQUIRE(search.has_value());
    CHECK(search->body == "{\"results\":[" + results + "]}");
  }

  void CheckOffline() {
    const ProcessResult check =
        Run({.command = {TRIFECTA_BIN "/trifecta", "check", folder_.File("data")}});
    INFO(check.output << check.error);
    REQUIRE(check.status == 0);
  }

  std::mt19937_64 random_;
  TempDir folder_;
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
