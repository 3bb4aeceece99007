// How a node gets back what it has lost with a damaged file: it compares itself with one owner
// after the other, everything that differs at once (daemon/replication/exchange.h), until of each
// partition it has merged what as many other owners hold as make a read. Then it is again as good
// as a copy that was never damaged: a word that was acknowledged is on W owners, so without this
// one at least on one of any R others.
//
// Peers that are down or refuse are left out, and asked again later; where they are needed, the
// rebuild waits for them. What was merged under an older ring counts no more.
//
// Pure; one caller at a time.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "daemon/replication/exchange.h"

namespace trifecta::replication {

// A peer that could not be compared is asked again after this.
inline constexpr Millis kRebuildRetry = 2'000;

// Whether every partition of this node has another owner, so that what it loses can be had back.
bool HasOtherOwners(const ClusterView& view);

class Rebuild {
 public:
  explicit Rebuild(ExchangeParts parts) : parts_(parts) {}

  // Entries were lost just now: all is to be merged again.
  void Begin();

  // Whether enough was merged under this view's ring: no partition of this node moves, and each has
  // been compared with enough others since Begin.
  bool IsEnough(const ClusterView& view) const;
  // The exchange to run now, when none is under way; null when there is nobody to ask at `now`. The
  // digests are ready.
  std::shared_ptr<Exchange> Next(const ClusterView& view, Millis now);
  // It is done; `epoch`: of the ring in force.
  void OnEnded(const Exchange& exchange, net::Epoch epoch, Millis now);

  // Entries fetched since Begin.
  uint64_t pulled() const { return pulled_; }

 private:
  bool HasMerged(NodeNumber node) const { return merged_.contains(node); }

  const ExchangeParts parts_;
  net::Epoch epoch_ = 0;  // of merged_
  std::set<NodeNumber> merged_;
  std::shared_ptr<Exchange> running_;
  Millis not_before_ = 0;
  NodeNumber last_ =
      net::kNoNodeNumber;  // asked, so that one that refuses does not keep others away
  uint64_t pulled_ = 0;
};

}  // namespace trifecta::replication
