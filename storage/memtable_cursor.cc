// Walks a memtable in order (storage/memtable.h).
#include "storage/memtable.h"
#include "storage/memtable_permutation.h"

namespace trifecta::storage {

void MemtableCursor::EnterLeaf(const Memtable::Node* node) {
  leaf_ = static_cast<const Memtable::Leaf*>(node);
  order_ = leaf_->order.load(std::memory_order_acquire);
}

void MemtableCursor::BeginSeek() {
  depth_ = 0;
  node_ = memtable_->root_.load(std::memory_order_acquire);
}

bool MemtableCursor::StepSeek(std::string_view key) {
  if (node_->is_leaf) return false;
  const auto* inner = static_cast<const Memtable::Inner*>(node_);
  const unsigned child = Memtable::ChildFor(*inner, key);
  levels_[depth_++] = {inner, child};
  node_ = inner->children[child].load(std::memory_order_acquire);
  Memtable::Fetch(node_);
  return true;
}

void MemtableCursor::DescendTo(std::string_view key) {
  BeginSeek();
  while (StepSeek(key)) {
  }
  EnterLeaf(node_);
}

void MemtableCursor::DescendToEdge(const Memtable::Node* node, bool last) {
  while (!node->is_leaf) {
    const auto* inner = static_cast<const Memtable::Inner*>(node);
    const unsigned child = last ? inner->children_count - 1 : 0;
    levels_[depth_++] = {inner, child};
    node = inner->children[child].load(std::memory_order_acquire);
  }
  EnterLeaf(node);
}

void MemtableCursor::Load(int position) {
  position_ = position;
  const Memtable::Permutation order(order_);
  const bool inside = position >= 0 && position < static_cast<int>(order.count());
  record_ = inside ? leaf_->records[order.slot(static_cast<unsigned>(position))].load(
                         std::memory_order_acquire)
                   : nullptr;
  // It is looked at when other layers have found theirs; the one behind it mostly after that.
  __builtin_prefetch(record_);
  if (position + 1 < static_cast<int>(order.count())) {
    __builtin_prefetch(leaf_->records[order.slot(static_cast<unsigned>(position + 1))].load(
        std::memory_order_relaxed));
  }
}

bool MemtableCursor::NextLeaf() {
  while (depth_ > 0) {
    Level& level = levels_[depth_ - 1];
    if (level.child + 1 < level.node->children_count) {
      ++level.child;
      DescendToEdge(level.node->children[level.child].load(std::memory_order_acquire), false);
      return true;
    }
    --depth_;
  }
  return false;
}

bool MemtableCursor::PreviousLeaf() {
  while (depth_ > 0) {
    Level& level = levels_[depth_ - 1];
    if (level.child > 0) {
      --level.child;
      DescendToEdge(level.node->children[level.child].load(std::memory_order_acquire), true);
      return true;
    }
    --depth_;
  }
  return false;
}

void MemtableCursor::FinishSeek(std::string_view key) {
  EnterLeaf(node_);
  bool equal;
  Load(static_cast<int>(Memtable::LowerBound(*leaf_, order_, key, &equal)));
  if (!valid() && NextLeaf()) Load(0);
}

void MemtableCursor::SeekBefore(std::string_view key) {
  DescendTo(key);
  bool equal;
  Load(static_cast<int>(Memtable::LowerBound(*leaf_, order_, key, &equal)) - 1);
  if (!valid() && PreviousLeaf()) {
    Load(static_cast<int>(Memtable::Permutation(order_).count()) - 1);
  }
}

void MemtableCursor::SeekToLast() {
  depth_ = 0;
  DescendToEdge(memtable_->root_.load(std::memory_order_acquire), true);
  Load(static_cast<int>(Memtable::Permutation(order_).count()) - 1);
}

void MemtableCursor::Next() {
  Load(position_ + 1);
  if (!valid() && NextLeaf()) Load(0);
}

void MemtableCursor::Previous() {
  Load(position_ - 1);
  if (!valid() && PreviousLeaf()) {
    Load(static_cast<int>(Memtable::Permutation(order_).count()) - 1);
  }
}

}  // namespace trifecta::storage
