#include "storage/commit_queue.h"

#include "storage/base/limits.h"

namespace trifecta::storage {
namespace {

// Words of one frame: some 20 ms of sync and apply, for which later writers wait.
constexpr size_t kGroupEntriesMax = 4 * kWriteEntriesMax;
// Bytes of their words, so that a frame stays far below kLogFrameBytesMax.
constexpr size_t kGroupBytesMax = 64u << 20;

}  // namespace

Status CommitQueue::Run(PendingWrite* write) {
  bool leads = false;
  {
    std::lock_guard lock(queue_mutex_);
    queue_.push_back(write);
    if (!leading_) leading_ = leads = true;
  }
  if (!leads) {
    write->state.wait(PendingWrite::kWaiting);
    leads = write->state.load() == PendingWrite::kLeads;
  }
  if (leads) Lead();
  return write->status;
}

// The caller's write is the first of the queue.
void CommitQueue::Lead() {
  std::vector<PendingWrite*> group;
  {
    std::lock_guard lock(queue_mutex_);
    size_t entries = 0, bytes = 0;
    while (!queue_.empty()) {
      PendingWrite* next = queue_.front();
      entries += next->entries.size();
      bytes += next->bytes;
      if (!group.empty() && (entries > kGroupEntriesMax || bytes > kGroupBytesMax)) break;
      group.push_back(next);
      queue_.pop_front();
    }
  }
  const Status status = commit_(group);
  // Taken before the next leader may begin, so groups are applied in the order of the log.
  std::unique_lock apply_lock(apply_mutex_);
  {
    std::lock_guard lock(queue_mutex_);
    leading_ = !queue_.empty();
    if (leading_) {
      PendingWrite* next = queue_.front();
      next->state.store(PendingWrite::kLeads);
      next->state.notify_one();
    }
  }
  if (status.ok()) apply_(group);
  apply_lock.unlock();
  for (PendingWrite* write : group) {
    if (write == group.front()) continue;  // ourselves
    write->status = status;
    // The write may be gone as soon as its state is stored: notify needs its address alone.
    std::atomic<int>* state = &write->state;
    state->store(PendingWrite::kDone);
    state->notify_one();
  }
  group.front()->status = status;
}

}  // namespace trifecta::storage
