#include "daemon/replication/write_operation.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "net/preference.h"
#include "storage/base/text.h"

namespace trifecta::replication {
namespace {

using State = WriteQuorum::State;

// A word in a sentence.
std::string Named(std::string_view word) {
  constexpr size_t kBytesMax = 64;
  return word.size() <= kBytesMax ? StrCat("'", word, "'") : "a long word";
}

}  // namespace

WriteOperation::WriteOperation(std::span<const std::string_view> words, bool tombstone,
                               Consistency consistency, Millis deadline, Stamper* stamper)
    : tombstone_(tombstone),
      deadline_(deadline),
      stamper_(stamper),
      groups_(words, tombstone, consistency),
      findings_(groups_.batch().size()) {}

void WriteOperation::Start(ViewPtr view, Millis now, Actions* actions) {
  view_ = std::move(view);
  deadline_ = std::min(deadline_, now + kWriteTimeMax);
  std::vector<uint32_t> all(groups_.batch().size());
  std::iota(all.begin(), all.end(), 0);
  groups_.AddRound(*view_, all, 0);
  if (all.empty()) {
    Answer(Status::Ok(), now);
  } else {
    AskForVersion(now, actions);
  }
  Judge(now, actions);
}

// Versions ----------------------------------------------------------------------------------------

NodeNumber WriteOperation::NextStamper() {
  if (stampers_.empty()) return view_->stamper;
  if (stampers_.size() >= kStampersMax) return net::kNoNodeNumber;
  for (const NodeView& node : view_->nodes) {
    const bool asked =
        std::find(stampers_.begin(), stampers_.end(), node.number) != stampers_.end();
    if (node.live && node.number != view_->self && !asked) return node.number;
  }
  return net::kNoNodeNumber;
}

void WriteOperation::AskForVersion(Millis now, Actions* actions) {
  const auto lacks = [](const WriteGroup& group) { return !group.quorum.reachable(); };
  if (const WriteGroup* lacking = FindInRound(lacks)) return Answer(TooFew(*lacking, now), now);
  const NodeNumber stamper = NextStamper();
  if (stamper == view_->self) {
    const Result<Version> version = stamper_->Stamp();
    if (!version.ok()) return Answer(version.status(), now);
    versions_[round_] = *version;
    return SendRound(actions);
  }
  if (stamper == net::kNoNodeNumber) {
    return Answer({StatusCode::kUnavailable,
                   "this node's clock is too far off to give versions, and no other node gave one"},
                  now);
  }
  stampers_.push_back(stamper);
  calls_.push_back({stamper, {}, 0, true});
  ++under_way_;
  actions->calls.push_back({static_cast<uint32_t>(calls_.size()), stamper, CallClass::kRead,
                            Encode(StampRequest{findings_.newest()}),
                            std::min(deadline_, now + kStampPatience)});
}

void WriteOperation::TakeVersion(const Result<std::string_view>& reply, Millis now,
                                 Actions* actions) {
  if (answered_) return;
  ReplyHead head;
  StampReply stamp;
  const bool given = reply.ok() && Decode(*reply, &head, &stamp).ok() &&
                     head.refusal == Refusal::kNone && stamp.version > findings_.newest();
  if (!given) return AskForVersion(now, actions);
  versions_[round_] = stamp.version;
  SendRound(actions);
}

// Calls -------------------------------------------------------------------------------------------

void WriteOperation::SendRound(Actions* actions) {
  is_sent_ = true;
  findings_.AddOwn(versions_[round_]);
  std::vector<uint32_t> groups(groups_.size() - first_of_round_);
  std::iota(groups.begin(), groups.end(), static_cast<uint32_t>(first_of_round_));
  Send(groups, actions);
}

void WriteOperation::Send(const std::vector<uint32_t>& groups, Actions* actions) {
  std::map<NodeNumber, std::vector<GroupTurn>> by_node;
  for (const uint32_t index : groups) {
    const WriteGroup& group = groups_[index];
    for (const WriteQuorum::Owner& owner : group.quorum.owners()) {
      if (owner.state == State::kWaiting) by_node[owner.node].push_back({index, group.turn});
    }
  }
  // Where all nodes own the same, which is so in a small cluster, it is encoded once.
  const std::vector<GroupTurn>* encoded = nullptr;
  std::vector<std::string> requests;
  for (auto& [node, list] : by_node) {
    const std::vector<std::span<const GroupTurn>> parts = groups_.CutIntoCalls(list);
    if (encoded == nullptr || *encoded != list) {
      requests.clear();
      for (const auto part : parts) requests.push_back(groups_.Encode(part, versions_));
      encoded = &list;
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      SendCall({node, {parts[i].begin(), parts[i].end()}}, requests[i], actions);
    }
  }
}

void WriteOperation::SendCall(Sent call, std::string request, Actions* actions) {
  const NodeNumber to = call.to;
  calls_.push_back(std::move(call));
  ++under_way_;
  actions->calls.push_back(
      {static_cast<uint32_t>(calls_.size()), to, CallClass::kWrite, std::move(request), deadline_});
}

// Replies -----------------------------------------------------------------------------------------

void WriteOperation::OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                             Actions* actions) {
  if (done_ || id == 0 || id > calls_.size() || !calls_[id - 1].under_way) return;
  --under_way_;
  const Sent call = std::move(calls_[id - 1]);
  calls_[id - 1].under_way = false;
  if (call.groups.empty()) {
    TakeVersion(reply, now, actions);
  } else {
    TakeReply(call, reply, now, actions);
  }
  Judge(now, actions);
}

