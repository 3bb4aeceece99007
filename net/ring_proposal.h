// One node's attempt to have a document agreed on: the proposer's half of the agreement, without
// what it sends, saves or waits for (net/ring_register.h does that).
#pragma once

#include <vector>

#include "net/node.h"
#include "net/ring.h"
#include "net/ring_messages.h"

namespace trifecta::net {

// At most so many members agree on documents; with more active members than that, the oldest of
// each zone do. Agreement costs the proposer some messages to each of them with a document in it
// (87 KB at 1,000 members), and 7 of 15 may fail.
inline constexpr size_t kVotersMax = 15;

// Who agrees on the document after `ring`: its members that have a vote (Votes), or kVotersMax of
// them, one of each zone by turns, low numbers first. In the order of their numbers.
std::vector<NodeId> VotersOf(const Ring& ring);

class RingProposal {
 public:
  enum class Phase {
    kWaiting,    // for the next attempt: BeginAttempt
    kPreparing,  // for promises
    kAccepting,  // for acceptances
    kChosen,     // `value` is the document of its epoch, whatever happens now
  };

  // To have `mine` agreed on by the voters of `base`, whose successor it is.
  RingProposal(RingPtr base, RingPtr mine);

  // A new attempt, with a ballot that this node has on disk and never used.
  void BeginAttempt(const Ballot& ballot);
  // The attempt has lost against a higher ballot.
  void EndAttempt() { phase_ = Phase::kWaiting; }

  // What this phase sends, and to whom: those who have not answered it.
  RingMessage Message() const;
  std::vector<NodeId> Unanswered() const;

  // An answer of `from`. Those to other attempts and other phases change nothing. True when the
  // phase has changed.
  bool Take(const NodeId& from, const RingMessage& answer);

  Phase phase() const { return phase_; }
  const Ballot& ballot() const { return ballot_; }
  const RingPtr& base() const { return base_; }
  const RingPtr& mine() const { return mine_; }
  // The document of this attempt: one that another proposer may have got through, else mine.
  const RingPtr& value() const { return value_; }
  // Once true, this node's document may be chosen even if nobody here ever hears of it.
  bool mine_is_out() const { return mine_is_out_; }
  // Those who decide in this phase: the voters of the base, then those of the value as well.
  std::vector<NodeId> Asked() const;

 private:
  using Nodes = std::vector<NodeId>;

  bool HasMajorityOf(const Nodes& voters) const;
  bool TakePromise(const RingMessage& promise);
  void BeginAccepting();

  RingPtr base_;
  RingPtr mine_;
  RingPtr value_;
  Nodes voters_;       // of the base
  Nodes next_voters_;  // of the value
  Phase phase_ = Phase::kWaiting;
  Ballot ballot_;
  Ballot newest_;   // the highest that was accepted before, as promises tell
  Nodes answered_;  // in this phase
  bool mine_is_out_ = false;
};

}  // namespace trifecta::net
