#include "tests/sim/sim_network.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace trifecta::sim {
namespace {

constexpr auto kProtocol = net::Protocol::kMembership;

// A network of nodes "n0", "n1", ... that remember what arrived.
struct Nodes {
  explicit Nodes(size_t count, uint64_t seed = 1) : network(seed), inbox(count) {
    for (size_t i = 0; i < count; ++i) {
      network.AddNode("n" + std::to_string(i),
                      [this, i](const SimMessage& message) { inbox[i].push_back(message.bytes); });
    }
  }
  void Send(NodeIndex from, NodeIndex to, const std::string& bytes) {
    network.Send(from, network.address(to), kProtocol, bytes);
  }

  SimNetwork network;
  std::vector<std::vector<std::string>> inbox;
};

TEST_CASE("a message arrives after its link's delay, not before") {
  Nodes nodes(2);
  nodes.network.SetFaults({.delay_min = 5, .delay_max = 5});
  nodes.Send(0, 1, "hello");
  nodes.network.RunUntil(4);
  CHECK(nodes.inbox[1].empty());
  nodes.network.RunUntil(5);
  CHECK(nodes.inbox[1] == std::vector<std::string>{"hello"});
  CHECK(nodes.network.sent(0).messages == 1);
  CHECK(nodes.network.sent(0).bytes == 5);
}

TEST_CASE("messages are lost, doubled and overtaken as often as is asked for") {
  Nodes nodes(2);
  nodes.network.SetFaults({.loss_per_million = 100'000,
                           .twice_per_million = 200'000,
                           .delay_min = 1,
                           .delay_max = 100});
  for (int i = 0; i < 10'000; ++i) nodes.Send(0, 1, std::string(1, static_cast<char>(i % 2)));
  nodes.network.RunUntil(100);
  // 10,000 less a tenth, and a fifth of them twice.
  CHECK(std::abs(static_cast<int>(nodes.inbox[1].size()) - 10'800) < 300);
  int overtaken = 0;
  for (size_t i = 1; i < nodes.inbox[1].size(); ++i) {
    overtaken += nodes.inbox[1][i] == nodes.inbox[1][i - 1];
  }
  CHECK(overtaken > 4'000);
}

TEST_CASE("a link has faults of its own, one way") {
  Nodes nodes(2);
  nodes.network.SetFaults(0, 1, {.loss_per_million = 1'000'000});
  nodes.Send(0, 1, "lost");
  nodes.Send(1, 0, "found");
  nodes.network.RunUntil(10);
  CHECK(nodes.inbox[1].empty());
  CHECK(nodes.inbox[0].size() == 1);
}

TEST_CASE("a cut stops one way, also what is on its way") {
  Nodes nodes(2);
  nodes.Send(0, 1, "under way");
  nodes.network.Cut(0, 1);
  nodes.Send(1, 0, "back");
  nodes.network.RunUntil(10);
  CHECK(nodes.inbox[1].empty());
  CHECK(nodes.inbox[0].size() == 1);
  nodes.network.Mend(0, 1);
  nodes.Send(0, 1, "again");
  nodes.network.RunUntil(20);
  CHECK(nodes.inbox[1] == std::vector<std::string>{"again"});
}

TEST_CASE("a partition parts groups both ways, and who is in none is alone") {
  Nodes nodes(4);
  nodes.network.Partition({{0, 1}, {2}});
  for (NodeIndex from = 0; from < 4; ++from) {
    for (NodeIndex to = 0; to < 4; ++to) nodes.Send(from, to, std::to_string(from));
  }
  nodes.network.RunUntil(10);
  CHECK(nodes.inbox[0].size() == 2);
  CHECK(nodes.inbox[2] == std::vector<std::string>{"2"});
  CHECK(nodes.inbox[3] == std::vector<std::string>{"3"});
  nodes.network.MendAll();
  nodes.Send(0, 3, "healed");
  nodes.network.RunUntil(20);
  CHECK(nodes.inbox[3].back() == "healed");
}

TEST_CASE("a paused node gets its messages and tasks when it goes on, in order") {
  Nodes nodes(2);
  std::vector<Millis> ran;
  nodes.network.After(1, 5, [&] { ran.push_back(nodes.network.now()); });
  nodes.network.Pause(1);
  nodes.Send(0, 1, "first");
  nodes.network.RunUntil(50);
  nodes.Send(0, 1, "second");
  nodes.network.RunUntil(100);
  CHECK(nodes.inbox[1].empty());
  nodes.network.Resume(1);
  nodes.network.RunUntil(101);
  CHECK(nodes.inbox[1] == std::vector<std::string>{"first", "second"});
  CHECK(ran == std::vector<Millis>{100});
}

TEST_CASE("a crash loses the node's tasks and what is on the way to it, not what it sent") {
  Nodes nodes(2);
  bool ran = false;
  nodes.network.After(0, 5, [&] { ran = true; });
  nodes.Send(1, 0, "to the dead");
  nodes.Send(0, 1, "last words");
  nodes.network.Crash(0);
  nodes.network.Restart(0);
  nodes.network.RunUntil(10);
  CHECK_FALSE(ran);
  CHECK(nodes.inbox[0].empty());
  CHECK(nodes.inbox[1].size() == 1);
  nodes.Send(1, 0, "welcome back");
  nodes.network.RunUntil(20);
  CHECK(nodes.inbox[0].size() == 1);
}

TEST_CASE("a message to where nobody listens is lost") {
  Nodes nodes(1);
  nodes.network.Send(0, "nowhere", kProtocol, "hello");
  nodes.network.RunUntil(10);
  CHECK(nodes.inbox[0].empty());
}

TEST_CASE("waiting for something ends when it holds, or at the limit") {
  Nodes nodes(2);
  nodes.network.SetFaults({.delay_min = 25, .delay_max = 25});
  nodes.Send(0, 1, "hello");
  CHECK(nodes.network.RunUntilHolds(100, 10, [&] { return !nodes.inbox[1].empty(); }));
  CHECK(nodes.network.now() == 30);
  CHECK_FALSE(nodes.network.RunUntilHolds(95, 10, [] { return false; }));
  CHECK(nodes.network.now() == 125);
}

TEST_CASE("the same seed gives the same history, another seed another one") {
  const auto history = [](uint64_t seed) {
    Nodes nodes(3, seed);
    nodes.network.SetFaults({.loss_per_million = 300'000, .delay_min = 1, .delay_max = 50});
    for (int i = 0; i < 100; ++i) nodes.Send(i % 3, (i + 1) % 3, std::to_string(i));
    nodes.network.RunUntil(50);
    return nodes.network.history();
  };
  CHECK(history(1) == history(1));
  CHECK(history(1) != history(2));
}

}  // namespace
}  // namespace trifecta::sim
