// The envelope of what nodes send each other: several items for one node in one request, and their
// answers. Byte for byte in net/PROTOCOL.md, "Transport". Pure: bytes in, values out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/node.h"
#include "storage/base/status.h"

namespace trifecta::net {

// Where requests are posted to: items of class kProtocol have workers of their own there.
inline constexpr std::string_view kPeerPath = "/peer/v1/messages";
inline constexpr std::string_view kPeerProtocolPath = "/peer/v1/protocol";

// What an item is for. Numbers up to kOneWayKindMax are one-way: Protocol of net/outbox.h. Those
// above are answered. On the wire: DO NOT CHANGE, only add.
enum class ItemKind : uint8_t {
  kMembership = 1,
  kRing = 2,
  kTopology = 3,
  kReplica = 16,
};
inline constexpr uint8_t kOneWayKindMax = 15;
constexpr bool IsAnswered(ItemKind kind) { return static_cast<uint8_t>(kind) > kOneWayKindMax; }

// The largest body of a request: a bulk batch of 1 MiB or a ring document of 4 MiB, with room.
inline constexpr size_t kPeerBytesMax = size_t{8} * 1024 * 1024;
// The largest item: one alone fits a body with its framing.
inline constexpr size_t kPeerItemBytesMax = kPeerBytesMax - 1024;
// Items of one request; what one worker of the receiver works off in one go.
inline constexpr size_t kPeerItemsMax = 1024;
// The largest body of an answer: all answers of a request together.
inline constexpr size_t kPeerAnswerBytesMax = 4 * kPeerBytesMax;
// The largest answer to one item.
inline constexpr size_t kPeerAnswerItemBytesMax = kPeerItemBytesMax;
// The most time that an item may ask for: longer than any operation, short enough to calculate
// with.
inline constexpr std::chrono::milliseconds kPeerPatienceMax{std::chrono::hours(24)};

// One item of a request. A kind that is not in ItemKind is kept: whoever gets it refuses it alone.
struct PeerItem {
  ItemKind kind = ItemKind::kMembership;
  // How long the sender waits for the answer, from the sending on.
  std::chrono::milliseconds patience{0};
  std::string_view bytes;
};

struct PeerRequest {
  NodeId cluster;  // zero: the sender is in none yet
  NodeId from;
  NodeId to;  // zero: whoever listens there
  std::vector<PeerItem> items;
};

// The answer to one answered item.
struct PeerAnswer {
  // The item was not looked at; `bytes` is a sentence that says why.
  bool refused = false;
  std::string bytes;
};

// The views of the result point into `bytes`. kInvalidArgument with a sentence.
Result<PeerRequest> DecodePeerRequest(std::string_view bytes);
// The bytes of a request; at most kPeerBytesMax is the caller's business.
void EncodePeerRequest(const PeerRequest& request, std::string* to);
// What an item takes of a request's bytes, at most.
constexpr size_t PeerItemFramedBytes(size_t bytes) { return bytes + 16; }

// One answer for each answered item of the request, in their order; one-way items have none.
// Answers that are too large, alone or together, become refusals.
void EncodePeerAnswers(const NodeId& self, std::span<const PeerAnswer> answers, std::string* to);

struct PeerAnswerView {
  bool refused = false;
  std::string_view bytes;
};
struct PeerAnswers {
  NodeId from;
  std::vector<PeerAnswerView> answers;  // views of what was decoded
};
// kInvalidArgument with a sentence.
Result<PeerAnswers> DecodePeerAnswers(std::string_view bytes);

// Why a request is not for this node: nothing when it is. A cluster that is zero on either side
// matches, and so does a zero receiver.
std::optional<std::string> Misdirected(const PeerRequest& request, const NodeId& self,
                                       const NodeId& cluster);

}  // namespace trifecta::net
