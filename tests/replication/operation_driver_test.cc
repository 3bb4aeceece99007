#include "daemon/replication/operation_driver.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "tests/net/ring_samples.h"
#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

using net::MovesAt;
using net::MoveStep;
using net::NodeNumber;
using net::Ring;

constexpr net::Millis kPatience = 2'000;

OperationDriver Driver() {
  return OperationDriver(
      [](size_t copies) {
        return net::Quorums{net::Majority(copies), net::Majority(copies)};
      },
      kPatience);
}

// Four nodes, to which a fifth joins.
Ring Joining() { return *net::BeginJoin(net::SampleRing(4, 32), net::SampleMember(5)); }

void SetRing(OperationDriver* driver, const Ring& ring) {
  driver->OnRing(std::make_shared<const Ring>(ring));
}

void RecordAll(OperationDriver* driver, net::Epoch epoch, NodeNumber nodes = 5) {
  for (NodeNumber node = 1; node <= nodes; ++node) driver->NoteRecorded(node, epoch);
}

// The document of `ring`'s operation at which all moves are at `step`.
Ring At(Ring ring, MoveStep step) {
  for (MoveStep now = MoveStep::kPlanned; now < step;) {
    const std::vector<uint32_t> moves = MovesAt(ring, now);
    now = static_cast<MoveStep>(static_cast<int>(now) + 1);
    ring = *net::AdvanceMoves(ring, moves, now);
  }
  return ring;
}

TEST_CASE("without an operation there is nothing to drive") {
  OperationDriver driver = Driver();
  CHECK_FALSE(driver.Next(0));
  SetRing(&driver, net::SampleRing(3));
  RecordAll(&driver, 100);
  CHECK_FALSE(driver.Next(0));
  CHECK(driver.Describe().empty());
}

TEST_CASE("a step is taken once enough owners and targets have the last one, and not before") {
  OperationDriver driver = Driver();
  const Ring ring = Joining();
  SetRing(&driver, ring);
  CHECK_FALSE(driver.Next(0));
  RecordAll(&driver, ring.epoch - 1);
  CHECK_FALSE(driver.Next(0));
  RecordAll(&driver, ring.epoch);
  const auto next = driver.Next(0);
  REQUIRE(next);
  CHECK(net::CheckSuccessor(ring, *next).ok());
  CHECK(MovesAt(*next, MoveStep::kWriteBothReadOld) == MovesAt(ring, MoveStep::kPlanned));
}

