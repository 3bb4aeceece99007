// One client request against the replicas of its words. The API speaks to the coordinator alone:
// how many replicas there are, which of them answered and whose entry is newest is decided behind
// it. Any node coordinates any request.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/cluster_view.h"
#include "storage/base/status.h"
#include "storage/store.h"

namespace trifecta::daemon {

using replication::Consistency;

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
  virtual ~Coordinator() = default;

  // Adds or deletes the words, at most kWriteEntriesMax, valid ones, under one new version. Gives
  // how many of them were live before; a word given twice counts as the first time made it. Ok
  // means durable on as many replicas as the consistency asks. kDiskFull, kDataDamaged: nothing was
  // stored. kUnavailable, kTimeout, kIoError: a part may be stored, and may show itself later.
  virtual Result<uint64_t> Write(Operation operation, std::span<const std::string_view> words,
                                 const CallOptions& options) = 0;

  // Whether the word is live.
  virtual Result<bool> Contains(std::string_view word, const CallOptions& options) = 0;

  // Live words in order. With `partial`, shards that cannot be read are left out and named.
  // A thread may reuse `answer`: its buffers stay.
  virtual Status Search(const storage::SearchOptions& search, bool partial,
                        const CallOptions& options, SearchAnswer* answer) = 0;

  // Live words that begin with `prefix`, exactly.
  virtual Result<uint64_t> Count(std::string_view prefix, const CallOptions& options) = 0;

  // The roots of the shards with live words that a node of the cluster holds, in order.
  virtual Result<std::vector<std::string>> ShardRootsOf(net::NodeNumber node,
                                                        const CallOptions& options) = 0;

  // Of the local store.
  virtual storage::StoreStats LocalStats() = 0;
};

}  // namespace trifecta::daemon
