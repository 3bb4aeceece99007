// The writes of one word in a history, and what a read of it may have found.
//
// The rule, in short: whoever begins after an acknowledgement sees what was acknowledged, or
// something later. A write may be what a read found if it began before the read ended, and no
// other write stands between: one that began after the first was acknowledged, was itself
// acknowledged before the read began, and says otherwise. A write whose outcome is unknown may
// take effect at any later time, so nothing ever stands between. In the beginning the word is not
// there.
//
// This holds between two operations whose replicas are sure to have one in common: two quorums, or
// all and any. Others (consistency one) are not ordered.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/sim/history.h"

namespace trifecta::sim {

class WordTimeline {
 public:
  // Add every write of the word that did not fail, then Finish once; then ask.
  void Add(const Record& write);
  void Finish();

  bool empty() const { return writes_.empty(); }
  // In the order of their beginnings; they live as long as the history.
  const std::vector<const Record*>& writes() const { return writes_; }

  // A read from the event `begin` to the event `end`.
  struct Read {
    uint64_t begin = 0, end = 0;
    Consistency consistency = Consistency::kQuorum;
  };
  // Whether it may have found the word there (`live`) or not there.
  bool MayFind(const Read& read, bool live) const;

  // Where the read is sure to have seen every write that began before it ended, how many those are:
  // all reads with the same number must find the same, whichever of the writes that is.
  std::optional<size_t> Settled(const Read& read) const;

 private:
  // What is ordered after what: see above. A write that nobody acknowledged is never replaced.
  static constexpr size_t kClasses = 4;
  static constexpr size_t kUnknown = 3;
  struct Point {
    uint64_t at;
    uint64_t most;  // of all points up to this one
  };
  using Points = std::vector<Point>;

  // The `most` of the last point below `before`; 0 if there is none.
  static uint64_t MostBefore(const Points& points, uint64_t before);
  static void Add(Points* points, uint64_t at, uint64_t value);

  std::vector<const Record*> writes_;
  // By live and class: ends of writes by their beginning, and beginnings of acknowledged ones by
  // their end.
  std::array<std::array<Points, kClasses>, 2> ends_, begins_;
  // By the consistency of the read: the last end of writes by their beginning, for ever where it
  // need not be seen.
  std::array<Points, 3> settled_;
};

}  // namespace trifecta::sim
