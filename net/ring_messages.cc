#include "net/ring_messages.h"

#include <utility>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

constexpr uint8_t kMessageVersion = 1;
constexpr uint8_t kStateVersion = 1;

Status Damaged(std::string text) { return {StatusCode::kDataDamaged, std::move(text)}; }

bool SameDocument(const RingPtr& a, const RingPtr& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

bool HasBallot(RingMessageKind kind) { return kind < RingMessageKind::kCommitted; }
bool HasOther(RingMessageKind kind) {
  return kind == RingMessageKind::kPromise || kind == RingMessageKind::kReject;
}
bool HasDocument(RingMessageKind kind) {
  return kind == RingMessageKind::kPromise || kind == RingMessageKind::kAccept ||
         kind == RingMessageKind::kCommitted;
}

void PutBallot(std::string* to, const Ballot& ballot) {
  PutVarint(to, ballot.counter);
  PutVarint(to, ballot.node);
}

// No document has no bytes, so an empty string stands for none.
void PutDocument(std::string* to, const RingPtr& document) {
  const std::string bytes = document ? EncodeRing(*document) : std::string();
  PutVarint(to, bytes.size());
  to->append(bytes);
}

// Reads fields until one is not what it should be; then the first such field is the status.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : from_(bytes) {}

  // Of everything read: also kDataDamaged when bytes are left.
  Status End() const {
    if (status_.ok() && !(from_.ok() && from_.empty())) return Damaged("it has the wrong length");
    return status_;
  }

  uint8_t Byte() { return from_.Fixed<uint8_t>(); }
  uint64_t Number(uint64_t most, const char* what) {
    const uint64_t number = from_.Varint();
    if (number > most) Fail(Damaged(StrCat(what, " is out of range")));
    return number;
  }
  NodeId Id() {
    const std::string_view bytes = from_.Bytes(NodeId::kBytes);
    return from_.ok() ? NodeId::FromBytes(bytes) : NodeId();
  }
  net::Ballot Ballot() {
    net::Ballot ballot;
    ballot.counter = Number(kBallotCounterMax, "a ballot's counter");
    ballot.node = static_cast<NodeNumber>(Number(0xffff, "a ballot's node"));
    if ((ballot.counter == 0) != (ballot.node == kNoNodeNumber)) Fail(Damaged("half a ballot"));
    return ballot;
  }
  RingPtr Document() {
    const std::string_view bytes = from_.LengthPrefixed();
    if (bytes.empty()) return nullptr;
    Result<Ring> ring = DecodeRing(bytes);
    if (ring.ok()) return std::make_shared<const Ring>(std::move(*ring));
    Fail(ring.status());
    return nullptr;
  }

 private:
  void Fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  Decoder from_;
  Status status_;
};

// The rules between fields that every sender keeps.
Status CheckMessage(const RingMessage& message) {
  const RingMessageKind kind = message.kind;
  if (HasBallot(kind) && message.ballot == Ballot()) return Damaged("it has no ballot");
  if (kind == RingMessageKind::kReject && message.other <= message.ballot) {
    return Damaged("it rejects a ballot for one that is not higher");
  }
  const bool needs_document =
      kind == RingMessageKind::kPromise ? message.other != Ballot() : HasDocument(kind);
  if (needs_document != (message.document != nullptr)) return Damaged("document or ballot missing");
  if (message.document == nullptr) return Status::Ok();
  if (message.document->epoch != message.epoch || message.document->cluster_id != message.cluster) {
    return Damaged("its document is of another epoch or cluster");
  }
  return Status::Ok();
}

Status CheckState(const RingState& state) {
  if ((state.accepted == Ballot()) != (state.proposed == nullptr)) return Damaged("half accepted");
  if (state.accepted > state.promised) return Damaged("accepted more than promised");
  if (state.proposed && state.proposed->epoch != state.epoch() + 1) return Damaged("wrong epoch");
  return Status::Ok();
}

}  // namespace

