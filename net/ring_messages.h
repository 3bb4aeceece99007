// The messages by which members agree on the ring document (net/ring_register.h), and what each of
// them keeps on disk for it. The bytes are described in net/PROTOCOL.md.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/node.h"
#include "net/ring.h"
#include "storage/base/status.h"

namespace trifecta::net {

// Documents are shared, not copied: one of a thousand members and 4,096 partitions has 87 KB.
using RingPtr = std::shared_ptr<const Ring>;

// Orders the attempts to decide one epoch's document. The zero ballot is below all others and is
// nobody's. A node never uses one twice.
struct Ballot {
  uint64_t counter = 0;
  NodeNumber node = kNoNodeNumber;

  auto operator<=>(const Ballot&) const = default;
};
// Counters stay below this: a node that raises its own above the highest it has seen must not
// overflow.
inline constexpr uint64_t kBallotCounterMax = uint64_t{1} << 62;

// DO NOT CHANGE the numbers: they are in messages.
enum class RingMessageKind : uint8_t {
  kPrepare = 1,    // promise `ballot` for `epoch`
  kPromise = 2,    // promised; `other` and `document`: what was accepted before, if anything
  kAccept = 3,     // accept `document` as that of `epoch` with `ballot`
  kAccepted = 4,   // accepted, and on disk
  kReject = 5,     // neither: `other` was promised, which is higher
  kCommitted = 6,  // `document` has been agreed on
  kPull = 7,       // send the document that has been agreed on if it is newer than `epoch`
};

struct RingMessage {
  RingMessageKind kind = RingMessageKind::kPull;
  NodeId cluster;    // messages of another cluster are dropped
  Epoch epoch = 0;   // the epoch to be decided; kPull: the sender's; kCommitted: the document's
  Ballot ballot;     // zero in kCommitted and kPull
  Ballot other;      // kPromise, kReject
  RingPtr document;  // kAccept, kCommitted; kPromise unless `other` is zero

  bool operator==(const RingMessage&) const;
};

std::string EncodeRingMessage(const RingMessage& message);
// kDataDamaged for what is no message; kInvalidArgument for a version or kind that this program
// does not know.
Result<RingMessage> DecodeRingMessage(std::string_view bytes);

// A document and what stands before it: version, kind, cluster, epoch and two ballots.
inline constexpr size_t kRingMessageBytesMax = kRingBytesMax + 128;

// What a node must not forget, or two documents of one epoch could be agreed on. Written as a whole
// before the node answers.
struct RingState {
  RingPtr committed;          // the newest document known to be agreed on; null before the first
  Ballot promised;            // for the epoch after it
  Ballot accepted;            // zero: nothing yet
  RingPtr proposed;           // what was accepted with it
  uint64_t last_counter = 0;  // of the ballots that this node has made

  Epoch epoch() const { return committed ? committed->epoch : 0; }
  bool operator==(const RingState&) const;
};

// With a CRC-32C at the end.
std::string EncodeRingState(const RingState& state);
// kDataDamaged for bytes that EncodeRingState has not written.
Result<RingState> DecodeRingState(std::string_view bytes);

}  // namespace trifecta::net
