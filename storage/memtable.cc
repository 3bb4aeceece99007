#include "storage/memtable.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <new>

#include "storage/base/uint128.h"
#include "storage/base/word_head.h"
#include "storage/memtable_permutation.h"

namespace trifecta::storage {

// What was in a leaf that splits, and the entry that is to go in. The heads skip `skip` bytes.
struct Memtable::LeafItems {
  const MemtableRecord* records[kLeafSlots + 1] = {};
  uint64_t heads[kLeafSlots + 1] = {};
  int8_t live_changes[kLeafSlots + 1] = {};
  uint16_t skip = 0;
};

// The same of an inner node; key i is between the children i and i + 1.
struct Memtable::InnerItems {
  Node* children[kFanout + 1];
  const MemtableRecord* keys[kFanout];
  uint64_t heads[kFanout];
  uint16_t skip;
};

Memtable::Memtable(Epoch* epoch, uint64_t expected_bytes) : epoch_(epoch) {
  // An entry takes about 48 bytes; 8 bits each.
  filter_words_ = std::max<uint64_t>(1024, expected_bytes / 48 / 8);
  void* filter =
      mmap(nullptr, filter_words_ * 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (filter == MAP_FAILED) throw std::bad_alloc();
  filter_ = static_cast<std::atomic<uint64_t>*>(filter);
  root_.store(NewLeaf({}, 0, 0, nullptr, nullptr));
}

Memtable::~Memtable() { munmap(filter_, filter_words_ * 8); }

std::atomic<uint64_t>& Memtable::FilterWord(uint64_t hash) const {
  return filter_[static_cast<Uint128>(hash) * filter_words_ >> 64];
}

// A filter word a hash, four bits in it.
void Memtable::SetFilter(uint64_t hash) {
  const uint64_t bits = 1ull << (hash & 63) | 1ull << (hash >> 6 & 63) | 1ull << (hash >> 12 & 63) |
                        1ull << (hash >> 18 & 63);
  std::atomic<uint64_t>& word = FilterWord(hash);
  word.store(word.load(std::memory_order_relaxed) | bits, std::memory_order_release);
}

bool Memtable::MayHold(uint64_t hash) const {
  const uint64_t bits = 1ull << (hash & 63) | 1ull << (hash >> 6 & 63) | 1ull << (hash >> 12 & 63) |
                        1ull << (hash >> 18 & 63);
  return (FilterWord(hash).load(std::memory_order_acquire) & bits) == bits;
}

uint64_t Memtable::HeadOf(std::string_view word, size_t skip) {
  return skip < word.size() ? WordHead(word.substr(skip)) : 0;
}

// The bytes that a node between two words may skip: all that the two share. But a node made of
// another's items goes on with the bytes that those skip, as long as that leaves the better part of
// a head: to look at every word again would be to wait for memory for each.
uint16_t Memtable::SkipFor(uint16_t skipped, const MemtableRecord* low,
                           const MemtableRecord* high) {
  constexpr size_t kSharedHeadMax = 3;
  if (low == nullptr || high == nullptr) return 0;
  const std::string_view a = low->word(), b = high->word();
  size_t same = skipped;
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  return same - skipped <= kSharedHeadMax ? skipped : static_cast<uint16_t>(same);
}

// Has the memory fetched that a search in the node looks at, all lines at once: what they would be
// waited for one by one takes longer than the search.
void Memtable::Fetch(const Node* node) {
  static_assert(sizeof(Leaf) >= 4 * kCacheLine && sizeof(Inner) >= 4 * kCacheLine);
  const char* const at = reinterpret_cast<const char*>(node);
  for (size_t line = 0; line < 5; ++line) __builtin_prefetch(at + line * kCacheLine);
}

// The child whose words may include `word`: as many keys are not above it.
unsigned Memtable::ChildFor(const Inner& inner, std::string_view word) {
  const uint64_t head = HeadOf(word, inner.skip);
  // The keys below `begin` have lesser heads. Five halvings of 31 heads, whatever their count, so
  // that no branch has to be foretold.
  static_assert(kFanout - 1 == 31);
  unsigned begin = 0;
  for (unsigned half = kFanout / 2; half > 0; half /= 2) {
    begin += inner.heads[begin + half - 1] < head ? half : 0;
  }
  // Mostly none has the same one.
  unsigned end = inner.children_count - 1;
  if (begin >= end || inner.heads[begin] != head) [[likely]]
    return std::min(begin, end);
  while (begin < end) {
    const unsigned middle = (begin + end) / 2;
    if (inner.heads[middle] == head && inner.keys[middle]->word() <= word) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

// The first position whose word is not below `word`.
unsigned Memtable::LowerBound(const Leaf& leaf, uint64_t order, std::string_view word,
                              bool* equal) {
  const Permutation permutation(order);
  const uint64_t head = HeadOf(word, leaf.skip);
  const unsigned count = permutation.count();
  // How many heads are less is the position, in whatever order they lie. All are looked at, filled
  // or not, since that needs no branch.
  unsigned less = 0, same = 0;
  for (unsigned slot = 0; slot < kLeafSlots; ++slot) {
    const uint64_t here = leaf.heads[slot].load(std::memory_order_relaxed);
    less += (here < head) & (slot < count);
    same += (here == head) & (slot < count);
  }
  *equal = false;
  unsigned begin = less;
  for (unsigned end = less + same; begin < end;) {
    const unsigned middle = (begin + end) / 2;
    const MemtableRecord* const record =
        leaf.records[permutation.slot(middle)].load(std::memory_order_acquire);
    const int sign = record->word().compare(word);
    if (sign == 0) {
      *equal = true;
      return middle;
    }
    if (sign < 0) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

const MemtableRecord* Memtable::Find(std::string_view word, uint64_t hash) const {
  if (empty() || !MayHold(hash)) return nullptr;
  const Node* node = root_.load(std::memory_order_acquire);
  while (!node->is_leaf) {
    const auto* inner = static_cast<const Inner*>(node);
    node = inner->children[ChildFor(*inner, word)].load(std::memory_order_acquire);
    Fetch(node);
  }
  const auto* leaf = static_cast<const Leaf*>(node);
  const uint64_t order = leaf->order.load(std::memory_order_acquire);
  bool equal;
  const unsigned position = LowerBound(*leaf, order, word, &equal);
  if (!equal) return nullptr;
  return leaf->records[Permutation(order).slot(position)].load(std::memory_order_acquire);
}

Memtable::Leaf* Memtable::Descend(std::string_view word, Path* path, const MemtableRecord** low,
                                  const MemtableRecord** high) const {
  path->clear();
  *low = *high = nullptr;
  Node* node = root_.load(std::memory_order_relaxed);
  while (!node->is_leaf) {
    auto* inner = static_cast<Inner*>(node);
    const unsigned child = ChildFor(*inner, word);
    node = inner->children[child].load(std::memory_order_relaxed);
    Fetch(node);
    path->push_back({inner, child, *low, *high});
    if (child > 0) *low = inner->keys[child - 1];
    if (child + 1 < inner->children_count) *high = inner->keys[child];
  }
  return static_cast<Leaf*>(node);
}

const MemtableRecord* Memtable::MakeRecord(const Entry& entry, int live_change) {
  const size_t bytes = offsetof(MemtableRecord, text) + entry.word.size();
  auto* record =
      static_cast<MemtableRecord*>(arena_.Allocate(std::max(bytes, sizeof(MemtableRecord))));
  record->time = entry.version.time;
  record->node = entry.version.node;
  record->flags = entry.tombstone ? kTombstone : 0;
  record->live_change = static_cast<int8_t>(live_change);
  record->length = static_cast<uint16_t>(entry.word.size());
  std::memcpy(record->text, entry.word.data(), entry.word.size());
  return record;
}

void Memtable::Warm(std::span<const Entry> entries, const Memtable* const* memtables) {
  const Node* nodes[kWarmEntries];
  for (size_t i = 0; i < entries.size(); ++i) {
    nodes[i] = memtables[i]->root_.load(std::memory_order_relaxed);
    __builtin_prefetch(&memtables[i]->FilterWord(HashBytes(entries[i].word)), 1);
  }
  for (bool descending = true; descending;) {
    descending = false;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (nodes[i]->is_leaf) continue;
      const auto* inner = static_cast<const Inner*>(nodes[i]);
      nodes[i] = inner->children[ChildFor(*inner, entries[i].word)].load(std::memory_order_relaxed);
      Fetch(nodes[i]);
      descending = true;
    }
  }
}

Memtable::Applied Memtable::Apply(const Entry& entry, const OlderEntry& older) {
  const MemtableRecord *low, *high;
  Leaf* leaf = Descend(entry.word, &path_, &low, &high);
  const Permutation order(leaf->order.load(std::memory_order_relaxed));
  bool equal;
  const unsigned position = LowerBound(*leaf, order.bits(), entry.word, &equal);

  OlderEntry newest = older;
  int live_below = older.known && !older.tombstone;  // live words that the layers below hold of it
  std::atomic<const MemtableRecord*>* slot = nullptr;
  if (equal) {
    slot = &leaf->records[order.slot(position)];
    const MemtableRecord* here = slot->load(std::memory_order_relaxed);
    newest = {true, here->tombstone(), here->version()};
    live_below = !here->tombstone() - here->live_change;
  }
  const bool existed = newest.known && !newest.tombstone;
  if (newest.known &&
      !Supersedes(entry.version, entry.tombstone, newest.version, newest.tombstone)) {
    return {existed, false, newest.version, newest};
  }
  const MemtableRecord* record = MakeRecord(entry, !entry.tombstone - live_below);
  if (slot != nullptr) {
    leaf->live_change.fetch_add(!entry.tombstone - existed, std::memory_order_relaxed);
    leaf->live_changes[order.slot(position)] = record->live_change;
    slot->store(record, std::memory_order_release);
  } else {
    SetFilter(HashBytes(entry.word));
    Insert(leaf, position, record, path_, low, high);
    entries_.store(entries() + 1, std::memory_order_relaxed);
    if (empty()) empty_.store(false, std::memory_order_release);
  }
  bytes_.store(arena_.bytes(), std::memory_order_relaxed);
  return {existed, true, entry.version, newest};
}

void Memtable::Rebase(std::string_view word, const OlderEntry& older) {
  const MemtableRecord *low, *high;
  Leaf* leaf = Descend(word, &path_, &low, &high);
  const Permutation order(leaf->order.load(std::memory_order_relaxed));
  bool equal;
  const unsigned position = LowerBound(*leaf, order.bits(), word, &equal);
  if (!equal) return;
  std::atomic<const MemtableRecord*>* slot = &leaf->records[order.slot(position)];
  const MemtableRecord* here = slot->load(std::memory_order_relaxed);
  Entry newest{here->word(), here->version(), here->tombstone()};
  // Only where the older entry could not be read when this one came.
  if (older.known && Supersedes(older.version, older.tombstone, newest.version, newest.tombstone)) {
    newest.version = older.version;
    newest.tombstone = older.tombstone;
  }
  const int live_change = !newest.tombstone - (older.known && !older.tombstone);
  leaf->live_change.fetch_add(live_change - here->live_change, std::memory_order_relaxed);
  leaf->live_changes[order.slot(position)] = static_cast<int8_t>(live_change);
  slot->store(MakeRecord(newest, live_change), std::memory_order_release);
  bytes_.store(arena_.bytes(), std::memory_order_relaxed);
}

void Memtable::Insert(Leaf* leaf, unsigned position, const MemtableRecord* record, const Path& path,
                      const MemtableRecord* low, const MemtableRecord* high) {
  const Permutation order(leaf->order.load(std::memory_order_relaxed));
  const unsigned count = order.count();
  if (count == kLeafSlots) return Split(leaf, position, record, path, low, high);
  leaf->heads[count].store(HeadOf(record->word(), leaf->skip), std::memory_order_relaxed);
  leaf->live_changes[count] = record->live_change;
  leaf->records[count].store(record, std::memory_order_release);
  leaf->live_change.fetch_add(record->live_change, std::memory_order_relaxed);
  leaf->order.store(order.Insert(position).bits(), std::memory_order_release);
}

void Memtable::Split(Leaf* leaf, unsigned position, const MemtableRecord* record, const Path& path,
                     const MemtableRecord* low, const MemtableRecord* high) {
  ReuseRetired();
  const Permutation order(leaf->order.load(std::memory_order_relaxed));
  LeafItems items;
  items.skip = leaf->skip;
  for (unsigned i = 0, from = 0; i <= kLeafSlots; ++i) {
    if (i == position) {
      items.records[i] = record;
      items.heads[i] = HeadOf(record->word(), leaf->skip);
      items.live_changes[i] = record->live_change;
      continue;
    }
    const unsigned slot = order.slot(from++);
    items.records[i] = leaf->records[slot].load(std::memory_order_relaxed);
    items.heads[i] = leaf->heads[slot].load(std::memory_order_relaxed);
    items.live_changes[i] = leaf->live_changes[slot];
  }
  // Words that come in order fill their leaves; others leave half of each for more.
  const unsigned left_count = position == kLeafSlots ? kLeafSlots : (kLeafSlots + 1) / 2;
  const MemtableRecord* key = items.records[left_count];
  Leaf* left = NewLeaf(items, 0, left_count, low, key);
  Leaf* right = NewLeaf(items, left_count, kLeafSlots + 1, key, high);
  Replace(path, left, key, right);
  RetireNode(leaf);
}

Memtable::Leaf* Memtable::NewLeaf(const LeafItems& items, unsigned begin, unsigned end,
                                  const MemtableRecord* low, const MemtableRecord* high) {
  Leaf* leaf = Allocate<Leaf>(&free_leaves_);
  leaf->is_leaf = true;
  leaf->skip = SkipFor(items.skip, low, high);
  int32_t change = 0;
  for (unsigned i = begin, slot = 0; i < end; ++i, ++slot) {
    leaf->heads[slot].store(
        leaf->skip == items.skip ? items.heads[i] : HeadOf(items.records[i]->word(), leaf->skip),
        std::memory_order_relaxed);
    leaf->records[slot].store(items.records[i], std::memory_order_relaxed);
    leaf->live_changes[slot] = items.live_changes[i];
    change += items.live_changes[i];
  }
  leaf->live_change.store(change, std::memory_order_relaxed);
  leaf->order.store(Permutation::Sorted(end - begin).bits(), std::memory_order_release);
  return leaf;
}

Memtable::Inner* Memtable::NewInner(const InnerItems& items, unsigned begin, unsigned end,
                                    const MemtableRecord* low, const MemtableRecord* high) {
  Inner* inner = Allocate<Inner>(&free_inners_);
  inner->is_leaf = false;
  inner->skip = SkipFor(items.skip, low, high);
  inner->children_count = end - begin;
  for (unsigned i = begin, at = 0; i < end; ++i, ++at) {
    inner->children[at].store(items.children[i], std::memory_order_relaxed);
    if (i + 1 == end) break;
    inner->keys[at] = items.keys[i];
    inner->heads[at] =
        inner->skip == items.skip ? items.heads[i] : HeadOf(items.keys[i]->word(), inner->skip);
  }
  std::fill(inner->heads + (end - begin - 1), std::end(inner->heads), ~uint64_t{0});
  return inner;
}

// Puts two nodes and the key between them in the place of the child that the path ends in. Nodes
// that are full split in turn; one store publishes it all.
void Memtable::Replace(const Path& path, Node* left, const MemtableRecord* key, Node* right) {
  InnerItems items;
  for (size_t level = path.size(); level-- > 0;) {
    const Step& step = path[level];
    Inner* old = step.node;
    items.skip = old->skip;
    unsigned count = 0;
    for (unsigned i = 0; i < old->children_count; ++i) {
      if (i == step.child) {
        items.keys[count] = key;
        items.heads[count] = HeadOf(key->word(), old->skip);
        items.children[count++] = left;
        items.children[count++] = right;
      } else {
        items.children[count++] = old->children[i].load(std::memory_order_relaxed);
      }
      if (i + 1 == old->children_count) break;
      items.keys[count - 1] = old->keys[i];
      items.heads[count - 1] = old->heads[i];
    }
    RetireNode(old);
    if (count <= kFanout) {
      Node* inner = NewInner(items, 0, count, step.low, step.high);
      std::atomic<Node*>* place =
          level == 0 ? &root_ : &path[level - 1].node->children[path[level - 1].child];
      place->store(inner, std::memory_order_release);
      return;
    }
    const unsigned left_count = step.child + 1 == old->children_count ? kFanout - 1 : kFanout / 2;
    const MemtableRecord* middle = items.keys[left_count - 1];
    left = NewInner(items, 0, left_count, step.low, middle);
    right = NewInner(items, left_count, count, middle, step.high);
    key = middle;
  }
  items.skip = 0;
  items.children[0] = left;
  items.children[1] = right;
  items.keys[0] = key;
  items.heads[0] = HeadOf(key->word(), 0);
  root_.store(NewInner(items, 0, 2, nullptr, nullptr), std::memory_order_release);
}

template <typename T>
T* Memtable::Allocate(std::vector<T*>* reusable) {
  if (reusable->empty()) return new (arena_.Allocate(sizeof(T))) T;
  T* node = reusable->back();
  reusable->pop_back();
  return node;
}

// The node may still be linked: it gets its mark in the next ReuseRetired.
void Memtable::RetireNode(Node* node) { retired_.push_back({0, node}); }

// Called between two changes of the tree, when what was retired is surely unlinked: gives it its
// mark, and frees what no reader can see any more.
void Memtable::ReuseRetired() {
  // Looking at the readers' slots is worth it for a few dozen nodes at a time.
  constexpr size_t kWorthwhile = 32;
  if (retired_.size() < kWorthwhile) return;
  const uint64_t oldest = epoch_->Oldest();
  while (!retired_.empty() && retired_.front().mark != 0 && retired_.front().mark < oldest) {
    Node* node = retired_.front().node;
    retired_.pop_front();
    if (node->is_leaf) {
      free_leaves_.push_back(static_cast<Leaf*>(node));
    } else {
      free_inners_.push_back(static_cast<Inner*>(node));
    }
  }
  if (retired_.empty() || retired_.back().mark != 0) return;
  const uint64_t mark = epoch_->Mark();
  for (auto it = retired_.rbegin(); it != retired_.rend() && it->mark == 0; ++it) it->mark = mark;
}

bool Memtable::HasAny(std::string_view begin, std::string_view end) const {
  MemtableCursor cursor(this);
  cursor.Seek(begin);
  return cursor.valid() && (end.empty() || cursor.word() < end);
}

int64_t Memtable::LiveChange(std::string_view begin, std::string_view end) const {
  int64_t change = 0;
  if (empty()) return change;
  MemtableCursor cursor(this);
  for (cursor.Seek(begin); cursor.valid(); cursor.Next()) {
    // A whole leaf at a time, where its last word is inside.
    const Permutation order(cursor.order_);
    const auto last = static_cast<int>(order.count()) - 1;
    if (cursor.position_ == 0 && last >= 0) {
      const MemtableRecord* greatest =
          cursor.leaf_->records[order.slot(static_cast<unsigned>(last))].load(
              std::memory_order_acquire);
      if (end.empty() || greatest->word() < end) {
        change += cursor.leaf_->live_change.load(std::memory_order_relaxed);
        cursor.position_ = last;
        continue;
      }
    }
    if (!end.empty() && cursor.word() >= end) break;
    change += cursor.record().live_change;
  }
  return change;
}

}  // namespace trifecta::storage
