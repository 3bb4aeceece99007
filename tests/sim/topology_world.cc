#include "tests/sim/topology_world.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "net/incarnation.h"
#include "storage/base/text.h"

namespace trifecta::sim {

using net::NodeId;
using net::RingPtr;
using replication::Topology;
using replication::TopologyEvent;

namespace {

constexpr uint64_t kUnixMillis = 400ull * 24 * 3600 * 1000;
constexpr Millis kPersistMost = 20;
constexpr Millis kDrainMost = 50;

NodeId RandomId(Random* random) {
  std::array<uint8_t, NodeId::kBytes> bytes;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random->Next());
  return NodeId(bytes);
}

bool Contains(const std::vector<net::NodeNumber>& nodes, net::NodeNumber node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

TopologyWorld::TopologyWorld(uint64_t seed, const Options& options)
    : options_(options), network_(seed) {}

net::Address TopologyWorld::AddressOf(NodeIndex node) {
  return StrCat("10.0.0.", node + 1, ":8000");
}

NodeIndex TopologyWorld::Add(const std::vector<NodeIndex>& seeds, const std::string& cluster_name) {
  const NodeIndex node = nodes_.size();
  nodes_.emplace_back();
  nodes_.back().id = RandomId(network_.random());
  nodes_.back().seeds = seeds;
  nodes_.back().cluster_name = cluster_name;
  network_.AddNode(AddressOf(node), [this, node](const SimMessage& message) {
    topology(node).Receive(message.protocol, id(message.from), message.bytes, network_.now());
    Pump(node);
  });
  network_.Crash(node);
  return node;
}

void TopologyWorld::AddStarted(size_t count) {
  const NodeIndex first = size();
  for (size_t i = 0; i < count; ++i) Add({first, first + 1, first + 2});
  for (size_t i = 0; i < count; ++i) Start(first + i);
}

void TopologyWorld::Start(NodeIndex index) {
  Node& node = nodes_[index];
  network_.Restart(index);
  node.outbox = {};
  node.wake_at = net::FailureDetector::kNever;
  node.persisted.clear();
  node.ready = node.left = false;
  node.fatal.clear();
  replication::TopologyOptions options;
  options.self = node.id;
  options.address = AddressOf(index);
  options.zone = StrCat("zone-", index % 3);
  options.version = "0.1.0";
  for (const NodeIndex seed : node.seeds) options.seeds.push_back(AddressOf(seed));
  options.constants = {node.cluster_name, {}, options_.partitions, options_.copies, 2};
  node.topology = std::make_unique<Topology>(options, network_.random()->Next(), &node.outbox);
  const auto file = [&node](std::string_view name) { return node.disk[std::string(name)]; };
  const Status started = node.topology->Start(
      {file(net::kIncarnationFileName), file(net::RingRegister::kFileName), node.has_words},
      kUnixMillis + network_.now(), network_.now());
  if (!started.ok()) node.fatal = started.message();
  Pump(index);
}

void TopologyWorld::Crash(NodeIndex node) {
  network_.Crash(node);
  nodes_[node].topology.reset();
  nodes_[node].ready = false;
}

void TopologyWorld::Wipe(NodeIndex node) {
  nodes_[node].id = RandomId(network_.random());
  nodes_[node].disk.clear();
  nodes_[node].streamed.clear();
  nodes_[node].purged.clear();
}

void TopologyWorld::LoseFile(NodeIndex node, std::string_view name) {
  nodes_[node].disk.erase(std::string(name));
}

void TopologyWorld::Pump(NodeIndex index) {
  Node& node = nodes_[index];
  for (const TopologyEvent& event : node.topology->TakeEvents()) Take(index, event);
  net::Outbox outbox = std::exchange(node.outbox, {});
  for (net::OutgoingMessage& message : outbox.messages) Send(index, std::move(message));
  for (const net::PersistRequest& request : outbox.persists) Persist(index, request);
  for (const net::LogLine& line : outbox.log) {
    if (line.level == LogLevel::kError) Break(line.text);
  }
  ScheduleWake(index);
}

void TopologyWorld::Send(NodeIndex node, net::OutgoingMessage message) {
  const bool to_seed = message.to.is_zero();
  for (NodeIndex target = 0; to_seed && target < size(); ++target) {
    if (message.address != AddressOf(target) || network_.running(target)) continue;
    network_.After(node, 1, [this, node, address = message.address] {
      topology(node).OnRefused(address, network_.now());
      Pump(node);
    });
  }
  network_.Send(node, message.address, message.protocol, std::move(message.bytes));
}

void TopologyWorld::Persist(NodeIndex node, const net::PersistRequest& request) {
  const Millis delay = 1 + network_.random()->Below(kPersistMost);
  network_.After(node, delay, [this, node, request] {
    // Of the same name, a later one may have been faster.
    uint64_t& persisted = nodes_[node].persisted[request.name];
    if (persisted < request.token) {
      persisted = request.token;
      nodes_[node].disk[request.name] = request.bytes;
    }
    topology(node).OnPersisted(request.token, network_.now());
    Pump(node);
  });
}

void TopologyWorld::ScheduleWake(NodeIndex index) {
  Node& node = nodes_[index];
  const Millis due = node.topology->next_due();
  if (due >= node.wake_at) return;
  node.wake_at = due;
  const Millis delay = due > network_.now() ? due - network_.now() : 0;
  network_.After(index, delay, [this, index, due] {
    if (nodes_[index].wake_at == due) Wake(index);
  });
}

void TopologyWorld::Wake(NodeIndex node) {
  nodes_[node].wake_at = net::FailureDetector::kNever;
  const auto reading = static_cast<int64_t>(kUnixMillis + network_.now()) + nodes_[node].ahead;
  topology(node).SetClock(static_cast<uint64_t>(reading), network_.now());
  topology(node).Tick(network_.now());
  Pump(node);
}

void TopologyWorld::Take(NodeIndex index, const TopologyEvent& event) {
  Node& node = nodes_[index];
  using Kind = TopologyEvent::Kind;
  switch (event.kind) {
    case Kind::kRing:
      CheckRing(event.ring);
      network_.After(index, network_.random()->Below(kDrainMost), [this, index, event] {
        topology(index).RingInUse(event.ring->epoch, network_.now());
        Pump(index);
      });
      return;
    case Kind::kView:
      return;
    case Kind::kReady:
      node.ready = true;
      return;
    case Kind::kStream:
      return Stream(index, event);
    case Kind::kPurge:
      for (const uint32_t partition : event.partitions) {
        node.purged.insert(partition);
        node.streamed.erase(partition);
      }
      return;
    case Kind::kFatal:
      node.fatal = event.text;
      return;
    case Kind::kLeft:
      node.left = true;
      node.left_status = event.status;
      return;
    case Kind::kOutcome:
      node.outcomes.push_back(event.status);
      return;
    case Kind::kDrain:
      node.asked_to_drain = true;
      return;
  }
}

void TopologyWorld::Stream(NodeIndex index, const TopologyEvent& event) {
  for (const uint32_t partition : event.partitions) {
    const Millis delay = 1 + network_.random()->Below(options_.stream_most);
    network_.After(index, delay, [this, index, partition, session = event.session] {
      nodes_[index].purged.erase(partition);
      nodes_[index].streamed[partition] = session;
      topology(index).StreamDone(session, std::vector<uint32_t>{partition}, network_.now());
      Pump(index);
    });
  }
}

RingPtr TopologyWorld::Newest() const {
  return history_.empty() ? nullptr : history_.rbegin()->second;
}

bool TopologyWorld::Settled(const std::set<NodeIndex>& members) const {
  const RingPtr newest = Newest();
  if (!newest || newest->operation) return false;
  std::set<NodeId> active;
  for (const net::Member& member : newest->members) {
    if (net::Votes(member)) active.insert(member.id);
  }
  std::set<NodeId> wanted;
  for (const NodeIndex node : members) wanted.insert(nodes_[node].id);
  if (active != wanted) return false;
  return std::all_of(members.begin(), members.end(), [&](NodeIndex index) {
    const Node& node = nodes_[index];
    return !node.topology || (node.ready && *node.topology->ring() == *newest);
  });
}

bool TopologyWorld::RunUntilSettled(const std::set<NodeIndex>& members, Millis limit) {
  return network_.RunUntilHolds(limit, 100, [&] { return !broken_.empty() || Settled(members); }) &&
         broken_.empty();
}

void TopologyWorld::CheckRing(const RingPtr& ring) {
  const auto [found, is_new] = history_.emplace(ring->epoch, ring);
  if (!is_new) {
    if (*found->second != *ring) Break(StrCat("two rings of epoch ", ring->epoch));
    return;
  }
  if (ring->epoch > 1 && history_.begin()->second->cluster_id != ring->cluster_id) {
    Break("two clusters");
  }
  CheckStreams(*ring);
}

// Who is read has everything that was there before.
void TopologyWorld::CheckStreams(const net::Ring& ring) {
  for (uint32_t i = 0; i < ring.partitions.size(); ++i) {
    const net::Partition& partition = ring.partitions[i];
    if (partition.step != net::MoveStep::kWriteBothReadNew) continue;
    for (const Node& node : nodes_) {
      const net::Member* member = ring.Find(node.id);
      if (member == nullptr || !Contains(partition.targets, member->number)) continue;
      const auto streamed = node.streamed.find(i);
      const auto majority = [](const auto& nodes) {
        const size_t quorum = net::Majority(nodes.size());
        return net::Quorums{quorum, quorum};
      };
      const bool has =
          !net::HasToFetch(partition, member->number, majority(partition.owners),
                           majority(partition.targets)) ||
          (streamed != node.streamed.end() && streamed->second == ring.operation->session);
      if (!has) Break(StrCat("node ", member->number, " is read without having partition ", i));
    }
  }
}

void TopologyWorld::Break(std::string text) {
  if (broken_.empty()) broken_ = StrCat("at ", network_.now(), " ms: ", text);
}

}  // namespace trifecta::sim
