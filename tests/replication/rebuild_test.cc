// A node that has lost words with a damaged file, and gets them back from the other owners.
#include "daemon/replication/rebuild.h"

#include <atomic>
#include <string>
#include <vector>

#include "daemon/replication/lost_words.h"
#include "daemon/replication/replica.h"
#include "net/preference.h"
#include "storage/base/text.h"
#include "storage/base/word.h"
#include "tests/replication/mini_cluster.h"
#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

using test::MiniCluster;

constexpr int kWords = 500;

std::string WordAt(int i) { return StrCat(i % 2 == 0 ? "even" : "odd", i); }

// Three nodes that hold the same words, and the first loses those that begin with "even", of which
// its digests hear as they would in a daemon.
struct Damaged {
  Damaged() {
    for (int i = 0; i < kWords; ++i) {
      for (NodeNumber node = 1; node <= 3; ++node) cluster.Put(node, WordAt(i), {5, 1});
    }
    test::MiniNode& node = cluster.node(1);
    REQUIRE(node.store->Purge([](std::string_view word) { return word[0] != 'e'; }).ok());
    std::vector<uint32_t> all;
    for (uint32_t i = 0; i < node.ring->partitions.size(); ++i) all.push_back(i);
    node.digests->Forget(all);
    const std::atomic<bool> stop = false;
    REQUIRE(node.digests->Fill(*node.store, stop).ok());
    rebuild.Begin();
  }

  // Runs exchanges until there is none to run; gives how many.
  int Fetch() {
    int exchanges = 0;
    while (const auto exchange = rebuild.Next(*cluster.ViewOf(1), cluster.now())) {
      cluster.Run(exchange.get());
      rebuild.OnEnded(*exchange, cluster.node(1).ring->epoch, cluster.now());
      ++exchanges;
    }
    return exchanges;
  }
  bool IsEnough() { return rebuild.IsEnough(*cluster.ViewOf(1)); }

  MiniCluster cluster;
  Rebuild rebuild{{cluster.node(1).store.get(), cluster.node(1).digests.get()}};
};

// The node's answer to a lookup or a scan, as coordinators see it.
template <typename Request, typename Reply>
Refusal Ask(MiniCluster* cluster, const LostWords& lost, const Request& request, Reply* reply) {
  test::MiniNode& node = cluster->node(1);
  Replica::Parts parts;
  parts.store = node.store.get();
  parts.digests = node.digests.get();
  parts.stamper = node.stamper.get();
  parts.lost = &lost;
  const std::string bytes = Encode(request);
  const std::string_view view = bytes;
  std::vector<std::string> replies;
  Replica(parts).Answer(node.ring, 1, {&view, 1}, &replies);
  ReplyHead head;
  REQUIRE(Decode(replies[0], &head, reply).ok());
  return head.refusal;
}

PartitionFence FenceOf(const net::Ring& ring, std::string_view word) {
  const auto partition = static_cast<uint32_t>(
      net::PartitionOf(ShardRoot(word, ring.k_factor), ring.partitions.size()));
  return {partition, ring.partitions[partition].changed};
}

std::vector<PartitionFence> AllFences(const net::Ring& ring) {
  std::vector<PartitionFence> fences;
  for (uint32_t i = 0; i < ring.partitions.size(); ++i) {
    fences.push_back({i, ring.partitions[i].changed});
  }
  return fences;
}

}  // namespace

TEST_CASE("What was lost comes back once as many others as make a read have been compared") {
  Damaged damaged;
  CHECK_FALSE(damaged.cluster.Held(1, WordAt(0)).known);
  CHECK_FALSE(damaged.IsEnough());
  CHECK(damaged.Fetch() == 2);
  CHECK(damaged.IsEnough());
  CHECK(damaged.rebuild.pulled() == kWords / 2);
  for (int i = 0; i < kWords; ++i) CHECK(damaged.cluster.Held(1, WordAt(i)).live);
}

TEST_CASE("A rebuild waits for an owner that is down, or that fails, and then goes on") {
  Damaged damaged;
  const bool dead = GENERATE(true, false);
  damaged.cluster.node(3).live = !dead;
  damaged.cluster.node(3).fate = test::Fate::kFail;
  damaged.Fetch();
  CHECK_FALSE(damaged.IsEnough());
  CHECK(damaged.Fetch() == 0);
  damaged.cluster.node(3).live = true;
  damaged.cluster.node(3).fate = test::Fate::kDeliver;
  damaged.cluster.AdvanceTo(damaged.cluster.now() + kRebuildRetry);
  damaged.Fetch();
  CHECK(damaged.IsEnough());
}

