// For how long a suspect may still refute before it is declared dead: Lifeguard's suspicion
// (Dadgar, Phillips, Currey, 2018; arXiv 1707.00788). It begins long, since the accuser may be the
// one that is slow, and shrinks with each other node that finds the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

#include "net/node.h"

namespace trifecta::net {

// What is left after `elapsed`, when `confirmations` of `wanted` are there: from `most` down to
// `least` by the logarithm, as the first ones tell most. Never more of them than wanted count;
// negative when the time is up.
int64_t RemainingSuspicionTime(unsigned confirmations, unsigned wanted, Millis elapsed,
                               Millis least, Millis most);

struct SuspicionTimes {
  Millis least = 0;
  Millis most = 0;
  unsigned wanted = 0;  // confirmations after which it is `least`
};
// For a cluster of `nodes`: mult * max(1, log10(n)) intervals, since news takes log n rounds to
// arrive; and max_mult times that without confirmations. Where too few nodes are left to confirm it
// is `least` from the start.
SuspicionTimes SuspicionTimesFor(unsigned mult, unsigned max_mult, Millis interval, size_t nodes);

// One suspicion: of one node in one incarnation.
class Suspicion {
 public:
  Suspicion(const SuspicionTimes& times, const NodeId& accuser, Millis now);

  // True when `accuser` is one more that counts: then it is worth telling others.
  bool Confirm(const NodeId& accuser);
  // When the suspect is to be declared dead.
  Millis deadline() const;

 private:
  SuspicionTimes times_;
  Millis began_;
  std::set<NodeId> accusers_;  // the first, and at most times_.wanted more
};

}  // namespace trifecta::net
