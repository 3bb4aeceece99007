// Hints on disk: entries that a node should hold and is not known to, kept until it can be told.
//
// They are a help, not a promise: anti-entropy finds what is missing without them. So they are
// written without a sync, what does not fit is dropped, and what cannot be read is too. They
// survive the end of the process, and mostly a loss of power.
//
// Any thread may call any method; each blocks as long as a write to the page cache takes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/hint_queue.h"
#include "daemon/replication/operation.h"
#include "storage/base/file_system.h"
#include "storage/base/logger.h"
#include "storage/base/random.h"
#include "storage/base/status.h"

namespace trifecta::replication {

struct HintStoreOptions {
  std::string folder;  // of its own; made if missing
  FileSystem* file_system = PosixFileSystem();
  Logger* logger = NullLogger();
  uint64_t seed = 0;  // of the salts of segments: a different one at each start
  // Bytes of files for one node, and for all. Three million words: more are found as fast by
  // anti-entropy.
  uint64_t node_bytes_max = 64u << 20;
  uint64_t bytes_max = 256u << 20;
};

// The hints for one node.
struct HintCount {
  NodeNumber node = net::kNoNodeNumber;
  uint64_t hints = 0;
  uint64_t bytes = 0;   // of files
  uint64_t oldest = 0;  // milliseconds since 1970
};

class HintStore {
 public:
  // Takes in what is in the folder. Fails only when the folder cannot be made or listed.
  static Result<std::unique_ptr<HintStore>> Open(HintStoreOptions options);

  // Keeps the hints, or drops those for nodes that have too many. `wall` is now, in milliseconds
  // since 1970.
  void Add(std::span<const Hint> hints, uint64_t wall);

  // The oldest hints for a node that were not dropped, all of one segment: at least one, and then
  // as many as the two maxima allow. Without Done they come again.
  HintBatch Next(NodeNumber node, size_t entries_max, size_t bytes_max);
  void Done(const HintBatch& batch);

  // Those for a node that will never come back.
  void Drop(NodeNumber node);
  // Next gives none that was added more than `window` milliseconds ago; their files go when all of
  // a file are that old.
  void Expire(uint64_t wall, uint64_t window);

  // By ascending number; nodes without hints have no entry.
  std::vector<HintCount> Counts() const;
  uint64_t hints() const;  // for all nodes
  // Hints that were not kept, since Open.
  uint64_t dropped() const;

 private:
  explicit HintStore(HintStoreOptions options);

  HintQueue* QueueOf(NodeNumber node);
  // Adds to one queue.
  void AddTo(NodeNumber node, std::span<const Entry> entries, uint64_t wall);
  void NoteDropped(NodeNumber node, size_t count, std::string_view why);

  const HintStoreOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  Random salts_;
  std::map<NodeNumber, HintQueue> queues_;
  uint64_t not_before_ = 0;  // milliseconds since 1970
  uint64_t dropped_ = 0;
  std::map<NodeNumber, bool> complained_;  // in the log, since the node had none
};

}  // namespace trifecta::replication
