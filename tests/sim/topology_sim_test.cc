// Whole clusters of topologies: founding, joining, leaving, with nodes that are killed and links
// that are cut at every step.
#include <set>
#include <string>
#include <vector>

#include "daemon/replication/topology.h"
#include "storage/base/text.h"
#include "tests/sim/topology_world.h"
#include "tests/support/catch.h"
#include "tests/support/sanitizers.h"

namespace trifecta::sim {
namespace {

using net::MemberState;
using net::MoveStep;

const TopologyWorld::Options kQuick{.partitions = 16, .copies = 3, .stream_most = 1'000};

std::set<NodeIndex> UpTo(NodeIndex count) {
  std::set<NodeIndex> nodes;
  for (NodeIndex node = 0; node < count; ++node) nodes.insert(node);
  return nodes;
}

// The least step at which a partition of the newest ring is.
MoveStep StepOf(const TopologyWorld& world) {
  MoveStep step = MoveStep::kNone;
  for (const net::Partition& partition : world.Newest()->partitions) {
    if (partition.step != MoveStep::kNone && (step == MoveStep::kNone || partition.step < step)) {
      step = partition.step;
    }
  }
  return step;
}

bool RunUntilStep(TopologyWorld* world, MoveStep step) {
  return world->network().RunUntilHolds(60'000, 5, [&] { return StepOf(*world) == step; });
}

TEST_CASE("a node without seeds founds a cluster at once") {
  TopologyWorld world(1, kQuick);
  world.Add({});
  world.Start(0);
  world.network().RunFor(200);
  CHECK(world.ready(0));
  CHECK(world.Newest()->epoch == 1);
  CHECK(world.topology(0).View()->IsSole());
  CHECK(world.topology(0).Waiting().empty());
}

TEST_CASE("nodes with equal seeds become one cluster in whatever order they start") {
  for (uint64_t seed = 1; seed <= test::Seeds(30); ++seed) {
    TopologyWorld world(seed, kQuick);
    for (int i = 0; i < 3; ++i) world.Add({0, 1, 2});
    std::vector<NodeIndex> order = {0, 1, 2};
    world.network().random()->Shuffle(&order);
    for (const NodeIndex node : order) {
      world.Start(node);
      world.network().RunFor(world.network().random()->Below(3'000));
    }
    INFO("seed " << seed);
    const bool settled = world.RunUntilSettled(UpTo(3));
    INFO(world.broken());
    REQUIRE(settled);
    for (const net::Partition& partition : world.Newest()->partitions) {
      REQUIRE(partition.owners.size() == 3);
    }
  }
}

TEST_CASE("the first seed does not found while another one is silent") {
  TopologyWorld world(1, kQuick);
  for (int i = 0; i < 2; ++i) world.Add({0, 1});
  world.Start(0);
  world.Start(1);
  world.network().Partition({{0}, {1}});
  world.network().RunFor(30'000);
  CHECK(world.Newest() == nullptr);
  CHECK(world.topology(0).Waiting().find("waiting for an answer of the seed 10.0.0.2:8000") !=
        std::string::npos);
  CHECK(world.topology(1).Waiting().find("10.0.0.1:8000") != std::string::npos);
  world.network().MendAll();
  CHECK(world.RunUntilSettled(UpTo(2)));
}

TEST_CASE("the first seed joins a cluster that another seed is of already") {
  TopologyWorld world(1, kQuick);
  world.Add({0, 1});
  world.Add({1});
  world.Start(1);
  world.network().RunFor(1'000);
  REQUIRE(world.ready(1));
  world.Start(0);
  CHECK(world.RunUntilSettled(UpTo(2)));
}

TEST_CASE("two nodes that are both first in their lists found one cluster") {
  for (uint64_t seed = 1; seed <= test::Seeds(50); ++seed) {
    TopologyWorld world(seed, kQuick);
    world.Add({0, 1});
    world.Add({1, 0});
    world.Start(0);
    world.network().RunFor(world.network().random()->Below(40));
    world.Start(1);
    INFO("seed " << seed);
    const bool settled = world.RunUntilSettled(UpTo(2));
    INFO(world.broken());
    REQUIRE(settled);
  }
}

TEST_CASE("a node of another cluster name is refused with a sentence") {
  TopologyWorld world(1, kQuick);
  world.Add({});
  world.Add({0}, "other");
  world.Start(0);
  world.Start(1);
  world.network().RunFor(3'000);
  CHECK(world.fatal(1).find("is a node of the cluster 'sample', this node is configured for "
                            "'other'") != std::string::npos);
  CHECK(world.fatal(0).empty());
}

TEST_CASE("a folder with words founds a cluster but does not join one") {
  TopologyWorld world(1, kQuick);
  world.Add({});
  world.Add({0});
  world.Add({2, 0});
  for (const NodeIndex node : {0, 1, 2}) world.SetHasWords(node);
  world.Start(0);
  world.network().RunFor(500);
  CHECK(world.ready(0));
  world.Start(1);
  CHECK(world.fatal(1).find("has words") != std::string::npos);
  world.Start(2);
  world.network().RunFor(3'000);
  CHECK(world.fatal(2).find("has words") != std::string::npos);
}

TEST_CASE("nodes that join together queue, and all get their share") {
  TopologyWorld world(1, kQuick);
  world.AddStarted(7);
  REQUIRE(world.RunUntilSettled(UpTo(7)));
  world.network().RunFor(100);  // until the last ring is in use
  for (NodeIndex node = 0; node < 7; ++node) {
    const net::NodeNumber number = world.topology(node).View()->self;
    size_t copies = 0;
    for (uint32_t i = 0; i < kQuick.partitions; ++i) {
      const auto& owners = world.Newest()->partitions[i].owners;
      const bool owns = std::find(owners.begin(), owners.end(), number) != owners.end();
      copies += owns;
      CHECK(world.purged(node).contains(i) != owns);
    }
    CHECK(copies >= 5);
    CHECK(copies <= 9);
  }
}

TEST_CASE("a restarted node is a member as before") {
  TopologyWorld world(1, kQuick);
  world.AddStarted(3);
  REQUIRE(world.RunUntilSettled(UpTo(3)));
  const net::Epoch epoch = world.Newest()->epoch;
  for (const NodeIndex node : {0, 1, 2}) world.Crash(node);
  world.Start(2);
  world.network().RunFor(100);
  CHECK(world.ready(2));
  world.Start(0);
  world.Start(1);
  REQUIRE(world.RunUntilSettled(UpTo(3)));
  CHECK(world.Newest()->epoch == epoch);
  REQUIRE(world.network().RunUntilHolds(20'000, 100, [&] {
    const auto view = world.topology(0).View();
    return std::all_of(view->nodes.begin(), view->nodes.end(),
                       [](const auto& node) { return node.live; });
  }));
}

TEST_CASE("a member that lost its ring is refused, and so is one that has left") {
  TopologyWorld world(1, kQuick);
  world.AddStarted(3);
  REQUIRE(world.RunUntilSettled(UpTo(3)));
  world.Crash(2);
  world.LoseFile(2, net::RingRegister::kFileName);
  world.Start(2);
  world.network().RunFor(10'000);
  CHECK(world.fatal(2).find("is lost") != std::string::npos);

  world.Crash(2);
  REQUIRE(world.topology(0).BeginLeave(world.id(2), world.network().now()).ok());
  world.Pump(0);
  REQUIRE(world.RunUntilSettled({0, 1}));
  CHECK(world.outcomes(0).size() == 1);
  CHECK(world.outcomes(0)[0].ok());
  world.Start(2);
  world.network().RunFor(10'000);
  CHECK(world.fatal(2).find("has left the cluster for ever") != std::string::npos);
}

TEST_CASE("a node leaves, hands its share over, and is told when it is not needed any more") {
  TopologyWorld world(3, kQuick);
  world.AddStarted(5);
  REQUIRE(world.RunUntilSettled(UpTo(5)));
  const NodeIndex leaver = 0;
  REQUIRE(world.topology(3).BeginLeave(world.id(leaver), world.network().now()).ok());
  CHECK(world.topology(3).BeginLeave(world.id(1), world.network().now()).code() ==
        StatusCode::kUnavailable);
  world.Pump(3);
  REQUIRE(world.RunUntilSettled({1, 2, 3, 4}));
  CHECK(world.network().RunUntilHolds(5'000, 100, [&] { return world.left(leaver); }));
  CHECK(world.left_status(leaver).ok());
  // Its folder knows.
  world.Crash(leaver);
  world.Start(leaver);
  CHECK(world.fatal(leaver).find("has left the cluster 'sample' for ever") != std::string::npos);
}

TEST_CASE("a node that was removed while it was down is told so when it comes back") {
  TopologyWorld world(3, kQuick);
  world.AddStarted(4);
  REQUIRE(world.RunUntilSettled(UpTo(4)));
  world.Crash(3);
  REQUIRE(world.network().RunUntilHolds(60'000, 100, [&] {
    return world.topology(0).BeginLeave(world.id(3), world.network().now()).ok();
  }));
  world.Pump(0);
  REQUIRE(world.RunUntilSettled({0, 1, 2}));
  world.Start(3);
  CHECK(world.network().RunUntilHolds(20'000, 100, [&] { return world.left(3); }));
  CHECK(world.left_status(3).code() == StatusCode::kUnavailable);
  CHECK(world.left_status(3).message().find("start it with an empty data folder") !=
        std::string::npos);
}

TEST_CASE("a node leaves at last when it, or the one that drives, is killed at any step") {
  for (const NodeIndex victim : {0, 4}) {
    for (int step = 1; step <= 6; ++step) {
      TopologyWorld world(static_cast<uint64_t>(step), kQuick);
      world.AddStarted(5);
      REQUIRE(world.RunUntilSettled(UpTo(5)));
      REQUIRE(world.topology(1).BeginLeave(world.id(4), world.network().now()).ok());
      world.Pump(1);
      REQUIRE(RunUntilStep(&world, static_cast<MoveStep>(step)));
      world.Crash(victim);
      world.network().RunFor(world.network().random()->Below(20'000));
      world.Start(victim);
      INFO("victim " << victim << ", step " << step);
      REQUIRE(world.RunUntilSettled({0, 1, 2, 3}));
      CHECK(world.network().RunUntilHolds(20'000, 100, [&] {
        return world.left(4) || world.fatal(4).find("has left the cluster") != std::string::npos;
      }));
      CHECK(world.broken().empty());
    }
  }
}

TEST_CASE("a join goes on when the node that drives it is killed at any step") {
  for (int step = 1; step <= 6; ++step) {
    TopologyWorld world(static_cast<uint64_t>(step), kQuick);
    world.AddStarted(4);
    REQUIRE(world.RunUntilSettled(UpTo(4)));
    world.Add({0, 1, 2});
    world.Start(4);
    REQUIRE(RunUntilStep(&world, static_cast<MoveStep>(step)));
    world.Crash(0);
    INFO("step " << step);
    REQUIRE(world.RunUntilSettled(UpTo(5)));
    world.Start(0);
    REQUIRE(world.RunUntilSettled(UpTo(5)));
    CHECK(world.broken().empty());
  }
}

TEST_CASE("a join goes on when the node that joins is killed at any step and comes back") {
  for (int step = 1; step <= 6; ++step) {
    TopologyWorld world(static_cast<uint64_t>(step), kQuick);
    world.AddStarted(3);
    REQUIRE(world.RunUntilSettled(UpTo(3)));
    world.Add({0, 1, 2});
    world.Start(3);
    REQUIRE(RunUntilStep(&world, static_cast<MoveStep>(step)));
    world.Crash(3);
    world.network().RunFor(world.network().random()->Below(20'000));
    world.Start(3);
    INFO("step " << step);
    REQUIRE(world.RunUntilSettled(UpTo(4)));
    CHECK(world.broken().empty());
  }
}

TEST_CASE("a join waits for the end of a partition and then goes on") {
  for (int step = 1; step <= 6; ++step) {
    TopologyWorld world(static_cast<uint64_t>(step), kQuick);
    world.AddStarted(5);
    REQUIRE(world.RunUntilSettled(UpTo(5)));
    world.Add({0, 1, 2});
    world.Start(5);
    REQUIRE(RunUntilStep(&world, static_cast<MoveStep>(step)));
    world.network().Partition({{0, 1, 2}, {3, 4, 5}});
    world.network().RunFor(60'000);
    world.network().MendAll();
    INFO("step " << step);
    REQUIRE(world.RunUntilSettled(UpTo(6)));
    CHECK(world.broken().empty());
  }
}

TEST_CASE("a join of a node that is gone for good is given up, and others can join again") {
  for (int step = 1; step <= 3; ++step) {
    TopologyWorld world(static_cast<uint64_t>(step), kQuick);
    world.AddStarted(3);
    REQUIRE(world.RunUntilSettled(UpTo(3)));
    world.Add({0, 1, 2});
    world.Start(3);
    REQUIRE(RunUntilStep(&world, static_cast<MoveStep>(step)));
    world.Crash(3);
    INFO("step " << step);
    // At a node that does not drive.
    REQUIRE(world.network().RunUntilHolds(
        5'000, 10, [&] { return world.topology(2).GiveUpOperation(world.network().now()).ok(); }));
    world.Pump(2);
    REQUIRE(world.RunUntilSettled(UpTo(3)));
    CHECK(world.topology(2).GiveUpOperation(world.network().now()).code() == StatusCode::kNotFound);
    world.Wipe(3);
    world.Start(3);
    REQUIRE(world.RunUntilSettled(UpTo(4)));
    CHECK(world.broken().empty());
  }
}

TEST_CASE("a join of a node that stays away is given up by itself") {
  for (int step = 1; step <= 3; ++step) {
    TopologyWorld world(static_cast<uint64_t>(step), kQuick);
    world.AddStarted(3);
    REQUIRE(world.RunUntilSettled(UpTo(3)));
    world.Add({0, 1, 2});
    world.Start(3);
    REQUIRE(RunUntilStep(&world, static_cast<MoveStep>(step)));
    world.Crash(3);
    INFO("step " << step);
    CHECK(world.RunUntilSettled(UpTo(3)));
    CHECK(world.broken().empty());
  }
}

TEST_CASE("a node whose clock is off lets another one stamp, and stamps again when it is right") {
  TopologyWorld world(1, kQuick);
  world.AddStarted(3);
  REQUIRE(world.RunUntilSettled(UpTo(3)));
  const auto stamps_itself = [&](NodeIndex node) {
    const auto view = world.topology(node).View();
    return view->stamper == view->self;
  };
  world.SetClockAhead(2, 5'000);
  REQUIRE(world.network().RunUntilHolds(30'000, 100, [&] { return !stamps_itself(2); }));
  CHECK(stamps_itself(0));
  CHECK(stamps_itself(1));
  world.SetClockAhead(2, 0);
  REQUIRE(world.network().RunUntilHolds(30'000, 100, [&] { return stamps_itself(2); }));
}

TEST_CASE("a member is asked to drain by any other, and by nobody else") {
  TopologyWorld world(1, kQuick);
  world.AddStarted(3);
  REQUIRE(world.RunUntilSettled(UpTo(3)));
  world.topology(2).AskToDrain(world.id(1), world.network().now());
  world.Pump(2);
  world.network().RunFor(1'000);
  CHECK(world.asked_to_drain(1));
  CHECK_FALSE(world.asked_to_drain(0));
  // Of another cluster.
  replication::TopologyMessage message;
  message.kind = replication::TopologyKind::kDrain;
  message.cluster = world.id(0);
  world.topology(0).Receive(net::Protocol::kTopology, world.id(2),
                            replication::EncodeTopologyMessage(message), world.network().now());
  world.Pump(0);
  CHECK_FALSE(world.asked_to_drain(0));
}

TEST_CASE("a node that says goodbye counts as gone, and as live again when it is back") {
  TopologyWorld world(1, kQuick);
  world.AddStarted(3);
  REQUIRE(world.RunUntilSettled(UpTo(3)));
  const net::NodeNumber number = world.topology(1).View()->self;
  world.topology(1).SayGoodbye(world.network().now());
  world.Pump(1);
  REQUIRE(
      world.network().RunUntilHolds(3'000, 10, [&] { return world.topology(1).said_goodbye(); }));
  world.Crash(1);
  CHECK_FALSE(world.topology(0).View()->IsLive(number));
  world.Start(1);
  CHECK(world.network().RunUntilHolds(10'000, 100,
                                      [&] { return world.topology(0).View()->IsLive(number); }));
}

TEST_CASE(
    "with loss, delays, crashes and joins in disorder there is one ring and nothing is lost") {
  for (uint64_t seed = 1; seed <= test::Seeds(100); ++seed) {
    TopologyWorld world(seed, kQuick);
    LinkFaults faults;
    faults.loss_per_million = 50'000;
    faults.twice_per_million = 50'000;
    faults.delay_max = 30;
    faults.slow_per_million = 20'000;
    faults.slow_max = 2'000;
    world.network().SetFaults(faults);
    world.AddStarted(6);
    Random* random = world.network().random();
    for (int turn = 0; turn < 60; ++turn) {
      world.network().RunFor(random->Below(2'000));
      const NodeIndex node = random->Below(6);
      if (world.runs(node)) {
        world.Crash(node);
      } else {
        world.Start(node);
      }
      if (random->Below(3) == 0) {
        for (NodeIndex other = 0; other < 6; ++other) {
          if (!world.runs(other)) world.Start(other);
        }
      }
    }
    for (NodeIndex node = 0; node < 6; ++node) {
      if (!world.runs(node)) world.Start(node);
    }
    INFO("seed " << seed);
    const bool settled = world.RunUntilSettled(UpTo(6), 300'000);
    INFO(world.broken());
    REQUIRE(settled);
  }
}

}  // namespace
}  // namespace trifecta::sim
