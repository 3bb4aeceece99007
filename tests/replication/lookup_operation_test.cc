#include "daemon/replication/lookup_operation.h"

#include <algorithm>

#include "tests/net/ring_samples.h"
#include "tests/replication/mini_cluster.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"

namespace trifecta::test {
namespace {

using replication::Consistency;
using replication::LookupOperation;
using replication::RequestKind;

constexpr Version kOld{10, 1}, kNew{20, 2};

// The nodes that calls wait for, in the order of the calls.
std::vector<NodeNumber> Asked(const MiniCluster& cluster) {
  std::vector<NodeNumber> nodes;
  for (const MiniCluster::Flight& flight : cluster.flights()) nodes.push_back(flight.call.to);
  return nodes;
}

RequestKind KindOfCall(const MiniCluster& cluster, size_t index) {
  return *replication::KindOf(cluster.flights()[index].call.request);
}

void DeliverTo(MiniCluster* cluster, NodeNumber node) {
  const std::vector<NodeNumber> asked = Asked(*cluster);
  const auto at = std::find(asked.begin(), asked.end(), node);
  REQUIRE(at != asked.end());
  cluster->Deliver(static_cast<size_t>(at - asked.begin()));
}

LookupOperation LookupOf(std::string_view word, const MiniCluster& cluster,
                         Consistency consistency = Consistency::kQuorum) {
  return {word, consistency, cluster.now() + 1'000, 20};
}

}  // namespace

TEST_CASE("A lookup asks R owners, the nearest ones, and no others") {
  MiniCluster cluster;
  cluster.node(2).round_trip = 9;
  cluster.node(3).round_trip = 5;
  for (const NodeNumber node : {1, 2, 3}) cluster.Put(node, "trial", kOld);
  LookupOperation lookup = LookupOf("trial", cluster);
  cluster.Start(&lookup);
  CHECK(Asked(cluster) == std::vector<NodeNumber>{1, 3});
  cluster.DeliverAll();
  REQUIRE(lookup.done());
  CHECK(lookup.status().ok());
  CHECK((lookup.lookup().known && lookup.lookup().live));
  CHECK(lookup.lookup().version == kOld);
}

TEST_CASE("How many owners a lookup asks is said by its consistency") {
  MiniCluster cluster;
  LookupOperation one = LookupOf("trial", cluster, Consistency::kOne);
  cluster.Start(&one);
  CHECK(cluster.flights().size() == 1);
  cluster.DeliverAll();
  CHECK(one.done());
  CHECK_FALSE(one.lookup().known);
  LookupOperation all = LookupOf("trial", cluster, Consistency::kAll);
  cluster.Start(&all);
  CHECK(cluster.flights().size() == 3);
  cluster.DeliverAll();
  CHECK(all.done());
}

TEST_CASE("Where owners differ, the newest entry is stored with R of them before the answer") {
  MiniCluster cluster;
  cluster.Put(2, "trial", kOld);
  cluster.Put(3, "trial", kNew, true);
  cluster.node(2).round_trip = 9;  // so that it is not asked
  cluster.node(3).round_trip = 5;
  LookupOperation lookup = LookupOf("trial", cluster);
  cluster.Start(&lookup);
  DeliverTo(&cluster, 1);
  DeliverTo(&cluster, 3);
  CHECK_FALSE(lookup.answered());
  REQUIRE(Asked(cluster) == std::vector<NodeNumber>{1});
  CHECK(KindOfCall(cluster, 0) == RequestKind::kWrite);
  DeliverTo(&cluster, 1);
  REQUIRE(lookup.done());
  CHECK((lookup.lookup().known && !lookup.lookup().live));
  CHECK(cluster.Held(1, "trial").version == kNew);
  CHECK(cluster.Held(2, "trial").version == kOld);
}

TEST_CASE("At equal versions the tombstone is the newest") {
  MiniCluster cluster;
  cluster.Put(1, "trial", kNew);
  cluster.Put(2, "trial", kNew, true);
  cluster.Put(3, "trial", kNew, true);
  LookupOperation lookup = LookupOf("trial", cluster);
  cluster.Run(&lookup);
  CHECK((lookup.lookup().known && !lookup.lookup().live));
  CHECK_FALSE(cluster.Held(1, "trial").live);
}

TEST_CASE("A repair that fails is made with another owner, and refused when there is none") {
  MiniCluster cluster;
  cluster.Put(3, "trial", kNew);
  cluster.node(2).round_trip = 9;
  const bool other = GENERATE(true, false);
  cluster.fate_of = [&](const MiniCluster::Flight& flight) {
    const bool is_write = *replication::KindOf(flight.call.request) == RequestKind::kWrite;
    return is_write && (flight.call.to == 1 || !other) ? Fate::kFail : Fate::kDeliver;
  };
  LookupOperation lookup = LookupOf("trial", cluster);
  cluster.Run(&lookup);
  if (other) {
    CHECK(lookup.status().ok());
    CHECK(lookup.lookup().live);
    CHECK(cluster.Held(2, "trial").version == kNew);
  } else {
    CHECK(lookup.status().code() == StatusCode::kUnavailable);
  }
}

TEST_CASE("A repair that takes long is made with another owner as well") {
  MiniCluster cluster;
  cluster.Put(3, "trial", kNew);
  cluster.node(2).round_trip = 9;
  cluster.fate_of = [&](const MiniCluster::Flight& flight) {
    const bool is_write = *replication::KindOf(flight.call.request) == RequestKind::kWrite;
    return is_write && flight.call.to == 1 ? Fate::kLoseRequest : Fate::kDeliver;
  };
  LookupOperation lookup = LookupOf("trial", cluster);
  const Millis begin = cluster.now();
  cluster.Run(&lookup);
  CHECK(lookup.status().ok());
  CHECK(cluster.now() == begin + 20);
}

TEST_CASE("A lookup goes on while a replica that it would repair has no room") {
  MiniCluster cluster;
  cluster.Put(2, "trial", kNew);
  cluster.Put(3, "trial", kNew);
  static_cast<FakeStore&>(*cluster.node(1).store).FailWrites({StatusCode::kDiskFull, "no room"});
  LookupOperation lookup = LookupOf("trial", cluster);
  cluster.Run(&lookup);
  CHECK(lookup.status().ok());
  CHECK(lookup.lookup().live);
}

TEST_CASE("An owner that fails is replaced at once, one that is slow after the hedge's time") {
  MiniCluster cluster;
  for (const NodeNumber node : {1, 2, 3}) cluster.Put(node, "trial", kOld);
  cluster.node(3).round_trip = 9;
  const auto fate = GENERATE(Fate::kFail, Fate::kLoseRequest);
  cluster.node(2).fate = fate;
  LookupOperation lookup = LookupOf("trial", cluster);
  const Millis begin = cluster.now();
  cluster.Start(&lookup);
  CHECK(Asked(cluster) == std::vector<NodeNumber>{1, 2});
  cluster.DeliverAll();
  CHECK(lookup.answered() == (fate == Fate::kFail));
  cluster.AdvanceTo(begin + 19);
  CHECK(lookup.answered() == (fate == Fate::kFail));
  cluster.AdvanceTo(begin + 20);
  cluster.DeliverAll();
  REQUIRE(lookup.done());
  CHECK(lookup.status().ok());
}

TEST_CASE("The answer of a slow owner counts when it comes before the other's") {
  MiniCluster cluster;
  for (const NodeNumber node : {1, 2, 3}) cluster.Put(node, "trial", kOld);
  cluster.node(3).round_trip = 9;
  LookupOperation lookup = LookupOf("trial", cluster);
  cluster.Start(&lookup);
  DeliverTo(&cluster, 1);
  cluster.AdvanceTo(cluster.now() + 20);
  CHECK(Asked(cluster) == std::vector<NodeNumber>{2, 3});
  DeliverTo(&cluster, 2);
  CHECK(lookup.done());
}

TEST_CASE("With fewer live owners than R a lookup is refused at once, without a call") {
  MiniCluster cluster;
  cluster.node(2).live = cluster.node(3).live = false;
  LookupOperation lookup = LookupOf("trial", cluster);
  cluster.Start(&lookup);
  CHECK(lookup.done());
  CHECK(cluster.flights().empty());
  CHECK(lookup.status().code() == StatusCode::kUnavailable);
  CHECK(lookup.status().message().find("2 are needed") != std::string::npos);
}

TEST_CASE("With fewer owners than R that answer, a lookup says which failed, or that time is up") {
  MiniCluster cluster;
  const auto fate = GENERATE(Fate::kFail, Fate::kLoseReply);
  cluster.node(2).fate = cluster.node(3).fate = fate;
  LookupOperation lookup = LookupOf("trial", cluster);
  cluster.Run(&lookup);
  if (fate == Fate::kFail) {
    CHECK(lookup.status().code() == StatusCode::kUnavailable);
    CHECK(lookup.status().message().find("(node ") != std::string::npos);
  } else {
    CHECK(lookup.status().code() == StatusCode::kTimeout);
  }
}

TEST_CASE("A damaged replica is replaced like one that fails") {
  MiniCluster cluster;
  for (const NodeNumber node : {1, 2, 3}) cluster.Put(node, "trial", kOld);
  static_cast<FakeStore&>(*cluster.node(1).store).FailReads({StatusCode::kDataDamaged, "page 7"});
  LookupOperation lookup = LookupOf("trial", cluster);
  cluster.Run(&lookup);
  CHECK(lookup.status().ok());
  CHECK(lookup.lookup().live);
}

TEST_CASE("A coordinator that is behind fetches the ring and reads by the new one") {
  MiniCluster cluster({4, 8, 3, {}});
  const net::Ring old = net::SampleRing(3);
  const net::Ring ring = *cluster.node(1).ring;
  for (const NodeNumber node : {1, 2, 3, 4}) cluster.Put(node, "trial", kOld);
  std::string word = "aa";
  const auto changed = [&](std::string_view text) {
    const size_t partition = cluster.ViewOf(1)->PartitionOfWord(text);
    return ring.partitions[partition].changed > old.epoch;
  };
  while (!changed(word)) ++word[1];
  for (const NodeNumber node : {1, 2, 3, 4}) cluster.Put(node, word, kNew);
  cluster.Install(1, old);
  LookupOperation lookup = LookupOf(word, cluster);
  cluster.fetches_rings = false;
  cluster.Start(&lookup);
  cluster.DeliverAll();
  CHECK_FALSE(lookup.answered());
  CHECK(lookup.next_due() == cluster.now() + 1'000);
  cluster.FetchRing(&lookup);
  cluster.DeliverAll();
  REQUIRE(lookup.done());
  CHECK(lookup.status().ok());
  CHECK(lookup.lookup().version == kNew);
}

TEST_CASE("An owner that is behind is asked again a little later, if no other can answer") {
  MiniCluster cluster({4, 8, 3, {}});
  const net::Ring old = net::SampleRing(3);
  const net::Ring ring = *cluster.node(1).ring;
  std::string word = "aa";
  const auto owners = [&] {
    return ring.partitions[cluster.ViewOf(1)->PartitionOfWord(word)].owners;
  };
  // One that node 1 owns still, and whose owners have changed.
  while (ring.partitions[cluster.ViewOf(1)->PartitionOfWord(word)].changed <= old.epoch) ++word[1];
  for (const NodeNumber node : owners()) cluster.Put(node, word, kNew);
  const NodeNumber coordinator = owners().front();
  for (const NodeNumber node : owners()) {
    if (node != coordinator) cluster.Install(node, old);
  }
  LookupOperation lookup = LookupOf(word, cluster);
  const Millis begin = cluster.now();
  cluster.Start(&lookup, coordinator);
  cluster.DeliverAll();
  CHECK_FALSE(lookup.answered());
  cluster.InstallEverywhere(ring);
  cluster.AdvanceTo(begin + replication::kBehindPause);
  cluster.DeliverAll();
  REQUIRE(lookup.done());
  CHECK(lookup.status().ok());
}

TEST_CASE("While a partition moves, a repair reaches those that will be read, too") {
  MiniCluster cluster({4, 8, 3, {}});
  net::Ring ring = *BeginJoin(net::SampleRing(3), net::SampleMember(4));
  const std::vector<uint32_t> moves = net::MovesAt(ring, net::MoveStep::kPlanned);
  ring = *AdvanceMoves(ring, moves, net::MoveStep::kWriteBothReadOld);
  cluster.InstallEverywhere(ring);
  std::string word = "aa";
  const auto partition = [&]() -> const net::Partition& {
    return ring.partitions[cluster.ViewOf(1)->PartitionOfWord(word)];
  };
  while (partition().step == net::MoveStep::kNone) ++word[1];
  cluster.Put(1, word, kNew);
  LookupOperation lookup = LookupOf(word, cluster);
  cluster.Run(&lookup);
  REQUIRE(lookup.status().ok());
  CHECK(lookup.lookup().live);
  const auto holders =
      std::count_if(partition().targets.begin(), partition().targets.end(),
                    [&](NodeNumber node) { return cluster.Held(node, word).version == kNew; });
  CHECK(holders >= 2);
}

}  // namespace trifecta::test
