// The documents that may follow a ring document: each function makes the next one, with the epoch
// one higher, or says in a sentence why it may not be. Pure: nothing is in force before the members
// have agreed on it (net/ring_register.h).
//
// A member joins, leaves or is replaced by one operation: Begin... names the targets of every
// partition that has to move, AdvanceMoves takes them through the steps of MoveStep, a batch at a
// time, and FinishOperation changes the member's state once nothing is left to move. So at most one
// member at a time changes, and every document in between can be read and written by.
#pragma once

#include <cstdint>
#include <span>

#include "net/node.h"
#include "net/ring.h"
#include "storage/base/status.h"

namespace trifecta::net {

// What is fixed when a cluster is founded.
struct RingConstants {
  std::string cluster_name;
  NodeId cluster_id;
  unsigned partitions = 256;
  unsigned replication_factor = 3;
  unsigned k_factor = 2;
};

// Who joins. The address and zone are its own words.
struct NewMember {
  NodeId id;
  Address address;
  Zone zone;
};

// The first document: `founder` is number 1 and owns everything.
Result<Ring> FoundRing(const RingConstants& constants, const NewMember& founder);

// `member` takes its share. kAlreadyInUse while another operation is under way, or for an id that
// is or was a member: one that has left comes back only with an empty data folder and a new id.
Result<Ring> BeginJoin(const Ring& ring, const NewMember& member);

// `id` gives up what it has, whether it is up (decommission) or dead (remove). Refused for the last
// active member. Copies that fewer members can no longer hold are dropped.
Result<Ring> BeginLeave(const Ring& ring, const NodeId& id);

// `member` takes the place of `dead`: in the same zone, exactly what that one had.
Result<Ring> BeginReplace(const Ring& ring, const NodeId& dead, const NewMember& member);

// Takes these partitions, all of which are at the step before `to`, to `to`. MoveStep::kNone ends
// a move that is at kCleanUp: the targets become the owners. The caller has made sure that the last
// step is recorded (StepIsRecorded) and its work done.
Result<Ring> AdvanceMoves(const Ring& ring, std::span<const uint32_t> partitions, MoveStep to);

// Ends the operation, whose moves have all ended: who joined is active, who left has left. The
// caller has made sure that who joined has the document on disk: a node cannot begin with one in
// which it has a vote already (net/ring_register.h).
Result<Ring> FinishOperation(const Ring& ring);

// Takes these partitions from kWriteBothReadNew back to kStreaming: the first half of giving an
// operation up.
Result<Ring> StepBack(const Ring& ring, std::span<const uint32_t> partitions);

// Gives the operation up. Moves before kUseNew go back to the owners, which have everything since
// every write went to them too; those from kUseNew on stay at their targets, which alone have
// everything. So who was leaving is active again with what it still has, and who was joining is
// active with what it got; if it got nothing it has left. What is then unbalanced, the next
// operation balances. Nothing of the session may be taken any more.
// Refused while a move is at kWriteBothReadNew: coordinators that read its targets would miss what
// is written to its owners alone. StepBack it, and wait until that step is recorded. Refused too
// when no move is left to give up: then FinishOperation is near.
Result<Ring> AbortOperation(const Ring& ring);

// A member that has moved to another address.
Result<Ring> ChangeAddress(const Ring& ring, const NodeId& id, const Address& address);

// Ok when `next` may follow `ring`: the checks of CheckRing, the next epoch, the same constants; no
// member gone, renumbered, or back after it left; no owner changed but at the end of a move; steps
// taken one at a time; and each partition's `changed` right. For proposers, and as the one place
// that says what a change is.
Status CheckSuccessor(const Ring& ring, const Ring& next);

}  // namespace trifecta::net