TEST_CASE("What was merged counts only under the ring under which it was, and until more is lost") {
  Damaged damaged;
  damaged.Fetch();
  REQUIRE(damaged.IsEnough());
  SECTION("the ring changes") {
    net::Ring ring = *damaged.cluster.node(1).ring;
    ++ring.epoch;
    damaged.cluster.InstallEverywhere(ring);
  }
  SECTION("more is lost") { damaged.rebuild.Begin(); }
  CHECK_FALSE(damaged.IsEnough());
  CHECK(damaged.Fetch() == 2);
  CHECK(damaged.IsEnough());
}

TEST_CASE("With one copy of each word nobody can give back what is lost") {
  for (const unsigned copies : {1u, 2u}) {
    MiniCluster::Options options;
    options.copies = copies;
    MiniCluster cluster(options);
    CHECK(HasOtherOwners(*cluster.ViewOf(1)) == (copies > 1));
  }
}

TEST_CASE("A replica says nothing of words that it has lost, and serves the others") {
  Damaged damaged;
  MiniCluster& cluster = damaged.cluster;
  const net::Ring& ring = *cluster.node(1).ring;
  LostWords lost;
  lost.Set({{"even1", "even3"}});
  storage::Lookup found;
  const auto look_up = [&](std::string_view word) {
    return Ask(&cluster, lost, LookupRequest{FenceOf(ring, word), word}, &found);
  };
  CHECK(look_up("even2") == Refusal::kUnavailable);
  CHECK(look_up("even3") == Refusal::kNone);
  CHECK(look_up("odd1") == Refusal::kNone);
  CHECK(found.live);

  ScanReply page;
  const auto scan = [&](std::string_view prefix, std::string_view after, uint32_t limit,
                        storage::Order order = storage::Order::kAscending) {
    return Ask(&cluster, lost, ScanRequest{AllFences(ring), prefix, after, limit, order}, &page);
  };
  CHECK(scan("", "", 10) == Refusal::kUnavailable);
  CHECK(scan("even", "", 10) == Refusal::kUnavailable);
  CHECK(scan("odd", "", 1'000) == Refusal::kNone);
  CHECK(scan("", "even3", 1'000) == Refusal::kNone);
  CHECK(scan("", "", 3, storage::Order::kDescending) == Refusal::kNone);
  CHECK(scan("", "", 1'000, storage::Order::kDescending) == Refusal::kUnavailable);
  CHECK(scan("", "even1", 10, storage::Order::kDescending) == Refusal::kNone);

  CountReply count;
  CHECK(Ask(&cluster, lost, CountRequest{AllFences(ring), "odd"}, &count) == Refusal::kUnavailable);
  WriteReply written;
  // To acknowledge a write would say that nothing newer is here.
  const auto write = [&](std::string_view word) {
    const WriteRequest request{{FenceOf(ring, word)}, 0, {{word, {9, 1}, false}}};
    return Ask(&cluster, lost, request, &written);
  };
  CHECK(write("even2") == Refusal::kUnavailable);
  CHECK(write("even3") == Refusal::kNone);

  lost.Set({});
  CHECK(write("even2") == Refusal::kNone);
  CHECK(look_up("even2") == Refusal::kNone);
  CHECK(Ask(&cluster, lost, CountRequest{AllFences(ring), "odd"}, &count) == Refusal::kNone);
}

TEST_CASE("Each list of lost words is another one, so that a reading can tell that one came") {
  LostWords lost;
  const LostRanges before = lost.ranges();
  lost.Set({{"a", "b"}});
  CHECK(before == nullptr);
  CHECK(lost.ranges() != before);
  const LostRanges during = lost.ranges();
  lost.Set({{"a", "b"}});
  CHECK(lost.ranges() != during);
  CHECK(CheckNotLost(during, {"b", "c"}).ok());
  CHECK(CheckNotLost(during, {"", "a"}).ok());
  CHECK(CheckNotLost(during, {"b", "b"}).ok());
  CHECK_FALSE(CheckNotLost(during, RangeOfPrefix("")).ok());
  CHECK_FALSE(CheckNotLost(during, RangeOfPrefix("ab")).ok());
  CHECK(RangeOfPrefix("ab\xff") == storage::WordRange{"ab\xff", "ac"});
}

}  // namespace trifecta::replication
