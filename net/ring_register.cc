#include "net/ring_register.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "net/ring_change.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

bool IsLive(const Member* member) {
  return member != nullptr && member->state != MemberState::kLeft;
}

}  // namespace

RingRegister::RingRegister(const NodeId& self, std::string cluster_name, uint64_t seed,
                           Outbox* outbox, const RingRegisterOptions& options)
    : self_(self),
      cluster_name_(std::move(cluster_name)),
      options_(options),
      random_(seed),
      outbox_(outbox) {}

Status RingRegister::Restore(std::string_view bytes) {
  Result<RingState> state = DecodeRingState(bytes);
  if (!state.ok()) return state.status();
  if (state->committed && state->committed->cluster_name != cluster_name_) {
    return {StatusCode::kInvalidArgument,
            StrCat("the data folder belongs to the cluster '", state->committed->cluster_name,
                   "', the configuration says '", cluster_name_, "'")};
  }
  state_ = std::move(*state);
  ring_ = state_.committed;
  return Status::Ok();
}

Status RingRegister::Install(const Ring& ring) {
  TRIFECTA_RETURN_IF_ERROR(CheckRing(ring));
  if (ring.epoch <= state_.epoch() || ring.cluster_name != cluster_name_ ||
      (state_.committed && ring.cluster_id != state_.committed->cluster_id)) {
    return {
        StatusCode::kInvalidArgument,
        StrCat("ring epoch ", ring.epoch, " of cluster '", ring.cluster_name,
               "' cannot take the place of epoch ", state_.epoch(), " of '", cluster_name_, "'")};
  }
  Learn(std::make_shared<const Ring>(ring));
  return Status::Ok();
}

Status RingRegister::Propose(const Ring& next, Millis deadline, Millis now) {
  const auto unavailable = [](const char* why) { return Status(StatusCode::kUnavailable, why); };
  if (proposal_) return unavailable("another change of the ring is being agreed on here");
  if (ring_ != state_.committed) return unavailable("a newer ring is just arriving");
  if (!ring_ || !IsLive(ring_->Find(self_))) return unavailable("this node is not in the ring");
  TRIFECTA_RETURN_IF_ERROR(CheckSuccessor(*ring_, next));
  proposal_.emplace(ring_, std::make_shared<const Ring>(next));
  result_.reset();
  deadline_ = deadline;
  losses_ = 0;
  BeginAttempt();
  Deliver(now);
  return Status::Ok();
}

std::optional<ProposalResult> RingRegister::TakeResult() {
  return std::exchange(result_, std::nullopt);
}

void RingRegister::Pull(const NodeId& node) {
  if (node != self_) Send(node, MessageOf(RingMessageKind::kPull, state_.epoch()));
}

void RingRegister::Receive(const NodeId& from, std::string_view bytes, Millis now) {
  const Result<RingMessage> message = DecodeRingMessage(bytes);
  if (!message.ok()) {
    outbox_->Log(LogLevel::kWarning, StrCat("from node ", from.ToString(), ": ",
                                            message.status().message(), "; dropped"));
    return;
  }
  Handle(from, *message, now);
  Deliver(now);
}

void RingRegister::Tick(Millis now) {
  if (!proposal_) return;
  if (now >= deadline_) return ConcludeByDeadline();
  if (now < next_ || ballot_token_) return;
  if (proposal_->phase() == RingProposal::Phase::kWaiting) {
    BeginAttempt();
  } else {
    SendPhase(now);
  }
  Deliver(now);
}

void RingRegister::OnPersisted(uint64_t token, Millis now) {
  persisted_ = std::max(persisted_, token);
  while (!learned_.empty() && learned_.front().token <= persisted_) {
    ring_ = std::move(learned_.front().ring);
    learned_.pop_front();
  }
  while (!replies_.empty() && replies_.front().token <= persisted_) {
    Reply reply = std::move(replies_.front());
    replies_.pop_front();
    if (reply.to == self_) {
      to_self_.push_back(std::move(reply.bytes));
    } else {
      outbox_->messages.push_back({Protocol::kRing, reply.to, {}, std::move(reply.bytes)});
    }
  }
  ConcludeByRing();
  if (ballot_token_ && *ballot_token_ <= persisted_) SaveBallotDone(now);
  Deliver(now);
}

