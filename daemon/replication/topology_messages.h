// What nodes say to each other about who is of which cluster and how far a change of members has
// come; the bytes are described in net/PROTOCOL.md, "Topology". One-way messages
// (net::Protocol::kTopology): each may be lost, and is sent again by who waits for what it brings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/node.h"
#include "net/ring.h"
#include "storage/base/status.h"

namespace trifecta::replication {

// DO NOT CHANGE the numbers: they are on the wire. Only add.
enum class TopologyKind : uint8_t {
  kHello = 1,       // from a node of no cluster to a seed: of which are you?
  kHelloReply = 2,  // the answer
  kJoin = 3,        // from a node that wants to be a member to one that is
  kJoinReply = 4,   // the answer
  kProgress = 5,    // from a node that an operation concerns to the one that drives it
  kGiveUp = 6,      // to the one that drives: give the operation up
  kDrain = 7,       // somebody asked the sender to have the receiver take no more requests
};

// What a member tells a node that asks to join.
enum class JoinAnswer : uint8_t {
  kWait = 1,     // ask again
  kMember = 2,   // the ring of `epoch` has it as joining: fetch it
  kRefused = 3,  // never: `text` says why
};

struct TopologyMessage {
  TopologyKind kind = TopologyKind::kHello;
  net::NodeId cluster;  // zero: the sender is of none yet

  std::string cluster_name;  // kHello, kHelloReply, kJoin: what the sender is configured for
  net::Address address;      // kHello, kHelloReply, kJoin: where the sender listens
  net::Address asked;        // kHello, kHelloReply: the address that the Hello went to
  bool may_found = false;    // kHello, kHelloReply: the sender may found the cluster

  net::Zone zone;  // kJoin

  JoinAnswer answer = JoinAnswer::kWait;  // kJoinReply
  std::string text;                       // kJoinReply: a sentence

  // kJoinReply: the sender's. kProgress: no request under an older ring than this one's is under
  // way at the sender, which has it on disk.
  net::Epoch epoch = 0;

  net::Epoch session = 0;          // kProgress, kGiveUp: the operation
  std::vector<uint32_t> streamed;  // kProgress: ascending; the sender has all that was there before

  bool operator==(const TopologyMessage&) const = default;
};

inline constexpr size_t kTopologyTextBytesMax = 512;
// All partitions in a message, three bytes each, and the texts at their longest.
inline constexpr size_t kTopologyBytesMax = 16 * 1024;

std::string EncodeTopologyMessage(const TopologyMessage& message);
// kDataDamaged for bytes that are no message; kInvalidArgument for a version or kind that this
// program does not know.
Result<TopologyMessage> DecodeTopologyMessage(std::string_view bytes);

}  // namespace trifecta::replication
