// Memory that is given out in small pieces and given back as a whole, straight to the system: after
// a checkpoint the process is as small as before it. One thread allocates; the pieces may be read
// by others until the arena ends.
#pragma once

#include <cstddef>
#include <vector>

namespace trifecta::storage {

class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `bytes` bytes, aligned to 8, zeroed. Ends the process when the system has no memory left, as
  // operator new does.
  void* Allocate(size_t bytes) {
    bytes = (bytes + 7) / 8 * 8;
    if (bytes > left_) [[unlikely]]
      AddBlock(bytes);
    void* piece = next_;
    next_ += bytes;
    left_ -= bytes;
    return piece;
  }

  // Taken from the system.
  size_t bytes() const { return bytes_; }

 private:
  // The first block is small, since most nodes of tests and idle stores hold little. Later ones are
  // an eighth of what there is, so that little is left unused, up to a size that keeps the number
  // of mappings low (150 for 128 MiB).
  static constexpr size_t kBlockBytesMin = 64 * 1024;
  static constexpr size_t kBlockBytesMax = 1024 * 1024;

  struct Block {
    void* start;
    size_t bytes;
  };

  void AddBlock(size_t at_least);

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t bytes_ = 0;
};

}  // namespace trifecta::storage
