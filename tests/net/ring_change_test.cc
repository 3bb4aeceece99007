#include "net/ring_change.h"

#include <algorithm>
#include <random>
#include <set>

#include "net/claim.h"
#include "tests/net/ring_samples.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

MemberState StateOf(const Ring& ring, uint16_t n) { return ring.Find(SampleId(n))->state; }

bool Has(const std::vector<NodeNumber>& numbers, NodeNumber number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

size_t CopiesOf(const Ring& ring, NodeNumber number) {
  return static_cast<size_t>(
      std::count_if(ring.partitions.begin(), ring.partitions.end(),
                    [&](const Partition& partition) { return Has(partition.owners, number); }));
}

TEST_CASE("the founder is number 1 and owns everything at epoch 1") {
  const Ring ring = SampleFounding();
  CHECK(ring.epoch == 1);
  CHECK(ring.members.front().number == 1);
  CHECK(StateOf(ring, 1) == MemberState::kActive);
  for (const Partition& partition : ring.partitions) {
    CHECK(partition.owners == std::vector<NodeNumber>{1});
    CHECK(partition.changed == 1);
  }
}

TEST_CASE("a ring is founded only within its bounds") {
  for (const unsigned partitions : {0u, 4u, 12u, 100u, 8192u, ~0u}) {
    RingConstants constants = SampleConstants(partitions);
    INFO(partitions);
    CHECK_FALSE(FoundRing(constants, SampleMember(1)).ok());
  }
  RingConstants constants = SampleConstants();
  constants.replication_factor = 0;
  CHECK_FALSE(FoundRing(constants, SampleMember(1)).ok());
  constants = SampleConstants();
  constants.cluster_id = NodeId();
  CHECK_FALSE(FoundRing(constants, SampleMember(1)).ok());
  CHECK_FALSE(FoundRing(SampleConstants(), {SampleId(1), "", "a"}).ok());
}

TEST_CASE("a join goes through its steps and ends with an active member that has its share") {
  const Ring before = SampleRing(3, 64);
  Ring ring = *BeginJoin(before, SampleMember(4));
  CHECK(StateOf(ring, 4) == MemberState::kJoining);
  CHECK(ring.Find(SampleId(4))->number == 4);
  CHECK(ring.operation->session == ring.epoch);
  CHECK(MovesAt(ring, MoveStep::kPlanned).size() == 32);  // zone b holds 64 copies, now by two
  CHECK(CopiesOf(ring, 4) == 0);
  ring = RunOperation(ring);
  CHECK(StateOf(ring, 4) == MemberState::kActive);
  CHECK(CopiesOf(ring, 4) == 32);
  CHECK_FALSE(ring.operation.has_value());
}

TEST_CASE("a partition that does not move keeps the epoch of its last change") {
  const Ring before = SampleRing(3, 64);
  const Ring after = RunOperation(*BeginJoin(before, SampleMember(4)));
  for (size_t i = 0; i < before.partitions.size(); ++i) {
    const bool same = before.partitions[i].owners == after.partitions[i].owners;
    CHECK(same == (before.partitions[i].changed == after.partitions[i].changed));
  }
}

TEST_CASE("as members join, one after the other, copies are made up to the replication factor") {
  CHECK(SampleRing(1).partitions[0].owners.size() == 1);
  CHECK(SampleRing(2).partitions[0].owners.size() == 2);
  CHECK(SampleRing(3).partitions[0].owners.size() == 3);
  CHECK(SampleRing(4).partitions[0].owners.size() == 3);
}

TEST_CASE("who has left owns nothing and never comes back, nor does its number") {
  Ring ring = RunOperation(*BeginLeave(SampleRing(4, 64), SampleId(4)));
  CHECK(StateOf(ring, 4) == MemberState::kLeft);
  CHECK(ring.Find(SampleId(4))->address.empty());
  CHECK(CopiesOf(ring, 4) == 0);
  const auto again = BeginJoin(ring, SampleMember(4));
  REQUIRE_FALSE(again.ok());
  CHECK(again.status().message().find("empty data folder") != std::string::npos);
  CHECK(BeginLeave(ring, SampleId(4)).status().code() == StatusCode::kNotFound);
  ring = *BeginJoin(ring, SampleMember(5));
  CHECK(ring.Find(SampleId(5))->number == 5);
}

TEST_CASE("the last active member cannot leave") {
  CHECK_FALSE(BeginLeave(SampleFounding(), SampleId(1)).ok());
  const Ring one = RunOperation(*BeginLeave(SampleRing(2), SampleId(1)));
  CHECK_FALSE(BeginLeave(one, SampleId(2)).ok());
}

TEST_CASE("a replacement in the same zone takes what the dead member had, and nothing else moves") {
  const Ring before = SampleRing(5, 64);
  NewMember fresh = SampleMember(9);
  fresh.zone = before.Find(SampleId(2))->zone;
  const Ring begun = *BeginReplace(before, SampleId(2), fresh);
  CHECK(StateOf(begun, 2) == MemberState::kLeaving);
  CHECK(StateOf(begun, 9) == MemberState::kJoining);
  const Ring after = RunOperation(begun);
  CHECK(StateOf(after, 2) == MemberState::kLeft);
  CHECK(StateOf(after, 9) == MemberState::kActive);
  const NodeNumber number = after.Find(SampleId(9))->number;
  for (size_t i = 0; i < before.partitions.size(); ++i) {
    std::set<NodeNumber> expected(before.partitions[i].owners.begin(),
                                  before.partitions[i].owners.end());
    if (expected.erase(2) == 1) expected.insert(number);
    const auto& owners = after.partitions[i].owners;
    CHECK(std::set<NodeNumber>(owners.begin(), owners.end()) == expected);
  }
}

TEST_CASE("while an operation is under way no other begins") {
  const Ring ring = *BeginJoin(SampleRing(3), SampleMember(4));
  CHECK(BeginJoin(ring, SampleMember(5)).status().code() == StatusCode::kAlreadyInUse);
  CHECK(BeginLeave(ring, SampleId(1)).status().code() == StatusCode::kAlreadyInUse);
  CHECK(BeginReplace(ring, SampleId(1), SampleMember(5)).status().code() ==
        StatusCode::kAlreadyInUse);
  CHECK_FALSE(FinishOperation(ring).ok());
}

TEST_CASE("steps are taken one after the other, by partitions that are at the one before") {
  Ring ring = *BeginJoin(SampleRing(2), SampleMember(3));
  const std::vector<uint32_t> some{0, 3};
  CHECK_FALSE(AdvanceMoves(ring, some, MoveStep::kStreaming).ok());
  CHECK_FALSE(AdvanceMoves(ring, some, MoveStep::kPlanned).ok());
  CHECK_FALSE(AdvanceMoves(ring, some, MoveStep::kNone).ok());
  ring = *AdvanceMoves(ring, some, MoveStep::kWriteBothReadOld);
  CHECK(MovesAt(ring, MoveStep::kWriteBothReadOld) == some);
  CHECK(ring.partitions[3].changed == ring.epoch);
  CHECK(ring.partitions[1].changed == ring.epoch - 1);
  CHECK_FALSE(AdvanceMoves(ring, some, MoveStep::kWriteBothReadOld).ok());
  CHECK_FALSE(AdvanceMoves(ring, std::vector<uint32_t>{8}, MoveStep::kStreaming).ok());
}

TEST_CASE("an operation given up before anything was read from the targets leaves all as it was") {
  const Ring before = SampleRing(3);
  Ring ring = *BeginJoin(before, SampleMember(4));
  const auto moves = MovesAt(ring, MoveStep::kPlanned);
  ring = *AdvanceMoves(ring, moves, MoveStep::kWriteBothReadOld);
  ring = *AdvanceMoves(ring, moves, MoveStep::kStreaming);
  ring = *AbortOperation(ring);
  CHECK(StateOf(ring, 4) == MemberState::kLeft);
  for (size_t i = 0; i < before.partitions.size(); ++i) {
    CHECK(ring.partitions[i].owners == before.partitions[i].owners);
  }
  CHECK_FALSE(AbortOperation(ring).ok());
}

TEST_CASE("an operation given up halfway keeps what has come to its new owners") {
  Ring ring = *BeginLeave(SampleRing(4), SampleId(2));
  const auto moves = MovesAt(ring, MoveStep::kPlanned);
  REQUIRE(moves.size() > 2);
  const std::vector<uint32_t> first{moves[0]};
  for (const MoveStep to : {MoveStep::kWriteBothReadOld, MoveStep::kStreaming,
                            MoveStep::kWriteBothReadNew, MoveStep::kUseNew}) {
    ring = *AdvanceMoves(ring, first, to);
  }
  const size_t had = CopiesOf(ring, 2);
  ring = *AbortOperation(ring);
  CHECK(StateOf(ring, 2) == MemberState::kActive);
  CHECK(CopiesOf(ring, 2) == had - 1);
  CHECK(CheckRing(ring).ok());
}

TEST_CASE("a partition that is read from its targets must step back before it is given up") {
  Ring ring = *BeginJoin(SampleRing(3), SampleMember(4));
  const std::vector<uint32_t> first{MovesAt(ring, MoveStep::kPlanned)[0]};
  for (const MoveStep to :
       {MoveStep::kWriteBothReadOld, MoveStep::kStreaming, MoveStep::kWriteBothReadNew}) {
    CHECK_FALSE(StepBack(ring, first).ok());
    ring = *AdvanceMoves(ring, first, to);
  }
  CHECK(AbortOperation(ring).status().code() == StatusCode::kUnavailable);
  ring = *StepBack(ring, first);
  CHECK(MovesAt(ring, MoveStep::kStreaming) == first);
  CHECK(AbortOperation(ring).ok());
}

TEST_CASE("an operation whose moves all have their new owners is finished, not given up") {
  Ring ring = *BeginJoin(SampleFounding(), SampleMember(2));
  const auto all = MovesAt(ring, MoveStep::kPlanned);
  for (const MoveStep to : {MoveStep::kWriteBothReadOld, MoveStep::kStreaming,
                            MoveStep::kWriteBothReadNew, MoveStep::kUseNew}) {
    ring = *AdvanceMoves(ring, all, to);
  }
  CHECK(AbortOperation(ring).status().code() == StatusCode::kUnavailable);
}

TEST_CASE("a member may change its address, also during an operation") {
  Ring ring = *BeginJoin(SampleRing(2), SampleMember(3));
  ring = *ChangeAddress(ring, SampleId(2), "10.9.9.9:8000");
  CHECK(ring.Find(SampleId(2))->address == "10.9.9.9:8000");
  CHECK(ChangeAddress(ring, SampleId(77), "x:1").status().code() == StatusCode::kNotFound);
}

TEST_CASE("when every number was given nobody can join any more") {
  Ring ring = SampleFounding();
  Member last = ring.members.front();
  last.id = SampleId(2);
  last.number = 65535;
  ring.members.push_back(last);
  CHECK(BeginJoin(ring, SampleMember(3)).status().code() == StatusCode::kTooLarge);
}

// One random change that the ring allows; the ring itself when the dice name one that it does not.
Ring RandomChange(const Ring& ring, std::mt19937_64* random, uint16_t* last) {
  const auto any_member = [&] { return ring.members[(*random)() % ring.members.size()].id; };
  const auto chosen = [&](MoveStep from) {
    std::vector<uint32_t> some;
    for (const uint32_t i : MovesAt(ring, from)) {
      if ((*random)() % 3 != 0) some.push_back(i);
    }
    return some;
  };
  Result<Ring> next = ring;
  const auto from = static_cast<MoveStep>(1 + (*random)() % 6);
  const auto to = from == MoveStep::kCleanUp ? MoveStep::kNone
                                             : static_cast<MoveStep>(static_cast<int>(from) + 1);
  switch ((*random)() % 16) {
    case 0:
      next = BeginJoin(ring, SampleMember(++*last));
      break;
    case 1:
      next = BeginLeave(ring, any_member());
      break;
    case 2:
      next = BeginReplace(ring, any_member(), SampleMember(++*last));
      break;
    case 3:
      next = (*random)() % 4 == 0 ? AbortOperation(ring) : ChangeAddress(ring, any_member(), "h:1");
      break;
    case 4:
      next = StepBack(ring, chosen(MoveStep::kWriteBothReadNew));
      break;
    case 5:
      next = FinishOperation(ring);
      break;
    default:
      next = AdvanceMoves(ring, chosen(from), to);
  }
  return next.ok() ? *next : ring;
}

TEST_CASE("every change that is made is one that may follow, and reads back as it was written") {
  size_t changes = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    uint16_t last = 1;
    Ring ring = SampleFounding();
    for (int i = 0; i < 150; ++i) {
      const Ring next = RandomChange(ring, &random, &last);
      if (next.epoch == ring.epoch) continue;
      ++changes;
      INFO("seed " << seed << ", change " << i);
      const Status status = CheckSuccessor(ring, next);
      INFO(status.ToString());
      REQUIRE(status.ok());
      REQUIRE(*DecodeRing(EncodeRing(next)) == next);
      ring = next;
    }
  }
  CHECK(changes > 1000);
}

