#include "net/ring_proposal.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "net/preference.h"

namespace trifecta::net {
namespace {

bool Contains(const std::vector<NodeId>& nodes, const NodeId& node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

std::vector<NodeId> VotersOf(const Ring& ring) {
  // A member's turn is its rank among those of its zone that have a vote.
  std::map<Zone, size_t> turns;
  std::vector<std::tuple<size_t, NodeNumber, NodeId>> candidates;
  for (const Member& member : ring.members) {
    if (Votes(member)) candidates.emplace_back(turns[member.zone]++, member.number, member.id);
  }
  if (candidates.size() > kVotersMax) {
    std::sort(candidates.begin(), candidates.end());
    candidates.resize(kVotersMax);
    std::sort(candidates.begin(), candidates.end(),
              [](const auto& a, const auto& b) { return std::get<1>(a) < std::get<1>(b); });
  }
  std::vector<NodeId> voters;
  for (const auto& candidate : candidates) voters.push_back(std::get<NodeId>(candidate));
  return voters;
}

RingProposal::RingProposal(RingPtr base, RingPtr mine)
    : base_(std::move(base)), mine_(std::move(mine)), value_(mine_), voters_(VotersOf(*base_)) {}

void RingProposal::BeginAttempt(const Ballot& ballot) {
  phase_ = Phase::kPreparing;
  ballot_ = ballot;
  newest_ = Ballot();
  value_ = mine_;
  answered_.clear();
}

RingMessage RingProposal::Message() const {
  RingMessage message;
  message.kind = phase_ == Phase::kPreparing ? RingMessageKind::kPrepare : RingMessageKind::kAccept;
  message.cluster = base_->cluster_id;
  message.epoch = mine_->epoch;
  message.ballot = ballot_;
  if (phase_ != Phase::kPreparing) message.document = value_;
  return message;
}

std::vector<NodeId> RingProposal::Asked() const {
  Nodes asked = voters_;
  if (phase_ == Phase::kWaiting || phase_ == Phase::kPreparing) return asked;
  for (const NodeId& node : next_voters_) {
    if (!Contains(asked, node)) asked.push_back(node);
  }
  return asked;
}

std::vector<NodeId> RingProposal::Unanswered() const {
  Nodes nodes = Asked();
  std::erase_if(nodes, [&](const NodeId& node) { return Contains(answered_, node); });
  return nodes;
}

bool RingProposal::Take(const NodeId& from, const RingMessage& answer) {
  const RingMessageKind awaited =
      phase_ == Phase::kPreparing ? RingMessageKind::kPromise : RingMessageKind::kAccepted;
  if (phase_ != Phase::kPreparing && phase_ != Phase::kAccepting) return false;
  if (answer.kind != awaited || answer.ballot != ballot_ || answer.epoch != mine_->epoch) {
    return false;
  }
  if (!Contains(Asked(), from) || Contains(answered_, from)) return false;
  answered_.push_back(from);
  if (phase_ == Phase::kPreparing) return TakePromise(answer);
  if (!HasMajorityOf(voters_) || !HasMajorityOf(next_voters_)) return false;
  phase_ = Phase::kChosen;
  return true;
}

// The rule that makes the agreement safe: of what was accepted before, the document with the
// highest ballot goes on, since it may have been chosen; only where the promises name none is there
// a choice.
bool RingProposal::TakePromise(const RingMessage& promise) {
  if (promise.other > newest_) {
    newest_ = promise.other;
    value_ = promise.document;
  }
  if (!HasMajorityOf(voters_)) return false;
  BeginAccepting();
  return true;
}

void RingProposal::BeginAccepting() {
  if (*value_ == *mine_) mine_is_out_ = true;
  next_voters_ = VotersOf(*value_);
  answered_.clear();
  phase_ = Phase::kAccepting;
}

bool RingProposal::HasMajorityOf(const Nodes& voters) const {
  const auto answered = std::count_if(
      voters.begin(), voters.end(), [&](const NodeId& node) { return Contains(answered_, node); });
  return static_cast<size_t>(answered) >= Majority(voters.size());
}

}  // namespace trifecta::net
