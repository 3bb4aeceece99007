// Entries of many replicas merged into one ordered scan, as a quorum has them: of each word the
// newest entry that the nodes asked have.
//
// Each node asked answers with its entries in order, tombstones too, and how far it has scanned.
// Up to the farthest place that R owners of every partition have scanned to, the newest entry of a
// word is known; from there on, the nodes that have scanned no farther are asked for more. So a
// tombstone is never missed, and there is one cursor a node, not one a shard. Entries of nodes that
// were not needed (or do not even own the word) are merged all the same: entries are facts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"
#include "daemon/replication/read_context.h"
#include "daemon/replication/read_cover.h"

namespace trifecta::replication {

// Who is told of the merged entries.
class MergedScanSink {
 public:
  virtual ~MergedScanSink() = default;
  // The next word's newest entry; `word` lives during the call. False: enough, the scan is done.
  virtual bool Take(std::string_view word, Version version, bool tombstone) = 0;
  // Entries that it will take still, as far as it knows: so many are asked for at a time.
  virtual size_t wanted() const = 0;
};

struct MergedScanSpec {
  std::string prefix;
  std::string after;  // only words beyond it in `order`; empty: from the start
  storage::Order order = storage::Order::kAscending;
  bool one_shard = false;            // as in ScanRequest
  std::vector<uint32_t> partitions;  // only words of these; ascending
  bool partial = false;              // goes on without partitions that R owners cannot answer for
  size_t repairs_max = 0;            // words whose stale owners are noted
};

// An owner that has answered without the newest entry of a word of its own.
struct StaleOwner {
  NodeNumber node = net::kNoNodeNumber;
  uint32_t partition = 0;
  std::string word;
  Version version;  // of the newest entry, and whether it is a tombstone
  bool tombstone = false;
};

class MergedScan {
 public:
  // Both outlive it.
  MergedScan(MergedScanSpec spec, ReadContext* context, MergedScanSink* sink);

  // First, and again when the context has a later view: then it goes on from where it was.
  void Begin(Millis now, Actions* actions);
  // False: not a call of this scan.
  bool OnReply(uint32_t call, const Result<std::string_view>& reply, Millis now, Actions* actions);
  void OnTick(Millis now, Actions* actions);
  Millis next_due() const { return running() ? cover_.next_due() : kNever; }

  bool running() const { return running_; }
  // Once it is not running: kUnavailable when it could not be finished.
  const Status& status() const { return status_; }
  // The partitions that it went on without, ascending.
  std::vector<uint32_t> missing() const;
  const std::vector<StaleOwner>& stale() const { return stale_; }

 private:
  // What a source that has answered holds, not merged yet from `next` on.
  struct Cursor {
    ScanReply reply;
    size_t next = 0;
  };
  static bool IsUsedUp(const Cursor& cursor) {
    return !cursor.reply.end && cursor.next == cursor.reply.page.size();
  }

  void Go(Millis now, Actions* actions);
  // Merges as far as is known; false when nothing more is.
  bool Merge();
  // The sources that have answered, farthest scanned first.
  std::vector<size_t> Farthest() const;
  bool ScannedTo(size_t source, std::string_view word) const;
  bool Beyond(std::string_view a, std::string_view b) const;
  // Gives the sink the next word of `sources`; false when there is none up to `bound` (null: all),
  // or the sink has enough.
  bool TakeNext(std::span<const size_t> sources, const std::string* bound);
  bool Wanted(std::string_view word);
  void NoteStale(std::span<const size_t> sources, std::string_view word, Version version,
                 bool tombstone);
  // The index in the cover of the word's partition; kNone when it is none of the scan's.
  size_t PartitionIndex(std::string_view word);
  void Ask(Millis now, Actions* actions);
  std::string RequestTo(size_t source) const;
  bool GiveUpShort();
  void SkipMerged(Cursor* cursor) const;

  const MergedScanSpec spec_;
  ReadContext* const context_;
  MergedScanSink* const sink_;
  ReadCover cover_;
  std::vector<Cursor> cursors_;  // by source
  std::string position_;         // everything up to it is merged; empty: nothing
  unsigned rounds_ = 0;          // that have used up a page without satisfying the sink
  bool filters_ = false;         // words of other partitions may come
  bool running_ = true;
  Status status_;
  std::vector<StaleOwner> stale_;
  size_t stale_words_ = 0;
  std::vector<size_t> heads_;  // scratch: sources whose next word is the least
  // The shard whose partition was looked up last.
  std::string last_root_;
  size_t last_index_ = ReadCover::kNone;
};

}  // namespace trifecta::replication
