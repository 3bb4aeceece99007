// A node's part in its cluster: founding or joining it, knowing who is alive and who owns what, and
// taking changes of members through their steps. It owns the failure detector
// (net/failure_detector.h) and the ring register (net/ring_register.h), hands them messages and
// time, and acts on what they find.
//
//   no ring yet:  ClusterSearch ──founds──▶ member
//                      └──joins──▶ asks members ──ring with this node in it──▶ member
//   member:       pulls later rings, answers who wants to join, reports how far it has come,
//                 and drives the operation under way if it is the first live one with a vote
//
// Pure: it has no clock, socket, disk or thread; the daemon's protocol thread (daemon/cluster.h)
// and the simulator run the same code. One thread calls it. After each call it carries out what is
// in the outbox, takes the events, and calls Tick when next_due() comes. `now` is of a monotonic
// clock in milliseconds. The same calls with the same seed do the same.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/replication/cluster_search.h"
#include "daemon/replication/cluster_view.h"
#include "daemon/replication/operation_driver.h"
#include "daemon/replication/topology_messages.h"
#include "net/failure_detector.h"
#include "net/outbox.h"
#include "net/ring_change.h"
#include "net/ring_register.h"
#include "storage/base/random.h"
#include "storage/base/status.h"

namespace trifecta::replication {

// A node that is gone for so many intervals in the middle of its join: the join is given up, since
// others wait for it and writes to what moves need the targets too. A restart takes seconds.
inline constexpr Millis kJoinerIntervals = 60;

struct TopologyOptions {
  NodeId self;
  Address address;              // where peers reach this node
  std::set<Address> own_names;  // other addresses that mean this node where seeds name them
  net::Zone zone;
  std::string version;  // of the program
  std::vector<Address> seeds;
  // Of a cluster that is founded here, but its id, which the seed makes; of one that is joined only
  // the name counts.
  net::RingConstants constants;
  unsigned read_quorum = 0;  // of as many copies as replication_factor; 0: a majority
  unsigned write_quorum = 0;
  net::DetectorOptions detector;
  // From one question to a seed to the next. What else takes time here follows from it.
  Millis interval = 1'000;
};

// What the data folder holds as a node starts; empty where there is no such file.
struct SavedState {
  std::string incarnation;  // net::kIncarnationFileName
  std::string ring;         // net::RingRegister::kFileName
  bool has_words = false;
};

struct TopologyEvent {
  enum class Kind {
    // `ring` is in force: agreed on, and on disk here. The caller lets requests begin under it
    // (View()), and says RingInUse once none that began under an older one runs any more.
    kRing,
    // View() differs in something else: who is live, whose clock is right.
    kView,
    // This node has become a member with a vote; comes once.
    kReady,
    // Fetch what the owners have of `partitions`, for the operation `session`; StreamDone as each
    // is complete. It is over when the ring in force has no such session. Comes again after a
    // restart.
    kStream,
    // This node has no part in `partitions` any more, and no request that might ask for them runs
    // here: what the store has of them can go. Comes for all of them after a start.
    kPurge,
    // This node cannot go on: `text` says why and what to do.
    kFatal,
    // This node is no member any more. `status` is ok where it has handed over what it had while it
    // ran, else says that it was removed while it was away, and what to do.
    kLeft,
    // What came of BeginLeave: `status`.
    kOutcome,
    // Another member was asked to have this node take no more requests.
    kDrain,
  };
  Kind kind = Kind::kView;
  net::RingPtr ring{};
  net::Epoch session = 0;
  std::vector<uint32_t> partitions{};
  std::string text{};
  Status status{};
};

class Topology {
 public:
  // `outbox` outlives it. `seed` is used for nothing else: the id of a cluster comes from it.
  Topology(TopologyOptions options, uint64_t seed, net::Outbox* outbox);
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  // First of all calls. Fails when this folder cannot be this node's: kDataDamaged for bytes that
  // were never persisted, kInvalidArgument with a sentence where folder, configuration and cluster
  // do not go together, kUnavailable where the node has left its cluster.
  Status Start(const SavedState& saved, uint64_t unix_milliseconds, Millis now);

  // The wall clock; about once a second.
  void SetClock(uint64_t unix_milliseconds, Millis now);
  void Receive(net::Protocol protocol, const NodeId& from, std::string_view bytes, Millis now);
  // A message to `address` did not arrive since nobody listens there.
  void OnRefused(const Address& address, Millis now);
  void Tick(Millis now);
  Millis next_due() const;
  // The request with this token is on disk, and all before it of the same name; those may have
  // been left out.
  void OnPersisted(uint64_t token, Millis now);

  // No request that began under an older ring than that of `epoch` runs here any more.
  void RingInUse(net::Epoch epoch, Millis now);
  // This node has all that was there before of these partitions, on disk.
  void StreamDone(net::Epoch session, std::span<const uint32_t> partitions, Millis now);
  // Another node has a ring of at least `epoch`: fetch it from there.
  void PullFrom(const NodeId& node, net::Epoch epoch, Millis now);

  // A member, alive or dead, is to give up what it has and leave; where it is just joining, that is
  // given up. Ok: proposed; kOutcome says what came of it. kAlreadyInUse while an operation is
  // under way, kUnavailable when another change is being agreed on: try again.
  Status BeginLeave(const NodeId& node, Millis now);
  // The operation under way is to be given up; it takes its time. kNotFound when there is none.
  Status GiveUpOperation(Millis now);

