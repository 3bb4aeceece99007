#include "net/membership.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace trifecta::net {

std::string_view LivenessName(Liveness liveness) {
  switch (liveness) {
    case Liveness::kAlive:
      return "alive";
    case Liveness::kSuspect:
      return "suspect";
    case Liveness::kDead:
      return "dead";
    case Liveness::kLeft:
      return "left";
  }
  return "unknown";
}

bool Overrides(const NodeRecord& a, const NodeRecord& b) {
  return std::tie(a.incarnation, a.liveness) > std::tie(b.incarnation, b.liveness);
}

Membership::News Membership::Merge(const NodeRecord& record, Millis now) {
  if (KnownNode* node = FindMutable(record.id)) {
    if (Overrides(record, node->record)) {
      Replace(node, record, now);
      return News::kLife;
    }
    const NodeRecord& known = node->record;
    if (record.incarnation < known.incarnation) return News::kNone;
    if (record.vitals.sequence <= known.vitals.sequence) return News::kNone;
    node->record.vitals = record.vitals;
    return News::kVitals;
  }
  if (nodes_.size() >= kKnownNodesMax && !MakeRoom(now)) return News::kNone;
  const auto at = nodes_.insert(LowerBound(record.id), KnownNode());
  at->record = record;
  at->changed_at = now;
  live_count_ += IsLive(record.liveness);
  ++changes_;
  return News::kLife;
}

// The vitals of one incarnation only move on, whatever its liveness was when they were seen.
void Membership::Replace(KnownNode* node, const NodeRecord& record, Millis now) {
  const bool same_life = record.incarnation == node->record.incarnation;
  const Vitals vitals = node->record.vitals;
  live_count_ -= IsLive(node->record.liveness);
  node->record = record;
  node->changed_at = now;
  live_count_ += IsLive(record.liveness);
  if (same_life && vitals.sequence > record.vitals.sequence) node->record.vitals = vitals;
  ++changes_;
}

bool Membership::MakeRoom(Millis now) {
  const KnownNode* longest = nullptr;
  for (const KnownNode& node : nodes_) {
    if (IsLive(node.record.liveness) || IsKept(node.record.id)) continue;
    if (longest == nullptr || node.GoneFor(now) > longest->GoneFor(now)) longest = &node;
  }
  if (longest == nullptr) return false;
  Forget(NodeId(longest->record.id));
  return true;
}

const KnownNode* Membership::Find(const NodeId& id) const {
  return const_cast<Membership*>(this)->FindMutable(id);
}

KnownNode* Membership::FindMutable(const NodeId& id) {
  const auto at = LowerBound(id);
  return at != nodes_.end() && at->record.id == id ? &*at : nullptr;
}

std::vector<KnownNode>::iterator Membership::LowerBound(const NodeId& id) {
  return std::lower_bound(
      nodes_.begin(), nodes_.end(), id,
      [](const KnownNode& node, const NodeId& wanted) { return node.record.id < wanted; });
}

void Membership::NoteHeard(const NodeId& id, Millis now) {
  if (KnownNode* node = FindMutable(id)) node->heard_at = now;
}

void Membership::NoteTold(const NodeId& id, Millis now) {
  if (KnownNode* node = FindMutable(id)) node->told_at = now;
}

void Membership::NoteClock(const NodeId& id, int64_t offset, Millis round_trip, Millis now) {
  KnownNode* node = FindMutable(id);
  if (node == nullptr) return;
  node->clock_offset = offset;
  node->round_trip = round_trip;
  node->measured_at = now;
}

void Membership::Forget(const NodeId& id) {
  const auto at = LowerBound(id);
  if (at == nodes_.end() || at->record.id != id) return;
  live_count_ -= IsLive(at->record.liveness);
  nodes_.erase(at);
  ++changes_;
}

void Membership::ForgetGone(Millis gone_max, Millis now) {
  changes_ += std::erase_if(nodes_, [&](const KnownNode& node) {
    return !IsLive(node.record.liveness) && !IsKept(node.record.id) && node.GoneFor(now) > gone_max;
  });
}

}  // namespace trifecta::net
