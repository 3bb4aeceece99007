// What this node remembers of how it differs from one peer, from one exchange to the next, and the
// rule by which a difference is repaired.
//
// A write under way has reached one of two replicas and not yet the other: it looks like a
// difference, and is gone a moment later. So a shard is repaired only when it
// differed in the last exchange too, and
// - the digest of one side at least is what it was: then that side has got nothing for a second or
//   more, and what it lacked then it lacks now, so it is no write under way; or
// - it has differed kBusyTimes times in a row: a shard that is written all the time never shows the
//   same digest twice, and must not wait for ever; or
// - its repair has begun, and was put off for want of budget.
// A shard taken for different by mistake costs reading it and writing some entries twice, no more:
// entries merge by version.
//
// Not safe for concurrent use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/replication/messages.h"

namespace trifecta::replication {

// Exchanges in which a shard differs in a row before it is repaired although both sides change.
// Finding the differences of a shard that is busy costs reading it on both sides, so an eighth of
// them.
inline constexpr unsigned kBusyTimes = 8;
// Shards remembered of one peer: 8 MB or so. Others wait until there is room.
inline constexpr size_t kRememberedShardsMax = 65'536;

class Divergence {
 public:
  // An exchange begins.
  void Begin() { ++exchange_; }

  // The shard differs in this exchange; gives whether it is to be repaired.
  bool Differs(uint32_t partition, const std::string& root, const Digest& own,
               const Digest& theirs);
  // All shards of the partition were compared: those that Differs was not told of are equal.
  void Compared(uint32_t partition);

  // Where the repair of a shard is to begin: "" or behind the word where it was put off.
  std::string PutOffAt(uint32_t partition, const std::string& root) const;
  void PutOff(uint32_t partition, const std::string& root, std::string where);
  // It must differ twice again before it is repaired once more.
  void Repaired(uint32_t partition, const std::string& root) { shards_.erase({partition, root}); }

  // Shards known to differ.
  size_t size() const { return shards_.size(); }

  // The partition whose shards an exchange lists first. While more shards differ than one exchange
  // lists, each part of the partitions is listed twice at least, so that its shards can differ
  // twice, and until nothing of it is put off; then the next.
  uint32_t first_partition() const { return first_partition_; }
  // An exchange ends whose budget has gone as far as before `next`.
  void ListedUpTo(uint32_t next, bool put_off);
  // The budget was enough for all.
  void ListedAll();

 private:
  struct Shard {
    Digest own, theirs;
    unsigned times = 0;
    uint64_t exchange = 0;  // the last one in which it differed
    std::string put_off_at;
    bool put_off = false;
  };

  uint64_t exchange_ = 0;
  std::map<std::pair<uint32_t, std::string>, Shard> shards_;  // by partition and root
  uint32_t first_partition_ = 0;
  unsigned times_listed_ = 0;  // from first_partition_ on
};

}  // namespace trifecta::replication