void WriteOperation::TakeReply(const Sent& call, const Result<std::string_view>& reply, Millis now,
                               Actions* actions) {
  ReplyHead head;
  const Status status = reply.ok() ? Decode(*reply, &head, &reply_) : reply.status();
  if (!status.ok()) return Fail(call, true, status.message());
  switch (head.refusal) {
    case Refusal::kNone:
      return TakeOutcomes(call);
    case Refusal::kStale:
      return Stale(call, head, actions);
    case Refusal::kBehind:
      if (call.tries == kBehindTriesMax) return Fail(call, false, head.text);
      retries_.push_back({now + (kBehindDelay << call.tries), call});
      return;
    case Refusal::kDiskFull:
      disk_full_ = true;
      return Fail(call, false, head.text);
    case Refusal::kDamaged:
      damaged_ = true;
      return Fail(call, false, head.text);
    case Refusal::kFailed:  // of its log, perhaps
      return Fail(call, true, head.text);
    default:
      return Fail(call, false, head.text);
  }
}

WriteGroup* WriteOperation::Current(const GroupTurn& sent) {
  WriteGroup& group = groups_[sent.group];
  return group.turn == sent.turn ? &group : nullptr;
}

void WriteOperation::TakeOutcomes(const Sent& call) {
  size_t count = 0;
  for (const GroupTurn& sent : call.groups) count += groups_[sent.group].count;
  if (count != reply_.outcomes.size()) return Fail(call, true, "an answer of the wrong length");
  const storage::WriteOutcome* outcome = reply_.outcomes.data();
  const Version before = std::max(findings_.newest(), versions_[round_]);
  for (const GroupTurn& sent : call.groups) {
    WriteGroup& group = groups_[sent.group];
    group.may_be_stored = true;
    for (const uint32_t word : groups_.words(group)) {
      findings_.Note(word, versions_[group.round], *outcome++);
    }
    if (WriteGroup* current = Current(sent)) current->quorum.Set(call.to, State::kStored);
  }
  if (findings_.newest() > before) stamper_->Observe(findings_.newest());
}

void WriteOperation::Fail(const Sent& call, bool may_be_stored, std::string_view why) {
  for (const GroupTurn& sent : call.groups) {
    groups_[sent.group].may_be_stored |= may_be_stored;
    if (WriteGroup* group = Current(sent)) group->quorum.Set(call.to, State::kFailed);
  }
  last_failure_ = StrCat("node ", call.to, ": ", why.empty() ? "it did not say why" : why);
}

