#include "net/gossip_sender.h"

#include <algorithm>
#include <utility>

namespace trifecta::net {

void GossipSender::Send(GossipMessage message, const NodeId& to, const Address& address) {
  message.cluster = cluster_;
  message.to = to;
  message.clock = std::min(clock(), kClockMax);
  message.sender = view_.own().record();
  const KnownNode* known = view_.members().Find(to);
  if (known != nullptr && known->record.liveness != Liveness::kAlive) {
    message.records.insert(message.records.begin(), known->record);
  }
  std::string bytes = EncodeGossipMessage(message);
  const size_t room = kGossipBytesMax - std::min(bytes.size(), kGossipBytesMax);
  view_.mutable_news()->Take(std::min(room, options_.piggyback_bytes), view_.retransmit_limit(),
                             &bytes);
  outbox_.messages.push_back({Protocol::kMembership, to, address, std::move(bytes)});
}

std::vector<const KnownNode*> GossipSender::PickLive(size_t count, const NodeId& other) {
  std::vector<const KnownNode*> live;
  for (const KnownNode& node : view_.members().nodes()) {
    const NodeId& id = node.record.id;
    if (IsLive(node.record.liveness) && id != view_.own().id() && id != other) {
      live.push_back(&node);
    }
  }
  const size_t picked = std::min(count, live.size());
  for (size_t i = 0; i < picked; ++i) std::swap(live[i], live[i + random_.Below(live.size() - i)]);
  live.resize(picked);
  return live;
}

NodeRecord RecordAt(const KnownNode& node, Millis now) {
  NodeRecord record = node.record;
  if (!IsLive(record.liveness)) record.gone = std::min(node.GoneFor(now), kGoneMax);
  return record;
}

}  // namespace trifecta::net
