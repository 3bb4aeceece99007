#include "tests/sim/membership_world.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::sim {

using net::FailureDetector;
using net::IsLive;
using net::KnownNode;
using net::Liveness;
using net::NodeId;

namespace {

// To write and sync a small file.
constexpr Millis kPersistMin = 1, kPersistMax = 20;

NodeId RandomId(Random* random) {
  std::array<uint8_t, NodeId::kBytes> bytes;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random->Next());
  return NodeId(bytes);
}

}  // namespace

MembershipWorld::MembershipWorld(uint64_t seed, const net::DetectorOptions& options)
    : options_(options), network_(seed) {}

NodeIndex MembershipWorld::Add(const std::vector<NodeIndex>& seeds) {
  const NodeIndex node = nodes_.size();
  nodes_.emplace_back();
  nodes_.back().id = RandomId(network_.random());
  nodes_.back().seeds = seeds;
  network_.AddNode(StrCat("10.0.", node / 250, ".", node % 250 + 1, ":8000"),
                   [this, node](const SimMessage& message) {
                     SetClock(node);
                     detector(node).Receive(id(message.from), message.bytes, network_.now());
                     Pump(node);
                   });
  network_.Crash(node);
  return node;
}

void MembershipWorld::AddStarted(size_t count) {
  for (size_t i = 0; i < count; ++i) Add({0});
  for (NodeIndex node = 0; node < size(); ++node) Start(node);
}

void MembershipWorld::Start(NodeIndex index) {
  Node& node = nodes_[index];
  network_.Restart(index);
  node.outbox = {};
  node.wake_at = FailureDetector::kNever;
  net::LocalNode self;
  self.id = node.id;
  self.address = network_.address(index);
  self.zone = StrCat("zone-", index % 3);
  self.version = "0.1.0";
  node.detector =
      std::make_unique<FailureDetector>(self, options_, network_.random()->Next(), &node.outbox);
  std::vector<Address> seeds;
  for (const NodeIndex seed : node.seeds) seeds.push_back(network_.address(seed));
  node.detector->SetSeeds(seeds);
  SetClock(index);
  const uint64_t unix_seconds = (kEpochMillis + network_.now()) / 1000;
  [[maybe_unused]] const Status status =
      node.detector->Start(node.disk, unix_seconds, network_.now());
  assert(status.ok());
  Pump(index);
}

void MembershipWorld::Crash(NodeIndex node) {
  network_.Crash(node);
  nodes_[node].detector.reset();
}

void MembershipWorld::Leave(NodeIndex node) {
  detector(node).Leave(network_.now());
  Pump(node);
}

void MembershipWorld::Wipe(NodeIndex node) {
  nodes_[node].id = RandomId(network_.random());
  nodes_[node].disk.clear();
}

void MembershipWorld::SetRing() {
  std::set<NodeId> ids;
  std::vector<Address> addresses;
  for (NodeIndex node = 0; node < size(); ++node) {
    ids.insert(id(node));
    addresses.push_back(network_.address(node));
  }
  for (Node& node : nodes_) {
    if (!node.detector) continue;
    node.detector->SetRingMembers(ids);
    node.detector->SetSeeds(addresses);
  }
}

void MembershipWorld::SetClock(NodeIndex node) {
  const auto reading = static_cast<int64_t>(kEpochMillis + network_.now()) + nodes_[node].ahead;
  detector(node).SetClock(static_cast<uint64_t>(reading), network_.now());
}

void MembershipWorld::Pump(NodeIndex index) {
  Node& node = nodes_[index];
  net::Outbox outbox = std::exchange(node.outbox, {});
  for (net::OutgoingMessage& message : outbox.messages) {
    network_.Send(index, message.address, message.protocol, std::move(message.bytes));
  }
  for (const net::PersistRequest& request : outbox.persists) Persist(index, request);
  KeepWarnings(index, outbox.log);
  ScheduleWake(index);
}

void MembershipWorld::KeepWarnings(NodeIndex node, const std::vector<net::LogLine>& lines) {
  const size_t before = warnings_.size();
  for (const net::LogLine& line : lines) {
    if (line.level >= LogLevel::kWarning) warnings_.push_back(line.text);
  }
  if (warnings_.size() > before) CountFalseDeaths(node);
}

void MembershipWorld::Persist(NodeIndex node, const net::PersistRequest& request) {
  const Millis delay = kPersistMin + network_.random()->Below(kPersistMax - kPersistMin + 1);
  network_.After(node, delay, [this, node, request] {
    nodes_[node].disk = request.bytes;
    detector(node).OnPersisted(request.token, network_.now());
    Pump(node);
  });
}

void MembershipWorld::ScheduleWake(NodeIndex index) {
  Node& node = nodes_[index];
  const Millis due = node.detector->next_due();
  if (due >= node.wake_at) return;
  node.wake_at = due;
  const Millis delay = due > network_.now() ? due - network_.now() : 0;
  network_.After(index, delay, [this, index, due] {
    if (nodes_[index].wake_at == due) Wake(index);
  });
}

void MembershipWorld::Wake(NodeIndex node) {
  nodes_[node].wake_at = FailureDetector::kNever;
  SetClock(node);
  detector(node).Tick(network_.now());
  Pump(node);
}

std::optional<Liveness> MembershipWorld::Seen(NodeIndex viewer, NodeIndex subject) {
  const KnownNode* known = detector(viewer).members().Find(id(subject));
  if (known == nullptr) return std::nullopt;
  return known->record.liveness;
}

bool MembershipWorld::AllSee(NodeIndex subject, Liveness liveness) {
  for (NodeIndex viewer = 0; viewer < size(); ++viewer) {
    if (viewer == subject || !network_.running(viewer)) continue;
    if (Seen(viewer, subject) != liveness) return false;
  }
  return true;
}

bool MembershipWorld::AllAgree() {
  for (NodeIndex viewer = 0; viewer < size(); ++viewer) {
    if (!network_.running(viewer)) continue;
    for (NodeIndex subject = 0; subject < size(); ++subject) {
      const auto seen = Seen(viewer, subject);
      const bool alive = seen == Liveness::kAlive;
      if (alive != network_.running(subject) || seen == Liveness::kSuspect) return false;
    }
  }
  return true;
}

int MembershipWorld::Warnings(std::string_view part) const {
  return static_cast<int>(
      std::count_if(warnings_.begin(), warnings_.end(),
                    [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

// A node is counted when it is newly dead in this table, although it runs.
void MembershipWorld::CountFalseDeaths(NodeIndex viewer) {
  const auto now = detector(viewer).CorrectedTime(network_.now());
  for (NodeIndex subject = 0; subject < size(); ++subject) {
    if (!network_.running(subject) || network_.paused(subject)) continue;
    const KnownNode* known = detector(viewer).members().Find(id(subject));
    if (known == nullptr || known->record.liveness != Liveness::kDead) continue;
    false_deaths_ += known->changed_at == now;
  }
}

}  // namespace trifecta::sim
