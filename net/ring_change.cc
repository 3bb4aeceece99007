#include "net/ring_change.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "net/claim.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

Status Refused(StatusCode code, std::string text) { return {code, std::move(text)}; }
Status Invalid(std::string text) { return Refused(StatusCode::kInvalidArgument, std::move(text)); }

// The beginning of every change: the same document, one epoch later.
Ring Next(const Ring& ring) {
  Ring next = ring;
  ++next.epoch;
  return next;
}

// The end of every change.
Result<Ring> Checked(Ring next) {
  TRIFECTA_RETURN_IF_ERROR(CheckRing(next));
  return next;
}

std::string_view KindName(OperationKind kind) {
  switch (kind) {
    case OperationKind::kJoin:
      return "join";
    case OperationKind::kLeave:
      return "leave";
    case OperationKind::kReplace:
      return "replace";
  }
  return "operation";
}

Status CheckIdle(const Ring& ring) {
  if (!ring.operation) return Status::Ok();
  return Refused(StatusCode::kAlreadyInUse,
                 StrCat("a ", KindName(ring.operation->kind), " of node ",
                        ring.operation->node.ToString(), " is under way: wait for its end"));
}

Member* Edit(Ring* ring, const NodeId& id) {
  const auto found = std::find_if(ring->members.begin(), ring->members.end(),
                                  [&](const Member& member) { return member.id == id; });
  return found == ring->members.end() ? nullptr : &*found;
}

void SetLeft(Member* member) {
  member->state = MemberState::kLeft;
  member->address.clear();
  member->zone.clear();
}

Status AddMember(Ring* ring, const NewMember& member, MemberState state) {
  if (const Member* known = ring->Find(member.id)) {
    return Refused(StatusCode::kAlreadyInUse,
                   StrCat("node ", member.id.ToString(),
                          known->state == MemberState::kLeft
                              ? " has left the cluster for ever: start it with an empty data folder"
                              : " is a member already"));
  }
  const NodeNumber last = ring->members.empty() ? kNoNodeNumber : ring->members.back().number;
  if (last == std::numeric_limits<NodeNumber>::max()) {
    return Refused(
        StatusCode::kTooLarge,
        StrCat("all ", last, " numbers for nodes were given: no node can join any more"));
  }
  ring->members.push_back(
      {member.id, static_cast<NodeNumber>(last + 1), state, member.address, member.zone});
  return Status::Ok();
}

// Who may own something once the operation is done.
std::vector<Claimant> ClaimantsOf(const Ring& ring) {
  std::vector<Claimant> claimants;
  for (const Member& member : ring.members) {
    if (member.state == MemberState::kActive || member.state == MemberState::kJoining) {
      claimants.push_back({member.number, member.zone});
    }
  }
  return claimants;
}

OwnerLists OwnersOf(const Ring& ring) {
  OwnerLists lists;
  for (const Partition& partition : ring.partitions) lists.push_back(partition.owners);
  return lists;
}