TEST_CASE("what no change makes is refused as a successor") {
  const Ring ring = *BeginJoin(SampleRing(3), SampleMember(4));
  const Ring good =
      *AdvanceMoves(ring, MovesAt(ring, MoveStep::kPlanned), MoveStep::kWriteBothReadOld);
  REQUIRE(CheckSuccessor(ring, good).ok());
  const uint32_t moved = MovesAt(ring, MoveStep::kPlanned)[0];
  using Spoil = std::function<void(Ring*)>;
  const std::vector<Spoil> spoils{
      [](Ring* next) { ++next->epoch; },
      [](Ring* next) { next->epoch -= 1; },
      [](Ring* next) { next->cluster_id = SampleId(7); },
      [](Ring* next) { next->k_factor = 3; },
      [](Ring* next) { next->partitions.resize(16, next->partitions[0]); },
      [](Ring* next) { next->members.erase(next->members.begin()); },
      [](Ring* next) { next->members[1].number = 77; },
      [](Ring* next) { next->members[1].zone = "elsewhere"; },
      [](Ring* next) { next->members[1].state = MemberState::kLeaving; },
      [](Ring* next) { next->operation.reset(); },
      [](Ring* next) { next->operation->session = next->epoch; },
      [&](Ring* next) { next->partitions[moved].changed -= 1; },
      [&](Ring* next) { next->partitions[moved].owners.pop_back(); },
      [&](Ring* next) { next->partitions[moved].targets.pop_back(); },
      [&](Ring* next) { next->partitions[moved].step = MoveStep::kWriteBothReadNew; },
      [&](Ring* next) {
        std::swap(next->partitions[moved].owners[0], next->partitions[moved].owners[1]);
      },
  };
  for (size_t i = 0; i < spoils.size(); ++i) {
    Ring next = good;
    spoils[i](&next);
    INFO("spoil " << i);
    CHECK_FALSE(CheckSuccessor(ring, next).ok());
  }
}

}  // namespace
}  // namespace trifecta::net
