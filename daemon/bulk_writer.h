// Batches of words on their way to the coordinator, one being stored while the next is filled.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/coordinator.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

// Words in one buffer that is used again.
class BulkBatch {
 public:
  // Large enough that a sync is shared by thousands of words, small enough that other writers do
  // not wait for it, and that three of them a request are little memory.
  static constexpr size_t kWordsMax = 10'000;
  static constexpr size_t kBytesMax = 1 << 20;

  void Add(std::string_view word) {
    bytes_.append(word);
    ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  }
  bool empty() const { return ends_.empty(); }
  size_t size() const { return ends_.size(); }
  bool full() const { return ends_.size() >= kWordsMax || bytes_.size() >= kBytesMax; }
  void Clear() {
    bytes_.clear();
    ends_.clear();
  }
  // The words, as long as the batch is not changed.
  void AppendWords(std::vector<std::string_view>* to) const;

  uint64_t last_line = 0;  // storing this batch settles every line of the request up to this one

 private:
  std::string bytes_;
  std::vector<uint32_t> ends_;
};

// Stores batches in the order in which they come, on a thread of its own from the second on, so
// that a request of one batch starts none. The first failure is the last thing that happens: later
// batches are dropped. One thread fills and calls; the destructor waits for the batch under way.
class BulkWriter {
 public:
  // What has been stored.
  struct Totals {
    uint64_t words = 0;
    uint64_t existed = 0;  // of them live before
    uint64_t through_line = 0;
  };

  // Each batch is a write of its own, which has `batch_time`.
  BulkWriter(Coordinator* coordinator, Operation operation, Consistency consistency,
             std::chrono::milliseconds batch_time);
  ~BulkWriter();
  BulkWriter(const BulkWriter&) = delete;
  BulkWriter& operator=(const BulkWriter&) = delete;

  // Takes the full batch and leaves an empty one. Waits while another one waits for its turn. A
  // failure is that of an earlier batch, or of this one.
  Status Submit(BulkBatch* batch);
  // Stores the last batch, which may be empty, and waits until everything is stored.
  Status Finish(BulkBatch* batch);
  // Drops the batch that waits, and waits for the one that is being stored.
  void Stop();
  // What was stored so far; final after Finish(), Stop() or a failure.
  Totals totals() const;

 private:
  void Run();
  // Stores `batch` and accounts for it. Without the lock.
  void Store(const BulkBatch& batch);
  Result<uint64_t> Write(const BulkBatch& batch);

  Coordinator* const coordinator_;
  const Operation operation_;
  const Consistency consistency_;
  const std::chrono::milliseconds batch_time_;
  std::vector<std::string_view> words_;  // of the thread that stores
  std::thread thread_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<BulkBatch> waiting_;
  BulkBatch spare_;
  bool storing_ = false;
  bool stop_ = false;
  Totals totals_;
  Status failure_;
};

}  // namespace trifecta::daemon