bool SameMembers(std::vector<NodeNumber> a, std::vector<NodeNumber> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

// Plans the moves to what the claim makes of `basis`, which is the owners of now but for a member
// that is to be replaced.
Result<Ring> BeginOperation(Ring ring, RingOperation operation, const OwnerLists& basis) {
  operation.session = ring.epoch;
  ring.operation = operation;
  const OwnerLists claim = Claim(ClaimantsOf(ring), basis, ring.replication_factor);
  for (size_t i = 0; i < ring.partitions.size(); ++i) {
    Partition& partition = ring.partitions[i];
    if (SameMembers(partition.owners, claim[i])) continue;
    partition.targets = claim[i];
    partition.step = MoveStep::kPlanned;
    partition.changed = ring.epoch;
  }
  return Checked(std::move(ring));
}

bool MayLeave(const Ring& ring, const Member& leaving) {
  return std::any_of(ring.members.begin(), ring.members.end(), [&](const Member& member) {
    return member.state == MemberState::kActive && member.id != leaving.id;
  });
}

// The active member `id`, to be marked as leaving.
Result<Member*> FindActive(Ring* ring, const NodeId& id) {
  Member* member = Edit(ring, id);
  if (member == nullptr) {
    return Refused(StatusCode::kNotFound, StrCat("node ", id.ToString(), " is no member"));
  }
  if (member->state != MemberState::kActive) {
    return Refused(StatusCode::kNotFound, StrCat("node ", id.ToString(), " has left already"));
  }
  return member;
}

void EndMove(Partition* partition, Epoch epoch, bool keep_targets) {
  if (keep_targets) partition->owners = partition->targets;
  partition->targets.clear();
  partition->step = MoveStep::kNone;
  partition->changed = epoch;
}

Status CheckAbortable(const Ring& ring) {
  if (!ring.operation) return Refused(StatusCode::kNotFound, "no operation is under way");
  bool undecided = false;
  for (size_t i = 0; i < ring.partitions.size(); ++i) {
    const MoveStep step = ring.partitions[i].step;
    if (step == MoveStep::kWriteBothReadNew) {
      return Refused(StatusCode::kUnavailable,
                     StrCat("partition ", i, " is read from its new owners: step it back first"));
    }
    undecided = undecided || (step > MoveStep::kNone && step < MoveStep::kUseNew);
  }
  if (undecided) return Status::Ok();
  return Refused(StatusCode::kUnavailable,
                 "every partition has its new owners already: finish the operation");
}

bool OwnsSomething(const Ring& ring, NodeNumber number) {
  return std::any_of(ring.partitions.begin(), ring.partitions.end(),
                     [&](const Partition& partition) {
                       return std::find(partition.owners.begin(), partition.owners.end(), number) !=
                              partition.owners.end();
                     });
}

// Takes `partitions` from one step to another.
Result<Ring> SetSteps(const Ring& ring, std::span<const uint32_t> partitions, MoveStep from,
                      MoveStep to) {
  Ring next = Next(ring);
  for (const uint32_t i : partitions) {
    if (i >= next.partitions.size()) return Invalid(StrCat("there is no partition ", i));
    Partition& partition = next.partitions[i];
    if (partition.step != from) {
      return Invalid(StrCat("partition ", i, " is at step ", static_cast<unsigned>(partition.step),
                            ", not ", static_cast<unsigned>(from)));
    }
    if (to == MoveStep::kNone) {
      EndMove(&partition, next.epoch, true);
    } else {
      partition.step = to;
      partition.changed = next.epoch;
    }
  }
  return Checked(std::move(next));
}

}  // namespace

Result<Ring> FoundRing(const RingConstants& constants, const NewMember& founder) {
  Ring ring;
  ring.cluster_name = constants.cluster_name;
  ring.cluster_id = constants.cluster_id;
  ring.epoch = 1;
  ring.replication_factor = constants.replication_factor;
  ring.k_factor = constants.k_factor;
  TRIFECTA_RETURN_IF_ERROR(AddMember(&ring, founder, MemberState::kActive));
  Partition partition;
  partition.owners = {ring.members.front().number};
  partition.changed = ring.epoch;
  ring.partitions.assign(std::min(constants.partitions, kPartitionsMax + 1), partition);
  return Checked(std::move(ring));
}

Result<Ring> BeginJoin(const Ring& ring, const NewMember& member) {
  TRIFECTA_RETURN_IF_ERROR(CheckIdle(ring));
  Ring next = Next(ring);
  TRIFECTA_RETURN_IF_ERROR(AddMember(&next, member, MemberState::kJoining));
  return BeginOperation(std::move(next), {OperationKind::kJoin, member.id, {}, 0}, OwnersOf(ring));
}

