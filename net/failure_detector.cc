#include "net/failure_detector.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "net/gossip_message.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

NodeRecord RecordOf(const LocalNode& self) {
  NodeRecord record;
  record.id = self.id;
  record.address = self.address;
  record.zone = self.zone;
  record.version = self.version;
  return record;
}

// Seeds that are asked at once while nobody is known.
constexpr size_t kFirstSeeds = 3;

}  // namespace

Millis SyncInterval(Millis interval, size_t nodes) {
  constexpr size_t kUnscaledNodes = 32;
  if (nodes <= kUnscaledNodes) return interval;
  // 1 + ceil(log2(nodes / 32)).
  return interval * (1 + static_cast<Millis>(std::bit_width((nodes - 1) / kUnscaledNodes)));
}

FailureDetector::FailureDetector(const LocalNode& self, const DetectorOptions& options,
                                 uint64_t seed, Outbox* outbox)
    : options_(options),
      random_(seed),
      outbox_(*outbox),
      view_(RecordOf(self), &options_, outbox),
      sender_(&options_, &view_, &random_, outbox),
      prober_(&options_, &view_, &sender_, &random_),
      sync_(&view_, &sender_, &random_) {
  sender_.SetCluster(self.cluster);
}

Status FailureDetector::Start(std::string_view saved, uint64_t unix_seconds, Millis now) {
  sender_.SetNow(now);
  TRIFECTA_RETURN_IF_ERROR(view_.Begin(saved, unix_seconds, now));
  phase_ = Phase::kStarting;
  return Status::Ok();
}

void FailureDetector::OnPersisted(uint64_t token, Millis now) {
  const Millis corrected = Begin(now);
  view_.OnPersisted(token, corrected);
  if (phase_ == Phase::kStarting && view_.own().begun()) {
    phase_ = Phase::kRunning;
    prober_.Start(corrected);
    sync_gap_ = options_.probe_interval;
    sync_due_ = corrected + random_.Below(sync_gap_);
    rejoin_due_ = corrected;
  }
  HandleEvents(corrected);
}

void FailureDetector::SetVitals(const Vitals& vitals, Millis now) {
  const Millis corrected = Begin(now);
  if (view_.SetVitals(vitals, corrected)) announcements_ = view_.retransmit_limit();
  Schedule(corrected);
}

// Every call with a time begins here. A call that comes much later than Tick was due finds a
// process that was stopped, or a machine without a free processor. Answers may lie unread and
// refutations unsent, so that time counts for nobody: the clock is set back to when Tick was due.
Millis FailureDetector::Begin(Millis now) {
  sender_.SetNow(now);
  const Millis due = next_due_corrected();
  const Millis awaited = std::max(due, called_at_);
  if (due != kNever && now - stalled_ > awaited + options_.stall_min) {
    const Millis late = now - stalled_ - awaited;
    stalled_ += late;
    prober_.health()->Worsen(1);
    outbox_.Log(LogLevel::kWarning,
                StrCat("this node did not run for ", late,
                       " ms; it waits for answers that much longer before it suspects others"));
  }
  return called_at_ = now - stalled_;
}

void FailureDetector::Receive(const NodeId& from, std::string_view bytes, Millis now) {
  if (phase_ != Phase::kRunning && phase_ != Phase::kLeaving) return;
  const Millis corrected = Begin(now);
  const auto message = DecodeGossipMessage(bytes);
  if (!message.ok()) {
    ++(message.status().code() == StatusCode::kInvalidArgument ? refusals_.unknown
                                                               : refusals_.damaged);
    return outbox_.Log(LogLevel::kDebug,
                       StrCat("from node ", from.ToString(), ": ", message.status().message()));
  }
  if (!Admits(from, *message)) return;
  view_.Learn(message->sender, corrected);
  view_.mutable_members()->NoteHeard(from, corrected);
  Dispatch(*message, corrected);
  TellIfAccused(from, corrected);
  HandleEvents(corrected);
}

bool FailureDetector::Admits(const NodeId& from, const GossipMessage& message) {
  if (message.sender.id != from || from == self().id ||
      (!message.to.is_zero() && message.to != self().id)) {
    ++refusals_.misdirected;
    return false;
  }
  if (message.cluster.is_zero() || message.cluster == cluster()) return true;
  if (cluster().is_zero()) {
    outbox_.Log(LogLevel::kInfo, StrCat("node ", from.ToString(), " at ", message.sender.address,
                                        " answers for cluster ", message.cluster.ToString()));
    SetCluster(message.cluster);
    return true;
  }
  ++refusals_.foreign;
  outbox_.Log(LogLevel::kDebug,
              StrCat("node ", from.ToString(), " at ", message.sender.address,
                     " is of another cluster, ", message.cluster.ToString(), "; it is ignored"));
  return false;
}

