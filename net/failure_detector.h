// Who is there: this node's part in the group that finds out which nodes are alive and tells each
// other (SWIM: Das, Gupta, Motivala, 2002; with Lifeguard: arXiv 1707.00788).
//
// Chosen over every node asking every other, whose cost grows with the square, and over a central
// monitor, which would be a master: here each node sends the same few messages a second however
// many there are, finds a dead node in the same time, and news spreads in log n rounds.
//
// The parts: net/membership.h (the table and what overrides what), net/suspicion.h (how long a
// suspect may refute), net/broadcast_queue.h (news to pass on), net/member_view.h (these three, and
// this node's own record), net/prober.h (who answers), net/table_sync.h (whole tables), and this
// class, which hands messages and time to them. What it sends is in net/PROTOCOL.md.
//
// Pure: it has no clock, socket, disk or thread. One thread calls it, carries out what is in the
// outbox after each call, and calls Tick when next_due() comes. Times are of a monotonic clock in
// milliseconds. The same calls with the same seed do the same.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/detector_options.h"
#include "net/gossip_sender.h"
#include "net/member_view.h"
#include "net/outbox.h"
#include "net/prober.h"
#include "net/table_sync.h"
#include "storage/base/random.h"

namespace trifecta::net {

// What a node says about itself for all of its life.
struct LocalNode {
  NodeId id;
  Address address;  // where peers reach it
  Zone zone;
  std::string version;
  NodeId cluster;  // zero while it is of none: then that of the first node it hears from
};

// Messages that were not taken, since the start.
struct GossipRefusals {
  uint64_t damaged = 0;      // no message of ours
  uint64_t unknown = 0;      // of a format or kind that only a newer version knows
  uint64_t misdirected = 0;  // for another node, which was at this address
  uint64_t foreign = 0;      // of another cluster
};

class FailureDetector {
 public:
  static constexpr Millis kNever = std::numeric_limits<Millis>::max();

  // `outbox` outlives it.
  FailureDetector(const LocalNode& self, const DetectorOptions& options, uint64_t seed,
                  Outbox* outbox);
  FailureDetector(const FailureDetector&) = delete;
  FailureDetector& operator=(const FailureDetector&) = delete;

  // Begins: nothing is sent before the incarnation is persisted. `saved` is what a PersistRequest
  // named kIncarnationFileName (net/incarnation.h) held last, empty if there was none; kDataDamaged
  // when it cannot be read.
  Status Start(std::string_view saved, uint64_t unix_seconds, Millis now);

  // Where to ask for others: the seeds of the configuration and the addresses of the ring's
  // members. Any time.
  void SetSeeds(std::vector<Address> seeds) { sync_.SetSeeds(std::move(seeds)); }
  // Nodes that are not forgotten however long they are gone: the ring's members. Any time.
  void SetRingMembers(std::set<NodeId> ids) { view_.mutable_members()->Keep(std::move(ids)); }
  void SetCluster(const NodeId& cluster) { sender_.SetCluster(cluster); }
  const NodeId& cluster() const { return sender_.cluster(); }
  // What the others are to know of this node's condition; vitals.sequence is ours to give. A new
  // ring epoch or shard map is told at once, so that others fetch it.
  void SetVitals(const Vitals& vitals, Millis now);
  // Call about once a second, and before Start, so that offsets are right after a clock was set.
  void SetClock(uint64_t unix_milliseconds, Millis now) {
    sender_.SetClock(unix_milliseconds, now);
  }

  // A message from `from`. What is no message of this cluster for this node is counted and dropped.
  void Receive(const NodeId& from, std::string_view bytes, Millis now);
  // Does what is due. Too early a call does nothing.
  void Tick(Millis now);
  // When to call Tick next, as `now` counts; may have passed already. kNever: not before the next
  // other call.
  Millis next_due() const;
  // What a PersistRequest with this token held is on disk.
  void OnPersisted(uint64_t token, Millis now);

  // Says goodbye: others take this node for left, not for dead. Go on calling until left().
  void Leave(Millis now);
  // True once the goodbye has been sent to as many as it takes, or leave_timeout has passed.
  bool left() const { return phase_ == Phase::kLeft; }

  const Membership& members() const { return view_.members(); }
  const NodeRecord& self() const { return view_.own().record(); }
  // 1 (well) to health_max: how many times longer probes wait.
  unsigned health_multiplier() const { return prober_.health().multiplier(); }
  const GossipRefusals& refusals() const { return refusals_; }
  // `now` as the times in members() are counted: without the stalls of this process.
  Millis CorrectedTime(Millis now) const { return now - stalled_; }

 private:
  enum class Phase : uint8_t { kNew, kStarting, kRunning, kLeaving, kLeft };

  Millis Begin(Millis now);
  void Run(Millis now);
  bool Admits(const NodeId& from, const GossipMessage& message);
  void Dispatch(const GossipMessage& message, Millis now);
  void TellIfAccused(const NodeId& id, Millis now);
  void HandleEvents(Millis now);
  void Gossip(Millis now);
  void SyncIfDue(Millis now);
  void EndLeave(Millis now);
  bool has_news() const { return !view_.news().empty() || announcements_ > 0; }
  void Schedule(Millis now);
  size_t live_others() const;
  Millis next_due_corrected() const;

  const DetectorOptions options_;
  Random random_;
  Outbox& outbox_;
  MemberView view_;
  GossipSender sender_;
  Prober prober_;
  TableSync sync_;

  Phase phase_ = Phase::kNew;
  // Times below are corrected for stalls.
  Millis stalled_ = 0;  // what Begin took off so far
  Millis called_at_ = 0;
  Millis gossip_due_ = kNever;
  Millis gossiped_at_ = 0;
  Millis sync_due_ = kNever;
  // From one comparison of tables to the next. A newcomer, which missed most of the news, begins
  // with short ones, each twice as long as the last.
  Millis sync_gap_ = 0;
  Millis rejoin_due_ = kNever;
  Millis leave_ends_ = kNever;
  // Messages in which the own vitals are still to be spread; each message carries them.
  unsigned announcements_ = 0;
  GossipRefusals refusals_;
};

}  // namespace trifecta::net
