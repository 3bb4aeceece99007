#include "storage/base_salvage.h"

#include <cstring>
#include <utility>

namespace trifecta::storage {

BaseSalvage::BaseSalvage(const BaseFile* file, Take take, Gap gap)
    : file_(file), take_(std::move(take)), gap_(std::move(gap)), cursor_(file) {}

void BaseSalvage::Run() {
  if (!file_->UseIndex().ok()) return gap_();
  Walk(TrieValue(file_->header_.root), 0);
}

// The subtrie at `value`, to which the first `depth` bytes of path_ lead. As deep as a word is long
// at most.
void BaseSalvage::Walk(TrieValue value, uint32_t depth) {
  if (value.is_leaf()) return ReadBucket(value.payload(), depth);
  path_.resize(depth);
  uint32_t base = value.payload();
  if (value.is_chain()) {
    BaseFile::Chain chain;
    if (!file_->ReadChain(value, &chain)) return gap_();
    path_ += chain.bytes;
    base = chain.base;
  }
  if (!file_->GoodBase(base) || path_.size() > kWordBytesMax) return gap_();
  depth = static_cast<uint32_t>(path_.size());
  const DoubleArray& array = file_->array_;
  for (int label = array.FirstChild(base); label != DoubleArray::kNone;
       label = array.ChildAbove(base, static_cast<uint8_t>(label))) {
    const TrieValue child = array.Child(base, static_cast<uint8_t>(label));
    if (child.is_leaf()) {
      ReadBucket(child.payload(), depth);
      continue;
    }
    path_.resize(depth);
    path_.push_back(static_cast<char>(label));
    Walk(child, depth + 1);
  }
}

void BaseSalvage::ReadBucket(uint32_t offset, uint32_t depth) {
  std::memcpy(cursor_.word_, path_.data(), depth);
  if (!cursor_.EnterBucket(offset, depth)) return gap_();
  while (cursor_.bucket_.index < cursor_.bucket_.count) {
    if (!cursor_.DecodeNext()) return gap_();
    take_(cursor_);
  }
}

}  // namespace trifecta::storage
