// A repair that somebody asked for: this node against every peer that owns partitions together with
// it, everything that differs at once, without a budget. When each member has run one, every two
// owners of a partition have been compared, and all are equal but for writes under way.
//
// Pure; one caller at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/replication/exchange.h"

namespace trifecta::replication {

class FullRepair {
 public:
  // Of the words that begin with `prefix`. Peers that do not live are not compared, and are counted
  // as failed.
  FullRepair(const ClusterView& view, ExchangeParts parts, std::string prefix);

  // The exchange to run next, when none is under way; null when it is done.
  std::shared_ptr<Exchange> Next();
  // It is done. One that failed is run once more, after the others.
  void OnEnded(const Exchange& exchange);

  bool done() const { return left_.empty() && running_ == nullptr; }
  size_t peers() const { return peers_; }
  size_t peers_done() const { return peers_done_; }
  // The exchanges' results together; `whole` when every peer was compared wholly.
  const ExchangeResult& result() const { return result_; }
  // Once done: ok, or why the last peer that failed did.
  const Status& status() const { return status_; }

 private:
  struct Turn {
    NodeNumber peer = net::kNoNodeNumber;
    bool again = false;
  };

  const ExchangeParts parts_;
  const std::string prefix_;
  size_t peers_ = 0;
  size_t peers_done_ = 0;
  std::vector<Turn> left_;  // the next at the end
  Turn turn_;               // of running_
  std::shared_ptr<Exchange> running_;
  ExchangeResult result_;
  Status status_;
};

}  // namespace trifecta::replication
