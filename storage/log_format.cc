#include "storage/log_format.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"

namespace trifecta::storage {
namespace {

constexpr std::string_view kMagic = "TRIFLOG\n";
constexpr size_t kVersionOffset = 8, kCrcOffset = 12, kSaltOffset = 16, kNumberOffset = 24;

// Offsets in a frame.
constexpr size_t kLengthOffset = 4, kSequenceOffset = 8, kCountOffset = 16;

// flags 1, version 8 + 2, two lengths of at most 1,024 in two bytes each.
constexpr size_t kRecordOverheadMax = 15;
// flags 1, two lengths 1 + 1, one byte of suffix or none.
constexpr size_t kRecordBytesMin = 3;

// A buffer above this is given back after a large frame: a bulk load must not leave its peak
// behind.
constexpr size_t kKeptBufferBytes = 4u << 20;
constexpr size_t kBufferBytesMin = 64u << 10;

size_t Aligned(size_t bytes) {
  return (bytes + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
}

uint32_t HeaderChecksum(std::string_view header) {
  return Crc32c(header.substr(kSaltOffset, kSegmentHeaderBytes - kSaltOffset),
                Crc32c(header.substr(0, kCrcOffset)));
}

// Covers the salt too, so that no bytes from elsewhere pass for a frame of this segment.
uint32_t FrameChecksum(std::string_view after_crc, uint64_t salt) {
  char bytes[sizeof salt];
  StoreFixed(bytes, salt);
  return Crc32c(after_crc, Crc32c({bytes, sizeof bytes}));
}

size_t SharedPrefix(std::string_view a, std::string_view b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t i = 0;
  for (; i + 8 <= limit; i += 8) {
    const auto difference = LoadFixed<uint64_t>(a.data() + i) ^ LoadFixed<uint64_t>(b.data() + i);
    if (difference != 0) return i + static_cast<size_t>(std::countr_zero(difference)) / 8;
  }
  while (i < limit && a[i] == b[i]) ++i;
  return i;
}

char* PutLength(char* to, size_t length) {
  while (length >= 0x80) {
    *to++ = static_cast<char>(length | 0x80);
    length >>= 7;
  }
  *to++ = static_cast<char>(length);
  return to;
}

// What the next record leaves out because the one before it said it.
struct Context {
  std::string_view word;
  Version version;
};

char* PutRecord(char* to, const Entry& entry, const Context& before) {
  const bool same_version = entry.version == before.version;
  *to++ = static_cast<char>((entry.tombstone ? kTombstone : 0) | (same_version ? kSameVersion : 0));
  if (!same_version) {
    StoreFixed(to, entry.version.time);
    StoreFixed(to + 8, entry.version.node);
    to += 10;
  }
  const size_t shared = SharedPrefix(before.word, entry.word);
  const size_t rest = entry.word.size() - shared;
  to = PutLength(to, shared);
  to = PutLength(to, rest);
  std::memcpy(to, entry.word.data() + shared, rest);
  return to + rest;
}

Status Malformed(const Frame& frame, std::string_view what) {
  return {StatusCode::kDataDamaged,
          StrCat("offset ", frame.offset, ": frame ", frame.sequence, " ", what,
                 "; it was written by a newer or defective program")};
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string bytes(kMagic);
  PutFixed(&bytes, header.version);
  PutFixed(&bytes, uint32_t{0});
  PutFixed(&bytes, header.salt);
  PutFixed(&bytes, header.number);
  StoreFixed(bytes.data() + kCrcOffset, HeaderChecksum(bytes));
  return bytes;
}

std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view segment) {
  if (segment.size() < kSegmentHeaderBytes || !segment.starts_with(kMagic)) return std::nullopt;
  const char* at = segment.data();
  if (LoadFixed<uint32_t>(at + kCrcOffset) != HeaderChecksum(segment)) return std::nullopt;
  return SegmentHeader{LoadFixed<uint32_t>(at + kVersionOffset),
                       LoadFixed<uint64_t>(at + kSaltOffset),
                       LoadFixed<uint64_t>(at + kNumberOffset)};
}

void FrameEncoder::Reserve(size_t bytes) {
  if (capacity_ >= bytes && capacity_ <= std::max(bytes, kKeptBufferBytes)) return;
  buffer_.reset();
  capacity_ = std::max(bytes, kBufferBytesMin);
  buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
}

Status FrameEncoder::Encode(std::span<const std::span<const Entry>> groups) {
  size_t bound = kFrameHeaderBytes + kFrameAlignment;
  size_t count = 0;
  for (const auto group : groups) {
    for (const Entry& entry : group) bound += kRecordOverheadMax + entry.word.size();
    count += group.size();
  }
  if (bound > kLogFrameBytesMax) {
    return {StatusCode::kTooLarge, StrCat("a log frame of up to ", bound, " bytes; at most ",
                                          kLogFrameBytesMax, " are allowed")};
  }
  Reserve(bound);
  char* to = buffer_.get() + kFrameHeaderBytes;
  Context before;
  for (const auto group : groups) {
    for (const Entry& entry : group) {
      to = PutRecord(to, entry, before);
      before = {entry.word, entry.version};
    }
  }
  const auto length = static_cast<size_t>(to - buffer_.get()) - kFrameHeaderBytes;
  bytes_ = Aligned(kFrameHeaderBytes + length);
  std::memset(to, 0, bytes_ - kFrameHeaderBytes - length);
  StoreFixed(buffer_.get() + kLengthOffset, static_cast<uint32_t>(length));
  StoreFixed(buffer_.get() + kCountOffset, static_cast<uint32_t>(count));
  return Status::Ok();
}

std::string_view FrameEncoder::Seal(uint64_t sequence, uint64_t salt) {
  char* frame = buffer_.get();
  StoreFixed(frame + kSequenceOffset, sequence);
  const size_t checked = kFrameHeaderBytes + LoadFixed<uint32_t>(frame + kLengthOffset);
  StoreFixed(frame, FrameChecksum({frame + kLengthOffset, checked - kLengthOffset}, salt));
  return {frame, bytes_};
}

Result<std::span<const Entry>> FrameDecoder::Decode(const Frame& frame) {
  if (frame.count > frame.body.size() / kRecordBytesMin) {
    return Malformed(frame, "counts more records than it has room for");
  }
  words_.clear();
  entries_.clear();
  entries_.reserve(frame.count);
  Decoder body(frame.body);
  Version version;
  size_t last_begin = 0;
  for (uint32_t i = 0; i < frame.count; ++i) {
    const auto flags = body.Fixed<uint8_t>();
    if ((flags & ~(kTombstone | kSameVersion)) != 0) return Malformed(frame, "has unknown flags");
    if ((flags & kSameVersion) == 0) {
      version.time = body.Fixed<uint64_t>();
      version.node = body.Fixed<uint16_t>();
    }
    const uint64_t shared = body.Varint();
    const std::string_view suffix = body.LengthPrefixed();
    const size_t begin = words_.size();
    if (!body.ok() || shared > begin - last_begin) return Malformed(frame, "has a broken record");
    const uint64_t size = shared + suffix.size();
    if (size == 0 || size > kWordBytesMax) return Malformed(frame, "has a word of a wrong length");
    words_.resize(begin + size);
    std::memcpy(words_.data() + begin, words_.data() + last_begin, shared);
    std::memcpy(words_.data() + begin + shared, suffix.data(), suffix.size());
    last_begin = begin;
    // Only the length counts yet: words_ moves while it grows, so the addresses come below.
    entries_.push_back({{frame.body.data(), size}, version, (flags & kTombstone) != 0});
  }
  if (!body.empty()) return Malformed(frame, "has bytes behind its records");
  const char* at = words_.data();
  for (Entry& entry : entries_) {
    entry.word = {at, entry.word.size()};
    at += entry.word.size();
  }
  return std::span<const Entry>(entries_);
}

std::optional<Frame> SegmentReader::At(size_t offset) const {
  if (offset > segment_.size() || segment_.size() - offset < kFrameHeaderBytes) return std::nullopt;
  const char* at = segment_.data() + offset;
  const size_t length = LoadFixed<uint32_t>(at + kLengthOffset);
  const size_t room = std::min(segment_.size() - offset, kLogFrameBytesMax) - kFrameHeaderBytes;
  const auto sequence = LoadFixed<uint64_t>(at + kSequenceOffset);
  if (length > room || sequence == 0) return std::nullopt;
  const std::string_view checked(at + kLengthOffset, kFrameHeaderBytes - kLengthOffset + length);
  if (LoadFixed<uint32_t>(at) != FrameChecksum(checked, salt_)) return std::nullopt;
  return Frame{sequence, LoadFixed<uint32_t>(at + kCountOffset),
               std::string_view(at + kFrameHeaderBytes, length), offset,
               offset + Aligned(kFrameHeaderBytes + length)};
}

std::optional<Frame> SegmentReader::Next() {
  auto frame = At(end_);
  // A file that was cut may end inside the padding.
  if (frame) frame->end = end_ = std::min(frame->end, segment_.size());
  return frame;
}

size_t SegmentReader::DirtyEnd() const {
  if (end_ >= segment_.size()) return end_;
  const size_t last = segment_.find_last_not_of('\0');
  return last == std::string_view::npos ? end_ : std::max(end_, last + 1);
}

uint64_t SegmentReader::SequenceAtEnd() const {
  if (end_ > segment_.size() || segment_.size() - end_ < kFrameHeaderBytes) return 0;
  return LoadFixed<uint64_t>(segment_.data() + end_ + kSequenceOffset);
}

size_t SegmentReader::TornEnd(uint64_t next) const {
  if (SequenceAtEnd() != next) return end_;
  const size_t length = LoadFixed<uint32_t>(segment_.data() + end_ + kLengthOffset);
  return std::min(segment_.size(), end_ + Aligned(kFrameHeaderBytes + length));
}

std::optional<Frame> SegmentReader::FindBeyond(uint64_t lowest, uint64_t next) const {
  // A later frame cannot be further on than frames fit in between: that spares a checksum at nearly
  // every place that is not one.
  const uint64_t highest = next + segment_.size() / (kFrameHeaderBytes + kRecordBytesMin);
  const size_t first = Aligned(end_ + 1);
  for (size_t offset = first; offset + kFrameHeaderBytes <= segment_.size();
       offset += kFrameAlignment) {
    const auto there = LoadFixed<uint64_t>(segment_.data() + offset + kSequenceOffset);
    if (there < lowest || there > highest) continue;
    if (auto frame = At(offset)) return frame;
  }
  return std::nullopt;
}

}  // namespace trifecta::storage
