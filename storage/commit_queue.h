// Group commit: writers that wait at the same time share one log frame and one sync.
//
// The first writer to come leads: it writes everything that waits as one frame, and while it
// applies that, the next leader is already writing its own. No thread is handed work that it could
// do itself, so a lone writer pays for its sync and nothing else (a logger thread costs two context
// switches, some 20 us of the 100 of a sync).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "storage/base/entry.h"
#include "storage/base/status.h"

namespace trifecta::storage {

// One Write call that waits. Lives on its caller's stack.
struct PendingWrite {
  std::span<const Entry> entries;
  size_t bytes = 0;         // of their words
  void* context = nullptr;  // the caller's
  Status status;
  enum State : int { kWaiting, kLeads, kDone };
  std::atomic<int> state{kWaiting};
};

class CommitQueue {
 public:
  // Makes a group durable, in order; its writes succeed or fail together.
  using Commit = std::function<Status(std::span<PendingWrite* const> group)>;
  // Makes a durable group visible. Groups come here one at a time, in the order of their commits.
  using Apply = std::function<void(std::span<PendingWrite* const> group)>;

  CommitQueue(Commit commit, Apply apply) : commit_(std::move(commit)), apply_(std::move(apply)) {}

  // Returns when the write is durable and applied, or has failed. Any thread.
  Status Run(PendingWrite* write);

  // Held while a group is applied: whoever takes it sees whole groups only.
  std::mutex& apply_mutex() { return apply_mutex_; }

 private:
  void Lead();

  const Commit commit_;
  const Apply apply_;
  std::mutex queue_mutex_;
  std::deque<PendingWrite*> queue_;
  bool leading_ = false;  // under queue_mutex_: some writer leads
  std::mutex apply_mutex_;
};

}  // namespace trifecta::storage
