#include "daemon/replication/hint_replay.h"

#include <set>

#include "daemon/replication/write_operation.h"
#include "storage/base/text.h"
#include "tests/replication/mini_cluster.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_file_system.h"

namespace trifecta::replication {
namespace {

using test::Fate;
using test::ManualClock;
using test::MemoryFileSystem;
using test::MiniCluster;

constexpr uint64_t kWindow = 10'000;

// Node 1 with hints for the others.
struct Hinting {
  explicit Hinting(MiniCluster::Options options = {}) : cluster(std::move(options)) {
    HintStoreOptions store_options;
    store_options.folder = "hints";
    store_options.file_system = &files;
    hints = std::move(*HintStore::Open(store_options));
  }

  void Add(NodeNumber node, std::string word, Version version = {7, 1}, bool tombstone = false) {
    const Hint hint{node, std::move(word), version, tombstone};
    hints->Add({&hint, 1}, clock.WallMilliseconds());
  }
  HintReplay Replay(NodeNumber target, Throttle* throttle = nullptr) {
    return {target, {hints.get(), &clock, throttle, kWindow}};
  }
  uint32_t PartitionOf(std::string_view word) {
    return static_cast<uint32_t>(cluster.ViewOf(1)->PartitionOfWord(word));
  }
  // The next ring document, in which nodes 1, 2 and 4 own the partition of `word`.
  net::Ring RingWithoutThree(std::string_view word) {
    net::Ring ring = *cluster.node(1).ring;
    net::Partition& partition = ring.partitions[PartitionOf(word)];
    partition.owners = {1, 2, 4};
    partition.changed = ++ring.epoch;
    return ring;
  }

