// The way from the root of a base file's trie to the place of a word, a node at a time.
//
// A step ends by asking for the bytes that the next one reads, so that several that are taken in
// turn wait for memory together rather than one after the other. 16 at a time, a lookup in 3
// million words takes 180 ns rather than 400, in 676,000 (a file that fits the caches) 200 rather
// than 260.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/base_file.h"
#include "storage/double_array.h"

namespace trifecta::storage {

// One thread; the file and the word must outlive it.
class BaseProbe {
 public:
  enum class State : uint8_t {
    kDescends,
    kAtBucket,  // the word is in bucket(), or nowhere
    kBefore,    // it is nowhere, and comes before all of the subtrie at value()
    kAfter,     // it is nowhere, and comes after all of that
    kDamaged,
  };

  // Nowhere, of no file.
  BaseProbe() = default;
  // The file's index must be in use, the word at most kWordBytesMax long.
  BaseProbe(const BaseFile* file, std::string_view word)
      : file_(file), word_(word), value_(file->header_.root) {
    Arrive();
  }

  State state() const { return state_; }
  const BaseFile* file() const { return file_; }
  std::string_view word() const { return word_; }
  // How many bytes of the word lead to where the probe is.
  uint32_t depth() const { return depth_; }
  uint32_t bucket() const { return value_.payload(); }
  TrieValue value() const { return value_; }
  // Of kAfter: the label behind those bytes that leads on to value(); kNone when it is there
  // already.
  int label() const { return label_; }
  // Damaged: what is wrong.
  const char* fault() const { return fault_; }

  // One node further; only while it descends.
  void Step();
  // To its end.
  void Descend() {
    while (state_ == State::kDescends) Step();
  }

 private:
  void Arrive();
  void FollowChain();
  void Fail(const char* what) {
    state_ = State::kDamaged;
    fault_ = what;
  }
  uint8_t Label() const { return depth_ < word_.size() ? static_cast<uint8_t>(word_[depth_]) : 0; }

  const BaseFile* file_ = nullptr;
  std::string_view word_;
  TrieValue value_;
  uint32_t depth_ = 0;
  int label_ = DoubleArray::kNone;
  State state_ = State::kBefore;
  const char* fault_ = nullptr;
};

// Sees what value_ is, and has the memory behind it fetched. A prefetch of an address that is not
// mapped does nothing, so what it is made of need not be checked yet.
inline void BaseProbe::Arrive() {
  constexpr unsigned kCacheLine = 64;
  state_ = State::kDescends;
  if (value_.is_leaf()) {
    state_ = State::kAtBucket;
    const uint8_t* const bucket = file_->Section(kEntries) + value_.payload();
    __builtin_prefetch(bucket);
    __builtin_prefetch(bucket + kCacheLine);
  } else if (value_.is_chain()) {
    __builtin_prefetch(file_->Section(kChains) + value_.payload());
  } else {
    const uint32_t unit = value_.payload() ^ Label();
    __builtin_prefetch(file_->Section(kLabels) + unit);
    __builtin_prefetch(file_->Section(kValues) + uint64_t{unit} * sizeof(uint32_t));
  }
}

inline void BaseProbe::FollowChain() {
  BaseFile::Chain chain;
  if (!file_->ReadChain(value_, &chain)) return Fail("a chain breaks its bounds");
  const int order = word_.substr(depth_, chain.bytes.size()).compare(chain.bytes);
  if (order != 0) {
    state_ = order < 0 ? State::kBefore : State::kAfter;
    return;
  }
  depth_ += static_cast<uint32_t>(chain.bytes.size());
  value_ = TrieValue::Node(chain.base);
  Arrive();
}

inline void BaseProbe::Step() {
  const DoubleArray& array = file_->array_;
  if (value_.is_chain()) return FollowChain();
  const uint32_t base = value_.payload();
  if (!file_->GoodBase(base)) return Fail("a base is beyond the array");
  const uint8_t label = Label();
  if (array.HasChild(base, label)) {
    value_ = array.Child(base, label);
    if (!value_.is_leaf()) {
      if (label == 0) return Fail("a word's end has children");
      ++depth_;
    }
    return Arrive();
  }
  const int below = array.ChildBelow(base, label);
  if (below == DoubleArray::kNone) {
    state_ = State::kBefore;
    return;
  }
  value_ = array.Child(base, static_cast<uint8_t>(below));
  if (value_.is_leaf()) return Arrive();
  // No light subtree goes on after a heavy one.
  label_ = below;
  state_ = State::kAfter;
}

}  // namespace trifecta::storage
