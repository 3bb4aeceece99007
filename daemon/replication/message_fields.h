// The fields that requests and replies of replicas are made of: for the files that encode and
// decode them alone. Bytes: net/PROTOCOL.md, "Replicas".
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/replication/messages.h"
#include "storage/base/coding.h"

namespace trifecta::replication {

inline constexpr uint8_t kMessageVersion = 1;

// An entry's first varint: the word's length above these two bits.
inline constexpr uint64_t kEntryTombstone = 1;
inline constexpr uint64_t kEntryOtherVersion = 2;  // a version follows; else it is the one before
inline constexpr int kEntryFlagBits = 2;

// What an entry takes besides its word, at most: two varints below 4,096 and a version.
inline constexpr size_t kEntryOverheadMax = 2 + 2 + 10;

// Appends to a string whose growth is settled beforehand: a bulk batch is written at memory speed.
class BulkWriter {
 public:
  // At most `bound` bytes will be written.
  BulkWriter(std::string* to, size_t bound) : to_(to) {
    const size_t begin = to->size();
    to->resize(begin + bound);
    at_ = to->data() + begin;
  }
  ~BulkWriter() { to_->resize(static_cast<size_t>(at_ - to_->data())); }
  BulkWriter(const BulkWriter&) = delete;
  BulkWriter& operator=(const BulkWriter&) = delete;

  void Byte(uint8_t value) { *at_++ = static_cast<char>(value); }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at_++ = static_cast<char>(value | 0x80);
    *at_++ = static_cast<char>(value);
  }
  void Bytes(std::string_view bytes) {
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void PutVersion(const Version& version) {
    StoreFixed(at_, version.time);
    StoreFixed(at_ + 8, version.node);
    at_ += 10;
  }

 private:
  std::string* const to_;
  char* at_;
};

void PutBytes(std::string* to, std::string_view bytes);
void PutVersion(std::string* to, const Version& version);
void PutFences(std::string* to, std::span<const PartitionFence> fences);
void PutDigest(std::string* to, const Digest& digest);
void PutShards(std::string* to, std::span<const ShardDigest> shards);
// `text` made fit for IsText: cut, and without what may not be in it.
void PutText(std::string* to, std::string_view text, size_t bytes_max);

// Reads fields until one is not what it must be; then the first such field is the status, and what
// is read after it means nothing.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : from_(bytes) {}

  bool ok() const { return wrong_ == nullptr && from_.ok(); }
  size_t left() const { return from_.rest().size(); }
  // Of everything read: kDataDamaged with a sentence when a field was wrong.
  Status status() const;
  // The same, and when bytes are left.
  Status End();

  void Fail(const char* what) {
    if (wrong_ == nullptr) wrong_ = what;
  }

  uint8_t Byte() { return from_.Fixed<uint8_t>(); }
  // Bits besides `known` are refused.
  uint8_t Flags(uint8_t known);
  bool Bool() { return Flags(1) != 0; }
  uint64_t Fixed64() { return from_.Fixed<uint64_t>(); }
  uint64_t Varint() { return from_.Varint(); }
  // At most `most`; 0 when it is not.
  uint64_t Number(uint64_t most, const char* what);
  // How many elements follow: at most `most`, and no more than there are bytes for, so that memory
  // for them is never more than some times the message.
  uint64_t Count(uint64_t most, size_t bytes_min, const char* what);
  std::string_view Raw(uint64_t length) { return from_.Bytes(length); }
  std::string_view Bytes(size_t most, const char* what);
  std::string_view Text(size_t most);
  std::string_view Prefix();
  Version ReadVersion();
  PartitionFence Fence();
  std::vector<PartitionFence> Fences();
  Digest ReadDigest();
  std::vector<ShardDigest> Shards(size_t most);

 private:
  Decoder from_;
  const char* wrong_ = nullptr;
};

// What every request and reply begins with.
std::string BeginRequest(RequestKind kind);
std::string BeginReply(const ReplyHead& head);
// A reader of what follows it in a request, which must be of this kind.
FieldReader ReadRequest(RequestKind kind, std::string_view bytes);
// The same for a reply; when head->refusal is not kNone, nothing follows.
FieldReader ReadReplyHead(std::string_view bytes, ReplyHead* head);

}  // namespace trifecta::replication
