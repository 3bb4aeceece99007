#include "storage/base_cursor.h"

#include <algorithm>
#include <cstring>

#include "storage/base/coding.h"
#include "storage/base/word_head.h"
#include "storage/base_probe.h"

namespace trifecta::storage {

bool BaseCursor::Fail(std::string_view what) {
  valid_ = false;
  status_ = file_->Damaged(file_->header_.sections[kEntries].offset + bucket_.offset, what);
  return false;
}

// Makes the bytes below `end` fit for reading: inside of the section, their pages checked.
bool BaseCursor::Reach(const uint8_t* end) {
  if (end <= checked_) [[likely]]
    return true;
  const uint8_t* const data = file_->data_;
  const SectionExtent& section = file_->header_.sections[kEntries];
  if (end > data + section.offset + section.bytes + kSectionSlack) {
    return Fail("an entry reaches beyond the end of the entries");
  }
  const uint8_t* const begin = std::max(checked_, at_);
  Status status =
      file_->CheckPages(static_cast<uint64_t>(begin - data), static_cast<uint64_t>(end - data));
  if (!status.ok()) {
    valid_ = false;
    status_ = std::move(status);
    return false;
  }
  const uint64_t through = static_cast<uint64_t>(end - data) + kBasePageBytes - 1;
  checked_ = data + through / kBasePageBytes * kBasePageBytes;
  checked_ = std::min(checked_, data + section.offset + section.bytes + kSectionSlack);
  return true;
}

bool BaseCursor::Varint(uint64_t* value) {
  *value = 0;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    const uint8_t byte = *at_++;
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return Fail("a number has too many bytes");
}

// Reads the header of the bucket at `offset`; its first entry comes next.
bool BaseCursor::OpenBucket(uint32_t offset) {
  bucket_.offset = offset;
  if (offset >= file_->SectionBytes(kEntries)) return Fail("no bucket at this offset");
  const uint8_t* const start = file_->Section(kEntries) + offset;
  if (start != at_) checked_ = at_ = start;  // else reading on
  if (!Reach(at_ + kSectionSlack)) return false;
  const uint8_t first = *at_++;
  bucket_.index = 0;
  bucket_.count = (first & kBucketCountMask) + 1u;
  bucket_.mode = static_cast<VersionMode>((first >> kBucketVersionShift) & 3);
  bucket_.has_flags = (first & kBucketHasFlags) != 0;
  bucket_.depth = *at_++;
  if (bucket_.depth >= 0x80) [[unlikely]] {
    --at_;
    uint64_t depth;
    if (!Varint(&depth)) return false;
    bucket_.depth = static_cast<uint32_t>(depth);
    if (bucket_.depth > kWordBytesMax) return Fail("a bucket's depth is above the limit of words");
  }
  if (bucket_.mode == VersionMode::kFirst) [[likely]]
    return true;
  if (bucket_.mode == VersionMode::kShared) {
    uint64_t code;
    if (!Varint(&code)) return false;
    bucket_.shared_version = static_cast<uint32_t>(code);
    return true;
  }
  bucket_.width = *at_++;
  if (bucket_.width == 0 || bucket_.width > 8) return Fail("a version's width is not 1 to 8");
  bucket_.versions = at_;
  const unsigned raw_node = bucket_.mode == VersionMode::kRaw ? 2 : 0;
  at_ += bucket_.count * (bucket_.width + raw_node);
  return Reach(at_ + 8);  // a version is loaded as 8 bytes
}

// Reads the lengths and flags of the next entry, and steps over its codes.
inline bool BaseCursor::ReadRaw(Raw* raw) {
  if (!Reach(at_ + 12)) return false;  // the lengths' bytes and the flags at most
  const uint8_t lengths = *at_++;
  raw->shared = lengths >> 4;
  raw->count = lengths & 15;
  uint64_t more;
  if (raw->shared == kNibbleEscape) {
    if (!Varint(&more)) return false;
    raw->shared += more;
  }
  if (raw->count == kNibbleEscape) {
    if (!Varint(&more)) return false;
    raw->count += more;
  }
  raw->flags = bucket_.has_flags ? *at_++ : 0;
  // The first entry's length says how much of the path it repeats.
  if (bucket_.index == 0) {
    if (raw->shared > bucket_.depth) return Fail("an entry repeats more than its path");
    raw->shared = bucket_.depth - raw->shared;
  } else {
    raw->shared += bucket_.depth;
  }
  raw->codes = at_;
  if (!Reach(at_ + raw->count)) return false;
  at_ += raw->count;
  if (raw->flags > kTombstone) [[unlikely]] {
    if ((raw->flags & ~kKnownEntryFlags) != 0) return Fail("an entry has flags that are not known");
    if (!Reach(at_ + 8)) return false;
    if (!Varint(&more) || !Reach(at_ + more)) return false;
    at_ += more;
  }
  ++bucket_.index;
  return true;
}

// Makes the entry the current one: its word shares raw.shared bytes with what word_ holds.
inline bool BaseCursor::Take(const Raw& raw) {
  // A first entry may share less than the path that word_ holds, and repeats the rest.
  if (raw.shared > std::max<size_t>(length_, bucket_.depth) || raw.shared > kWordBytesMax) {
    return Fail("an entry shares more than there is before it");
  }
  const char* const end =
      file_->symbols_.Decode(raw.codes, raw.count, word_ + raw.shared, word_ + kWordBytesMax);
  if (end == nullptr) return Fail("a suffix cannot be decoded");
  shared_ = raw.shared;
  length_ = static_cast<size_t>(end - word_);
  flags_ = raw.flags;
  valid_ = true;
  return true;
}

bool BaseCursor::DecodeNext() {
  Raw raw;
  return ReadRaw(&raw) && Take(raw);
}

void BaseCursor::Next() {
  if (bucket_.index < bucket_.count) {
    DecodeNext();
    return;
  }
  const auto next = static_cast<uint64_t>(at_ - file_->Section(kEntries));
  if (next >= file_->SectionBytes(kEntries)) {
    valid_ = false;
    return;
  }
  if (OpenBucket(static_cast<uint32_t>(next))) DecodeNext();
}

bool BaseCursor::Append(uint32_t depth, std::string_view bytes) {
  if (depth + bytes.size() > kWordBytesMax) return Fail("a path is longer than any word");
  std::memcpy(word_ + depth, bytes.data(), bytes.size());
  return true;
}

// Down from `value`, whose path of *depth bytes is in word_, along the first or last children to a
// leaf; appends the path's bytes to word_.
bool BaseCursor::DescendAlong(Edge edge, TrieValue* value, uint32_t* depth) {
  while (!value->is_leaf()) {
    uint32_t base = value->payload();
    if (value->is_chain()) {
      BaseFile::Chain chain;
      if (!file_->ReadChain(*value, &chain)) return Fail("a chain breaks its bounds");
      if (!Append(*depth, chain.bytes)) return false;
      *depth += static_cast<uint32_t>(chain.bytes.size());
      base = chain.base;
    }
    if (!file_->GoodBase(base)) return Fail("a base is beyond the array");
    const int label =
        edge == Edge::kFirst ? file_->array_.FirstChild(base) : file_->array_.LastChild(base);
    if (label == DoubleArray::kNone) return Fail("a node without children");
    *value = file_->array_.Child(base, static_cast<uint8_t>(label));
    if (value->is_leaf()) break;
    const char byte = static_cast<char>(label);
    if (!Append(*depth, {&byte, 1})) return false;
    ++*depth;
  }
  return true;
}

// Opens the bucket that the path of `depth` bytes in word_ leads to.
bool BaseCursor::EnterBucket(uint32_t offset, uint32_t depth) {
  length_ = depth;
  if (!OpenBucket(offset)) return false;
  if (bucket_.depth != depth) return Fail("a bucket's depth is not that of its path");
  return true;
}

// To the first entry of the subtrie.
void BaseCursor::Leftmost(TrieValue value, uint32_t depth) {
  if (DescendAlong(Edge::kFirst, &value, &depth) && EnterBucket(value.payload(), depth)) {
    DecodeNext();
  }
}

// To the entry after the last of the subtrie.
void BaseCursor::AfterRightmost(TrieValue value, uint32_t depth) {
  if (DescendAlong(Edge::kLast, &value, &depth)) AfterBucket(value.payload(), depth);
}

// To the entry after the bucket's last: that shares bytes with the last word, so all are decoded.
void BaseCursor::AfterBucket(uint32_t offset, uint32_t depth) {
  if (!EnterBucket(offset, depth)) return;
  while (bucket_.index < bucket_.count) {
    if (!DecodeNext()) return;
  }
  Next();
}

// Walks the bucket to its first entry that is not below `key`, of which the first `depth` bytes
// lead here. An entry that shares more with the one before than that shares with the key is below
// the key like it, and one that shares less is above: their suffixes need no look.
bool BaseCursor::WalkBucket(uint32_t offset, uint32_t depth, std::string_view key, bool* equal) {
  *equal = false;
  if (depth > 0) std::memcpy(word_, key.data(), depth);
  if (!EnterBucket(offset, depth)) return false;
  Raw raw;
  if (!ReadRaw(&raw) || !Take(raw)) return false;
  size_t match = length_ < depth ? depth : SharedLength(key, word(), depth);
  for (;;) {
    if (match == key.size()) {
      *equal = match == length_;
      return true;
    }
    if (match<length_&& static_cast<uint8_t>(word_[match])> static_cast<uint8_t>(key[match])) {
      return true;
    }
    // The current entry is below the key: on to the next that shares no more than `match`.
    do {
      if (bucket_.index == bucket_.count) {
        valid_ = false;
        return true;
      }
      if (!ReadRaw(&raw)) return false;
    } while (raw.shared > match);
    // What it shares with its neighbours before, it shares with the key.
    if (match > raw.shared) {
      std::memcpy(word_ + depth, key.data() + depth, raw.shared - depth);
      length_ = std::max(length_, raw.shared);
      return Take(raw);
    }
    std::memcpy(word_ + depth, key.data() + depth, match - depth);
    length_ = match;
    if (!Take(raw)) return false;
    match = SharedLength(key, word(), match);
  }
}

void BaseCursor::SeekInBucket(uint32_t offset, uint32_t depth, std::string_view key) {
  bool equal;
  if (!WalkBucket(offset, depth, key, &equal) || valid_) return;
  AfterBucket(offset, depth);  // all of it is below the key
}

void BaseCursor::Seek(std::string_view key) {
  valid_ = false;
  status_ = file_->UseIndex();
  if (!status_.ok()) return;
  if (key.size() > kWordBytesMax) return void(SeekPast(key));
  BaseProbe probe(file_, key);
  probe.Descend();
  Seek(probe);
}

void BaseCursor::Seek(const BaseProbe& probe) {
  valid_ = false;
  status_ = Status::Ok();
  const std::string_view key = probe.word();
  // An empty key may have no address, which memcpy must not be given.
  if (!key.empty()) std::memcpy(word_, key.data(), key.size());
  switch (probe.state()) {
    case BaseProbe::State::kAtBucket:
      return SeekInBucket(probe.bucket(), probe.depth(), key);
    case BaseProbe::State::kBefore:
      return Leftmost(probe.value(), probe.depth());
    case BaseProbe::State::kAfter: {
      if (probe.label() == DoubleArray::kNone) return AfterRightmost(probe.value(), probe.depth());
      const char byte = static_cast<char>(probe.label());
      if (Append(probe.depth(), {&byte, 1})) AfterRightmost(probe.value(), probe.depth() + 1);
      return;
    }
    default:
      return void(Fail(probe.fault()));
  }
}

// A key longer than any word: its first bytes' place, less an equal word there.
void BaseCursor::SeekPast(std::string_view key) {
  const std::string_view head = key.substr(0, kWordBytesMax);
  Seek(head);
  if (valid_ && word() == head) Next();
}

void BaseCursor::Find(std::string_view word) {
  valid_ = false;
  status_ = file_->UseIndex();
  if (!status_.ok() || word.size() > kWordBytesMax) return;
  BaseProbe probe(file_, word);
  probe.Descend();
  Find(probe);
}

void BaseCursor::Find(const BaseProbe& probe) {
  valid_ = false;
  status_ = Status::Ok();
  if (probe.state() == BaseProbe::State::kDamaged) return void(Fail(probe.fault()));
  if (probe.state() != BaseProbe::State::kAtBucket) return;
  bool equal;
  if (WalkBucket(probe.bucket(), probe.depth(), probe.word(), &equal)) valid_ = equal;
}

// Steps over the bucket at *offset, adds its live words among the first `most` entries to *live,
// and moves *offset to the bucket after it.
bool BaseCursor::CountBucket(uint32_t* offset, unsigned most, uint64_t* live) {
  if (!OpenBucket(*offset)) return false;
  Raw raw;
  while (bucket_.index < bucket_.count) {
    const bool counts = bucket_.index < most;
    if (!ReadRaw(&raw)) return false;
    if (counts && (raw.flags & kTombstone) == 0) ++*live;
  }
  *offset = static_cast<uint32_t>(at_ - file_->Section(kEntries));
  return true;
}

Version BaseCursor::version() const {
  const auto dictionary = [&](uint32_t code) -> Version {
    if (code >= file_->dictionary_size_) return {};
    const uint8_t* at = file_->Section(kVersions) + code * kVersionBytes;
    return {LoadFixed<uint64_t>(at), LoadFixed<uint16_t>(at + 8)};
  };
  if (bucket_.mode == VersionMode::kFirst) return dictionary(0);
  if (bucket_.mode == VersionMode::kShared) return dictionary(bucket_.shared_version);
  const unsigned i = bucket_.index - 1;
  const uint64_t mask = bucket_.width == 8 ? ~0ull : (1ull << (8 * bucket_.width)) - 1;
  if (bucket_.mode == VersionMode::kCodes) {
    const uint8_t* at = bucket_.versions + i * bucket_.width;
    return dictionary(static_cast<uint32_t>(LoadFixed<uint64_t>(at) & mask));
  }
  const uint8_t* at = bucket_.versions + i * (bucket_.width + 2);
  return {file_->header_.min_time + (LoadFixed<uint64_t>(at) & mask),
          LoadFixed<uint16_t>(at + bucket_.width)};
}

}  // namespace trifecta::storage
