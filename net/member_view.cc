#include "net/member_view.h"

#include <algorithm>
#include <limits>
#include <string>

#include "net/gossip_message.h"
#include "storage/base/text.h"

namespace trifecta::net {

MemberView::MemberView(NodeRecord self, const DetectorOptions* options, Outbox* outbox)
    : options_(*options), outbox_(outbox), own_(std::move(self), outbox) {}

unsigned MemberView::retransmit_limit() const {
  return RetransmitLimit(options_.retransmit_mult, members_.live_count());
}

Status MemberView::Begin(std::string_view saved, uint64_t unix_seconds, Millis now) {
  newcomer_until_ = now + options_.sync_interval;
  return own_.Begin(saved, unix_seconds);
}

void MemberView::OnPersisted(uint64_t token, Millis now) {
  if (own_.OnPersisted(token)) TellOwnLife(now);
}

bool MemberView::SetVitals(const Vitals& vitals, Millis now) {
  const Vitals before = own_.record().vitals;
  if (!own_.SetVitals(vitals)) return false;
  if (own_.begun()) members_.Merge(own_.record(), now);
  return vitals.ring_epoch != before.ring_epoch ||
         vitals.shard_map_digest != before.shard_map_digest;
}

void MemberView::Leave(Millis now) {
  own_.SetLeft();
  if (own_.begun()) TellOwnLife(now);
}

void MemberView::TellOwnLife(Millis now) {
  members_.Merge(own_.record(), now);
  PassOn(own_.record());
}

void MemberView::Learn(const NodeRecord& record, Millis now) {
  if (record.id == own_.id()) return LearnAboutSelf(record, now);
  if (IsTooOld(record)) return;
  if (IsConfirmation(record)) return Confirm(record, now);
  Merge(record, true, now);
}

void MemberView::LearnFromTable(const NodeRecord& record, const NodeId& teller, Millis now) {
  const KnownNode* known = members_.Find(record.id);
  if (known == nullptr) {
    if (record.id != own_.id() && !IsTooOld(record)) Merge(record, now >= newcomer_until_, now);
    return;
  }
  if (record.liveness != Liveness::kDead || !IsLive(known->record.liveness)) {
    return Learn(record, now);
  }
  NodeRecord suspect = record;
  suspect.liveness = Liveness::kSuspect;
  suspect.accuser = teller;
  suspect.gone = 0;
  const bool first = Overrides(suspect, known->record) && record.id != own_.id();
  Learn(suspect, now);
  if (first) events_.accused.push_back(record.id);
}

// A node that refutes is found slow by others, and is more careful with its own accusations.
void MemberView::LearnAboutSelf(const NodeRecord& record, Millis now) {
  const NodeRecord& own = own_.record();
  if (own_.leaving() || record.incarnation < own.incarnation) return;
  const bool same_life = record.incarnation == own.incarnation;
  if (same_life && record.liveness == Liveness::kAlive) return;
  if (record.liveness == Liveness::kAlive && record.address != own.address) {
    outbox_->Log(LogLevel::kWarning, StrCat("a node at ", record.address,
                                            " uses the id of this node, ", own.id.ToString(),
                                            ": if its data folder is a copy of this one's, stop "
                                            "it and give it an empty one"));
  }
  if (own_.RaiseAbove(record.incarnation)) TellOwnLife(now);
  ++events_.refutations;
}

// Gone for so long that others forget it, too: taking it in would keep it going round for ever.
bool MemberView::IsTooOld(const NodeRecord& record) const {
  return !IsLive(record.liveness) && record.gone > options_.gone_kept &&
         !members_.IsKept(record.id) && members_.Find(record.id) == nullptr;
}

bool MemberView::IsConfirmation(const NodeRecord& record) const {
  const KnownNode* known = members_.Find(record.id);
  return record.liveness == Liveness::kSuspect && known != nullptr &&
         known->record.liveness == Liveness::kSuspect &&
         known->record.incarnation == record.incarnation;
}

// Time that has passed already may be more than what the shorter suspicion has: then it ends now.
void MemberView::Confirm(const NodeRecord& record, Millis now) {
  const auto at = suspicions_.find(record.id);
  if (at == suspicions_.end() || !at->second.suspicion.Confirm(record.accuser)) return;
  deadlines_.erase({at->second.deadline, record.id});
  at->second.deadline = std::max(at->second.suspicion.deadline(), now);
  deadlines_.insert({at->second.deadline, record.id});
  PassOn(record);
}

void MemberView::Suspect(const NodeId& target, uint64_t incarnation, Millis now) {
  const KnownNode* known = members_.Find(target);
  if (known == nullptr) return;
  NodeRecord record = known->record;
  if (record.incarnation != incarnation || !IsLive(record.liveness)) return;
  if (record.liveness == Liveness::kAlive) events_.accused.push_back(target);
  record.liveness = Liveness::kSuspect;
  record.accuser = own_.id();
  Learn(record, now);
}

void MemberView::EndSuspicions(Millis now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    NodeRecord record = members_.Find(deadlines_.begin()->second)->record;
    record.liveness = Liveness::kDead;
    record.accuser = own_.id();
    Merge(record, true, now);
  }
}

