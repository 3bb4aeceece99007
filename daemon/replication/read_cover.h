// Which nodes a read asks: of each of its partitions, R of the owners that reads go to, with as few
// nodes as may be; another one for each that fails or takes long.
//
// A node that is asked answers for all partitions of the read that it is a read owner of. The
// choice is greedy: the node that the most partitions still need; this node itself, which costs no
// message, before all, and the nearest of equals. Nodes that the view has as dead are not asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "daemon/replication/cluster_view.h"
#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"

namespace trifecta::replication {

// A node whose ring document is older than the request fetches it: it is asked again after this.
inline constexpr Millis kBehindPause = 50;
// A node that is still behind after as many times has a reason to be.
inline constexpr unsigned kBehindRetriesMax = 8;

// What has become of a node in one read.
enum class SourceState : uint8_t {
  kIdle,      // may be asked
  kAsked,     // counted on
  kLate,      // asked, and no longer counted on; its answer is welcome all the same
  kAnswered,  // its answer is there
  kBehind,    // may be asked again at `due`
  kLost,      // failed; not asked again
};

struct Source {
  NodeNumber node = net::kNoNodeNumber;
  SourceState state = SourceState::kIdle;
  bool slow = false;         // it was late before: others are asked first
  unsigned behind = 0;       // times that it was behind
  uint32_t call = 0;         // of kAsked and kLate
  Millis due = kNever;       // of kAsked: late from then on; of kBehind
  std::vector<uint32_t> at;  // indices of partitions() that it answers for; ascending
};

class ReadCover {
 public:
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  // Begins anew. `partitions` are distinct and ascending.
  void Begin(const ClusterView& view, std::span<const uint32_t> partitions,
             Consistency consistency);

  std::span<const Source> sources() const { return sources_; }
  const Source& source(size_t index) const { return sources_[index]; }
  std::span<const uint32_t> partitions() const { return partitions_; }

  // Idle sources that should be asked now, so that every partition is answered for as far as it can
  // be; their indices. Each is to be passed to Asked before the next call.
  std::vector<size_t> Choose() const;
  void Asked(size_t source, uint32_t call, Millis late_at);

  // The source that waits for the call's reply; kNone: none does.
  size_t Find(uint32_t call) const;
  void Answered(size_t source);
  // What it answered is used up: it may be asked for more.
  void UsedUp(size_t source) { sources_[source].state = SourceState::kIdle; }
  void Lost(size_t source) { sources_[source].state = SourceState::kLost; }
  void Behind(size_t source, Millis now);

  // Sources that have become late, or may be asked again. False when there were none.
  bool OnTick(Millis now);
  Millis next_due() const;

  // Indices of the partitions that can no longer be answered for, whatever comes; without
  // `with_late`, unless one that is late answers.
  std::vector<size_t> Short(bool with_late = true) const;
  // The partition at `index` is not needed any more.
  void GiveUp(size_t index) { needed_[index] = 0; }
  bool IsGivenUp(size_t index) const { return needed_[index] == 0; }

  // How many of the sources in `order`, from the first on, answer for all partitions together;
  // kNone: even all of them do not.
  size_t Covering(std::span<const size_t> order) const;
  // Whether those that have answered do.
  bool IsAnswered() const;
  // Owners whose answers make a read of the partition at `index`; 0 when it was given up.
  size_t needed(size_t index) const { return needed_[index]; }
  bool AnswersFor(size_t source, size_t index) const;

  // Of all partitions that the source answers for, in the order of its `at`.
  std::vector<PartitionFence> FencesOf(size_t source) const;

 private:
  // By partition: how many sources more are needed than are in a state that `counts` names.
  template <typename Counts>
  std::vector<size_t> Lacking(Counts counts) const;
  size_t Gain(const Source& source, std::span<const size_t> lacking) const;
  size_t BestOf(std::span<const size_t> lacking, const std::vector<bool>& chosen) const;

  NodeNumber self_ = net::kNoNodeNumber;
  std::vector<uint32_t> partitions_;
  std::vector<net::Epoch> changed_;  // by index, as the two next
  std::vector<size_t> needed_;
  std::vector<Source> sources_;  // nearest first
};

}  // namespace trifecta::replication
