#include "net/peer_envelope.h"

#include <algorithm>

#include "storage/base/coding.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

constexpr uint8_t kVersion = 1;

// The outcome of an item, on the wire.
constexpr uint8_t kAnswered = 0;
constexpr uint8_t kRefused = 1;

constexpr std::string_view kTooLargeAlone = "its answer is too large for a message";
constexpr std::string_view kTooLargeTogether =
    "the answers to one request are too large together; ask again";
// What is kept free for the refusals of all answers that no longer fit.
constexpr size_t kRefusalBytes = 80;
static_assert(kTooLargeTogether.size() + 2 <= kRefusalBytes);
constexpr size_t kAnswersBytesMax = kPeerAnswerBytesMax - kPeerItemsMax * kRefusalBytes;

Status Malformed(std::string_view what) {
  return {StatusCode::kInvalidArgument, StrCat("a malformed peer message: ", what)};
}

Status UnknownVersion(uint8_t version) {
  return {StatusCode::kInvalidArgument,
          StrCat("a peer message of version ", version, "; this node knows version ", kVersion)};
}

NodeId TakeId(Decoder* decoder) {
  const std::string_view bytes = decoder->Bytes(NodeId::kBytes);
  return bytes.empty() ? NodeId() : NodeId::FromBytes(bytes);
}

void PutBytes(std::string_view bytes, std::string* to) {
  PutVarint(to, bytes.size());
  to->append(bytes);
}

Status TakeItem(Decoder* decoder, std::vector<PeerItem>* items) {
  PeerItem item;
  item.kind = static_cast<ItemKind>(decoder->Fixed<uint8_t>());
  const uint64_t patience = decoder->Varint();
  item.bytes = decoder->LengthPrefixed();
  if (!decoder->ok()) return Malformed("it is cut off");
  if (static_cast<uint8_t>(item.kind) == 0) return Malformed("an item of kind 0");
  item.patience = std::min(std::chrono::milliseconds(std::min<uint64_t>(patience, INT64_MAX)),
                           kPeerPatienceMax);
  items->push_back(item);
  return Status::Ok();
}

// The number of items or answers that follow.
Result<size_t> TakeCount(Decoder* decoder) {
  const uint64_t count = decoder->Varint();
  if (!decoder->ok()) return Malformed("it is cut off");
  if (count > kPeerItemsMax) return Malformed(StrCat("more than ", kPeerItemsMax, " items"));
  // An item takes two bytes at least, so that a count cannot ask for more memory than was sent.
  if (count > decoder->rest().size() / 2) return Malformed("it is cut off");
  return static_cast<size_t>(count);
}

void PutAnswer(bool refused, std::string_view bytes, std::string* to) {
  to->push_back(static_cast<char>(refused ? kRefused : kAnswered));
  PutBytes(bytes, to);
}

}  // namespace

Result<PeerRequest> DecodePeerRequest(std::string_view bytes) {
  Decoder decoder(bytes);
  const auto version = decoder.Fixed<uint8_t>();
  if (decoder.ok() && version != kVersion) return UnknownVersion(version);
  PeerRequest request;
  request.cluster = TakeId(&decoder);
  request.from = TakeId(&decoder);
  request.to = TakeId(&decoder);
  const Result<size_t> count = TakeCount(&decoder);
  if (!count.ok()) return count.status();
  if (request.from.is_zero()) return Malformed("it has no sender");
  request.items.reserve(*count);
  for (size_t i = 0; i < *count; ++i) {
    TRIFECTA_RETURN_IF_ERROR(TakeItem(&decoder, &request.items));
  }
  if (!decoder.empty()) return Malformed("it goes on after its end");
  return request;
}

void EncodePeerRequest(const PeerRequest& request, std::string* to) {
  size_t size = 3 * NodeId::kBytes + 16;
  for (const PeerItem& item : request.items) size += PeerItemFramedBytes(item.bytes.size());
  to->reserve(to->size() + size);
  to->push_back(static_cast<char>(kVersion));
  to->append(request.cluster.bytes()).append(request.from.bytes()).append(request.to.bytes());
  PutVarint(to, request.items.size());
  for (const PeerItem& item : request.items) {
    to->push_back(static_cast<char>(item.kind));
    PutVarint(to, static_cast<uint64_t>(std::clamp(item.patience, {}, kPeerPatienceMax).count()));
    PutBytes(item.bytes, to);
  }
}

void EncodePeerAnswers(const NodeId& self, std::span<const PeerAnswer> answers, std::string* to) {
  to->push_back(static_cast<char>(kVersion));
  to->append(self.bytes());
  PutVarint(to, answers.size());
  for (const PeerAnswer& answer : answers) {
    const size_t framed = PeerItemFramedBytes(answer.bytes.size());
    if (answer.bytes.size() > kPeerAnswerItemBytesMax) {
      PutAnswer(true, kTooLargeAlone, to);
    } else if (to->size() + framed > kAnswersBytesMax) {
      PutAnswer(true, kTooLargeTogether, to);
    } else {
      PutAnswer(answer.refused, answer.bytes, to);
    }
  }
}

Result<PeerAnswers> DecodePeerAnswers(std::string_view bytes) {
  Decoder decoder(bytes);
  const auto version = decoder.Fixed<uint8_t>();
  if (decoder.ok() && version != kVersion) return UnknownVersion(version);
  PeerAnswers answers;
  answers.from = TakeId(&decoder);
  const Result<size_t> count = TakeCount(&decoder);
  if (!count.ok()) return count.status();
  answers.answers.reserve(*count);
  for (size_t i = 0; i < *count; ++i) {
    const auto outcome = decoder.Fixed<uint8_t>();
    const std::string_view answer = decoder.LengthPrefixed();
    if (!decoder.ok()) return Malformed("it is cut off");
    if (outcome > kRefused) return Malformed(StrCat("an outcome ", outcome));
    answers.answers.push_back({outcome == kRefused, answer});
  }
  if (!decoder.empty()) return Malformed("it goes on after its end");
  return answers;
}

std::optional<std::string> Misdirected(const PeerRequest& request, const NodeId& self,
                                       const NodeId& cluster) {
  if (!request.cluster.is_zero() && !cluster.is_zero() && request.cluster != cluster) {
    return StrCat("another cluster listens there: ", cluster.ToString(), ", not ",
                  request.cluster.ToString());
  }
  if (!request.to.is_zero() && request.to != self) {
    return StrCat("another node listens there: ", self.ToString(), ", not ", request.to.ToString());
  }
  return std::nullopt;
}

}  // namespace trifecta::net