void RingRegister::Handle(const NodeId& from, const RingMessage& message, Millis now) {
  const bool pulls = message.kind == RingMessageKind::kPull;
  if (state_.committed && message.cluster != state_.committed->cluster_id &&
      !(pulls && message.cluster.is_zero())) {
    outbox_->Log(LogLevel::kWarning,
                 StrCat("node ", from.ToString(), " is of another cluster (",
                        message.cluster.ToString(), "); its message is dropped"));
    return;
  }
  switch (message.kind) {
    case RingMessageKind::kPrepare:
      return OnPrepare(from, message);
    case RingMessageKind::kAccept:
      return OnAccept(from, message);
    case RingMessageKind::kPromise:
    case RingMessageKind::kAccepted:
      return OnAnswer(from, message, now);
    case RingMessageKind::kReject:
      return OnReject(message, now);
    case RingMessageKind::kCommitted:
      if (MayLearn(*message.document)) Learn(message.document);
      return;
    case RingMessageKind::kPull:
      return OnPull(from, message);
  }
}

// Whether this node is where the proposer thinks that it is; else tells it, or asks for what is
// missing.
bool RingRegister::TakesPart(const NodeId& from, const RingMessage& message) {
  if (message.epoch <= state_.epoch()) {
    if (ring_ && ring_->epoch >= message.epoch) Send(from, CommittedMessage(ring_));
    return false;
  }
  if (message.epoch > state_.epoch() + 1 || !state_.committed) {
    RingMessage pull = MessageOf(RingMessageKind::kPull, state_.epoch());
    pull.cluster = message.cluster;
    Send(from, pull);
    return false;
  }
  const Member* proposer = state_.committed->Find(from);
  return IsLive(proposer) && proposer->number == message.ballot.node;
}

void RingRegister::OnPrepare(const NodeId& from, const RingMessage& message) {
  if (!TakesPart(from, message)) return;
  RingMessage answer = MessageOf(RingMessageKind::kPromise, message.epoch);
  answer.ballot = message.ballot;
  if (message.ballot < state_.promised) {
    answer.kind = RingMessageKind::kReject;
    answer.other = state_.promised;
    return Send(from, answer);
  }
  if (message.ballot > state_.promised) {
    state_.promised = message.ballot;
    Persist();
  }
  answer.other = state_.accepted;
  answer.document = state_.proposed;
  SendDurably(from, answer);
}

void RingRegister::OnAccept(const NodeId& from, const RingMessage& message) {
  if (!TakesPart(from, message)) return;
  RingMessage answer = MessageOf(RingMessageKind::kAccepted, message.epoch);
  answer.ballot = message.ballot;
  if (message.ballot < state_.promised) {
    answer.kind = RingMessageKind::kReject;
    answer.other = state_.promised;
    return Send(from, answer);
  }
  if (message.ballot > state_.accepted) {
    state_.promised = message.ballot;
    state_.accepted = message.ballot;
    state_.proposed = message.document;
    Persist();
  }
  SendDurably(from, answer);
}

void RingRegister::OnReject(const RingMessage& message, Millis now) {
  highest_counter_ = std::max(highest_counter_, message.other.counter);
  if (!proposal_ || proposal_->phase() == RingProposal::Phase::kWaiting) return;
  if (message.ballot == proposal_->ballot() && message.epoch == proposal_->mine()->epoch) {
    BackOff(now);
  }
}

void RingRegister::OnPull(const NodeId& from, const RingMessage& message) {
  if (!ring_ || ring_->epoch <= message.epoch) return;
  Send(from, CommittedMessage(ring_));
  if (!proposal_ || ballot_token_ || proposal_->phase() == RingProposal::Phase::kWaiting) return;
  // It could not answer without this document.
  const std::vector<NodeId> unanswered = proposal_->Unanswered();
  if (std::find(unanswered.begin(), unanswered.end(), from) != unanswered.end()) {
    Send(from, proposal_->Message());
  }
}

void RingRegister::OnAnswer(const NodeId& from, const RingMessage& message, Millis now) {
  if (!proposal_ || ballot_token_ || !proposal_->Take(from, message)) return;
  if (proposal_->phase() == RingProposal::Phase::kAccepting) return SendPhase(now);
  SpreadChosen();
  Learn(proposal_->value());
}

// A node without a document takes one of the cluster that it is configured for, in which it is
// joining. Not one in which it has a vote: then it had a document once and has lost what it
// promised.
bool RingRegister::MayLearn(const Ring& ring) const {
  if (state_.committed) return true;
  const Member* member = ring.Find(self_);
  return ring.cluster_name == cluster_name_ && member != nullptr &&
         member->state == MemberState::kJoining;
}

void RingRegister::Learn(const RingPtr& ring) {
  if (ring->epoch == state_.epoch() && *ring != *state_.committed) {
    outbox_->Log(LogLevel::kError,
                 StrCat("two rings of epoch ", ring->epoch,
                        " are in force: one was forced while others were alive, or a node has ",
                        "lost its file '", kFileName, "'; stop the nodes of one side and empty ",
                        "their data folders"));
  }
  if (ring->epoch <= state_.epoch()) return;
  state_.committed = ring;
  state_.promised = Ballot();
  state_.accepted = Ballot();
  state_.proposed.reset();
  Persist();
  learned_.push_back({ring, token_});
}

