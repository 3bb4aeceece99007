// The messages of membership, and their bytes (net/PROTOCOL.md, "Membership").
//
// Each begins with the sender's own record, so every contact tells who is there, and each may carry
// records about other nodes. Fields and records may be longer than this program knows: later
// versions append to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/membership.h"
#include "net/node.h"
#include "net/table_digest.h"
#include "storage/base/status.h"

namespace trifecta::net {

// DO NOT CHANGE the numbers: they are on the wire.
enum class GossipKind : uint8_t {
  kPing = 1,         // answered by an ack with the same number
  kAck = 2,          // the one who was pinged is there
  kNack = 3,         // a helper's word that the target did not answer it in time
  kPingRequest = 4,  // asks a helper to ping the target
  kGossip = 5,       // nothing but records
  kSync = 6,         // digests of the sender's table; answered by the parts that differ
  kTable = 7,        // all records of the sender with an id in a range
};

struct GossipMessage {
  GossipKind kind = GossipKind::kGossip;
  NodeId cluster;      // zero: the sender is of no cluster yet
  NodeId to;           // zero: whoever listens at the address
  uint64_t clock = 0;  // the sender's wall clock when it sent this, milliseconds since 1970
  NodeRecord sender;   // alive or left

  uint64_t number = 0;            // kPing, kAck, kNack, kPingRequest: which ping this belongs to
  NodeId target;                  // kPingRequest
  Address target_address;         // kPingRequest
  std::vector<uint64_t> digests;  // kSync: by bucket, a power of two of them
  IdRange range;                  // kTable
  bool answer = false;            // kTable: the receiver is to send what it knows better

  std::vector<NodeRecord> records;

  bool operator==(const GossipMessage&) const = default;
};

// Bounds of numbers that the receiver calculates with. The clock's is that of a version
// (storage/base/entry.h), 8,900 years; nobody is gone for longer than that either.
inline constexpr uint64_t kClockMax = uint64_t{1} << 48;
inline constexpr Millis kGoneMax = kClockMax;

// One of this kind; what it says is filled in after.
inline GossipMessage GossipOf(GossipKind kind, uint64_t number = 0) {
  GossipMessage message;
  message.kind = kind;
  message.number = number;
  return message;
}

// A message is never longer: it fits the buffer that the HTTP layer has for a body before it takes
// a worker (kBufferedBodyBytes in net/limits.h).
inline constexpr size_t kGossipBytesMax = 64 * 1024;
// A record as it stands in a message, its length included: the three texts at their longest, two
// ids, and 68 bytes at most for numbers and lengths.
inline constexpr size_t kRecordBytesMax =
    kAddressBytesMax + kZoneBytesMax + kVersionTextBytesMax + 2 * NodeId::kBytes + 68;

// Appends `record` as it stands in a message. Messages may be made longer by that, since records
// are what they end with.
void AppendRecord(const NodeRecord& record, std::string* to);

// `message` with its records. The caller keeps it within kGossipBytesMax.
std::string EncodeGossipMessage(const GossipMessage& message);

// kDataDamaged for bytes that are no message; kInvalidArgument for one of a format or kind that
// this program does not know, which a newer one may send.
Result<GossipMessage> DecodeGossipMessage(std::string_view bytes);

}  // namespace trifecta::net