void FailureDetector::Dispatch(const GossipMessage& message, Millis now) {
  if (message.kind != GossipKind::kTable) {
    for (const NodeRecord& record : message.records) view_.Learn(record, now);
  }
  switch (message.kind) {
    case GossipKind::kPing:
      return prober_.OnPing(message);
    case GossipKind::kAck:
      return prober_.OnAck(message, now);
    case GossipKind::kNack:
      return prober_.OnNack(message);
    case GossipKind::kPingRequest:
      return prober_.OnPingRequest(message, now);
    case GossipKind::kSync:
      return sync_.OnSync(message, now);
    case GossipKind::kTable:
      return sync_.OnTable(message, now);
    case GossipKind::kGossip:
      return;
  }
}

// Who sends a message lives, but only its own higher incarnation takes back what all have been
// told. Not more often than gossip goes out: two nodes that accuse each other would not end.
void FailureDetector::TellIfAccused(const NodeId& id, Millis now) {
  const KnownNode* node = members().Find(id);
  if (node == nullptr || node->record.liveness == Liveness::kAlive) return;
  if (node->told_at != 0 && now < node->told_at + options_.gossip_interval) return;
  sender_.Send(GossipOf(GossipKind::kGossip), *node);
  view_.mutable_members()->NoteTold(id, now);
}

void FailureDetector::HandleEvents(Millis now) {
  const ViewEvents events = view_.TakeEvents();
  for (const NodeId& id : events.arrived) prober_.Add(id);
  for (const NodeId& id : events.accused) TellIfAccused(id, now);
  if (events.refutations > 0) prober_.health()->Worsen(1);
  Schedule(now);
}

// News that comes after a quiet time goes out at once.
void FailureDetector::Schedule(Millis now) {
  const bool active = phase_ == Phase::kRunning || phase_ == Phase::kLeaving;
  if (!active || !has_news() || live_others() == 0) {
    gossip_due_ = kNever;
  } else if (gossip_due_ == kNever) {
    gossip_due_ = std::max(now, gossiped_at_ + options_.gossip_interval);
  }
}

void FailureDetector::Tick(Millis now) {
  const Millis corrected = Begin(now);
  if (phase_ != Phase::kRunning && phase_ != Phase::kLeaving) return;
  prober_.Tick(corrected);
  view_.EndSuspicions(corrected);
  SyncIfDue(corrected);
  if (gossip_due_ <= corrected) Gossip(corrected);
  HandleEvents(corrected);
  if (phase_ == Phase::kLeaving) EndLeave(corrected);
}

void FailureDetector::Gossip(Millis now) {
  gossiped_at_ = now;
  gossip_due_ = kNever;
  for (const KnownNode* node : sender_.PickLive(options_.gossip_fanout)) {
    if (!has_news()) return;
    announcements_ -= announcements_ > 0;
    sender_.Send(GossipOf(GossipKind::kGossip), *node);
  }
}

void FailureDetector::SyncIfDue(Millis now) {
  if (sync_due_ <= now) {
    sync_gap_ =
        std::min(2 * sync_gap_, SyncInterval(options_.sync_interval, members().live_count()));
    sync_due_ = now + sync_gap_;
    view_.mutable_members()->ForgetGone(options_.gone_kept, now);
    sync_.SyncWithAny();
  }
  if (rejoin_due_ <= now) {
    const bool alone = live_others() == 0;
    rejoin_due_ = now + (alone ? options_.probe_interval : options_.rejoin_interval);
    sync_.SyncWithAbsent(alone ? kFirstSeeds : 1);
  }
}

void FailureDetector::Leave(Millis now) {
  const Millis corrected = Begin(now);
  if (phase_ == Phase::kLeaving || phase_ == Phase::kLeft) return;
  view_.Leave(corrected);
  prober_.Stop();
  sync_due_ = rejoin_due_ = kNever;
  leave_ends_ = corrected + options_.leave_timeout;
  phase_ = Phase::kLeaving;
  Schedule(corrected);
  EndLeave(corrected);
}

void FailureDetector::EndLeave(Millis now) {
  const bool told = !view_.news().Contains(self().id);
  if (!told && live_others() > 0 && now < leave_ends_) return;
  phase_ = Phase::kLeft;
  gossip_due_ = leave_ends_ = kNever;
}

size_t FailureDetector::live_others() const {
  return members().live_count() - (view_.own().begun() && !view_.own().leaving());
}

Millis FailureDetector::next_due() const {
  const Millis due = next_due_corrected();
  return due == kNever ? kNever : due + stalled_;
}

Millis FailureDetector::next_due_corrected() const {
  if (phase_ != Phase::kRunning && phase_ != Phase::kLeaving) return kNever;
  return std::min({prober_.next_due(), view_.next_deadline(), gossip_due_, sync_due_, rejoin_due_,
                   leave_ends_});
}

}  // namespace trifecta::net
