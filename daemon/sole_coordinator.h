// The coordinator of a node that owns every word alone: each word has one replica, the local store,
// which is a majority of one and all of one, so every consistency is met when the store has
// answered.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/coordinator.h"
#include "daemon/hybrid_clock.h"

namespace trifecta::daemon {

class SoleCoordinator : public Coordinator {
 public:
  // `node` is the short number in this node's versions. Store and clock outlive the coordinator.
  SoleCoordinator(storage::Store* store, HybridClock* clock, uint16_t node, unsigned k_factor);

  Result<uint64_t> Write(Operation operation, std::span<const std::string_view> words,
                         const CallOptions& options) override;
  Result<bool> Contains(std::string_view word, const CallOptions& options) override;
  Status Search(const storage::SearchOptions& search, bool partial, const CallOptions& options,
                SearchAnswer* answer) override;
  Result<uint64_t> Count(std::string_view prefix, const CallOptions& options) override;
  // Of this node, whichever is named.
  Result<std::vector<std::string>> ShardRootsOf(net::NodeNumber node,
                                                const CallOptions& options) override;
  storage::StoreStats LocalStats() override { return store_->Stats(); }

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
