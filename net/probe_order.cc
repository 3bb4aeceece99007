#include "net/probe_order.h"

namespace trifecta::net {

void ProbeOrder::Add(const NodeId& id) {
  if (id == self_) return;
  const auto turn = next_ + random_->Below(round_.size() - next_ + 1);
  round_.insert(round_.begin() + static_cast<std::ptrdiff_t>(turn), id);
}

const KnownNode* ProbeOrder::Next(const Membership& members) {
  if (const KnownNode* node = NextOfRound(members)) return node;
  BeginRound(members);
  return NextOfRound(members);
}

const KnownNode* ProbeOrder::NextOfRound(const Membership& members) {
  while (next_ < round_.size()) {
    const KnownNode* node = members.Find(round_[next_++]);
    if (node != nullptr && IsLive(node->record.liveness)) return node;
  }
  return nullptr;
}

void ProbeOrder::BeginRound(const Membership& members) {
  next_ = 0;
  round_.clear();
  for (const KnownNode& node : members.nodes()) {
    if (node.record.id != self_ && IsLive(node.record.liveness)) round_.push_back(node.record.id);
  }
  random_->Shuffle(&round_);
}

}  // namespace trifecta::net
