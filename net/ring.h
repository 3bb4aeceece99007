// The ring document: who is a member of the cluster and which members own which partition.
//
// There is one document at a time, numbered by its epoch and agreed by the active members
// (net/ring_register.h); it never depends on who is up. A word's shard root is hashed onto one of a
// fixed number of partitions, and each partition has an explicit list of owners, so a lookup needs
// no search over tokens and the load is even to a copy (net/claim.h). Ten random tokens a node, as
// on a plain hash ring, gave the fullest node 1.72 times the mean.
//
// A document is a value: it is never changed after it was agreed, only followed by the next one
// (net/ring_change.h makes those). Its bytes are described in net/PROTOCOL.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/node.h"
#include "storage/base/status.h"

namespace trifecta::net {

// Counts agreed documents from 1, the founding. 0: no document yet.
using Epoch = uint64_t;
// Epochs stay below this, so that arithmetic on those of a message cannot overflow.
inline constexpr Epoch kEpochMax = uint64_t{1} << 62;

inline constexpr unsigned kPartitionsMin = 8;
// At 3 owners each some 40 KB of document; at 1,000 nodes still 12 partitions a node.
inline constexpr unsigned kPartitionsMax = 4096;
// Copies of a partition. More than a few only slow writes down; 16 is what an owner list holds.
inline constexpr unsigned kCopiesMax = 16;
// Characters that name a shard before anything is carved.
inline constexpr unsigned kFactorMax = 16;
// Members that are not left. Above the 1,000 that the simulations cover.
inline constexpr size_t kLiveMembersMax = 4096;
inline constexpr size_t kClusterNameBytesMax = 64;

// DO NOT CHANGE the numbers of this header: they are in messages and on disk.
enum class MemberState : uint8_t {
  kJoining = 1,  // takes its share; owns nothing that is read yet, agrees on nothing
  kActive = 2,
  kLeaving = 3,  // hands its share over; still an owner and one of those who agree
  kLeft = 4,     // gone for ever; kept so that neither its id nor its number is given again
};

struct Member {
  NodeId id;
  NodeNumber number = kNoNodeNumber;
  MemberState state = MemberState::kActive;
  Address address;  // empty once left
  Zone zone;        // empty once left

  bool operator==(const Member&) const = default;
};

// How far a partition's move from its owners to its targets has come. Each step is taken only
// after enough of the nodes concerned have the last one on disk (StepBarrier in
// net/preference.h).
enum class MoveStep : uint8_t {
  kNone = 0,              // no move: the owners are all there is
  kPlanned = 1,           // targets are known; nothing has begun
  kWriteBothReadOld = 2,  // W of the owners and W of the targets make a write; owners are read
  kStreaming = 3,         // the same, and the targets fetch what was there before
  kWriteBothReadNew = 4,  // the same writes; the targets have all of it and are read
  kUseNew = 5,            // targets alone are written and read
  kCleanUp = 6,           // owners that are no targets drop what they have of it
};

struct Partition {
  std::vector<NodeNumber> owners;   // distinct; the first is the first to ask
  std::vector<NodeNumber> targets;  // of the move under way; empty when there is none
  MoveStep step = MoveStep::kNone;
  Epoch changed = 0;  // the epoch at which anything above last changed: the fence of its requests

  bool operator==(const Partition&) const = default;
};

enum class OperationKind : uint8_t {
  kJoin = 1,     // `node` takes its share
  kLeave = 2,    // `node`, alive or dead, gives up what it has
  kReplace = 3,  // `node` takes the place of `replaced`, which is dead
};

// The one change of members under way.
struct RingOperation {
  OperationKind kind = OperationKind::kJoin;
  NodeId node;
  NodeId replaced;  // zero unless kReplace
  // Names the streams of this operation, so that late batches of one that was given up are known
  // as such: the epoch at which it began, which no other operation can have.
  Epoch session = 0;

  bool operator==(const RingOperation&) const = default;
};

struct Ring {
  std::string cluster_name;
  NodeId cluster_id;  // made at founding; documents of two clusters never mix
  Epoch epoch = 0;
  unsigned replication_factor = 3;
  unsigned k_factor = 2;              // decides which shard a word is in, so it is the cluster's
  std::vector<Member> members;        // by ascending number; left ones too
  std::vector<Partition> partitions;  // their number is a power of two, fixed at founding
  std::optional<RingOperation> operation;

  bool operator==(const Ring&) const = default;

  // Null when there is none; valid as long as this ring.
  const Member* Find(const NodeId& id) const;
  const Member* Find(NodeNumber number) const;
};

// Takes part in the agreement on the next document.
inline bool Votes(const Member& member) {
  return member.state == MemberState::kActive || member.state == MemberState::kLeaving;
}

// Ok when `ring` keeps every rule that holds for one document by itself: bounds, distinct ids and
// ascending numbers, owners that are members, moves that belong to an operation. A document that
// breaks one is kInvalidArgument with a sentence that names the member or partition.
Status CheckRing(const Ring& ring);

// The bytes of a valid document: equal documents have equal bytes, and only they.
std::string EncodeRing(const Ring& ring);
// Reads what EncodeRing wrote. kDataDamaged for bytes that are no valid document; kInvalidArgument
// for a format version that this program does not know.
Result<Ring> DecodeRing(std::string_view bytes);

// A document is never longer: 4,096 live members at their longest names take 2.2 MB, 61,439 left
// ones 1.3 MB and 4,096 partitions with owners and targets 0.5 MB.
inline constexpr size_t kRingBytesMax = 4u << 20;

}  // namespace trifecta::net
