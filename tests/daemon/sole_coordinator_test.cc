#include "daemon/sole_coordinator.h"

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {
namespace {

using daemon::HybridClock;
using daemon::Operation;
using daemon::SearchAnswer;
using daemon::SoleCoordinator;

constexpr uint16_t kNode = 7;

struct Setup {
  TempDir folder;
  ManualClock wall;
  FakeStore store;
  std::unique_ptr<HybridClock> clock = Open();
  SoleCoordinator coordinator{&store, clock.get(), kNode, 2};

  std::unique_ptr<HybridClock> Open() {
    auto opened = HybridClock::Open(folder.path(), PosixFileSystem(), &wall);
    REQUIRE(opened.ok());
    return std::move(*opened);
  }
  // How many of the words were there before.
  uint64_t Write(Operation operation, std::vector<std::string_view> words) {
    const auto existed = coordinator.Write(operation, words, {});
    REQUIRE(existed.ok());
    return *existed;
  }
  bool Contains(std::string_view word) {
    const auto found = coordinator.Contains(word, {});
    REQUIRE(found.ok());
    return *found;
  }
  Version VersionOf(std::string_view word) {
    const auto found = store.Get(word);
    REQUIRE(found.ok());
    return found->version;
  }
  void WriteDirectly(std::string_view word, Version version, bool tombstone) {
    const Entry entry{word, version, tombstone};
    REQUIRE(store.Write({&entry, 1}, {}).ok());
  }
};

}  // namespace

TEST_CASE("The words of one write get one version, and each write a later one") {
  Setup setup;
  CHECK(setup.Write(Operation::kAdd, {"a", "b"}) == 0);
  CHECK(setup.VersionOf("a") == setup.VersionOf("b"));
  CHECK(setup.VersionOf("a").node == kNode);
  CHECK(setup.Write(Operation::kAdd, {"b", "c"}) == 1);
  CHECK(setup.VersionOf("b") > setup.VersionOf("a"));
}

TEST_CASE("A deleted word is not there, and its tombstone is newer than it") {
  Setup setup;
  setup.Write(Operation::kAdd, {"a"});
  const Version added = setup.VersionOf("a");
  CHECK(setup.Write(Operation::kDelete, {"a"}) == 1);
  CHECK_FALSE(setup.Contains("a"));
  CHECK(setup.VersionOf("a") > added);
  CHECK(setup.Write(Operation::kAdd, {"a"}) == 0);
  CHECK(setup.Contains("a"));
}

TEST_CASE("A write beats an entry from before it, however far ahead that one's clock was") {
  Setup setup;
  const uint64_t hour = uint64_t{3'600'000} << 16;
  const uint64_t ahead = (setup.wall.WallMilliseconds() << 16) + hour;
  SECTION("of another node") {
    setup.WriteDirectly("a", {ahead, 9}, true);
    setup.WriteDirectly("c", {ahead + 5, 9}, false);
  }
  SECTION("of this node, before its clock file was lost") {
    setup.WriteDirectly("a", {ahead, kNode}, true);
    setup.WriteDirectly("c", {ahead + 5, kNode}, false);
  }
  CHECK(setup.Write(Operation::kAdd, {"a", "b", "c"}) == 1);
  CHECK(setup.Contains("a"));
  CHECK(setup.VersionOf("a").time > ahead);
  CHECK(setup.VersionOf("c").time > ahead + 5);
  CHECK(setup.VersionOf("b").time < ahead);
  CHECK(setup.Write(Operation::kDelete, {"a", "b", "c"}) == 3);
  CHECK_FALSE(setup.Contains("a"));
}

TEST_CASE("A write that is overtaken by a later one of this node is not repeated") {
  Setup setup;
  std::atomic<bool> overtaken = false;
  setup.store.BeforeWrite([&] {
    if (overtaken.exchange(true)) return;
    std::thread([&] { setup.Write(Operation::kDelete, {"a"}); }).join();
  });
  CHECK(setup.Write(Operation::kAdd, {"a"}) == 0);
  CHECK_FALSE(setup.Contains("a"));
}

TEST_CASE("A request whose deadline has passed does nothing") {
  Setup setup;
  const daemon::CallOptions late{daemon::Consistency::kQuorum, {}};
  const std::string_view word = "a";
  CHECK(setup.coordinator.Write(Operation::kAdd, {&word, 1}, late).status().code() ==
        StatusCode::kTimeout);
  CHECK(setup.coordinator.Contains("a", late).status().code() == StatusCode::kTimeout);
  CHECK(setup.coordinator.Count("a", late).status().code() == StatusCode::kTimeout);
  SearchAnswer answer;
  CHECK(setup.coordinator.Search({}, false, late, &answer).code() == StatusCode::kTimeout);
  CHECK_FALSE(setup.Contains("a"));
}

TEST_CASE("A failure of the store comes through, damage too") {
  Setup setup;
  setup.store.FailWrites({StatusCode::kDiskFull, "full"});
  const std::string_view word = "a";
  CHECK(setup.coordinator.Write(Operation::kAdd, {&word, 1}, {}).status().code() ==
        StatusCode::kDiskFull);
  setup.store.FailReads({StatusCode::kDataDamaged, "base-1 at byte 4096"});
  const Status failed = setup.coordinator.Contains("a", {}).status();
  CHECK(failed.code() == StatusCode::kDataDamaged);
  CHECK(failed.message() == "base-1 at byte 4096");
  CHECK(setup.coordinator.ShardRootsOf(1, {}).status().code() == StatusCode::kDataDamaged);
}

TEST_CASE("A partial search reads what can be read, shard by shard, and names the rest") {
  // Every read that touches a word with "tr" fails.
  class DamagedStore : public FakeStore {
   public:
    Status Search(const storage::SearchOptions& options, storage::Page* page) const override {
      const std::string_view bad = "tr";
      if (bad.starts_with(options.prefix) || options.prefix.starts_with(bad)) {
        return {StatusCode::kDataDamaged, "base-1 at byte 4096"};
      }
      return FakeStore::Search(options, page);
    }
  };
  Setup setup;
  DamagedStore store;
  store.Put({"tap", "tea", "ten", "trial", "tub", "t", "u"});
  SoleCoordinator coordinator(&store, setup.clock.get(), kNode, 2);
  SearchAnswer answer;
  const auto search = [&](storage::SearchOptions options) {
    REQUIRE(coordinator.Search(options, true, {}, &answer).ok());
    std::string text;
    for (size_t i = 0; i < answer.page.size(); ++i) {
      text.append(answer.page.word(i)).append(" ");
    }
    for (const std::string& root : answer.missing) text.append("-").append(root).append(" ");
    return text;
  };
  storage::SearchOptions options;
  options.prefix = "t";
  CHECK(search(options) == "tap tea ten tub - -tr ");
  options.order = storage::Order::kDescending;
  CHECK(search(options) == "tub ten tea tap - -tr ");
  options.after = "tea";
  options.limit = 1;
  CHECK(search(options) == "tap - -tr ");
  options = {};
  options.prefix = "t";
  options.limit = 2;
  CHECK(search(options) == "tap tea - ");
  options.prefix = "tri";
  CHECK(search(options) == "-tr ");
  options.prefix = "te";
  CHECK(search(options) == "tea ten ");
}

TEST_CASE("Writers on many threads agree on who added a word") {
  Setup setup;
  std::atomic<uint64_t> added = 0, deleted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const std::string_view word = "a";
        const auto one = setup.coordinator.Write(Operation::kAdd, {&word, 1}, {});
        if (one.ok() && *one == 0) ++added;
        const auto two = setup.coordinator.Write(Operation::kDelete, {&word, 1}, {});
        if (two.ok() && *two == 1) ++deleted;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(added > 0);
  CHECK(deleted > 0);
}

}  // namespace trifecta::test
