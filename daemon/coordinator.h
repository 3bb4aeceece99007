// One client request against the replicas of its words. The API speaks to the coordinator alone:
// how many replicas there are, which of them answered and whose entry is newest is decided here.
//
// This cluster has one node, so each word has one replica, the local store, which is a majority of
// one and all of one: every consistency is met when the store has answered.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/hybrid_clock.h"
#include "storage/base/status.h"
#include "storage/store.h"

namespace trifecta::daemon {

// How many of a word's replicas must have answered before the client is.
enum class Consistency { kOne, kQuorum, kAll };

struct CallOptions {
  Consistency consistency = Consistency::kQuorum;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

enum class Operation { kAdd, kDelete };

// A search's answer. `missing` are the roots of the shards that could not be read; it stays empty
// unless the search was asked to go on without them.
struct SearchAnswer {
  storage::Page page;
  std::vector<std::string> missing;
};

// Any thread may call any method.
class Coordinator {
 public:
  // `node` is the short number in this node's versions. Store and clock outlive the coordinator.
  Coordinator(storage::Store* store, HybridClock* clock, uint16_t node, unsigned k_factor);

  // Adds or deletes the words, at most kWriteEntriesMax, valid ones, under one new version. Gives
  // how many of them were live before; a word given twice counts as the first time made it. Ok
  // means durable on as many replicas as the consistency asks. kDiskFull, kDataDamaged, kTimeout:
  // nothing was stored. kUnavailable, kIoError: a part may be stored, and may show itself later.
  Result<uint64_t> Write(Operation operation, std::span<const std::string_view> words,
                         const CallOptions& options);

  // Whether the word is live.
  Result<bool> Contains(std::string_view word, const CallOptions& options) const;

  // Live words in order. With `partial`, shards that cannot be read are left out and named.
  // A thread may reuse `answer`: its buffers stay.
  Status Search(const storage::SearchOptions& search, bool partial, const CallOptions& options,
                SearchAnswer* answer) const;

  // Live words that begin with `prefix`, exactly.
  Result<uint64_t> Count(std::string_view prefix, const CallOptions& options) const;

  // The roots of the shards this node holds that have live words, in order.
  Result<std::vector<std::string>> LocalShardRoots() const;

  // Of the local store.
  storage::StoreStats LocalStats() const { return store_->Stats(); }

 private:
  // What a write works in, kept by its thread from one to the next.
  struct WriteBuffers {
    std::vector<Entry> entries;
    std::vector<storage::WriteOutcome> outcomes;
  };

  // Gives the entries one new version and stores them.
  Status StampAndWrite(WriteBuffers* buffers);
  // Gives how many words were live before, and leaves in buffers->entries those that must be
  // stamped again: they lost to a version that this clock never gave, so perhaps to one from before
  // the request. (One that it gave since belongs to a write under way at the same time.) The clock
  // is past them then, so that once more is enough.
  uint64_t TakeOutcomes(WriteBuffers* buffers);
  // Reads what can be read, a shard at a time, and names the rest.
  void SearchByShard(const storage::SearchOptions& search, SearchAnswer* answer) const;

  storage::Store* const store_;
  HybridClock* const clock_;
  const uint16_t node_;
  const unsigned k_factor_;
};

}  // namespace trifecta::daemon