// The groups that have their quorum keep it, by the document that they were sent by; the others are
// sent anew when the later one is there.
void WriteOperation::Stale(const Sent& call, const ReplyHead& head, Actions* actions) {
  bool waits = false;
  for (const GroupTurn& sent : call.groups) {
    WriteGroup* group = Current(sent);
    if (group == nullptr) continue;
    if (answered_ || group->quorum.reached() || head.epoch <= view_->ring->epoch) {
      group->quorum.Set(call.to, State::kFailed);
    } else {
      group->waits_for_ring = waits = true;
    }
  }
  if (!waits || head.epoch <= wanted_epoch_) return;
  wanted_epoch_ = head.epoch;
  actions->pull_from = call.to;
  actions->pull_epoch = head.epoch;
}

void WriteOperation::OnView(ViewPtr view, Millis now, Actions* actions) {
  if (done_ || answered_ || view->ring->epoch < view_->ring->epoch) return;
  view_ = std::move(view);
  if (view_->ring->epoch >= wanted_epoch_) wanted_epoch_ = 0;
  if (++rings_ > kRingsMax) {
    Answer({StatusCode::kUnavailable,
            "the cluster's ring changes faster than a write can follow; try again"},
           now);
    return Judge(now, actions);
  }
  std::vector<uint32_t> anew;
  for (size_t i = first_of_round_; i < groups_.size(); ++i) {
    WriteGroup& group = groups_[i];
    const bool changed = view_->partition(group.partition).changed != group.changed;
    const bool waited = group.waits_for_ring && wanted_epoch_ == 0;
    if (group.quorum.reached() || !(changed || waited)) continue;
    groups_.Renew(*view_, &group);
    anew.push_back(static_cast<uint32_t>(i));
  }
  if (is_sent_) Send(anew, actions);
  Judge(now, actions);
}

// Time --------------------------------------------------------------------------------------------

void WriteOperation::OnTick(Millis now, Actions* actions) {
  if (done_) return;
  Resend(now, actions);
  if (!answered_ && now >= deadline_) {
    const auto lacks = [](const WriteGroup& group) { return !group.quorum.reached(); };
    // None lacks where only first replies are waited for: then Judge answers.
    if (const WriteGroup* lacking = FindInRound(lacks)) Answer(TooFew(*lacking, now), now);
  }
  if (answered_ && now >= patience_end_) Finish(actions);
  Judge(now, actions);
}

void WriteOperation::Resend(Millis now, Actions* actions) {
  std::vector<Sent> due;
  std::erase_if(retries_, [&](Retry& retry) {
    if (retry.due > now) return false;
    due.push_back(std::move(retry.call));
    return true;
  });
  for (Sent& call : due) {
    std::erase_if(call.groups, [&](const GroupTurn& sent) { return Current(sent) == nullptr; });
    if (call.groups.empty()) continue;
    ++call.tries;
    call.under_way = true;
    std::string request = groups_.Encode(call.groups, versions_);
    SendCall(std::move(call), std::move(request), actions);
  }
}

Millis WriteOperation::next_due() const {
  if (done_) return kNever;
  Millis due = answered_ ? patience_end_ : std::min(deadline_, first_replies_end_);
  for (const Retry& retry : retries_) due = std::min(due, retry.due);
  return due;
}

// Answers -----------------------------------------------------------------------------------------

void WriteOperation::Judge(Millis now, Actions* actions) {
  if (!answered_ && is_sent_) {
    bool reached = true;
    for (size_t i = first_of_round_; i < groups_.size() && !answered_; ++i) {
      if (!groups_[i].quorum.reachable()) Answer(TooFew(groups_[i], now), now);
      reached = reached && groups_[i].quorum.reached();
    }
    if (!answered_ && reached && !AwaitsFirstReplies(now)) EndRound(now, actions);
  }
  if (answered_ && !done_ && under_way_ == 0 && retries_.empty()) Finish(actions);
}