Millis MemberView::next_deadline() const {
  return deadlines_.empty() ? std::numeric_limits<Millis>::max() : deadlines_.begin()->first;
}

void MemberView::Merge(const NodeRecord& record, bool pass_on, Millis now) {
  const KnownNode* known = members_.Find(record.id);
  const bool was_live = known != nullptr && IsLive(known->record.liveness);
  const bool was_alive = known != nullptr && known->record.liveness == Liveness::kAlive;
  if (members_.Merge(record, now) != Membership::News::kLife) return;
  if (IsLive(record.liveness) && !was_live) events_.arrived.push_back(record.id);
  Track(record, now);
  if (pass_on) PassOn(record);
  if (!was_alive || record.liveness != Liveness::kAlive) LogChange(record);
}

void MemberView::Track(const NodeRecord& record, Millis now) {
  StopSuspicion(record.id);
  if (record.liveness == Liveness::kSuspect) StartSuspicion(record, now);
}

void MemberView::StartSuspicion(const NodeRecord& record, Millis now) {
  const SuspicionTimes times =
      SuspicionTimesFor(options_.suspicion_mult, options_.suspicion_max_mult,
                        options_.probe_interval, members_.live_count());
  const Suspicion suspicion(times, record.accuser, now);
  const Millis deadline = suspicion.deadline();
  suspicions_.emplace(record.id, RunningSuspicion{suspicion, deadline});
  deadlines_.insert({deadline, record.id});
}

void MemberView::StopSuspicion(const NodeId& id) {
  const auto at = suspicions_.find(id);
  if (at == suspicions_.end()) return;
  deadlines_.erase({at->second.deadline, id});
  suspicions_.erase(at);
}

void MemberView::PassOn(const NodeRecord& record) {
  std::string update;
  AppendRecord(record, &update);
  news_.Put(record.id, std::move(update));
}

void MemberView::LogChange(const NodeRecord& record) {
  const std::string who = StrCat("node ", record.id.ToString(), " at ", record.address);
  switch (record.liveness) {
    case Liveness::kAlive:
      return outbox_->Log(LogLevel::kInfo, StrCat(who, " is alive"));
    case Liveness::kSuspect:
      return outbox_->Log(LogLevel::kInfo, StrCat(who, " is suspect: it did not answer ",
                                                  record.accuser.ToString()));
    case Liveness::kDead:
      return outbox_->Log(LogLevel::kWarning,
                          StrCat(who, " is taken for dead: it did not refute the suspicion of ",
                                 record.accuser.ToString(), " in time"));
    case Liveness::kLeft:
      return outbox_->Log(LogLevel::kInfo, StrCat(who, " has left"));
  }
}

}  // namespace trifecta::net
