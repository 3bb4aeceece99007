#include "storage/base_reverse_cursor.h"

#include <cstring>

namespace trifecta::storage {

bool BaseReverseCursor::Fail(std::string_view what) {
  valid_ = false;
  status_ = file_->Damaged(file_->header_.sections[kEntries].offset + leaf_, what);
  return false;
}

std::string_view BaseReverseCursor::word() const {
  const Item& item = items_[current_];
  return std::string_view(bytes_).substr(item.begin, item.end - item.begin);
}

// Takes the child `label` of the node at `base`, whose path has `depth` bytes, and goes down to the
// last leaf below it.
bool BaseReverseCursor::Enter(uint32_t base, uint32_t depth, int label) {
  for (;;) {
    if (label == DoubleArray::kNone) return Fail("a node without children");
    steps_.push_back({base, depth, static_cast<uint8_t>(label)});
    const TrieValue value = file_->array_.Child(base, static_cast<uint8_t>(label));
    if (value.is_leaf()) {
      leaf_ = value.payload();
      leaf_depth_ = depth;
      return true;
    }
    if (depth >= kWordBytesMax) return Fail("a path is longer than any word");
    path_[depth++] = static_cast<char>(label);
    if (!FollowChain(value, &depth, &base)) return false;
    label = file_->array_.LastChild(base);
  }
}

// The node that a value which is no leaf leads to; appends its chain to the path.
bool BaseReverseCursor::FollowChain(TrieValue value, uint32_t* depth, uint32_t* base) {
  *base = value.payload();
  if (value.is_chain()) {
    BaseFile::Chain chain;
    if (!file_->ReadChain(value, &chain) || *depth + chain.bytes.size() > kWordBytesMax) {
      return Fail("a chain breaks its bounds");
    }
    std::memcpy(path_.data() + *depth, chain.bytes.data(), chain.bytes.size());
    *depth += static_cast<uint32_t>(chain.bytes.size());
    *base = chain.base;
  }
  return file_->GoodBase(*base) || Fail("a base is beyond the array");
}

// To the last leaf before the one that the steps lead to; false at the first of all.
bool BaseReverseCursor::StepBack() {
  while (!steps_.empty()) {
    const Step step = steps_.back();
    steps_.pop_back();
    const int below = file_->array_.ChildBelow(step.base, step.label);
    if (below != DoubleArray::kNone) return Enter(step.base, step.depth, below);
  }
  return false;
}

// To the last leaf that may hold a word below `key`.
bool BaseReverseCursor::Descend(std::string_view key) {
  steps_.clear();
  TrieValue value(file_->header_.root);
  for (uint32_t depth = 0;;) {
    if (value.is_leaf()) {
      leaf_ = value.payload();
      leaf_depth_ = depth;
      return true;
    }
    const uint32_t before = depth;
    uint32_t base;
    if (!FollowChain(value, &depth, &base)) return false;
    const std::string_view chain(path_.data() + before, depth - before);
    const int order = key.substr(std::min<size_t>(before, key.size()), chain.size()).compare(chain);
    if (order < 0) return StepBack();
    if (order > 0) return Enter(base, depth, file_->array_.LastChild(base));
    const uint8_t label = depth < key.size() ? static_cast<uint8_t>(key[depth]) : 0;
    if (!file_->array_.HasChild(base, label)) {
      const int below = file_->array_.ChildBelow(base, label);
      return below == DoubleArray::kNone ? StepBack() : Enter(base, depth, below);
    }
    steps_.push_back({base, depth, label});
    value = file_->array_.Child(base, label);
    if (value.is_leaf()) {
      leaf_ = value.payload();
      leaf_depth_ = depth;
      return true;
    }
    if (depth >= kWordBytesMax) return Fail("a path is longer than any word");
    path_[depth++] = static_cast<char>(label);
  }
}

bool BaseReverseCursor::LoadBucket() {
  items_.clear();
  bytes_.clear();
  std::memcpy(reader_.word_, path_.data(), leaf_depth_);
  if (!reader_.EnterBucket(leaf_, leaf_depth_)) {
    status_ = reader_.status();
    return false;
  }
  while (reader_.bucket_.index < reader_.bucket_.count) {
    if (!reader_.DecodeNext()) {
      status_ = reader_.status();
      return false;
    }
    const auto begin = static_cast<uint32_t>(bytes_.size());
    bytes_.append(reader_.word());
    items_.push_back(
        {begin, static_cast<uint32_t>(bytes_.size()), reader_.tombstone(), reader_.version()});
  }
  return true;
}

// Loads the leaf's bucket, and those before it while none of their words is below `key`.
void BaseReverseCursor::Settle(std::string_view key, bool bounded) {
  for (;;) {
    if (!LoadBucket()) return;
    for (current_ = items_.size(); current_-- > 0;) {
      if (!bounded || word() < key) {
        valid_ = true;
        return;
      }
    }
    if (!StepBack()) return;
  }
}

void BaseReverseCursor::SeekBefore(std::string_view key) {
  valid_ = false;
  status_ = file_->UseIndex();
  if (status_.ok() && Descend(key)) Settle(key, true);
}

void BaseReverseCursor::SeekToLast() {
  valid_ = false;
  steps_.clear();
  status_ = file_->UseIndex();
  if (!status_.ok()) return;
  const TrieValue root(file_->header_.root);
  uint32_t depth = 0, base;
  leaf_ = root.payload();
  leaf_depth_ = 0;
  if (!root.is_leaf() &&
      (!FollowChain(root, &depth, &base) || !Enter(base, depth, file_->array_.LastChild(base)))) {
    return;
  }
  Settle({}, false);
}

void BaseReverseCursor::Next() {
  if (current_ > 0) {
    --current_;
    return;
  }
  valid_ = false;
  if (StepBack()) Settle({}, false);
}

}  // namespace trifecta::storage
