// The streams that a node has to run while partitions move to it: which are left, which are done,
// and when one that failed is tried again. What there is to do follows from the ring document in
// force, so a node that was restarted begins with all of its session again, which is cheap
// (daemon/replication/shard_stream.h).
//
// Pure; one caller at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "daemon/replication/operation.h"
#include "daemon/replication/shard_stream.h"

namespace trifecta::replication {

// A failed stream is tried again after a moment, doubled with each failure in a row.
inline constexpr Millis kStreamRetryFirst = 500;
inline constexpr Millis kStreamRetryLast = 15'000;

class PartitionStreams {
 public:
  // `at_once`: streams side by side. Each has eight shards under way, so two keep the network busy
  // while one begins or ends.
  explicit PartitionStreams(StreamParts parts, size_t at_once = 2)
      : parts_(parts), at_once_(at_once) {}

  // A ring document is in force. Streams of one before that is over end by themselves.
  void OnView(const ViewPtr& view);

  // A stream to run now; null when there is none to begin, or enough run.
  std::shared_ptr<ShardStream> Next(Millis now);
  // It is done.
  void OnEnded(const ShardStream& stream, Millis now);
  // When Next may have one; kNever when that takes a view or the end of a stream.
  Millis next_due() const;

  // Of the ring operation under way; 0: none.
  net::Epoch session() const { return session_; }
  // Ascending: the partitions that are at the step for streams, and that this node has all of.
  std::vector<uint32_t> fetched() const;
  // Those that it has to fetch still, running streams included.
  size_t left() const;
  // Of the streams that run.
  std::vector<ShardStream::Progress> progress() const;
  // Why the last stream failed; ok when none has since the session began.
  const Status& last_failure() const { return last_failure_; }

 private:
  struct Move {
    std::shared_ptr<ShardStream> running;
    bool fetched = false;
    unsigned failures = 0;  // in a row
    Millis not_before = 0;
  };
  size_t running() const;

  const StreamParts parts_;
  const size_t at_once_;
  net::Epoch session_ = 0;
  std::map<uint32_t, Move> moves_;  // by partition
  Status last_failure_;
};

}  // namespace trifecta::replication
