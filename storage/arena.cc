#include "storage/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace trifecta::storage {

Arena::~Arena() {
  for (const Block& block : blocks_) munmap(block.start, block.bytes);
}

void Arena::AddBlock(size_t at_least) {
  const size_t share = bytes_ / 8 / kBlockBytesMin * kBlockBytesMin;
  const size_t bytes = std::max(at_least, std::clamp(share, kBlockBytesMin, kBlockBytesMax));
  void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  blocks_.push_back({start, bytes});
  bytes_ += bytes;
  next_ = static_cast<char*>(start);
  left_ = bytes;
}

}  // namespace trifecta::storage
