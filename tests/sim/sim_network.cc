#include "tests/sim/sim_network.h"

#include <algorithm>
#include <cassert>
#include <tuple>

#include "net/stable_hash.h"

namespace trifecta::sim {

NodeIndex SimNetwork::AddNode(const Address& address, Receiver receive) {
  const NodeIndex node = nodes_.size();
  nodes_.emplace_back();
  nodes_.back().address = address;
  nodes_.back().receive = std::move(receive);
  [[maybe_unused]] const bool added = listeners_.emplace(address, node).second;
  assert(added);
  return node;
}

std::optional<NodeIndex> SimNetwork::Listener(const Address& address) const {
  const auto listener = listeners_.find(address);
  if (listener == listeners_.end()) return std::nullopt;
  return listener->second;
}

void SimNetwork::Send(NodeIndex from, const Address& to, net::Protocol protocol,
                      std::string bytes) {
  const std::optional<NodeIndex> target = Listener(to);
  if (!target) {
    Count(from, bytes.size());
    return;
  }
  const size_t size = bytes.size();
  Carry(from, *target, size,
        [this, to = *target, message = SimMessage{from, protocol, std::move(bytes)}] {
          if (nodes_[to].deaf) return;
          history_ = net::StableMix(history_ ^ net::StableHash(message.bytes));
          nodes_[to].receive(message);
        });
}

void SimNetwork::Carry(NodeIndex from, NodeIndex to, size_t bytes, Task arrive) {
  Count(from, bytes);
  const LinkFaults& faults = FaultsOf(from, to);
  if (!nodes_[to].running || random_.Chance(faults.loss_per_million)) return;
  const int copies = random_.Chance(faults.twice_per_million) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    After(to, Delay(faults), [this, from, to, bytes, arrive] {
      // A link that was cut while the message was on its way has swallowed it.
      if (is_cut(from, to)) return;
      history_ = net::StableMix(history_ ^ now_ << 16 ^ from << 8 ^ to ^ uint64_t{bytes} << 40);
      arrive();
    });
  }
}

void SimNetwork::Count(NodeIndex from, size_t bytes) {
  ++nodes_[from].sent.messages;
  nodes_[from].sent.bytes += bytes;
}

const LinkFaults& SimNetwork::FaultsOf(NodeIndex from, NodeIndex to) const {
  const auto own = link_faults_.find({from, to});
  return own == link_faults_.end() ? faults_ : own->second;
}

Millis SimNetwork::Delay(const LinkFaults& faults) {
  const Millis delay = faults.delay_min + random_.Below(faults.delay_max - faults.delay_min + 1);
  if (!random_.Chance(faults.slow_per_million)) return delay;
  return delay + random_.Below(faults.slow_max + 1);
}

void SimNetwork::After(NodeIndex node, Millis delay, Task task) {
  events_.push({now_ + delay, ++events_made_, node, nodes_[node].life, std::move(task)});
}

void SimNetwork::RunUntil(Millis time) {
  while (!events_.empty() && events_.top().at <= time) RunNext();
  now_ = std::max(now_, time);
}

bool SimNetwork::RunUntilHolds(Millis limit, Millis step, const std::function<bool()>& done) {
  const Millis end = now_ + limit;
  while (!done()) {
    if (now_ >= end) return false;
    RunFor(std::min(step, end - now_));
  }
  return true;
}

void SimNetwork::RunNext() {
  // The queue gives its greatest item only to read; it is taken out at once.
  Event event = std::move(const_cast<Event&>(events_.top()));
  events_.pop();
  now_ = std::max(now_, event.at);
  Node& node = nodes_[event.node];
  if (event.life != node.life || !node.running) return;
  if (node.paused) {
    node.waiting.push_back(std::move(event.task));
  } else {
    event.task();
  }
}

void SimNetwork::Partition(const std::vector<std::vector<NodeIndex>>& groups) {
  std::vector<size_t> group_of(nodes_.size());
  for (NodeIndex node = 0; node < nodes_.size(); ++node) group_of[node] = groups.size() + node;
  for (size_t group = 0; group < groups.size(); ++group) {
    for (const NodeIndex node : groups[group]) group_of[node] = group;
  }
  cuts_.clear();
  for (NodeIndex from = 0; from < nodes_.size(); ++from) {
    for (NodeIndex to = 0; to < nodes_.size(); ++to) {
      if (group_of[from] != group_of[to]) Cut(from, to);
    }
  }
}

void SimNetwork::Resume(NodeIndex node) {
  nodes_[node].paused = false;
  nodes_[node].disturbed_at = now_;
  for (Task& task : std::exchange(nodes_[node].waiting, {})) After(node, 0, std::move(task));
}

void SimNetwork::Crash(NodeIndex node) {
  ++nodes_[node].life;
  nodes_[node].running = false;
  nodes_[node].paused = false;
  nodes_[node].waiting.clear();
}

}  // namespace trifecta::sim