Result<Ring> BeginLeave(const Ring& ring, const NodeId& id) {
  TRIFECTA_RETURN_IF_ERROR(CheckIdle(ring));
  Ring next = Next(ring);
  const Result<Member*> member = FindActive(&next, id);
  if (!member.ok()) return member.status();
  if (!MayLeave(ring, **member)) {
    return Invalid(
        StrCat("node ", id.ToString(), " is the last of the cluster and cannot leave it"));
  }
  (*member)->state = MemberState::kLeaving;
  return BeginOperation(std::move(next), {OperationKind::kLeave, id, {}, 0}, OwnersOf(ring));
}

Result<Ring> BeginReplace(const Ring& ring, const NodeId& dead, const NewMember& member) {
  TRIFECTA_RETURN_IF_ERROR(CheckIdle(ring));
  Ring next = Next(ring);
  Result<Member*> old = FindActive(&next, dead);
  if (!old.ok()) return old.status();
  const NodeNumber number = (*old)->number;
  (*old)->state = MemberState::kLeaving;
  TRIFECTA_RETURN_IF_ERROR(AddMember(&next, member, MemberState::kJoining));
  OwnerLists basis = OwnersOf(ring);
  for (auto& owners : basis) {
    std::replace(owners.begin(), owners.end(), number, next.members.back().number);
  }
  return BeginOperation(std::move(next), {OperationKind::kReplace, member.id, dead, 0}, basis);
}

Result<Ring> AdvanceMoves(const Ring& ring, std::span<const uint32_t> partitions, MoveStep to) {
  if (to == MoveStep::kPlanned) return Invalid("a move is planned as its operation begins");
  const MoveStep from = to == MoveStep::kNone ? MoveStep::kCleanUp
                                              : static_cast<MoveStep>(static_cast<uint8_t>(to) - 1);
  return SetSteps(ring, partitions, from, to);
}

Result<Ring> StepBack(const Ring& ring, std::span<const uint32_t> partitions) {
  return SetSteps(ring, partitions, MoveStep::kWriteBothReadNew, MoveStep::kStreaming);
}

Result<Ring> FinishOperation(const Ring& ring) {
  if (!ring.operation) return Refused(StatusCode::kNotFound, "no operation is under way");
  for (size_t i = 0; i < ring.partitions.size(); ++i) {
    if (ring.partitions[i].step == MoveStep::kNone) continue;
    return Refused(StatusCode::kUnavailable, StrCat("partition ", i, " is still on the move"));
  }
  Ring next = Next(ring);
  for (Member& member : next.members) {
    if (member.state == MemberState::kJoining) member.state = MemberState::kActive;
    if (member.state == MemberState::kLeaving) SetLeft(&member);
  }
  next.operation.reset();
  return Checked(std::move(next));
}

Result<Ring> AbortOperation(const Ring& ring) {
  TRIFECTA_RETURN_IF_ERROR(CheckAbortable(ring));
  Ring next = Next(ring);
  for (Partition& partition : next.partitions) {
    if (partition.step == MoveStep::kNone) continue;
    EndMove(&partition, next.epoch, partition.step >= MoveStep::kUseNew);
  }
  for (Member& member : next.members) {
    if (member.state == MemberState::kLeaving) member.state = MemberState::kActive;
    if (member.state != MemberState::kJoining) continue;
    if (OwnsSomething(next, member.number)) {
      member.state = MemberState::kActive;
    } else {
      SetLeft(&member);
    }
  }
  next.operation.reset();
  return Checked(std::move(next));
}

Result<Ring> ChangeAddress(const Ring& ring, const NodeId& id, const Address& address) {
  Ring next = Next(ring);
  Member* member = Edit(&next, id);
  if (member == nullptr || member->state == MemberState::kLeft) {
    return Refused(StatusCode::kNotFound, StrCat("node ", id.ToString(), " is no member"));
  }
  member->address = address;
  return Checked(std::move(next));
}

}  // namespace trifecta::net
