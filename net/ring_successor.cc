// Which document may follow which: CheckSuccessor of net/ring_change.h, written as the rules that
// hold between any two, apart from the functions that make documents, so that each checks the
// other.
#include <algorithm>

#include "net/ring_change.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

Status Wrong(std::string text) { return {StatusCode::kInvalidArgument, std::move(text)}; }

bool SameConstants(const Ring& a, const Ring& b) {
  return a.cluster_name == b.cluster_name && a.cluster_id == b.cluster_id &&
         a.replication_factor == b.replication_factor && a.k_factor == b.k_factor &&
         a.partitions.size() == b.partitions.size();
}

bool StateMayFollow(MemberState before, MemberState after) {
  if (before == after) return true;
  switch (before) {
    case MemberState::kJoining:
      return after == MemberState::kActive || after == MemberState::kLeft;
    case MemberState::kActive:
      return after == MemberState::kLeaving;
    case MemberState::kLeaving:
      return after == MemberState::kActive || after == MemberState::kLeft;
    case MemberState::kLeft:
      return false;
  }
  return false;
}

Status CheckMembers(const Ring& ring, const Ring& next) {
  const size_t known = ring.members.size();
  if (next.members.size() < known) return Wrong("a member is gone");
  for (size_t i = 0; i < known; ++i) {
    const Member& before = ring.members[i];
    const Member& after = next.members[i];
    if (before.id != after.id || before.number != after.number) {
      return Wrong(StrCat("member ", before.number, " is gone or has another number"));
    }
    const bool gone = after.state == MemberState::kLeft;
    if (!StateMayFollow(before.state, after.state) || (!gone && before.zone != after.zone)) {
      return Wrong(StrCat("member ", before.number, " changes in a way that it cannot"));
    }
  }
  if (next.members.size() > known + 1 ||
      (next.members.size() == known + 1 && next.members.back().state != MemberState::kJoining)) {
    return Wrong("more is added than one member that joins");
  }
  return Status::Ok();
}

Status CheckOperation(const Ring& ring, const Ring& next) {
  if (ring.operation == next.operation || !next.operation) return Status::Ok();
  if (ring.operation) return Wrong("one operation takes the place of another");
  if (next.operation->session != next.epoch) return Wrong("the session is not the epoch's");
  return Status::Ok();
}

// What becomes of a move as its partition goes from one document to the next.
bool MoveMayFollow(const Partition& before, const Partition& after, bool begins, bool ends) {
  const auto step = [](const Partition& p) { return static_cast<int>(p.step); };
  if (before.step == MoveStep::kNone) {
    return begins && after.step == MoveStep::kPlanned && after.owners == before.owners;
  }
  if (after.step != MoveStep::kNone) {
    const bool forward = step(after) == step(before) + 1;
    const bool back =
        before.step == MoveStep::kWriteBothReadNew && after.step == MoveStep::kStreaming;
    return (forward || back) && after.owners == before.owners && after.targets == before.targets;
  }
  if (after.owners == before.targets) {
    return before.step == MoveStep::kCleanUp || (ends && before.step == MoveStep::kUseNew);
  }
  return ends && after.owners == before.owners && before.step <= MoveStep::kStreaming;
}

Status CheckPartitions(const Ring& ring, const Ring& next) {
  const bool begins = !ring.operation && next.operation;
  const bool ends = ring.operation && !next.operation;
  for (size_t i = 0; i < ring.partitions.size(); ++i) {
    const Partition& before = ring.partitions[i];
    const Partition& after = next.partitions[i];
    if (before == after) continue;
    if (after.changed != next.epoch) return Wrong(StrCat("partition ", i, " hides its change"));
    if (!MoveMayFollow(before, after, begins, ends)) {
      return Wrong(StrCat("partition ", i, " takes a step that it cannot"));
    }
  }
  return Status::Ok();
}

}  // namespace

Status CheckSuccessor(const Ring& ring, const Ring& next) {
  TRIFECTA_RETURN_IF_ERROR(CheckRing(next));
  if (next.epoch != ring.epoch + 1) {
    return Wrong(StrCat("epoch ", next.epoch, " does not follow epoch ", ring.epoch));
  }
  if (!SameConstants(ring, next)) return Wrong("what is fixed at founding has changed");
  TRIFECTA_RETURN_IF_ERROR(CheckMembers(ring, next));
  TRIFECTA_RETURN_IF_ERROR(CheckOperation(ring, next));
  return CheckPartitions(ring, next);
}

}  // namespace trifecta::net
