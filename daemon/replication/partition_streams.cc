#include "daemon/replication/partition_streams.h"

#include <algorithm>
#include <utility>

namespace trifecta::replication {
namespace {

bool HasToFetch(const ClusterView& view, const net::Partition& partition) {
  return partition.step == net::MoveStep::kStreaming && view.HasToFetch(partition);
}

}  // namespace

void PartitionStreams::OnView(const ViewPtr& view) {
  const net::Epoch session = view->ring->operation ? view->ring->operation->session : 0;
  if (session != session_) {
    moves_.clear();
    last_failure_ = {};
  }
  session_ = session;
  for (uint32_t i = 0; i < view->ring->partitions.size(); ++i) {
    if (HasToFetch(*view, view->partition(i))) {
      moves_.try_emplace(i);
    } else {
      moves_.erase(i);
    }
  }
}

std::shared_ptr<ShardStream> PartitionStreams::Next(Millis now) {
  if (running() >= at_once_) return nullptr;
  for (auto& [partition, move] : moves_) {
    if (move.fetched || move.running != nullptr || move.not_before > now) continue;
    move.running = std::make_shared<ShardStream>(partition, session_, parts_);
    return move.running;
  }
  return nullptr;
}

void PartitionStreams::OnEnded(const ShardStream& stream, Millis now) {
  const auto at = moves_.find(stream.partition());
  if (at == moves_.end() || at->second.running.get() != &stream) return;
  Move& move = at->second;
  move.fetched = stream.status().ok();
  move.running = nullptr;
  if (move.fetched) return;
  last_failure_ = stream.status();
  const unsigned doublings = std::min(move.failures++, 8u);
  move.not_before = now + std::min(kStreamRetryLast, kStreamRetryFirst << doublings);
}

Millis PartitionStreams::next_due() const {
  if (running() >= at_once_) return kNever;
  Millis due = kNever;
  for (const auto& [partition, move] : moves_) {
    if (!move.fetched && move.running == nullptr) due = std::min(due, move.not_before);
  }
  return due;
}

std::vector<uint32_t> PartitionStreams::fetched() const {
  std::vector<uint32_t> partitions;
  for (const auto& [partition, move] : moves_) {
    if (move.fetched) partitions.push_back(partition);
  }
  return partitions;
}

size_t PartitionStreams::left() const {
  return static_cast<size_t>(std::count_if(moves_.begin(), moves_.end(),
                                           [](const auto& move) { return !move.second.fetched; }));
}

size_t PartitionStreams::running() const {
  return static_cast<size_t>(std::count_if(moves_.begin(), moves_.end(), [](const auto& move) {
    return move.second.running != nullptr;
  }));
}

std::vector<ShardStream::Progress> PartitionStreams::progress() const {
  std::vector<ShardStream::Progress> all;
  for (const auto& [partition, move] : moves_) {
    if (move.running != nullptr) all.push_back(move.running->progress());
  }
  return all;
}

}  // namespace trifecta::replication