  // Asks another member to take no more requests. Whether it does, its goodbye says; ask again
  // until then.
  void AskToDrain(const NodeId& node, Millis now);

  // This process is about to end: the others are told that it is gone for now. Go on until
  // said_goodbye().
  void SayGoodbye(Millis now);
  bool said_goodbye() const { return !detector_started_ || detector_.left(); }

  // In order; empties the list.
  std::vector<TopologyEvent> TakeEvents() { return std::exchange(events_, {}); }

  // The cluster as this node knows it now. Null before there is a ring with this node in it.
  ViewPtr View() const;
  const net::RingPtr& ring() const { return ring_; }
  NodeId cluster() const;  // zero before it is known
  const net::Membership& members() const { return detector_.members(); }
  // A sentence: why this node is not ready. Empty when it is.
  std::string Waiting() const;
  // A sentence about the operation under way; empty when there is none.
  std::string Operation() const { return driver_.Describe(); }

 private:
  using Event = TopologyEvent;

  // Before there is a ring.
  void Search(Millis now);
  void JudgeSearch(Millis now);
  void FoundCluster();
  void AskToJoin(Millis now);
  void OnHello(const NodeId& from, const TopologyMessage& message, Millis now);
  void OnJoinReply(const NodeId& from, const TopologyMessage& message);
  void StartDetector(const NodeId& cluster, Millis now);

  // As a member.
  void OnJoin(const NodeId& from, const TopologyMessage& message, Millis now);
  std::pair<JoinAnswer, std::string> AnswerJoin(const NodeId& from, const TopologyMessage& message,
                                                Millis now);
  std::pair<JoinAnswer, std::string> AnswerMember(const net::Member& member,
                                                  const TopologyMessage& message, Millis now);
  void OnProgress(const NodeId& from, const TopologyMessage& message, Millis now);
  void OnGiveUp(const TopologyMessage& message, Millis now);
  void OnDrain(const NodeId& from, const TopologyMessage& message);
  void Beat(Millis now);
  void TakeRing(Millis now);
  void TakeResult();
  void TakeSession();
  void CheckOwnMember();
  std::string HasLeft() const;
  void WarnOfDifferences();
  void AskForStreams();
  void AskForPurges();
  void SetRingOfDetector();
  void NoteGossip(Millis now);
  void PullLater(const NodeId& node, net::Epoch epoch, Millis now);
  void ReportProgress(Millis now);
  void Drive(Millis now);
  Status Propose(const Result<net::Ring>& next, Millis now);
  // The same where it is tried again as long as it is needed.
  void TryPropose(const Result<net::Ring>& next, Millis now);
  const net::Member* OwnMember() const;
  // Who drives the operation under way, as far as this node can tell; null when nobody is live.
  const net::Member* Driver() const;
  bool IsJoinerGone(Millis now) const;
  bool IsConcerned() const;
  bool IsLive(const NodeId& node) const;
  bool MayFound() const;
  std::vector<Address> OtherSeeds() const;
  net::NodeNumber Stamper() const;
  net::Quorums QuorumsOf(size_t copies) const;

  void ReceiveTopology(const NodeId& from, std::string_view bytes, Millis now);
  void Send(const NodeId& to, const Address& address, TopologyMessage message);
  Address AddressOf(const NodeId& node) const;
  void Emit(Event event) { events_.push_back(std::move(event)); }
  void Fail(std::string text);
  // At the end of every call: looks at what has changed, and hands on what the parts have put into
  // their outbox.
  void Finish(Millis now);
  void Flush();

  const TopologyOptions options_;
  net::Outbox* const outbox_;
  Random random_;
  net::Outbox inner_;  // of detector and register: their tokens and addresses are not the caller's
  net::FailureDetector detector_;
  net::RingRegister register_;
  OperationDriver driver_;
  SavedState saved_;
  uint64_t unix_milliseconds_ = 0;  // as last told

  std::optional<ClusterSearch> search_;  // while there is no ring
  Millis search_due_ = 0;
  // When to ask a member to be let in; never before one is known.
  Millis join_due_ = net::FailureDetector::kNever;
  size_t next_contact_ = 0;
  std::string join_text_;  // what the last member said that was asked
  bool founding_ = false;

  net::RingPtr ring_;
  net::Epoch in_use_ = 0;
  bool detector_started_ = false;
  bool ready_ = false;
  bool over_ = false;  // fatal, or left: nothing is done any more
  Millis beat_due_ = 0;
  Millis view_due_ = 0;
  // Until then members that nothing is known of count as live.
  Millis hopeful_until_ = 0;
  Millis now_ = 0;  // of the last call
  Millis report_due_ = 0;
  Millis give_up_due_ = 0;
  Millis pull_allowed_at_ = 0;
  uint64_t seen_changes_ = 0;  // of members()
  net::NodeNumber seen_stamper_ = net::kNoNodeNumber;

  net::Epoch session_ = 0;       // of the operation under way
  std::set<uint32_t> streams_;   // asked for in session_
  std::set<uint32_t> streamed_;  // done of them
  net::Epoch giving_up_ = 0;     // the session that this node was told to give up
  std::vector<bool> purged_;     // by partition: asked for, and not held since
  bool was_leaving_ = false;     // by a ring that was in force here
  bool leave_proposed_ = false;  // by BeginLeave, and not decided yet

  std::vector<Event> events_;
};

}  // namespace trifecta::replication
