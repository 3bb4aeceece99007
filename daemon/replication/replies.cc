// The replies of messages.h.
#include <algorithm>

#include "daemon/replication/message_fields.h"
#include "daemon/replication/messages.h"
#include "storage/base/limits.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

using storage::Lookup;
using storage::WriteOutcome;

constexpr uint8_t kKnown = 1, kLive = 2;
constexpr uint8_t kReads = 1, kWrites = 2;

// An outcome's byte. What is not said is as in the outcome before: a bulk load has one version, and
// finds nothing before it.
constexpr uint8_t kExisted = 1, kApplied = 2, kNewestFollows = 4, kHadBefore = 8,
                  kBeforeFollows = 16;
constexpr uint8_t kOutcomeFlags =
    kExisted | kApplied | kNewestFollows | kHadBefore | kBeforeFollows;
constexpr size_t kOutcomeBytesMax = 1 + 2 * 10;

// Two lengths, and one byte of a word or none.
constexpr size_t kPageEntryBytesMin = 2;

// Reads a reply whose body `read` reads.
template <typename Read>
Status DecodeReply(std::string_view bytes, ReplyHead* head, Read read) {
  FieldReader from = ReadReplyHead(bytes, head);
  if (from.ok() && head->refusal == Refusal::kNone) read(&from);
  return from.End();
}

// What the outcomes before have said.
struct OutcomeContext {
  Version newest;
  Version before;
};

void PutOutcome(BulkWriter* to, const WriteOutcome& outcome, OutcomeContext* context) {
  const bool had_before = outcome.before != Version();
  const bool newest = outcome.newest != context->newest;
  const bool before = had_before && outcome.before != context->before;
  to->Byte(static_cast<uint8_t>((outcome.existed ? kExisted : 0) |
                                (outcome.applied ? kApplied : 0) | (newest ? kNewestFollows : 0) |
                                (had_before ? kHadBefore : 0) | (before ? kBeforeFollows : 0)));
  if (newest) to->PutVersion(context->newest = outcome.newest);
  if (before) to->PutVersion(context->before = outcome.before);
}

WriteOutcome ReadOutcome(FieldReader* from, OutcomeContext* context) {
  const uint8_t flags = from->Flags(kOutcomeFlags);
  if ((flags & kNewestFollows) != 0) context->newest = from->ReadVersion();
  if ((flags & kBeforeFollows) != 0) context->before = from->ReadVersion();
  WriteOutcome outcome;
  outcome.existed = (flags & kExisted) != 0;
  outcome.applied = (flags & kApplied) != 0;
  outcome.newest = context->newest;
  if ((flags & kHadBefore) != 0) outcome.before = context->before;
  return outcome;
}

size_t SharedPrefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

void PutPage(std::string* to, const storage::Page& page) {
  PutVarint(to, page.size());
  size_t bound = 0;
  for (size_t i = 0; i < page.size(); ++i) bound += page.word(i).size() + kEntryOverheadMax;
  BulkWriter writer(to, bound);
  std::string_view before;
  Version version;
  for (size_t i = 0; i < page.size(); ++i) {
    const std::string_view word = page.word(i);
    const size_t shared = SharedPrefix(before, word);
    const bool other = page.version(i) != version;
    writer.Varint((word.size() - shared) << kEntryFlagBits | (other ? kEntryOtherVersion : 0) |
                  (page.tombstone(i) ? kEntryTombstone : 0));
    if (other) writer.PutVersion(version = page.version(i));
    writer.Varint(shared);
    writer.Bytes(word.substr(shared));
    before = word;
  }
}

void ReadPage(FieldReader* from, storage::Page* page) {
  page->Clear();
  const uint64_t count = from->Count(kPageEntriesMax, kPageEntryBytesMin, "too many entries");
  std::string word;
  Version version;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t head = from->Varint();
    if ((head & kEntryOtherVersion) != 0) version = from->ReadVersion();
    word.resize(from->Number(word.size(), "a word shares more than there is"));
    const std::string_view rest = from->Raw(head >> kEntryFlagBits);
    if (!from->ok()) return;
    word.append(rest);
    if (!ValidateWord(word).ok()) return from->Fail("a word breaks the rules");
    page->Add(word, version, (head & kEntryTombstone) != 0);
  }
}

}  // namespace

std::string EncodeRefusal(const ReplyHead& head) {
  std::string bytes = BeginReply(head);
  PutText(&bytes, head.text, kReplyTextBytesMax);
  return bytes;
}

Result<Refusal> RefusalOf(std::string_view reply) {
  ReplyHead head;
  const FieldReader from = ReadReplyHead(reply, &head);
  if (!from.ok()) return Status(StatusCode::kDataDamaged, "a replica's reply has no head");
  return head.refusal;
}

std::string Encode(const ReplyHead& head, const WriteReply& reply) {
  std::string bytes = BeginReply(head);
  PutVarint(&bytes, reply.outcomes.size());
  BulkWriter writer(&bytes, reply.outcomes.size() * kOutcomeBytesMax);
  OutcomeContext context;
  for (const WriteOutcome& outcome : reply.outcomes) PutOutcome(&writer, outcome, &context);
  return bytes;
}

