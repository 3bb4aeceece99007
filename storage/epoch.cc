#include "storage/epoch.h"

#include <algorithm>
#include <vector>

namespace trifecta::storage {
namespace {

// Each thread begins its search for a slot where it found one the last time.
size_t& SlotHint() {
  static std::atomic<size_t> next{0};
  thread_local size_t hint = next.fetch_add(1, std::memory_order_relaxed);
  return hint;
}

}  // namespace

// A value of the counter read too early is only too careful: it holds back more than it must.
Epoch::Guard::Guard(Epoch* epoch) {
  size_t& hint = SlotHint();
  for (;; ++hint) {
    slot_ = &epoch->slots_[hint % kSlots].entered;
    uint64_t empty = 0;
    if (slot_->compare_exchange_strong(empty, epoch->current_.load())) return;
  }
}

Epoch::~Epoch() {
  for (const Retired& retired : retired_) retired.free();
}

uint64_t Epoch::Oldest() const {
  uint64_t oldest = current_.load();
  for (const Slot& slot : slots_) {
    const uint64_t entered = slot.entered.load();
    if (entered != 0) oldest = std::min(oldest, entered);
  }
  return oldest;
}

void Epoch::Retire(std::function<void()> free) {
  {
    std::lock_guard lock(mutex_);
    retired_.push_back({Mark(), std::move(free)});
  }
  Reclaim();
}

void Epoch::Reclaim() {
  std::vector<Retired> ready;
  {
    std::lock_guard lock(mutex_);
    const uint64_t oldest = Oldest();
    while (!retired_.empty() && retired_.front().mark < oldest) {
      ready.push_back(std::move(retired_.front()));
      retired_.pop_front();
    }
  }
  for (const Retired& retired : ready) retired.free();
}

}  // namespace trifecta::storage