  MemoryFileSystem files;
  ManualClock clock;
  MiniCluster cluster;
  std::unique_ptr<HintStore> hints;
};

}  // namespace

TEST_CASE("A node that is back gets its hints, in the versions that they have") {
  Hinting test;
  test.Add(3, "trial", {7, 1});
  test.Add(3, "tribe", {8, 2}, true);
  test.Add(2, "other");
  test.cluster.Put(3, "trial", {9, 1});
  HintReplay replay = test.Replay(3);
  test.cluster.Run(&replay);
  CHECK(replay.status().ok());
  CHECK(replay.replayed() == 2);
  CHECK(test.cluster.Held(3, "trial").version == Version{9, 1});
  CHECK(test.cluster.Held(3, "tribe").version == Version{8, 2});
  CHECK_FALSE(test.cluster.Held(3, "tribe").live);
  CHECK_FALSE(test.cluster.Held(2, "tribe").known);
  CHECK(test.hints->hints() == 1);
}

TEST_CASE("Hints go in the background, batch by batch") {
  Hinting test;
  for (int i = 0; i < 20'000; ++i) test.Add(3, StrCat("word-", i));
  HintReplay replay = test.Replay(3);
  test.cluster.Start(&replay);
  REQUIRE(test.cluster.flights().size() == 1);
  CHECK(test.cluster.flights()[0].call.call_class == CallClass::kBackground);
  test.cluster.DeliverAll();
  CHECK(replay.done());
  CHECK(test.cluster.delivered >= 5);
  CHECK(replay.replayed() == 20'000);
  CHECK(test.hints->hints() == 0);
}

TEST_CASE("No hints, or a node that is down, end a replay at once") {
  Hinting test;
  HintReplay none = test.Replay(3);
  test.cluster.Run(&none);
  CHECK(none.status().ok());
  test.Add(3, "trial");
  test.cluster.node(3).live = false;
  HintReplay down = test.Replay(3);
  test.cluster.Run(&down);
  CHECK(down.status().code() == StatusCode::kUnavailable);
  CHECK(test.cluster.delivered == 0);
  CHECK(test.hints->hints() == 1);
}

TEST_CASE("What is not taken stays for a later replay") {
  Hinting test;
  test.Add(3, "trial");
  SECTION("the call fails") { test.cluster.node(3).fate = Fate::kFail; }
  SECTION("it is not answered") { test.cluster.node(3).fate = Fate::kLoseReply; }
  SECTION("the disk is full") {
    static_cast<test::FakeStore*>(test.cluster.node(3).store.get())
        ->FailWrites({StatusCode::kDiskFull, "no space"});
  }
  HintReplay replay = test.Replay(3);
  test.cluster.Run(&replay);
  CHECK_FALSE(replay.status().ok());
  CHECK(test.hints->hints() == 1);
  test.cluster.node(3).fate = Fate::kDeliver;
  static_cast<test::FakeStore*>(test.cluster.node(3).store.get())->FailWrites(Status::Ok());
  HintReplay again = test.Replay(3);
  test.cluster.Run(&again);
  CHECK(again.status().ok());
  CHECK(test.cluster.Held(3, "trial").known);
}

TEST_CASE("Hints older than the window are never sent") {
  Hinting test;
  test.Add(3, "old");
  test.clock.Advance(std::chrono::milliseconds(kWindow / 2));
  test.Add(3, "new");
  test.clock.Advance(std::chrono::milliseconds(kWindow / 2 + 1));
  HintReplay replay = test.Replay(3);
  test.cluster.Run(&replay);
  CHECK(replay.status().ok());
  CHECK(replay.replayed() == 1);
  CHECK_FALSE(test.cluster.Held(3, "old").known);
  CHECK(test.cluster.Held(3, "new").known);
}

TEST_CASE("A replay keeps to its rate") {
  Hinting test;
  for (int i = 0; i < 20'000; ++i) test.Add(3, StrCat("word-", i));
  const uint64_t bytes = test.hints->Counts().at(0).bytes;
  Throttle throttle(bytes / 10);
  HintReplay replay = test.Replay(3, &throttle);
  const Millis begin = test.cluster.now();
  test.cluster.Run(&replay);
  CHECK(replay.replayed() == 20'000);
  CHECK(test.cluster.now() - begin > 5'000);
  CHECK(test.cluster.now() - begin < 11'000);
}

TEST_CASE("Words that their node does not own any more go to those that do") {
  Hinting test({4, 8, 3, {}});
  net::Ring ring = test.RingWithoutThree("trial");
  ring.partitions[test.PartitionOf("other")].owners = {1, 2, 3};
  REQUIRE(test.PartitionOf("other") != test.PartitionOf("trial"));
  test.cluster.InstallEverywhere(ring);
  test.Add(3, "trial");
  test.Add(3, "other");
  SECTION("while it is a member") {
    HintReplay replay = test.Replay(3);
    test.cluster.Run(&replay);
    CHECK(replay.status().ok());
    CHECK(test.cluster.Held(3, "other").known);
    CHECK_FALSE(test.cluster.Held(1, "other").known);
  }
  SECTION("those that are up") {
    test.cluster.node(4).live = false;
    HintReplay replay = test.Replay(3);
    test.cluster.Run(&replay);
    CHECK(replay.status().ok());
    CHECK_FALSE(test.cluster.Held(4, "trial").known);
    test.cluster.Put(4, "trial", {7, 1});
  }
  SECTION("none of which is up: they stay") {
    test.cluster.node(2).live = test.cluster.node(4).live = false;
    ring.partitions[test.PartitionOf("trial")].owners = {2, 4};
    test.cluster.InstallEverywhere(ring);
    HintReplay replay = test.Replay(3);
    test.cluster.Run(&replay);
    CHECK(replay.status().code() == StatusCode::kUnavailable);
    CHECK(test.hints->hints() == 2);
    return;
  }
  CHECK_FALSE(test.cluster.Held(3, "trial").known);
  for (const NodeNumber number : {1, 2, 4}) CHECK(test.cluster.Held(number, "trial").known);
  CHECK(test.hints->hints() == 0);
}

TEST_CASE("A replay follows the ring to its later document") {
  Hinting test({4, 8, 3, {}});
  net::Ring old = *test.cluster.node(1).ring;
  old.partitions[test.PartitionOf("trial")].owners = {1, 2, 3};
  test.cluster.InstallEverywhere(old);
  const net::Ring ring = test.RingWithoutThree("trial");
  test.Add(3, "trial");
  SECTION("of which the target tells") {
    for (const NodeNumber number : {2, 3, 4}) test.cluster.Install(number, ring);
    HintReplay replay = test.Replay(3);
    test.cluster.Run(&replay);
    // Node 1 fetched it, too.
    CHECK(replay.status().ok());
    CHECK_FALSE(test.cluster.Held(3, "trial").known);
    for (const NodeNumber number : {1, 2, 4}) CHECK(test.cluster.Held(number, "trial").known);
  }
  SECTION("which does not come") {
    test.cluster.Install(3, ring);
    test.cluster.fetches_rings = false;
    HintReplay replay = test.Replay(3);
    test.cluster.Run(&replay);
    CHECK(replay.status().code() == StatusCode::kTimeout);
    CHECK(test.hints->hints() == 1);
  }
  SECTION("which owners have not got yet") {
    test.cluster.Install(1, ring);
    HintReplay replay = test.Replay(3);
    test.cluster.Start(&replay);
    test.cluster.DeliverAll();
    CHECK_FALSE(replay.done());
    test.cluster.InstallEverywhere(ring);
    test.cluster.AdvanceTo(test.cluster.NextDue());
    test.cluster.DeliverAll();
    CHECK(replay.status().ok());
    CHECK(replay.replayed() == 1);
  }
  SECTION("which they never get") {
    test.cluster.Install(1, ring);
    HintReplay replay = test.Replay(3);
    test.cluster.Run(&replay);
    CHECK(replay.status().code() == StatusCode::kUnavailable);
    CHECK(test.hints->hints() == 1);
  }
}

TEST_CASE("What a write leaves as hints makes its owners equal") {
  Hinting test;
  test.cluster.node(3).live = false;
  const std::vector<std::string_view> words = {"trial", "tribe"};
  test.cluster.Put(2, "tribe", {uint64_t{1} << 40, 2});
  WriteOperation write(words, false, Consistency::kQuorum, 11'000,
                       test.cluster.node(1).stamper.get());
  test.cluster.Run(&write);
  REQUIRE(write.status().ok());
  test.hints->Add(test.cluster.hints, test.clock.WallMilliseconds());
  test.cluster.node(3).live = true;
  HintReplay replay = test.Replay(3);
  test.cluster.Run(&replay);
  for (const std::string_view word : words) {
    CHECK(test.cluster.Held(3, word).version == test.cluster.Held(1, word).version);
  }
}

}  // namespace trifecta::replication
