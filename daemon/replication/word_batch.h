// The words of one write, each once, in memory of the batch's own: the operation outlives the
// request that brought them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trifecta::replication {

class WordBatch {
 public:
  explicit WordBatch(std::span<const std::string_view> words);

  size_t size() const { return ends_.size(); }
  // How many of the words given were there before.
  size_t repeated() const { return repeated_; }
  // In the order in which they were given first; valid as long as the batch.
  std::string_view word(uint32_t i) const {
    const uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<uint32_t> ends_;
  size_t repeated_ = 0;
};

}  // namespace trifecta::replication
