// The mutable part of a store: entries newer than the base files, tombstones included, in order.
//
// A B+tree for one writer and any number of readers that take no locks. A leaf holds up to 15
// entries in slots that are filled once, and their order in one 64-bit word that is published by
// one store (Mao, Kohler, Morris: "Cache Craftiness for Fast Multicore Key-Value Storage", EuroSys
// 2012), so an insert copies nothing. A split makes new nodes and publishes them by one store into
// the lowest ancestor that need not change; the old ones are reused once no reader can see them
// (storage/epoch.h). Every node skips the bytes that all its words share (known from its fences)
// and keeps the next eight of each word inline, so that a step down mostly compares integers.
// A filter of 8 bits an entry (a register-blocked Bloom filter) tells readers of the base that a
// word is not here, in 10 to 20 ns.
//
// Each entry knows by how much it changes the count of live words against everything older than
// this memtable, and each leaf the sum: counting a range reads leaves, not entries.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "storage/arena.h"
#include "storage/base/entry.h"
#include "storage/base/hash.h"
#include "storage/epoch.h"

namespace trifecta::storage {

// An entry in memory. Immutable once published.
struct MemtableRecord {
  uint64_t time;
  uint16_t node;
  uint8_t flags;
  int8_t live_change;  // live words this adds to what older layers hold: -1, 0 or 1
  uint16_t length;
  char text[2];  // and on

  std::string_view word() const { return {text, length}; }
  Version version() const { return {time, node}; }
  bool tombstone() const { return (flags & kTombstone) != 0; }
};

// What the layers below hold of a word: the newest entry, if any.
struct OlderEntry {
  bool known = false;
  bool tombstone = false;
  Version version;
};

class Memtable {
 public:
  // `expected_bytes` sizes the filter: what the memtable will hold when it is full.
  Memtable(Epoch* epoch, uint64_t expected_bytes);
  ~Memtable();
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  struct Applied {
    bool existed;  // a live word was there, here or in `older`
    bool applied;  // the entry took effect
    Version newest;
    OlderEntry before;  // the newest entry that was there, here or in `older`
  };
  // Takes the entry if it supersedes what is here, or else `older`. One thread at a time.
  Applied Apply(const Entry& entry, const OlderEntry& older);

  // Says that the layers below have changed and hold `older` of `word` now: how the entry here
  // changes the count of live words follows. Does nothing where the word is not here. Like Apply.
  void Rebase(std::string_view word, const OlderEntry& older);

  // Has the memory fetched that Apply of these entries to these memtables looks at, for all of them
  // at once: at most kWarmEntries. By Apply's thread.
  static void Warm(std::span<const Entry> entries, const Memtable* const* memtables);
  static constexpr size_t kWarmEntries = 16;

  // The rest: any thread, inside a guard of the epoch.

  // Null when the word is not here.
  const MemtableRecord* Find(std::string_view word) const { return Find(word, HashBytes(word)); }
  // The same where HashBytes of the word is known, after what it looks at first was asked for.
  const MemtableRecord* Find(std::string_view word, uint64_t hash) const;
  void FetchFilter(uint64_t hash) const { __builtin_prefetch(&FilterWord(hash)); }
  bool empty() const { return empty_.load(std::memory_order_acquire); }
  uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Whether there is an entry from `begin` on and below `end` (empty: no bound).
  bool HasAny(std::string_view begin, std::string_view end) const;
  // By how much the entries from `begin` on and below `end` (empty: no bound) change the count of
  // live words.
  int64_t LiveChange(std::string_view begin, std::string_view end) const;

 private:
  friend class MemtableCursor;
  static constexpr size_t kCacheLine = 64;
  static constexpr unsigned kLeafSlots = 15;
  static constexpr unsigned kFanout = 32;

  struct Node {
    bool is_leaf;
    uint16_t skip;  // bytes that all words below this node share
  };
  // The order of a leaf's slots: four bits of count, then four bits a position.
  class Permutation;
  struct Leaf : Node {
    std::atomic<uint64_t> order;
    std::atomic<uint64_t> heads[kLeafSlots];
    std::atomic<const MemtableRecord*> records[kLeafSlots];
    // Last, as readers need them least, and a record that takes another's place changes no more.
    std::atomic<int32_t> live_change;
    int8_t live_changes[kLeafSlots];  // the records', for the writer, which need not look at them
  };
  struct Inner : Node {
    uint32_t children_count;
    uint64_t heads[kFanout - 1];              // those that are not there: the greatest number
    const MemtableRecord* keys[kFanout - 1];  // the least word of the child to the right
    std::atomic<Node*> children[kFanout];
  };
  // A node on the way down, the child taken, and the words that bound it (null: no bound).
  struct Step {
    Inner* node;
    unsigned child;
    const MemtableRecord* low;
    const MemtableRecord* high;
  };
  using Path = std::vector<Step>;

