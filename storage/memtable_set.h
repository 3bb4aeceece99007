// The memtables that take a store's writes: one for each of some ranges of neighbouring words.
//
// A checkpoint merges one of them, mostly the fullest, and with it only the tablets of its range.
// So the parts fill in turn: when one is merged, the others are full by all shares between nothing
// and its own, and it holds more for each tablet that is rewritten than one memtable for all words
// would, and what is merged at a time is small beside the whole. With p parts of even writes a
// tablet is rewritten for 2p / (p + 1) times as many entries in the same memory, and the memory of
// what is being merged is 2 / (p + 1) of the rest's instead of as much again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/entry.h"
#include "storage/memtable.h"
#include "storage/range_index.h"

namespace trifecta::storage {

// Which memtables there are is immutable; a freeze makes a new set. Owns none of them; copies are
// cheap. Methods as of Memtable: any thread inside a guard of the epoch, but Warm.
class MemtableSet {
 public:
  struct Part {
    std::string low;  // the least word that it may hold; "" in the first
    Memtable* memtable = nullptr;
    // Frames of the log up to this one hold nothing that only this memtable has.
    uint64_t merged = 0;
  };

  // One part for all words; null: none, and no method may be called but `empty`.
  MemtableSet(Memtable* only = nullptr) : MemtableSet(std::vector<Part>{{"", only, 0}}) {}
  // At least one, in order.
  explicit MemtableSet(std::vector<Part> parts);

  const std::vector<Part>& parts() const { return state_->parts; }
  size_t size() const { return state_->parts.size(); }
  const Part& operator[](size_t i) const { return state_->parts[i]; }
  size_t IndexFor(std::string_view word) const { return state_->ranges.IndexFor(word); }
  Memtable* For(std::string_view word) const { return state_->parts[IndexFor(word)].memtable; }
  // The first word beyond part i, "" for the last.
  std::string_view EndOf(size_t i) const {
    return i + 1 < size() ? std::string_view(state_->parts[i + 1].low) : std::string_view();
  }

  const MemtableRecord* Find(std::string_view word) const { return For(word)->Find(word); }
  bool empty() const;
  uint64_t entries() const;
  uint64_t bytes() const;
  int64_t LiveChange(std::string_view begin, std::string_view end) const;
  void Warm(std::span<const Entry> entries) const;

 private:
  struct State {
    std::vector<Part> parts;
    RangeIndex ranges;
  };
  std::shared_ptr<const State> state_;
};

// Goes through the parts one after the other, either way, as MemtableCursor through one.
class MemtableSetCursor {
 public:
  explicit MemtableSetCursor(const MemtableSet* set) : set_(set), cursor_((*set)[0].memtable) {}

  void Seek(std::string_view key);
  // In steps, as MemtableCursor's.
  void BeginSeek(std::string_view key);
  bool StepSeek(std::string_view key) { return cursor_.StepSeek(key); }
  void FinishSeek(std::string_view key);
  void SeekBefore(std::string_view key);
  void SeekToLast();
  void Next();
  void Previous();

  bool valid() const { return cursor_.valid(); }
  std::string_view word() const { return cursor_.word(); }
  bool tombstone() const { return cursor_.tombstone(); }
  Version version() const { return cursor_.version(); }

 private:
  void Enter(size_t part);
  void SkipForward();
  void SkipBackward();

  const MemtableSet* set_;
  size_t part_ = 0;
  MemtableCursor cursor_;
};

}  // namespace trifecta::storage
