#include "daemon/replication/anti_entropy.h"

#include <algorithm>

namespace trifecta::replication {
namespace {

bool Contains(const std::vector<NodeNumber>& nodes, NodeNumber node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

std::shared_ptr<Exchange> AntiEntropy::Next(const ViewPtr& view, Millis now) {
  if (running_ != nullptr || now < due_) return nullptr;
  due_ = now + kExchangePeriod;
  if (!parts_.digests->ready()) return nullptr;
  KeepOnly(PeersOf(*view, false));
  const std::vector<NodeNumber> live = PeersOf(*view, true);
  if (live.empty()) return nullptr;
  const NodeNumber peer = ChoosePeer(live);
  Peer& chosen = peers_[peer];
  chosen.comparison.peer = peer;
  running_ = std::make_shared<Exchange>(peer, parts_, chosen.divergence, ExchangeOptions());
  return running_;
}

void AntiEntropy::KeepOnly(const std::vector<NodeNumber>& peers) {
  std::erase_if(peers_, [&](const auto& peer) { return !Contains(peers, peer.first); });
}

NodeNumber AntiEntropy::ChoosePeer(const std::vector<NodeNumber>& live) {
  const NodeNumber differing = out_of_turn_ ? net::kNoNodeNumber : DifferingPeer(live);
  out_of_turn_ = differing != net::kNoNodeNumber;
  if (out_of_turn_) return differing;
  std::erase_if(round_, [&](NodeNumber node) { return !Contains(live, node); });
  if (round_.empty()) {
    round_ = live;
    random_.Shuffle(&round_);
  }
  const NodeNumber peer = round_.back();
  round_.pop_back();
  return peer;
}

// The one that has waited for longest.
NodeNumber AntiEntropy::DifferingPeer(const std::vector<NodeNumber>& live) const {
  NodeNumber found = net::kNoNodeNumber;
  Millis since = kNever;
  for (const auto& [node, peer] : peers_) {
    if (!peer.differs || !Contains(live, node) || peer.asked_at >= since) continue;
    found = node;
    since = peer.asked_at;
  }
  return found;
}

void AntiEntropy::OnEnded(const Exchange& exchange) {
  if (running_.get() != &exchange) return;
  const ExchangeResult& result = exchange.result();
  ++stats_.exchanges;
  if (!exchange.status().ok()) ++stats_.failures;
  stats_.differing_shards += result.differing_shards;
  stats_.repaired_shards += result.repaired_shards;
  stats_.pulled += result.pulled;
  stats_.pushed += result.pushed;
  if (const auto at = peers_.find(exchange.peer()); at != peers_.end()) {
    Note(exchange, &at->second);
  }
  running_ = nullptr;
}

void AntiEntropy::Note(const Exchange& exchange, Peer* peer) {
  const ExchangeResult& result = exchange.result();
  PeerComparison& comparison = peer->comparison;
  ++comparison.exchanges;
  if (!exchange.status().ok()) ++comparison.failures;
  if (result.whole) comparison.compared_at = exchange.started();
  if (result.settled) comparison.equal_at = exchange.started();
  comparison.differing_shards = result.differing_shards;
  comparison.last = exchange.status();
  peer->asked_at = exchange.started();
  peer->differs = exchange.status().ok() && !result.settled;
}

AntiEntropyStats AntiEntropy::stats() const {
  AntiEntropyStats stats = stats_;
  for (const auto& [node, peer] : peers_) stats.peers.push_back(peer.comparison);
  return stats;
}

}  // namespace trifecta::replication
