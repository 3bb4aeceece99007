#include "net/gossip_message.h"

#include <bit>

#include "net/ring.h"
#include "storage/base/coding.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::net {
namespace {

constexpr uint8_t kFormatVersion = 1;

Status Damaged(std::string_view why) {
  return Status(StatusCode::kDataDamaged, StrCat("not a membership message: ", why));
}

bool IsGone(Liveness liveness) { return !IsLive(liveness); }
bool HasAccuser(Liveness liveness) {
  return liveness == Liveness::kSuspect || liveness == Liveness::kDead;
}
bool HasNumber(GossipKind kind) { return kind <= GossipKind::kPingRequest; }

void PutText(std::string* to, std::string_view text) {
  PutVarint(to, text.size());
  to->append(text);
}

std::string EncodeFields(const NodeRecord& record) {
  std::string fields;
  fields.append(record.id.bytes());
  PutFixed(&fields, static_cast<uint8_t>(record.liveness));
  PutVarint(&fields, record.incarnation);
  if (HasAccuser(record.liveness)) fields.append(record.accuser.bytes());
  if (IsGone(record.liveness)) PutVarint(&fields, record.gone);
  PutText(&fields, record.address);
  PutText(&fields, record.zone);
  PutText(&fields, record.version);
  PutVarint(&fields, record.vitals.sequence);
  PutVarint(&fields, record.vitals.ring_epoch);
  PutFixed(&fields, record.vitals.shard_map_digest);
  PutVarint(&fields, record.vitals.load);
  return fields;
}

NodeId ReadId(Decoder* from) {
  const std::string_view bytes = from->Bytes(NodeId::kBytes);
  return from->ok() ? NodeId::FromBytes(bytes) : NodeId();
}

// The texts end up in logs, metrics and JSON.
bool IsText(std::string_view text, size_t bytes_max) {
  return text.size() <= bytes_max && ValidatePrefix(text).ok();
}

bool IsAddress(std::string_view text) { return !text.empty() && IsText(text, kAddressBytesMax); }

bool IsSound(const NodeRecord& record) {
  return !record.id.is_zero() && record.liveness >= Liveness::kAlive &&
         record.liveness <= Liveness::kLeft && record.incarnation > 0 &&
         record.incarnation <= kIncarnationMax && record.gone <= kGoneMax &&
         record.vitals.ring_epoch <= kEpochMax && IsAddress(record.address) &&
         IsText(record.zone, kZoneBytesMax) && IsText(record.version, kVersionTextBytesMax);
}

bool ReadRecord(std::string_view fields, NodeRecord* record) {
  Decoder from(fields);
  record->id = ReadId(&from);
  record->liveness = static_cast<Liveness>(from.Fixed<uint8_t>());
  record->incarnation = from.Varint();
  if (HasAccuser(record->liveness)) record->accuser = ReadId(&from);
  if (IsGone(record->liveness)) record->gone = from.Varint();
  record->address = from.LengthPrefixed();
  record->zone = from.LengthPrefixed();
  record->version = from.LengthPrefixed();
  record->vitals.sequence = from.Varint();
  record->vitals.ring_epoch = from.Varint();
  record->vitals.shard_map_digest = from.Fixed<uint64_t>();
  record->vitals.load = from.Varint();
  return from.ok() && IsSound(*record);
}

void PutDigests(std::string* to, const std::vector<uint64_t>& digests) {
  PutVarint(to, digests.size());
  for (const uint64_t digest : digests) PutFixed(to, digest);
}

void PutBody(const GossipMessage& message, std::string* to) {
  if (HasNumber(message.kind)) PutVarint(to, message.number);
  if (message.kind == GossipKind::kPingRequest) {
    to->append(message.target.bytes());
    PutText(to, message.target_address);
  }
  if (message.kind == GossipKind::kSync) PutDigests(to, message.digests);
  if (message.kind == GossipKind::kTable) {
    to->append(message.range.first.bytes());
    to->append(message.range.last.bytes());
    PutFixed(to, static_cast<uint8_t>(message.answer));
  }
}

bool ReadDigests(Decoder* from, std::vector<uint64_t>* digests) {
  const uint64_t count = from->Varint();
  if (!std::has_single_bit(count) || count > kDigestBucketsMax) return false;
  for (uint64_t i = 0; i < count; ++i) digests->push_back(from->Fixed<uint64_t>());
  return true;
}

bool ReadBody(Decoder* from, GossipMessage* message) {
  if (HasNumber(message->kind)) message->number = from->Varint();
  switch (message->kind) {
    case GossipKind::kPingRequest:
      message->target = ReadId(from);
      message->target_address = from->LengthPrefixed();
      return from->ok() && !message->target.is_zero() && IsAddress(message->target_address);
    case GossipKind::kSync:
      return ReadDigests(from, &message->digests) && from->ok();
    case GossipKind::kTable:
      message->range.first = ReadId(from);
      message->range.last = ReadId(from);
      message->answer = from->Fixed<uint8_t>() != 0;
      return from->ok() && message->range.first <= message->range.last;
    default:
      return from->ok();
  }
}

// What all kinds begin with, and the kind's own fields.
Status ReadHead(std::string_view fields, GossipMessage* message) {
  Decoder from(fields);
  message->cluster = ReadId(&from);
  message->to = ReadId(&from);
  message->clock = from.Varint();
  const std::string_view sender = from.LengthPrefixed();
  if (!from.ok()) return Damaged("it is cut off");
  if (message->clock > kClockMax) return Damaged("its clock is out of range");
  if (!ReadRecord(sender, &message->sender) || HasAccuser(message->sender.liveness)) {
    return Damaged("its sender is not described as it must be");
  }
  return ReadBody(&from, message) ? Status::Ok() : Damaged("a field is not as it must be");
}

Status ReadRecords(Decoder* from, std::vector<NodeRecord>* records) {
  while (from->ok() && !from->empty()) {
    const std::string_view fields = from->LengthPrefixed();
    if (!from->ok() || !ReadRecord(fields, &records->emplace_back())) {
      return Damaged(StrCat("record ", records->size(), " is not as it must be"));
    }
  }
  return Status::Ok();
}

}  // namespace

