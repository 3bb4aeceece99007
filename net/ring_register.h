// The register that holds the ring document: members agree on each next document by
// compare-and-swap on its epoch. Any member may propose; there is no leader and no log, and nothing
// that serves words ever waits for it.
//
// It is CASPaxos (Rystsov, arXiv 1802.07000) cut at the epochs: the document of epoch e + 1 is
// decided by Paxos among the voters of document e, which say so in what they have agreed on before.
// A proposer asks them to promise its ballot, goes on with what one of them has accepted already,
// or else with its own document, and has it accepted. It is agreed on when a majority of the voters
// of e has it on disk and, where the voters change, a majority of the voters of e + 1 too: so no
// change of members can leave the newest document with fewer nodes than are needed to go on.
// A node takes part in deciding e + 1 only once it has document e on disk, so an older document can
// be forgotten as soon as the next is agreed on, and a node that was away needs the newest alone.
// In CASPaxos itself ballots run through all changes, and acceptors are changed by a protocol
// beside it; with epochs in the document anyway, voters by epoch need no such protocol.
//
// A voter that forgets what it promised can make two documents of one epoch. So a node that has an
// id but no document takes only one in which it is joining; where its file is lost although it was
// a member, it has to be replaced.
//
// With half of the voters or more lost for ever nothing can be agreed on any more. Install puts a
// document in force without agreement; if the others are alive after all, their changes are lost.
//
// The thread that owns a register calls it; it does what the Outbox says, and holds no lock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "net/node.h"
#include "net/outbox.h"
#include "net/ring.h"
#include "net/ring_messages.h"
#include "net/ring_proposal.h"
#include "storage/base/random.h"
#include "storage/base/status.h"

namespace trifecta::net {

struct RingRegisterOptions {
  // What has not been answered is sent again after this long: a sync and a round trip, with room.
  Millis resend = 500;
  // A proposer that has lost waits for a random time up to this, doubled with every loss, so that
  // of several one gets through before the next begins.
  Millis backoff_first = 100;
  Millis backoff_most = 5'000;
};

// What became of Propose.
enum class ProposalOutcome {
  kAgreed,   // the document is in force, and this node has it on disk
  kLost,     // it is not and never will be: another took its epoch, or nobody was asked in time
  kUnknown,  // the deadline passed, or a later document arrived first: look at what is in force
};
struct ProposalResult {
  ProposalOutcome outcome = ProposalOutcome::kUnknown;
  RingPtr proposed;
  std::string reason;  // a sentence for people
};

class RingRegister {
 public:
  // The file in which a register keeps its state.
  static constexpr std::string_view kFileName = "ring";

  // For the node `self` of the cluster that its configuration calls `cluster_name`. `outbox` is not
  // owned and outlives the register. `seed` makes its random choices.
  RingRegister(const NodeId& self, std::string cluster_name, uint64_t seed, Outbox* outbox,
               const RingRegisterOptions& options = {});

  // Takes up what was last persisted before a restart, first of all calls. Fails with the status of
  // the bytes, or kInvalidArgument when they are another cluster's.
  Status Restore(std::string_view bytes);

  // The document in force as this node knows it: agreed on, and on disk here. Null before the
  // first. It never goes back, and never changes but to a later epoch.
  const RingPtr& ring() const { return ring_; }
  Epoch epoch() const { return ring_ ? ring_->epoch : 0; }

  // Puts a document in force without agreement: the first one of a cluster that is founded here, or
  // what an operator forces. Refused when it is no later than the one in force, or another
  // cluster's.
  Status Install(const Ring& ring);

  // Has `next`, a successor of ring(), agreed on; by `deadline` there is a result (TakeResult).
  // One proposal at a time: kUnavailable while one is under way, or when this node is no member or
  // has a later document coming; kInvalidArgument when `next` may not follow.
  Status Propose(const Ring& next, Millis deadline, Millis now);
  bool proposing() const { return proposal_.has_value(); }
  // The result of the last proposal, once.
  std::optional<ProposalResult> TakeResult();

  // Asks `node` for its document if that is later than this node's: for gossip that has heard of
  // one, and owners that were asked with a later epoch than they know.
  void Pull(const NodeId& node);

  void Receive(const NodeId& from, std::string_view bytes, Millis now);
  void Tick(Millis now);
  // Everything persisted up to `token` is on disk. Requests may be left out where a later one of
  // the same name is written instead.
  void OnPersisted(uint64_t token, Millis now);

 private:
  struct Reply {
    uint64_t token;  // sent once this is on disk
    NodeId to;
    std::string bytes;
  };
  struct Waiting {
    RingPtr ring;
    uint64_t token;
  };

  void Handle(const NodeId& from, const RingMessage& message, Millis now);
  bool TakesPart(const NodeId& from, const RingMessage& message);
  void OnPrepare(const NodeId& from, const RingMessage& message);
  void OnAccept(const NodeId& from, const RingMessage& message);
  void OnReject(const RingMessage& message, Millis now);
  void OnPull(const NodeId& from, const RingMessage& message);
  void OnAnswer(const NodeId& from, const RingMessage& message, Millis now);
  bool MayLearn(const Ring& ring) const;
  void Learn(const RingPtr& ring);

  void BeginAttempt();
  void SaveBallotDone(Millis now);
  void SendPhase(Millis now);
  void SpreadChosen();
  void BackOff(Millis now);
  void Conclude(ProposalOutcome outcome, std::string reason);
  void ConcludeByRing();
  void ConcludeByDeadline();

  RingMessage MessageOf(RingMessageKind kind, Epoch epoch) const;
  RingMessage CommittedMessage(const RingPtr& ring) const;
  void Persist();
  void Send(const NodeId& to, const RingMessage& message);
  // After everything that was persisted so far is on disk.
  void SendDurably(const NodeId& to, const RingMessage& message);
  void Deliver(Millis now);

  const NodeId self_;
  const std::string cluster_name_;
  const RingRegisterOptions options_;
  Random random_;
  Outbox* const outbox_;

  RingPtr ring_;     // on disk
  RingState state_;  // newer than that on disk while token_ > persisted_
  uint64_t token_ = 0;
  uint64_t persisted_ = 0;
  std::deque<Waiting> learned_;  // documents on their way to the disk
  std::deque<Reply> replies_;    // to be sent when the state that they tell of is on disk
  std::deque<std::string> to_self_;

  std::optional<RingProposal> proposal_;
  std::optional<ProposalResult> result_;
  Millis deadline_ = 0;
  Millis next_ = 0;                       // when the proposal does something by itself
  std::optional<uint64_t> ballot_token_;  // its ballot is on disk once this is
  uint64_t highest_counter_ = 0;          // of ballots that others have told
  unsigned losses_ = 0;
};

}  // namespace trifecta::net
