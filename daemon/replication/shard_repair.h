// Finds in which entries one shard differs between this node and a peer, and merges them both ways:
// what is newer there is collected to be written here, what is newer here to be sent there.
//
// The shard is cut into ranges of kLeafEntriesMax entries that this node has, whose digests are
// compared (daemon/replication/range_messages.h); of ranges that differ the peer's entries are
// fetched. One step is enough, since a range never has more entries here than are exchanged at
// once; where the peer has many more, nearly all of them are news. 256 ranges go in one request, so
// a million entries with one difference cost 16 requests of 2 KB, and reading them.
//
// Requests and replies, in turn; who sends them is daemon/replication/exchange.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/messages.h"
#include "daemon/replication/range_messages.h"
#include "storage/base/status.h"
#include "storage/store.h"

namespace trifecta::replication {

// Entries of a range that are exchanged rather than narrowed down further: 5 KB of words and
// versions, where digests of parts would be some hundred bytes and a round trip.
inline constexpr size_t kLeafEntriesMax = 256;

class ShardRepair {
 public:
  // `own` and `theirs`: the shard's digests, which differ. Begins behind `low` ("": with the whole
  // shard).
  ShardRepair(const storage::Store& store, unsigned k_factor, PartitionFence fence,
              std::string root, const Digest& own, const Digest& theirs, std::string low);

  const std::string& root() const { return root_; }
  uint32_t partition() const { return fence_.partition; }

  // The next request; none when the shard is repaired. Errors are the store's.
  Result<std::optional<std::string>> NextRequest();

  // The reply to it; appends to the pages what is to be written here and sent there. A refusal
  // (head->refusal) changes nothing. kDataDamaged for a reply that is none; else the store's
  // errors.
  Status OnReply(std::string_view bytes, ReplyHead* head, storage::Page* pull, storage::Page* push);

  // All before this word is repaired; for another ShardRepair to go on from.
  const std::string& position() const;

  // Costs so far: entries read here to be compared, and entries fetched.
  size_t scanned() const { return scanned_; }
  size_t fetched() const { return fetched_; }

 private:
  // Differing ranges that are neighbours.
  struct Run {
    std::string low, high;
    uint64_t entries = 0;  // there, or here if that is more
    uint64_t theirs = 0;
  };

  Status CutIntoRanges();
  std::string AskForDigests();
  std::string AskForEntries();
  Status OnDigests(const RangesReply& reply);
  Status OnEntries(const ScanReply& reply, storage::Page* pull, storage::Page* push);
  void AddRun(size_t range, const Digest& theirs, bool cut);

  const storage::Store& store_;
  const unsigned k_factor_;
  const PartitionFence fence_;
  const std::string root_;

  std::string low_;   // behind this all is to be compared still
  bool all_ = false;  // nothing is
  // What was asked about: from low_ on, the ends of ranges and their digests here.
  std::vector<std::string> ends_;
  std::vector<Digest> own_;
  std::deque<Run> runs_;  // to be fetched, all before low_
  size_t scanned_ = 0;
  size_t fetched_ = 0;
};

}  // namespace trifecta::replication
