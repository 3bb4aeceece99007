#include "net/prober.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace trifecta::net {

// Numbers begin anywhere, so that an ack to an earlier life is not taken for one to this.
Prober::Prober(const DetectorOptions* options, MemberView* view, GossipSender* sender,
               Random* random)
    : options_(*options),
      view_(*view),
      sender_(*sender),
      random_(*random),
      health_(options->health_max),
      order_(view->own().id(), random),
      number_(random->Below(uint64_t{1} << 48)) {}

// Nodes that start together must not probe together.
void Prober::Start(Millis now) { probe_due_ = now + random_.Below(options_.probe_interval); }

void Prober::Stop() {
  probe_due_ = kNever;
  probe_.reset();
}

Millis Prober::next_due() const {
  Millis due = probe_due_;
  if (probe_) due = std::min(due, probe_->asked_helpers ? probe_->ends : probe_->helpers_due);
  if (!relays_.empty()) due = std::min(due, relays_.begin()->second.ends);
  for (const auto& [number, relay] : relays_) {
    if (relay.nacked) continue;
    due = std::min(due, relay.nack_due);
    break;
  }
  return due;
}

void Prober::Tick(Millis now) {
  AnswerRelays(now);
  if (probe_ && !probe_->asked_helpers && probe_->helpers_due <= now) AskHelpers();
  if (probe_ && probe_->ends <= now) FailProbe();
  if (probe_due_ <= now) StartProbe(now);
}

void Prober::StartProbe(Millis now) {
  const unsigned scale = health_.multiplier();
  probe_due_ = now + options_.probe_interval * scale;
  const KnownNode* target = order_.Next(view_.members());
  if (target == nullptr) return;
  probe_ = Probe{.target = target->record.id,
                 .incarnation = target->record.incarnation,
                 .number = ++number_,
                 .sent_at = sender_.now(),
                 .helpers_due = now + options_.probe_timeout * scale,
                 .ends = probe_due_};
  SendNumbered(GossipKind::kPing, probe_->number, probe_->target, target->record.address);
}

void Prober::AskHelpers() {
  probe_->asked_helpers = true;
  const KnownNode* target = view_.members().Find(probe_->target);
  if (target == nullptr) return;
  GossipMessage request = GossipOf(GossipKind::kPingRequest, probe_->number);
  request.target = probe_->target;
  request.target_address = target->record.address;
  for (const KnownNode* helper : sender_.PickLive(options_.indirect_probes, probe_->target)) {
    probe_->silent_helpers.insert(helper->record.id);
    sender_.Send(request, *helper);
  }
  probe_->helpers = probe_->silent_helpers.size();
}

// Helpers that did not even say that they got no answer speak for a fault of our own.
void Prober::FailProbe() {
  const Probe probe = *std::exchange(probe_, std::nullopt);
  health_.Worsen(probe.helpers == 0 ? 1 : static_cast<unsigned>(probe.silent_helpers.size()));
  view_.Suspect(probe.target, probe.incarnation, probe.ends);
}

void Prober::AnswerRelays(Millis now) {
  for (auto at = relays_.begin(); at != relays_.end() && at->second.nack_due <= now;) {
    Relay& relay = at->second;
    if (!std::exchange(relay.nacked, true)) {
      SendNumbered(GossipKind::kNack, relay.origin_number, relay.origin, relay.origin_address);
    }
    at = relay.ends <= now ? relays_.erase(at) : std::next(at);
  }
}

void Prober::OnPing(const GossipMessage& message) {
  SendNumbered(GossipKind::kAck, message.number, message.sender.id, message.sender.address);
}

void Prober::OnPingRequest(const GossipMessage& message, Millis now) {
  if (relays_.size() >= kRelaysMax) return;
  relays_[++number_] = Relay{.origin = message.sender.id,
                             .origin_address = message.sender.address,
                             .origin_number = message.number,
                             .target = message.target,
                             .nack_due = now + options_.probe_timeout * options_.nack_percent / 100,
                             .ends = now + options_.probe_interval};
  SendNumbered(GossipKind::kPing, number_, message.target, message.target_address);
}

void Prober::OnAck(const GossipMessage& message, Millis now) {
  if (!probe_ || message.number != probe_->number) return RelayAck(message);
  const bool direct = message.sender.id == probe_->target;
  if (!direct && !probe_->silent_helpers.contains(message.sender.id)) return;
  if (direct) MeasureClock(message, *probe_, now);
  health_.Improve();
  probe_.reset();
}

void Prober::OnNack(const GossipMessage& message) {
  if (probe_ && message.number == probe_->number) {
    probe_->silent_helpers.erase(message.sender.id);
  }
}

void Prober::RelayAck(const GossipMessage& ack) {
  const auto at = relays_.find(ack.number);
  if (at == relays_.end() || at->second.target != ack.sender.id) return;
  const Relay relay = at->second;
  relays_.erase(at);
  SendNumbered(GossipKind::kAck, relay.origin_number, relay.origin, relay.origin_address);
}

// The other clock was read some time between ping and ack: in the middle, give or take half of it.
void Prober::MeasureClock(const GossipMessage& ack, const Probe& probe, Millis now) {
  const Millis round_trip = sender_.now() - probe.sent_at;
  if (round_trip > options_.probe_timeout) return;
  const uint64_t middle = sender_.clock() - round_trip / 2;
  const auto offset = static_cast<int64_t>(ack.clock) - static_cast<int64_t>(middle);
  view_.mutable_members()->NoteClock(ack.sender.id, offset, round_trip, now);
}

void Prober::SendNumbered(GossipKind kind, uint64_t number, const NodeId& to,
                          const Address& address) {
  sender_.Send(GossipOf(kind, number), to, address);
}

}  // namespace trifecta::net