// A ballot is on disk before it is used: after a crash the same one must not stand for another
// document.
void RingRegister::BeginAttempt() {
  highest_counter_ = std::max({highest_counter_, state_.last_counter, state_.promised.counter});
  if (highest_counter_ >= kBallotCounterMax) return ConcludeByDeadline();
  state_.last_counter = highest_counter_ + 1;
  Persist();
  ballot_token_ = token_;
}

void RingRegister::SaveBallotDone(Millis now) {
  ballot_token_.reset();
  proposal_->BeginAttempt({state_.last_counter, ring_->Find(self_)->number});
  SendPhase(now);
}

void RingRegister::SendPhase(Millis now) {
  const RingMessage message = proposal_->Message();
  for (const NodeId& node : proposal_->Unanswered()) Send(node, message);
  next_ = now + options_.resend;
}

// To those who decided, and to whom the document concerns; the rest hear of it by gossip.
void RingRegister::SpreadChosen() {
  const RingPtr& ring = proposal_->value();
  std::vector<NodeId> nodes = proposal_->Asked();
  for (const Member& member : ring->members) {
    const bool told = std::find(nodes.begin(), nodes.end(), member.id) != nodes.end();
    if (member.state == MemberState::kJoining && !told) nodes.push_back(member.id);
  }
  std::erase(nodes, self_);
  for (const NodeId& node : nodes) Send(node, CommittedMessage(ring));
}

void RingRegister::BackOff(Millis now) {
  proposal_->EndAttempt();
  const Millis most =
      std::min(options_.backoff_most, options_.backoff_first << std::min(losses_, 16u));
  ++losses_;
  next_ = now + 1 + random_.Below(most);
}

void RingRegister::Conclude(ProposalOutcome outcome, std::string reason) {
  result_ = ProposalResult{outcome, proposal_->mine(), std::move(reason)};
  proposal_.reset();
  ballot_token_.reset();
}

// Whatever document is in force at the proposal's epoch, or later, ends it.
void RingRegister::ConcludeByRing() {
  if (!proposal_ || !ring_ || ring_->epoch < proposal_->mine()->epoch) return;
  if (ring_->epoch > proposal_->mine()->epoch) {
    return Conclude(ProposalOutcome::kUnknown,
                    StrCat("ring epoch ", ring_->epoch, " is in force already"));
  }
  if (*ring_ == *proposal_->mine()) return Conclude(ProposalOutcome::kAgreed, "");
  Conclude(ProposalOutcome::kLost,
           StrCat("another change of the ring came first, as epoch ", ring_->epoch));
}

void RingRegister::ConcludeByDeadline() {
  std::string missing;
  for (const NodeId& node : proposal_->Unanswered()) missing += StrCat(" ", node.ToString());
  Conclude(proposal_->mine_is_out() ? ProposalOutcome::kUnknown : ProposalOutcome::kLost,
           StrCat("no majority of the members that agree on the ring answered in time; silent:",
                  missing.empty() ? " none" : missing));
}

RingMessage RingRegister::MessageOf(RingMessageKind kind, Epoch epoch) const {
  RingMessage message;
  message.kind = kind;
  if (state_.committed) message.cluster = state_.committed->cluster_id;
  message.epoch = epoch;
  return message;
}

RingMessage RingRegister::CommittedMessage(const RingPtr& ring) const {
  RingMessage message = MessageOf(RingMessageKind::kCommitted, ring->epoch);
  message.document = ring;
  return message;
}

void RingRegister::Persist() {
  outbox_->persists.push_back({std::string(kFileName), EncodeRingState(state_), ++token_});
}

void RingRegister::Send(const NodeId& to, const RingMessage& message) {
  std::string bytes = EncodeRingMessage(message);
  if (to == self_) {
    to_self_.push_back(std::move(bytes));
  } else {
    outbox_->messages.push_back({Protocol::kRing, to, {}, std::move(bytes)});
  }
}

void RingRegister::SendDurably(const NodeId& to, const RingMessage& message) {
  if (persisted_ == token_) return Send(to, message);
  replies_.push_back({token_, to, EncodeRingMessage(message)});
}

// What this node has sent to itself, the answers included.
void RingRegister::Deliver(Millis now) {
  while (!to_self_.empty()) {
    const std::string bytes = std::move(to_self_.front());
    to_self_.pop_front();
    const Result<RingMessage> message = DecodeRingMessage(bytes);
    if (message.ok()) Handle(self_, *message, now);
  }
}

}  // namespace trifecta::net