bool RingMessage::operator==(const RingMessage& b) const {
  return kind == b.kind && cluster == b.cluster && epoch == b.epoch && ballot == b.ballot &&
         other == b.other && SameDocument(document, b.document);
}

std::string EncodeRingMessage(const RingMessage& message) {
  std::string bytes;
  PutFixed(&bytes, kMessageVersion);
  PutFixed(&bytes, static_cast<uint8_t>(message.kind));
  bytes.append(message.cluster.bytes());
  PutVarint(&bytes, message.epoch);
  if (HasBallot(message.kind)) PutBallot(&bytes, message.ballot);
  if (HasOther(message.kind)) PutBallot(&bytes, message.other);
  if (HasDocument(message.kind)) PutDocument(&bytes, message.document);
  return bytes;
}

Result<RingMessage> DecodeRingMessage(std::string_view bytes) {
  if (bytes.size() > kRingMessageBytesMax) return Damaged("a ring message that is too long");
  Reader from(bytes);
  const uint8_t version = from.Byte();
  const uint8_t kind = from.Byte();
  if (bytes.size() < 2) return Damaged("a ring message that is cut off");
  if (version != kMessageVersion || kind < 1 || kind > uint8_t(RingMessageKind::kPull)) {
    return Status(StatusCode::kInvalidArgument,
                  StrCat("a ring message of version ", version, " and kind ", kind,
                         ", which this program does not know"));
  }
  RingMessage message;
  message.kind = static_cast<RingMessageKind>(kind);
  message.cluster = from.Id();
  message.epoch = from.Number(kEpochMax, "the epoch");
  if (HasBallot(message.kind)) message.ballot = from.Ballot();
  if (HasOther(message.kind)) message.other = from.Ballot();
  if (HasDocument(message.kind)) message.document = from.Document();
  TRIFECTA_RETURN_IF_ERROR(from.End().WithContext("a ring message"));
  TRIFECTA_RETURN_IF_ERROR(CheckMessage(message).WithContext("a ring message"));
  return message;
}

bool RingState::operator==(const RingState& b) const {
  return SameDocument(committed, b.committed) && promised == b.promised && accepted == b.accepted &&
         SameDocument(proposed, b.proposed) && last_counter == b.last_counter;
}

std::string EncodeRingState(const RingState& state) {
  std::string bytes;
  PutFixed(&bytes, kStateVersion);
  PutDocument(&bytes, state.committed);
  PutBallot(&bytes, state.promised);
  PutBallot(&bytes, state.accepted);
  PutDocument(&bytes, state.proposed);
  PutVarint(&bytes, state.last_counter);
  PutFixed(&bytes, Crc32c(bytes));
  return bytes;
}

Result<RingState> DecodeRingState(std::string_view bytes) {
  constexpr size_t kCrcBytes = 4;
  if (bytes.size() < kCrcBytes || LoadFixed<uint32_t>(bytes.data() + bytes.size() - kCrcBytes) !=
                                      Crc32c(bytes.substr(0, bytes.size() - kCrcBytes))) {
    return Damaged("the checksum of the agreed ring does not match");
  }
  Reader from(bytes.substr(0, bytes.size() - kCrcBytes));
  if (const uint8_t version = from.Byte(); version != kStateVersion) {
    return Status(StatusCode::kInvalidArgument,
                  StrCat("a ring file of format ", version, ": upgrade this program"));
  }
  RingState state;
  state.committed = from.Document();
  state.promised = from.Ballot();
  state.accepted = from.Ballot();
  state.proposed = from.Document();
  state.last_counter = from.Number(kBallotCounterMax, "the last counter");
  TRIFECTA_RETURN_IF_ERROR(from.End().WithContext("the agreed ring"));
  TRIFECTA_RETURN_IF_ERROR(CheckState(state).WithContext("the agreed ring"));
  return state;
}

}  // namespace trifecta::net
