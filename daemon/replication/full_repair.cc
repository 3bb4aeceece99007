#include "daemon/replication/full_repair.h"

#include <algorithm>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::replication {

FullRepair::FullRepair(const ClusterView& view, ExchangeParts parts, std::string prefix)
    : parts_(parts), prefix_(std::move(prefix)) {
  result_.whole = true;
  result_.settled = true;
  for (const NodeNumber peer : PeersOf(view, false)) {
    ++peers_;
    if (view.IsLive(peer)) {
      left_.insert(left_.begin(), {peer, false});
    } else {
      status_ = {StatusCode::kUnavailable, StrCat("node ", peer, " is down")};
      result_.whole = result_.settled = false;
    }
  }
}

std::shared_ptr<Exchange> FullRepair::Next() {
  if (running_ != nullptr || left_.empty()) return nullptr;
  turn_ = left_.back();
  left_.pop_back();
  ExchangeOptions options;
  options.budget = ExchangeBudget::Unlimited();
  options.at_once = true;
  options.prefix = prefix_;
  running_ =
      std::make_shared<Exchange>(turn_.peer, parts_, std::make_shared<Divergence>(), options);
  return running_;
}

void FullRepair::OnEnded(const Exchange& exchange) {
  if (running_.get() != &exchange) return;
  const ExchangeResult& one = exchange.result();
  result_.partitions += one.partitions;
  result_.differing_partitions += one.differing_partitions;
  result_.differing_shards += one.differing_shards;
  result_.repaired_shards += one.repaired_shards;
  result_.pulled += one.pulled;
  result_.pushed += one.pushed;
  const bool failed = !exchange.status().ok();
  if (failed && !turn_.again) {
    left_.insert(left_.begin(), {turn_.peer, true});
  } else {
    if (failed) status_ = exchange.status();
    if (!failed) ++peers_done_;
    result_.whole = result_.whole && one.whole;
    result_.settled = result_.settled && one.settled;
  }
  running_ = nullptr;
}

}  // namespace trifecta::replication
