// Which of a partition's owners a stream reads from: as many at a time as make a read, nearest
// first; one that fails makes place for another and is left alone for a while.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "daemon/replication/operation.h"

namespace trifecta::replication {

// How long an owner that failed is left alone: a moment, doubled with each failure in a row. An
// owner that restarts is back within seconds.
inline constexpr Millis kSourceRestFirst = 500;
inline constexpr Millis kSourceRestLast = 10'000;

class StreamSources {
 public:
  // `owners` in the order in which to prefer them; `needed` of them at a time.
  void Set(std::span<const NodeNumber> owners, size_t needed);

  // Chooses who is read from now on; false, and nobody is, when too few can be used at `now`.
  bool Choose(Millis now);
  // The chosen ones, `needed` of them or none.
  const std::vector<NodeNumber>& chosen() const { return chosen_; }

  void Failed(NodeNumber node, Millis now);
  void Answered(NodeNumber node);
  // When enough of them can be used again; kNever when there are too few owners.
  Millis next_due() const;

 private:
  struct Source {
    NodeNumber node = net::kNoNodeNumber;
    unsigned failures = 0;  // in a row
    Millis rests_until = 0;
  };
  Source* Find(NodeNumber node);

  std::vector<Source> sources_;
  size_t needed_ = 0;
  std::vector<NodeNumber> chosen_;
};

}  // namespace trifecta::replication
