#include "daemon/replication/message_fields.h"

#include <algorithm>

#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

constexpr size_t kFenceBytesMin = 2;          // partition, epoch
constexpr size_t kShardBytesMin = 1 + 2 + 8;  // length of the root, two counts, a sum

// A number of a later program is a failure of a kind that this one cannot tell.
Refusal RefusalOf(uint8_t number) {
  return number > static_cast<uint8_t>(Refusal::kFailed) ? Refusal::kFailed
                                                         : static_cast<Refusal>(number);
}

}  // namespace

void PutBytes(std::string* to, std::string_view bytes) {
  PutVarint(to, bytes.size());
  to->append(bytes);
}

void PutVersion(std::string* to, const Version& version) {
  PutFixed(to, version.time);
  PutFixed(to, version.node);
}

void PutFences(std::string* to, std::span<const PartitionFence> fences) {
  PutVarint(to, fences.size());
  for (const PartitionFence& fence : fences) {
    PutVarint(to, fence.partition);
    PutVarint(to, fence.changed);
  }
}

void PutDigest(std::string* to, const Digest& digest) {
  PutVarint(to, digest.entries);
  PutVarint(to, digest.live);
  PutFixed(to, digest.sum);
}

void PutShards(std::string* to, std::span<const ShardDigest> shards) {
  PutVarint(to, shards.size());
  for (const ShardDigest& shard : shards) {
    PutBytes(to, shard.root);
    PutDigest(to, shard.digest);
  }
}

void PutText(std::string* to, std::string_view text, size_t bytes_max) {
  std::string clean(text.substr(0, bytes_max));
  if (!ValidatePrefix(clean).ok()) {
    std::replace_if(
        clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  }
  PutBytes(to, clean);
}

std::string BeginRequest(RequestKind kind) {
  std::string bytes;
  PutFixed(&bytes, kMessageVersion);
  PutFixed(&bytes, static_cast<uint8_t>(kind));
  return bytes;
}

std::string BeginReply(const ReplyHead& head) {
  std::string bytes;
  PutFixed(&bytes, kMessageVersion);
  PutFixed(&bytes, static_cast<uint8_t>(head.refusal));
  PutVarint(&bytes, head.epoch);
  return bytes;
}

FieldReader ReadRequest(RequestKind kind, std::string_view bytes) {
  FieldReader from(bytes);
  if (bytes.size() > kRequestBytesMax) from.Fail("it is too long");
  if (from.Byte() != kMessageVersion) from.Fail("another version");
  if (from.Byte() != static_cast<uint8_t>(kind)) from.Fail("a request of another kind");
  return from;
}

FieldReader ReadReplyHead(std::string_view bytes, ReplyHead* head) {
  FieldReader from(bytes);
  *head = {};
  if (bytes.size() > kReplyBytesMax) from.Fail("it is too long");
  if (from.Byte() != kMessageVersion) from.Fail("another version");
  head->refusal = RefusalOf(from.Byte());
  head->epoch = from.Number(net::kEpochMax, "an epoch is out of range");
  if (head->refusal != Refusal::kNone) head->text = from.Text(kReplyTextBytesMax);
  return from;
}

Status FieldReader::status() const {
  if (ok()) return Status::Ok();
  return {StatusCode::kDataDamaged,
          StrCat("not a replica's message: ", wrong_ == nullptr ? "it is cut off" : wrong_)};
}

Status FieldReader::End() {
  if (from_.ok() && !from_.empty()) Fail("it goes on after its end");
  return status();
}

uint8_t FieldReader::Flags(uint8_t known) {
  const uint8_t flags = Byte();
  if ((flags & ~known) != 0) Fail("unknown flags");
  return flags;
}

uint64_t FieldReader::Number(uint64_t most, const char* what) {
  const uint64_t number = from_.Varint();
  if (number <= most) return number;
  Fail(what);
  return 0;
}

uint64_t FieldReader::Count(uint64_t most, size_t bytes_min, const char* what) {
  const uint64_t count = from_.Varint();
  if (count > most || count > left() / bytes_min) {
    Fail(what);
    return 0;
  }
  return count;
}

std::string_view FieldReader::Bytes(size_t most, const char* what) {
  const std::string_view bytes = from_.LengthPrefixed();
  if (bytes.size() > most) Fail(what);
  return bytes;
}

std::string_view FieldReader::Text(size_t most) {
  const std::string_view text = Bytes(most, "a text is too long");
  if (!ValidatePrefix(text).ok()) Fail("a text has characters that it may not have");
  return text;
}

std::string_view FieldReader::Prefix() {
  const std::string_view prefix = Bytes(kWordBytesMax, "a prefix is too long");
  if (!ValidatePrefix(prefix).ok()) Fail("a prefix breaks the rules for words");
  return prefix;
}

Version FieldReader::ReadVersion() {
  const auto time = from_.Fixed<uint64_t>();
  const auto node = from_.Fixed<uint16_t>();
  return {time, node};
}

PartitionFence FieldReader::Fence() {
  PartitionFence fence;
  fence.partition =
      static_cast<uint32_t>(Number(net::kPartitionsMax - 1, "a partition is out of range"));
  fence.changed = Number(net::kEpochMax, "an epoch is out of range");
  return fence;
}

std::vector<PartitionFence> FieldReader::Fences() {
  const uint64_t count = Count(net::kPartitionsMax, kFenceBytesMin, "too many fences");
  if (count == 0) Fail("it has no fence");
  std::vector<PartitionFence> fences(count);
  for (PartitionFence& fence : fences) fence = Fence();
  return fences;
}

Digest FieldReader::ReadDigest() {
  Digest digest;
  digest.entries = Varint();
  digest.live = Number(digest.entries, "more words than entries");
  digest.sum = Fixed64();
  return digest;
}

std::vector<ShardDigest> FieldReader::Shards(size_t most) {
  const uint64_t count = Count(most, kShardBytesMin, "too many shards");
  std::vector<ShardDigest> shards(count);
  for (size_t i = 0; i < count && ok(); ++i) {
    shards[i].root = Prefix();
    shards[i].digest = ReadDigest();
    if (i > 0 && shards[i].root <= shards[i - 1].root) Fail("roots do not ascend");
  }
  return shards;
}

}  // namespace trifecta::replication
