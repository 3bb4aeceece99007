// Reading a base file against its order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/entry.h"
#include "storage/base/limits.h"
#include "storage/base/status.h"
#include "storage/base_cursor.h"

namespace trifecta::storage {

// Goes through a base file backwards, a bucket at a time. Allocates; one thread.
class BaseReverseCursor {
 public:
  explicit BaseReverseCursor(const BaseFile* file) : file_(file), reader_(file) {}

  // To the last entry whose word is below `key`.
  void SeekBefore(std::string_view key);
  // To the last entry of all.
  void SeekToLast();
  void Next();  // to the entry before

  bool valid() const { return valid_; }
  const Status& status() const { return status_; }
  std::string_view word() const;
  bool tombstone() const { return items_[current_].tombstone; }
  Version version() const { return items_[current_].version; }

 private:
  struct Step {
    uint32_t base;
    uint32_t depth;
    uint8_t label;
  };
  struct Item {
    uint32_t begin, end;  // in bytes_
    bool tombstone;
    Version version;
  };

  bool Fail(std::string_view what);
  bool Descend(std::string_view key);
  bool StepBack();
  bool Enter(uint32_t base, uint32_t depth, int label);
  bool FollowChain(TrieValue value, uint32_t* depth, uint32_t* base);
  bool LoadBucket();
  void Settle(std::string_view key, bool bounded);

  const BaseFile* file_;
  BaseCursor reader_;
  std::vector<Step> steps_;
  std::string path_ = std::string(kWordBytesMax + 1, '\0');
  uint32_t leaf_ = 0, leaf_depth_ = 0;
  std::vector<Item> items_;
  std::string bytes_;
  size_t current_ = 0;
  bool valid_ = false;
  Status status_;
};

}  // namespace trifecta::storage
