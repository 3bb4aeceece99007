#include "daemon/replication/messages.h"

#include <algorithm>

#include "daemon/replication/message_fields.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

constexpr uint8_t kDescending = 1, kOneShard = 2;

// A word's length and a byte of it.
constexpr size_t kEntryBytesMin = 2;

void PutEntries(std::string* to, std::span<const Entry> entries) {
  PutVarint(to, entries.size());
  size_t bound = 0;
  for (const Entry& entry : entries) bound += entry.word.size() + kEntryOverheadMax;
  BulkWriter writer(to, bound);
  Version version;
  for (const Entry& entry : entries) {
    const bool other = entry.version != version;
    writer.Varint(entry.word.size() << kEntryFlagBits | (other ? kEntryOtherVersion : 0) |
                  (entry.tombstone ? kEntryTombstone : 0));
    if (other) writer.PutVersion(version = entry.version);
    writer.Bytes(entry.word);
  }
}

std::vector<Entry> ReadEntries(FieldReader* from) {
  const uint64_t count = from->Count(kWriteEntriesMax, kEntryBytesMin, "too many entries");
  if (count == 0) from->Fail("it has no entry");
  std::vector<Entry> entries;
  entries.reserve(count);
  Version version;
  for (uint64_t i = 0; i < count && from->ok(); ++i) {
    const uint64_t head = from->Varint();
    if ((head & kEntryOtherVersion) != 0) version = from->ReadVersion();
    const std::string_view word = from->Raw(head >> kEntryFlagBits);
    if (!ValidateWord(word).ok()) from->Fail("a word breaks the rules");
    if (version == Version()) from->Fail("an entry has no version");
    entries.push_back({word, version, (head & kEntryTombstone) != 0});
  }
  return entries;
}

}  // namespace

Result<RequestKind> KindOf(std::string_view request) {
  if (request.size() < 2 || request[0] == 0 || request[1] == 0) {
    return Status(StatusCode::kDataDamaged, "not a replica's message: it has no version or kind");
  }
  const auto version = static_cast<uint8_t>(request[0]);
  const auto kind = static_cast<uint8_t>(request[1]);
  if (version != kMessageVersion || kind > static_cast<uint8_t>(kLastRequestKind)) {
    return Status(StatusCode::kInvalidArgument,
                  StrCat("a request of version ", version, " and kind ", kind,
                         ", which this program does not know"));
  }
  return static_cast<RequestKind>(kind);
}

std::string Encode(const WriteRequest& request) {
  std::string bytes = BeginRequest(RequestKind::kWrite);
  PutFences(&bytes, request.fences);
  PutVarint(&bytes, request.session);
  PutEntries(&bytes, request.entries);
  return bytes;
}

std::string Encode(const LookupRequest& request) {
  std::string bytes = BeginRequest(RequestKind::kLookup);
  PutFences(&bytes, {&request.fence, 1});
  PutBytes(&bytes, request.word);
  return bytes;
}

std::string Encode(const ScanRequest& request) {
  std::string bytes = BeginRequest(RequestKind::kScan);
  PutFences(&bytes, request.fences);
  PutBytes(&bytes, request.prefix);
  PutBytes(&bytes, request.after);
  PutVarint(&bytes, request.limit);
  PutFixed(&bytes,
           static_cast<uint8_t>((request.order == storage::Order::kDescending ? kDescending : 0) |
                                (request.one_shard ? kOneShard : 0)));
  return bytes;
}

std::string Encode(const CountRequest& request) {
  std::string bytes = BeginRequest(RequestKind::kCount);
  PutFences(&bytes, request.fences);
  PutBytes(&bytes, request.prefix);
  return bytes;
}

std::string Encode(const StampRequest& request) {
  std::string bytes = BeginRequest(RequestKind::kStamp);
  PutVersion(&bytes, request.after);
  return bytes;
}

std::string Encode(const DigestRequest& request) {
  std::string bytes = BeginRequest(RequestKind::kDigest);
  PutFences(&bytes, request.fences);
  return bytes;
}

std::string Encode(const ShardsRequest& request) {
  std::string bytes = BeginRequest(RequestKind::kShards);
  PutFences(&bytes, {&request.fence, 1});
  PutFixed(&bytes, static_cast<uint8_t>(request.first));
  PutBytes(&bytes, request.after);
  return bytes;
}

std::string EncodeStatusRequest() { return BeginRequest(RequestKind::kStatus); }

Status Decode(std::string_view bytes, WriteRequest* request) {
  FieldReader from = ReadRequest(RequestKind::kWrite, bytes);
  request->fences = from.Fences();
  request->session = from.Number(net::kEpochMax, "a session is out of range");
  request->entries = ReadEntries(&from);
  return from.End();
}

Status Decode(std::string_view bytes, LookupRequest* request) {
  FieldReader from = ReadRequest(RequestKind::kLookup, bytes);
  if (from.Varint() != 1) from.Fail("not one fence");
  request->fence = from.Fence();
  request->word = from.Bytes(kWordBytesMax, "a word is too long");
  if (!ValidateWord(request->word).ok()) from.Fail("a word breaks the rules");
  return from.End();
}

Status Decode(std::string_view bytes, ScanRequest* request) {
  FieldReader from = ReadRequest(RequestKind::kScan, bytes);
  request->fences = from.Fences();
  request->prefix = from.Prefix();
  request->after = from.Bytes(kWordBytesMax, "the place to go on from is too long");
  request->limit = static_cast<uint32_t>(from.Number(kPageEntriesMax, "the limit is too high"));
  if (request->limit == 0) from.Fail("a limit of nothing");
  const uint8_t flags = from.Flags(kDescending | kOneShard);
  request->order =
      (flags & kDescending) != 0 ? storage::Order::kDescending : storage::Order::kAscending;
  request->one_shard = (flags & kOneShard) != 0;
  return from.End();
}

Status Decode(std::string_view bytes, CountRequest* request) {
  FieldReader from = ReadRequest(RequestKind::kCount, bytes);
  request->fences = from.Fences();
  request->prefix = from.Prefix();
  return from.End();
}

Status Decode(std::string_view bytes, StampRequest* request) {
  FieldReader from = ReadRequest(RequestKind::kStamp, bytes);
  request->after = from.ReadVersion();
  return from.End();
}

Status Decode(std::string_view bytes, DigestRequest* request) {
  FieldReader from = ReadRequest(RequestKind::kDigest, bytes);
  request->fences = from.Fences();
  return from.End();
}

Status Decode(std::string_view bytes, ShardsRequest* request) {
  FieldReader from = ReadRequest(RequestKind::kShards, bytes);
  if (from.Varint() != 1) from.Fail("not one fence");
  request->fence = from.Fence();
  request->first = from.Bool();
  request->after = from.Bytes(kWordBytesMax, "the place to go on from is too long");
  return from.End();
}

}  // namespace trifecta::replication