  static uint64_t HeadOf(std::string_view word, size_t skip);
  static unsigned ChildFor(const Inner& inner, std::string_view word);
  static unsigned LowerBound(const Leaf& leaf, uint64_t order, std::string_view word, bool* equal);
  static uint16_t SkipFor(uint16_t skipped, const MemtableRecord* low, const MemtableRecord* high);

  const MemtableRecord* MakeRecord(const Entry& entry, int live_change);
  Leaf* Descend(std::string_view word, Path* path, const MemtableRecord** low,
                const MemtableRecord** high) const;
  // What new nodes are made of, in order (storage/memtable.cc).
  struct LeafItems;
  struct InnerItems;
  static void Fetch(const Node* node);
  void Insert(Leaf* leaf, unsigned position, const MemtableRecord* record, const Path& path,
              const MemtableRecord* low, const MemtableRecord* high);
  void Split(Leaf* leaf, unsigned position, const MemtableRecord* record, const Path& path,
             const MemtableRecord* low, const MemtableRecord* high);
  Leaf* NewLeaf(const LeafItems& items, unsigned begin, unsigned end, const MemtableRecord* low,
                const MemtableRecord* high);
  void Replace(const Path& path, Node* left, const MemtableRecord* key, Node* right);
  Inner* NewInner(const InnerItems& items, unsigned begin, unsigned end, const MemtableRecord* low,
                  const MemtableRecord* high);
  template <typename T>
  T* Allocate(std::vector<T*>* reusable);
  void RetireNode(Node* node);
  void ReuseRetired();

  std::atomic<uint64_t>& FilterWord(uint64_t hash) const;
  void SetFilter(uint64_t hash);
  bool MayHold(uint64_t hash) const;

  // What readers look at first. Away from what each entry changes: a line of memory that another
  // core has just written takes 50 to 100 ns to read.
  alignas(kCacheLine) Epoch* const epoch_;
  std::atomic<uint64_t>* filter_;
  size_t filter_words_;
  std::atomic<bool> empty_{true};
  std::atomic<Node*> root_;

  // The writer's.
  alignas(kCacheLine) Arena arena_;
  std::atomic<uint64_t> entries_{0}, bytes_{0};
  Path path_;
  struct RetiredNode {
    uint64_t mark;
    Node* node;
  };
  std::deque<RetiredNode> retired_;
  std::vector<Leaf*> free_leaves_;
  std::vector<Inner*> free_inners_;
};

// Goes through a memtable either way while it is written to: sees every entry that was there when
// the cursor was positioned, perhaps later ones. Inside one guard of the epoch.
class MemtableCursor {
 public:
  explicit MemtableCursor(const Memtable* memtable) : memtable_(memtable) {}

  // To the first entry not below `key`.
  void Seek(std::string_view key) {
    BeginSeek();
    while (StepSeek(key)) {
    }
    FinishSeek(key);
  }
  // The same in steps, each of which asks for the memory that the next one reads: until StepSeek
  // gives false.
  void BeginSeek();
  bool StepSeek(std::string_view key);
  void FinishSeek(std::string_view key);
  // To the last entry below `key`, or the last of all.
  void SeekBefore(std::string_view key);
  void SeekToLast();
  void Next();
  void Previous();

  bool valid() const { return record_ != nullptr; }
  const MemtableRecord& record() const { return *record_; }
  std::string_view word() const { return record_->word(); }
  bool tombstone() const { return record_->tombstone(); }
  Version version() const { return record_->version(); }

 private:
  friend class Memtable;
  struct Level {
    const Memtable::Inner* node;
    unsigned child;
  };
  // 32^8 children are more than memory holds.
  static constexpr size_t kLevelsMax = 12;

  void DescendTo(std::string_view key);
  void DescendToEdge(const Memtable::Node* node, bool last);
  void EnterLeaf(const Memtable::Node* node);
  bool NextLeaf();
  bool PreviousLeaf();
  void Load(int position);

  const Memtable* memtable_;
  const Memtable::Node* node_ = nullptr;  // where a descent has come to
  Level levels_[kLevelsMax];
  size_t depth_ = 0;
  const Memtable::Leaf* leaf_ = nullptr;
  uint64_t order_ = 0;
  int position_ = 0;
  const MemtableRecord* record_ = nullptr;
};

}  // namespace trifecta::storage