TEST_CASE("partitions that could go on wait for the others of their step, but not for ever") {
  OperationDriver driver = Driver();
  const Ring ring = At(Joining(), MoveStep::kWriteBothReadOld);
  SetRing(&driver, ring);
  // Two of three owners, and of three targets, are needed; nodes 4 and 5 are silent.
  for (const NodeNumber node : {1, 2, 3}) driver.NoteRecorded(node, ring.epoch);
  const auto recorded = [&](uint32_t i) {
    const NodeNumber nodes[] = {1, 2, 3};
    return net::StepIsRecorded(ring.partitions[i], nodes, {2, 2}, {2, 2});
  };
  std::vector<uint32_t> ready;
  const std::vector<uint32_t> moves = MovesAt(ring, MoveStep::kWriteBothReadOld);
  std::copy_if(moves.begin(), moves.end(), std::back_inserter(ready), recorded);
  REQUIRE(!ready.empty());
  REQUIRE(ready.size() < moves.size());
  CHECK_FALSE(driver.Next(1'000));
  CHECK_FALSE(driver.Next(1'000 + kPatience - 1));
  const auto next = driver.Next(1'000 + kPatience);
  REQUIRE(next);
  CHECK(MovesAt(*next, MoveStep::kStreaming) == ready);
}

TEST_CASE("a step waits a moment for owners that are not needed for it") {
  OperationDriver driver = Driver();
  const Ring ring = At(Joining(), MoveStep::kWriteBothReadOld);
  SetRing(&driver, ring);
  for (const NodeNumber node : {1, 2, 3, 5}) driver.NoteRecorded(node, ring.epoch);
  CHECK_FALSE(driver.Next(1'000));
  SECTION("until they have it") {
    driver.NoteRecorded(4, ring.epoch);
    CHECK(driver.Next(1'001));
  }
  SECTION("and not longer") {
    CHECK_FALSE(driver.Next(1'000 + kPatience / 4 - 1));
    CHECK(driver.Next(1'000 + kPatience / 4));
  }
}

TEST_CASE("nothing is written at a node that joins before it knows that it does") {
  OperationDriver driver = Driver();
  const Ring ring = Joining();
  SetRing(&driver, ring);
  RecordAll(&driver, ring.epoch, 4);
  CHECK_FALSE(driver.Next(0));
  CHECK_FALSE(driver.Next(10 * kPatience));
  driver.NoteRecorded(5, ring.epoch);
  CHECK(driver.Next(10 * kPatience));
}

TEST_CASE("what is streamed is read only once every new owner has it") {
  OperationDriver driver = Driver();
  const Ring ring = At(Joining(), MoveStep::kStreaming);
  const net::Epoch session = ring.operation->session;
  const auto moves = MovesAt(ring, MoveStep::kStreaming);
  SetRing(&driver, ring);
  RecordAll(&driver, ring.epoch);
  CHECK_FALSE(driver.Next(0));
  driver.NoteStreamed(5, session - 1, moves);
  CHECK_FALSE(driver.Next(kPatience));
  driver.NoteStreamed(5, session, moves);
  const auto next = driver.Next(kPatience);
  REQUIRE(next);
  CHECK(MovesAt(*next, MoveStep::kWriteBothReadNew) == moves);
}

TEST_CASE("the operation is finished when nothing moves and who joins has a document") {
  OperationDriver driver = Driver();
  Ring ring = At(Joining(), MoveStep::kCleanUp);
  ring = *net::AdvanceMoves(ring, MovesAt(ring, MoveStep::kCleanUp), MoveStep::kNone);
  SetRing(&driver, ring);
  RecordAll(&driver, ring.epoch, 4);
  CHECK_FALSE(driver.Next(0));
  driver.NoteRecorded(5, ring.operation->session);
  const auto next = driver.Next(0);
  REQUIRE(next);
  CHECK(next->Find(NodeNumber{5})->state == net::MemberState::kActive);
}

TEST_CASE("an operation that is given up steps back from what is read, and then ends") {
  OperationDriver driver = Driver();
  Ring ring = At(Joining(), MoveStep::kWriteBothReadNew);
  SetRing(&driver, ring);
  RecordAll(&driver, ring.epoch);
  driver.GiveUp(ring.operation->session);
  auto next = driver.Next(0);
  REQUIRE(next);
  REQUIRE(!MovesAt(*next, MoveStep::kStreaming).empty());
  ring = *next;
  SetRing(&driver, ring);
  CHECK_FALSE(driver.Next(0));
  RecordAll(&driver, ring.epoch);
  next = driver.Next(0);
  REQUIRE(next);
  CHECK_FALSE(next->operation);
  CHECK(next->Find(NodeNumber{5})->state == net::MemberState::kLeft);
}

TEST_CASE("what was never read at its new owners is given up although one of them is silent") {
  const bool saw_all = GENERATE(true, false);
  OperationDriver driver = Driver();
  Ring ring = *net::BeginJoin(net::SampleRing(2, 8, 1), net::SampleMember(3));
  const auto moves = MovesAt(ring, MoveStep::kPlanned);
  SetRing(&driver, ring);
  ring = *net::AdvanceMoves(ring, moves, MoveStep::kWriteBothReadOld);
  if (saw_all) SetRing(&driver, ring);
  ring = *net::AdvanceMoves(ring, moves, MoveStep::kStreaming);
  SetRing(&driver, ring);
  RecordAll(&driver, ring.epoch, 2);
  driver.GiveUp(ring.operation->session);
  // Who has missed a document cannot know that they were not read.
  CHECK(driver.Next(0).has_value() == saw_all);
}

TEST_CASE("an operation that has switched goes on to its end although it is given up") {
  OperationDriver driver = Driver();
  const Ring ring = At(Joining(), MoveStep::kUseNew);
  SetRing(&driver, ring);
  RecordAll(&driver, ring.epoch);
  driver.GiveUp(ring.operation->session);
  const auto next = driver.Next(0);
  REQUIRE(next);
  CHECK(!MovesAt(*next, MoveStep::kCleanUp).empty());
}

TEST_CASE("giving up another operation than the one under way changes nothing") {
  OperationDriver driver = Driver();
  const Ring ring = Joining();
  SetRing(&driver, ring);
  RecordAll(&driver, ring.epoch);
  driver.GiveUp(ring.operation->session - 1);
  const auto next = driver.Next(0);
  REQUIRE(next);
  CHECK(next->operation);
}

TEST_CASE("the operation under way is described for people") {
  OperationDriver driver = Driver();
  SetRing(&driver, Joining());
  CHECK(driver.Describe() ==
        "node 00000000-0000-0000-0000-000000000005 joins, 16 partitions planned");
}

}  // namespace
}  // namespace trifecta::replication