bool WriteOperation::AwaitsFirstReplies(Millis now) {
  const bool to_come = std::any_of(calls_.begin(), calls_.end(), [this](const Sent& call) {
    return call.under_way &&
           std::any_of(call.groups.begin(), call.groups.end(), [this](const GroupTurn& sent) {
             return sent.group >= first_of_round_ && Current(sent) == nullptr;
           });
  });
  if (!to_come) return false;
  if (first_replies_end_ == kNever) {
    first_replies_end_ = std::min(deadline_, now + kFirstRepliesPatience);
  }
  return now < first_replies_end_;
}

// What W owners of each word hold is known only now: a version given earlier might be too low.
void WriteOperation::EndRound(Millis now, Actions* actions) {
  std::vector<uint32_t> overtaken;
  if (round_ == 0) overtaken = findings_.TakeOvertaken();
  if (overtaken.empty()) return Answer(Status::Ok(), now);
  round_ = 1;
  is_sent_ = false;
  first_replies_end_ = kNever;
  first_of_round_ = groups_.size();
  stampers_.clear();
  groups_.AddRound(*view_, overtaken, round_);
  AskForVersion(now, actions);
}

void WriteOperation::Answer(Status status, Millis now) {
  answered_ = true;
  status_ = std::move(status);
  existed_ = findings_.existed() + (tombstone_ ? 0 : groups_.batch().repeated());
  patience_end_ = std::min(std::max(deadline_, now), now + kLastOwnersPatience);
}

template <typename Is>
const WriteGroup* WriteOperation::FindInRound(const Is& is) const {
  for (size_t i = first_of_round_; i < groups_.size(); ++i) {
    if (is(groups_[i])) return &groups_[i];
  }
  return nullptr;
}

// As far as replies say.
bool WriteOperation::MayBeStored() const {
  return round_ == 1 ||
         FindInRound([](const WriteGroup& group) { return group.may_be_stored; }) != nullptr;
}

std::string WriteOperation::Shortfall(const WriteGroup& group) const {
  const WriteQuorum::Tally tally = group.quorum.tally();
  std::string text =
      StrCat(tally.stored, " of ", tally.copies, " replicas of ", Named(groups_.first_word(group)),
             " have said that they stored it, ", tally.needed, " are needed",
             MayBeStored() || under_way_ > 0 ? "; it may take effect all the same" : "");
  if (!last_failure_.empty()) text += StrCat(" (", last_failure_, ")");
  return text;
}

Status WriteOperation::TooFew(const WriteGroup& group, Millis now) const {
  if (now >= deadline_) {
    return {StatusCode::kTimeout, StrCat("not in time: ", Shortfall(group))};
  }
  if (round_ == 0 && !is_sent_) {
    const WriteQuorum::Tally tally = group.quorum.tally();
    return {StatusCode::kUnavailable, StrCat(tally.waiting, " of ", tally.copies, " replicas of ",
                                             Named(groups_.first_word(group)), " are up, ",
                                             tally.needed, " are needed; nothing was sent")};
  }
  StatusCode code = StatusCode::kUnavailable;
  if (!MayBeStored() && damaged_) code = StatusCode::kDataDamaged;
  if (!MayBeStored() && disk_full_) code = StatusCode::kDiskFull;
  return {code, Shortfall(group)};
}

// Hints -------------------------------------------------------------------------------------------

void WriteOperation::Finish(Actions* actions) {
  done_ = true;
  for (const Sent& call : calls_) {
    if (!call.under_way) continue;
    for (const GroupTurn& sent : call.groups) groups_[sent.group].may_be_stored = true;
  }
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].may_be_stored) LeaveHints(groups_[i], actions);
  }
}

// Words that were written again have a group of the second round, too; their first version is out
// of date.
void WriteOperation::LeaveHints(const WriteGroup& group, Actions* actions) const {
  const bool again = group.round == 0 && round_ == 1 && is_sent_;
  for (const WriteQuorum::Owner& owner : group.quorum.owners()) {
    if (owner.state == State::kStored) continue;
    for (const uint32_t word : groups_.words(group)) {
      if (again && findings_.is_overtaken(word)) continue;
      actions->hints.push_back({owner.node, std::string(groups_.batch().word(word)),
                                versions_[group.round], tombstone_});
    }
  }
}

}  // namespace trifecta::replication
