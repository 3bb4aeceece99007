// What membership costs and how fast it is, by the number of nodes. Hidden, as it takes a minute;
// `sim_tests "[scale]"` prints the table.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "tests/sim/membership_world.h"
#include "tests/support/catch.h"

namespace trifecta::sim {
namespace {

using net::Liveness;

constexpr Millis kStep = 10;
constexpr Millis kLimit = 300'000;
constexpr Millis kQuiet = 60'000;

struct Row {
  size_t nodes = 0;
  Millis join = 0;      // from the start of all at once until all know all
  double messages = 0;  // a node and second, when nothing happens
  double bytes = 0;     // the same
  double bytes_of_busiest = 0;
  Millis spread = 0;     // of a change, to all
  Millis suspected = 0;  // from a crash until some node knows
  Millis dead = 0;       // until all know
};

Millis TimeUntil(MembershipWorld& world, const std::function<bool()>& done) {
  const Millis began = world.network().now();
  REQUIRE(world.network().RunUntilHolds(kLimit, kStep, done));
  return world.network().now() - began;
}

void MeasureTraffic(MembershipWorld& world, Row* row) {
  std::vector<Traffic> before;
  for (NodeIndex node = 0; node < world.size(); ++node) {
    before.push_back(world.network().sent(node));
  }
  world.network().RunFor(kQuiet);
  const double node_seconds = static_cast<double>(world.size() * kQuiet) / 1'000;
  for (NodeIndex node = 0; node < world.size(); ++node) {
    const Traffic& after = world.network().sent(node);
    const auto bytes = static_cast<double>(after.bytes - before[node].bytes);
    row->messages += static_cast<double>(after.messages - before[node].messages) / node_seconds;
    row->bytes += bytes / node_seconds;
    row->bytes_of_busiest = std::max(row->bytes_of_busiest, bytes * 1'000 / kQuiet);
  }
}

bool AnySees(MembershipWorld& world, NodeIndex subject, Liveness liveness) {
  for (NodeIndex viewer = 0; viewer < world.size(); ++viewer) {
    if (world.network().running(viewer) && world.Seen(viewer, subject) == liveness) return true;
  }
  return false;
}

Row Measure(size_t nodes) {
  Row row;
  row.nodes = nodes;
  MembershipWorld world(nodes, net::kLanOptions);
  for (NodeIndex node = 0; node < nodes; ++node) world.Add({0, 1, 2});
  for (NodeIndex node = 0; node < nodes; ++node) world.Start(node);
  row.join = TimeUntil(world, [&] { return world.AllAgree(); });
  world.network().RunFor(30'000);
  MeasureTraffic(world, &row);

  constexpr int kRounds = 5;
  for (int round = 0; round < kRounds; ++round) {
    const NodeIndex leaver = nodes - 1 - round, victim = leaver - kRounds + (nodes < 12 ? 1 : 0);
    world.Leave(leaver);
    row.spread += TimeUntil(world, [&] { return world.AllSee(leaver, Liveness::kLeft); }) / kRounds;
    world.Crash(leaver);
    world.Start(leaver);
    world.network().RunFor(20'000);
    world.Crash(victim);
    const Millis suspected =
        TimeUntil(world, [&] { return AnySees(world, victim, Liveness::kSuspect); });
    row.suspected += suspected / kRounds;
    row.dead +=
        (suspected + TimeUntil(world, [&] { return world.AllSee(victim, Liveness::kDead); })) /
        kRounds;
    world.Start(victim);
    world.network().RunFor(20'000);
  }
  CHECK(world.false_deaths() == 0);
  return row;
}

TEST_CASE("what membership costs grows with the logarithm of the nodes at most", "[.][scale]") {
  std::printf("%6s %8s %11s %10s %13s %10s %11s %8s\n", "nodes", "join s", "messages/s", "bytes/s",
              "busiest B/s", "spread s", "suspected s", "dead s");
  std::vector<Row> rows;
  for (const size_t nodes : {10, 100, 1'000}) {
    rows.push_back(Measure(nodes));
    const Row& row = rows.back();
    const auto seconds = [](Millis time) { return static_cast<double>(time) / 1'000; };
    std::printf("%6zu %8.2f %11.2f %10.0f %13.0f %10.2f %11.2f %8.2f\n", row.nodes,
                seconds(row.join), row.messages, row.bytes, row.bytes_of_busiest,
                seconds(row.spread), seconds(row.suspected), seconds(row.dead));
    std::fflush(stdout);
  }
  CHECK(rows.back().messages < 1.5 * rows.front().messages);
  CHECK(rows.back().bytes < 3 * rows.front().bytes);
  CHECK(rows.back().spread < 1'000);
  CHECK(rows.back().dead < 6 * rows.front().dead);
}

}  // namespace
}  // namespace trifecta::sim