void AppendRecord(const NodeRecord& record, std::string* to) { PutText(to, EncodeFields(record)); }

std::string EncodeGossipMessage(const GossipMessage& message) {
  std::string head;
  head.append(message.cluster.bytes());
  head.append(message.to.bytes());
  PutVarint(&head, message.clock);
  AppendRecord(message.sender, &head);
  PutBody(message, &head);

  std::string bytes;
  PutFixed(&bytes, kFormatVersion);
  PutFixed(&bytes, static_cast<uint8_t>(message.kind));
  PutText(&bytes, head);
  for (const NodeRecord& record : message.records) AppendRecord(record, &bytes);
  return bytes;
}

Result<GossipMessage> DecodeGossipMessage(std::string_view bytes) {
  if (bytes.size() > kGossipBytesMax) return Damaged("it is too long");
  Decoder from(bytes);
  const auto version = from.Fixed<uint8_t>();
  const auto kind = from.Fixed<uint8_t>();
  if (!from.ok()) return Damaged("it is cut off");
  if (version == 0 || kind == 0) return Damaged("it has no format or no kind");
  if (version > kFormatVersion || kind > static_cast<uint8_t>(GossipKind::kTable)) {
    return Status(StatusCode::kInvalidArgument,
                  StrCat("a membership message of format ", version, " and kind ", kind,
                         ", which this version does not know"));
  }
  GossipMessage message;
  message.kind = static_cast<GossipKind>(kind);
  const std::string_view head = from.LengthPrefixed();
  if (!from.ok()) return Damaged("it is cut off");
  TRIFECTA_RETURN_IF_ERROR(ReadHead(head, &message));
  TRIFECTA_RETURN_IF_ERROR(ReadRecords(&from, &message.records));
  return message;
}

}  // namespace trifecta::net
