#include "daemon/leave_plan.h"

#include "net/ring_change.h"
#include "storage/base/text.h"
#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

constexpr unsigned kPartitions = 16;

net::NodeId IdOf(size_t node) {
  std::array<uint8_t, net::NodeId::kBytes> bytes{};
  bytes[0] = static_cast<uint8_t>(0xa0 + node);
  return net::NodeId(bytes);
}

std::string AddressOf(size_t node) { return StrCat("10.0.0.", node + 1, ":8000"); }

// The operation under way, to its end.
net::Ring Finished(net::Ring ring) {
  for (uint8_t step = 2; step <= 7; ++step) {
    std::vector<uint32_t> moving;
    for (uint32_t i = 0; i < ring.partitions.size(); ++i) {
      if (ring.partitions[i].step != net::MoveStep::kNone) moving.push_back(i);
    }
    if (moving.empty()) break;
    const auto to = step == 7 ? net::MoveStep::kNone : static_cast<net::MoveStep>(step);
    ring = *net::AdvanceMoves(ring, moving, to);
  }
  return *net::FinishOperation(ring);
}

net::Ring RingOf(size_t nodes, unsigned copies) {
  net::Ring ring =
      *net::FoundRing({"words", IdOf(99), kPartitions, copies, 2}, {IdOf(0), AddressOf(0), "z0"});
  for (size_t node = 1; node < nodes; ++node) {
    ring = Finished(*net::BeginJoin(ring, {IdOf(node), AddressOf(node), StrCat("z", node)}));
  }
  return ring;
}

// All of them up; the first one asks.
ClusterSnapshot SnapshotOf(const net::Ring& ring) {
  ClusterSnapshot cluster;
  cluster.ring = std::make_shared<const net::Ring>(ring);
  for (const net::Member& member : ring.members) {
    NodeSnapshot node{member, net::Liveness::kAlive, member.number == 1, {}, {}, {}};
    node.status = replication::StatusReply{};
    node.status->reads = node.status->writes = true;
    cluster.nodes.push_back(std::move(node));
  }
  return cluster;
}

void TakeDown(ClusterSnapshot* cluster, size_t node,
              net::Liveness liveness = net::Liveness::kDead) {
  cluster->nodes[node].status.reset();
  cluster->nodes[node].liveness = liveness;
}

bool Says(const Status& status, std::string_view text) {
  return status.code() == StatusCode::kAlreadyInUse &&
         status.message().find(text) != std::string::npos;
}

TEST_CASE("a plan says which copies are made where, and changes nothing") {
  const net::Ring ring = RingOf(4, 3);
  const auto plan = PlanLeave(ring, IdOf(3));
  REQUIRE(plan.ok());
  CHECK(plan->partitions == 12);
  CHECK(plan->copies_before == 3);
  CHECK(plan->copies_after == 3);
  size_t moved = 0;
  for (const auto& [address, partitions] : plan->moves) {
    CHECK(address != AddressOf(3));
    moved += partitions;
  }
  CHECK(moved == 12);
  SECTION("what is under way is planned like what is asked for") {
    const auto again = PlanLeave(*net::BeginLeave(ring, IdOf(3)), IdOf(3));
    REQUIRE(again.ok());
    CHECK(again->moves == plan->moves);
  }
}

TEST_CASE("with fewer nodes than copies the plan says that copies are fewer afterwards") {
  const auto plan = PlanLeave(RingOf(3, 3), IdOf(1));
  REQUIRE(plan.ok());
  CHECK(plan->moves.empty());
  CHECK(plan->copies_before == 3);
  CHECK(plan->copies_after == 2);
}

TEST_CASE("the last node cannot leave, nor a stranger") {
  CHECK(PlanLeave(RingOf(1, 3), IdOf(0)).status().code() == StatusCode::kInvalidArgument);
  CHECK(PlanLeave(RingOf(1, 3), IdOf(7)).status().code() == StatusCode::kNotFound);
}