std::string Encode(const ReplyHead& head, const Lookup& reply) {
  std::string bytes = BeginReply(head);
  PutFixed(&bytes, static_cast<uint8_t>((reply.known ? kKnown : 0) | (reply.live ? kLive : 0)));
  if (reply.known) PutVersion(&bytes, reply.version);
  return bytes;
}

std::string Encode(const ReplyHead& head, const ScanReply& reply) {
  std::string bytes = BeginReply(head);
  PutFixed(&bytes, static_cast<uint8_t>(reply.end));
  PutPage(&bytes, reply.page);
  return bytes;
}

std::string Encode(const ReplyHead& head, const CountReply& reply) {
  std::string bytes = BeginReply(head);
  PutShards(&bytes, reply.shards);
  return bytes;
}

std::string Encode(const ReplyHead& head, const StampReply& reply) {
  std::string bytes = BeginReply(head);
  PutVersion(&bytes, reply.version);
  return bytes;
}

std::string Encode(const ReplyHead& head, const DigestReply& reply) {
  std::string bytes = BeginReply(head);
  PutVarint(&bytes, reply.digests.size());
  for (const Digest& digest : reply.digests) PutDigest(&bytes, digest);
  return bytes;
}

std::string Encode(const ReplyHead& head, const ShardsReply& reply) {
  std::string bytes = BeginReply(head);
  PutFixed(&bytes, static_cast<uint8_t>(reply.end));
  PutShards(&bytes, reply.shards);
  return bytes;
}

std::string Encode(const ReplyHead& head, const StatusReply& reply) {
  std::string bytes = BeginReply(head);
  for (const uint64_t number : {reply.words, reply.bytes, reply.shards, reply.hints,
                                reply.ring_epoch, reply.uptime_seconds, reply.started_streams}) {
    PutVarint(&bytes, number);
  }
  PutFixed(&bytes, static_cast<uint8_t>((reply.reads ? kReads : 0) | (reply.writes ? kWrites : 0)));
  PutText(&bytes, reply.message, kReplyTextBytesMax);
  PutText(&bytes, reply.version, kReplyTextBytesMax);
  return bytes;
}

Status Decode(std::string_view bytes, ReplyHead* head, WriteReply* reply) {
  return DecodeReply(bytes, head, [reply](FieldReader* from) {
    reply->outcomes.resize(from->Count(kWriteEntriesMax, 1, "too many outcomes"));
    OutcomeContext context;
    for (WriteOutcome& outcome : reply->outcomes) outcome = ReadOutcome(from, &context);
  });
}

Status Decode(std::string_view bytes, ReplyHead* head, Lookup* reply) {
  return DecodeReply(bytes, head, [reply](FieldReader* from) {
    const uint8_t flags = from->Flags(kKnown | kLive);
    reply->known = (flags & kKnown) != 0;
    reply->live = (flags & kLive) != 0;
    reply->version = reply->known ? from->ReadVersion() : Version();
    if (reply->live && !reply->known) from->Fail("a live word that is not known");
  });
}

Status Decode(std::string_view bytes, ReplyHead* head, ScanReply* reply) {
  return DecodeReply(bytes, head, [reply](FieldReader* from) {
    reply->end = from->Bool();
    ReadPage(from, &reply->page);
    if (!reply->end && reply->page.empty()) from->Fail("a scan that gets nowhere");
  });
}

Status Decode(std::string_view bytes, ReplyHead* head, CountReply* reply) {
  return DecodeReply(bytes, head,
                     [reply](FieldReader* from) { reply->shards = from->Shards(kReplyBytesMax); });
}

Status Decode(std::string_view bytes, ReplyHead* head, StampReply* reply) {
  return DecodeReply(bytes, head, [reply](FieldReader* from) {
    reply->version = from->ReadVersion();
    if (reply->version == Version()) from->Fail("no version");
  });
}

Status Decode(std::string_view bytes, ReplyHead* head, DigestReply* reply) {
  return DecodeReply(bytes, head, [reply](FieldReader* from) {
    reply->digests.resize(from->Count(net::kPartitionsMax, 1, "too many digests"));
    for (Digest& digest : reply->digests) digest = from->ReadDigest();
  });
}

Status Decode(std::string_view bytes, ReplyHead* head, ShardsReply* reply) {
  return DecodeReply(bytes, head, [reply](FieldReader* from) {
    reply->end = from->Bool();
    reply->shards = from->Shards(kShardsReplyMax);
    if (!reply->end && reply->shards.empty()) from->Fail("a list that gets nowhere");
  });
}

Status Decode(std::string_view bytes, ReplyHead* head, StatusReply* reply) {
  FieldReader from = ReadReplyHead(bytes, head);
  if (!from.ok() || head->refusal != Refusal::kNone) return from.End();
  for (uint64_t* number : {&reply->words, &reply->bytes, &reply->shards, &reply->hints,
                           &reply->ring_epoch, &reply->uptime_seconds, &reply->started_streams}) {
    *number = from.Varint();
  }
  const uint8_t flags = from.Byte();
  reply->reads = (flags & kReads) != 0;
  reply->writes = (flags & kWrites) != 0;
  reply->message = from.Text(kReplyTextBytesMax);
  reply->version = from.Text(kReplyTextBytesMax);
  return from.status();
}

}  // namespace trifecta::replication
