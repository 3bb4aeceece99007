#include "daemon/replication/cluster_view.h"

#include "net/ring_change.h"
#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

ClusterView ViewOfThree() {
  net::Ring ring;
  ring.k_factor = 2;
  ring.partitions.resize(8, {{1, 2, 3}, {}, net::MoveStep::kNone, 1});
  ClusterView view;
  view.ring = std::make_shared<const net::Ring>(ring);
  view.self = 2;
  view.nodes = {{1, {}, "a:1", "east", true, 9},
                {2, {}, "b:1", "west", true, 0},
                {3, {}, "c:1", "west", true, 20},
                {4, {}, "d:1", "east", false, 1},
                {5, {}, "e:1", "east", true, 3}};
  view.Finish();
  return view;
}

}  // namespace

TEST_CASE("A quorum is a majority of the copies that the ring names, or the number configured") {
  ClusterView view = ViewOfThree();
  CHECK(view.WritesNeeded(3, Consistency::kQuorum) == 2);
  CHECK(view.WritesNeeded(2, Consistency::kQuorum) == 2);
  CHECK(view.ReadsNeeded(1, Consistency::kQuorum) == 1);
  CHECK(view.ReadsNeeded(3, Consistency::kOne) == 1);
  CHECK(view.ReadsNeeded(3, Consistency::kAll) == 3);
  view.read_quorum = 1;
  view.write_quorum = 3;
  CHECK(view.ReadsNeeded(3, Consistency::kQuorum) == 1);
  CHECK(view.WritesNeeded(2, Consistency::kQuorum) == 2);
}

TEST_CASE(
    "Owners are asked nearest first: this node, its zone, then by round trip; dead ones last") {
  const ClusterView view = ViewOfThree();
  const std::vector<NodeNumber> owners = {4, 1, 5, 3, 2};
  CHECK(view.NearestFirst(owners) == std::vector<NodeNumber>{2, 3, 5, 1, 4});
  CHECK(view.IsLive(1));
  CHECK_FALSE(view.IsLive(4));
  CHECK_FALSE(view.IsLive(9));
}

TEST_CASE("A node is alone when every partition is its own and none moves") {
  ClusterView view = ViewOfThree();
  CHECK_FALSE(view.IsSole());
  net::Ring ring = *view.ring;
  for (net::Partition& partition : ring.partitions) partition.owners = {2};
  view.ring = std::make_shared<const net::Ring>(ring);
  view.Finish();
  CHECK(view.IsSole());
  ring.partitions[5].targets = {2, 3};
  ring.partitions[5].step = net::MoveStep::kPlanned;
  view.ring = std::make_shared<const net::Ring>(ring);
  view.Finish();
  CHECK_FALSE(view.IsSole());
}

}  // namespace trifecta::replication