TEST_CASE("a node is decommissioned only while all nodes answer") {
  ClusterSnapshot cluster = SnapshotOf(RingOf(4, 3));
  CHECK(CheckDecommission(cluster, cluster.nodes[3]).ok());
  SECTION("one that is down is removed instead") {
    TakeDown(&cluster, 3);
    CHECK(Says(CheckDecommission(cluster, cluster.nodes[3]), "'trifecta cluster remove'"));
  }
  SECTION("one that may be down is asked for again") {
    TakeDown(&cluster, 3, net::Liveness::kSuspect);
    CHECK(Says(CheckDecommission(cluster, cluster.nodes[3]), "try again in some seconds"));
  }
  SECTION("another one that is down would hold it up") {
    TakeDown(&cluster, 2);
    CHECK(Says(CheckDecommission(cluster, cluster.nodes[3]), "node 10.0.0.3:8000 does not answer"));
  }
  SECTION("one whose disk is full could not take anything") {
    for (size_t node : {0, 1}) cluster.nodes[node].status->writes = false;
    CHECK(Says(CheckDecommission(cluster, cluster.nodes[3]), "cannot be read or written now"));
  }
}

TEST_CASE("a node is removed only when it is known to be gone, and the others have everything") {
  ClusterSnapshot cluster = SnapshotOf(RingOf(4, 3));
  CHECK(Says(CheckRemove(cluster, cluster.nodes[3]), "'trifecta cluster decommission'"));
  TakeDown(&cluster, 3, net::Liveness::kSuspect);
  CHECK(Says(CheckRemove(cluster, cluster.nodes[3]), "not known to be down yet"));
  TakeDown(&cluster, 3);
  CHECK(CheckRemove(cluster, cluster.nodes[3]).ok());
  TakeDown(&cluster, 2);
  CHECK(Says(CheckRemove(cluster, cluster.nodes[3]), "node 10.0.0.3:8000 does not answer"));
}

TEST_CASE("of two nodes none is removed, since one is no majority") {
  ClusterSnapshot cluster = SnapshotOf(RingOf(2, 3));
  TakeDown(&cluster, 1);
  CHECK(Says(CheckRemove(cluster, cluster.nodes[1]), "only 1 of 2 nodes answer"));
}

TEST_CASE("with two copies a node that has one of a quorum is not removed") {
  ClusterSnapshot cluster = SnapshotOf(RingOf(4, 2));
  TakeDown(&cluster, 3);
  CHECK(Says(CheckRemove(cluster, cluster.nodes[3]), "too few owners left"));
}

TEST_CASE("while another change is under way nothing begins, but the same may be asked for again") {
  const net::Ring ring = RingOf(4, 3);
  ClusterSnapshot cluster = SnapshotOf(*net::BeginLeave(ring, IdOf(3)));
  CHECK(CheckDecommission(cluster, cluster.nodes[3]).ok());
  CHECK(Says(CheckDecommission(cluster, cluster.nodes[2]), "of node 10.0.0.4:8000: wait"));
  TakeDown(&cluster, 3);
  CHECK(CheckRemove(cluster, cluster.nodes[3]).ok());
  cluster = SnapshotOf(*net::BeginJoin(ring, {IdOf(4), AddressOf(4), "z4"}));
  CHECK(Says(CheckDecommission(cluster, cluster.nodes[4]), "is joining"));
}

TEST_CASE("a node is found by its address, its id, or the beginning of that") {
  const ClusterSnapshot cluster = SnapshotOf(RingOf(3, 3));
  CHECK(FindNode(cluster, AddressOf(1)) == &cluster.nodes[1]);
  CHECK(FindNode(cluster, IdOf(2).ToString()) == &cluster.nodes[2]);
  CHECK(FindNode(cluster, IdOf(2).ToString().substr(0, 8)) == &cluster.nodes[2]);
  CHECK(FindNode(cluster, IdOf(2).ToString().substr(0, 7)) == nullptr);
  CHECK(FindNode(cluster, "") == nullptr);
}

}  // namespace
}  // namespace trifecta::daemon
