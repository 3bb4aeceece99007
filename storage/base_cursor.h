// Reading a base file in order: the one place that decodes its buckets.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/base/entry.h"
#include "storage/base/limits.h"
#include "storage/base/status.h"
#include "storage/base_file.h"

namespace trifecta::storage {

class BaseProbe;

// Goes through a base file forwards. Position first with Seek; then valid() until the end or an
// error. One thread; the file must outlive it. Some 1.2 KiB, no allocation.
class BaseCursor {
 public:
  explicit BaseCursor(const BaseFile* file) : file_(file) {}

  // To the first entry whose word is not below `key`.
  void Seek(std::string_view key);
  // To the entry of `word`, or nowhere: quicker than Seek where it is not there.
  void Find(std::string_view word);
  // The same from where a probe of this file has come to its end.
  void Seek(const BaseProbe& probe);
  void Find(const BaseProbe& probe);
  void Next();

  bool valid() const { return valid_; }
  // Why the cursor is not valid: ok at the end.
  const Status& status() const { return status_; }

  std::string_view word() const { return {word_, length_}; }
  bool tombstone() const { return (flags_ & kTombstone) != 0; }
  Version version() const;
  // Bytes that this word shares with the one before it, at least: what a prefix search needs to see
  // that it still matches.
  size_t shared() const { return shared_; }

 private:
  friend class BaseFile;
  friend class BaseReverseCursor;
  friend class BaseSalvage;

  // The bucket being read, decoded from its header.
  struct Open {
    uint32_t offset = 0;
    unsigned count = 0, index = 0;  // entries, and those already read
    uint32_t depth = 0;
    VersionMode mode = VersionMode::kFirst;
    bool has_flags = false;
    unsigned width = 0;
    uint32_t shared_version = 0;
    const uint8_t* versions = nullptr;
  };
  struct Raw {
    size_t shared;
    const uint8_t* codes;
    size_t count;
    uint8_t flags;
  };

  bool Fail(std::string_view what);
  bool Reach(const uint8_t* end);
  bool Varint(uint64_t* value);
  bool OpenBucket(uint32_t offset);
  bool ReadRaw(Raw* raw);
  bool Take(const Raw& raw);
  bool DecodeNext();
  bool WalkBucket(uint32_t offset, uint32_t depth, std::string_view key, bool* equal);
  void SeekPast(std::string_view key);
  bool CountBucket(uint32_t* offset, unsigned most, uint64_t* live);
  void SeekInBucket(uint32_t offset, uint32_t depth, std::string_view key);
  enum class Edge { kFirst, kLast };
  bool DescendAlong(Edge edge, TrieValue* value, uint32_t* depth);
  bool EnterBucket(uint32_t offset, uint32_t depth);
  void Leftmost(TrieValue value, uint32_t depth);
  void AfterRightmost(TrieValue value, uint32_t depth);
  void AfterBucket(uint32_t offset, uint32_t depth);
  bool Append(uint32_t depth, std::string_view bytes);

  const BaseFile* file_;
  const uint8_t* at_ = nullptr;       // next byte
  const uint8_t* checked_ = nullptr;  // bytes below it passed their checks
  Open bucket_;
  Status status_;
  bool valid_ = false;
  uint8_t flags_ = 0;
  size_t shared_ = 0;
  size_t length_ = 0;
  char word_[kWordBytesMax + 16];
};

}  // namespace trifecta::storage
