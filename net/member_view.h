// What this node believes about the others and passes on: the member table, the suspicions that
// run, the news that waits to be sent, and this node's own record. SWIM calls it the dissemination
// component; who sends and probes is net/failure_detector.h.
#pragma once

#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "net/broadcast_queue.h"
#include "net/detector_options.h"
#include "net/membership.h"
#include "net/outbox.h"
#include "net/own_record.h"
#include "net/suspicion.h"

namespace trifecta::net {

// What a step changed that the others must act on.
struct ViewEvents {
  std::vector<NodeId> arrived;  // live, and not so before
  std::vector<NodeId> accused;  // suspects whom we are the first to suspect: to be told
  unsigned refutations = 0;     // of what was said about this node
};

class MemberView {
 public:
  // Both outlive it.
  MemberView(NodeRecord self, const DetectorOptions* options, Outbox* outbox);

  const Membership& members() const { return members_; }
  Membership* mutable_members() { return &members_; }
  const OwnRecord& own() const { return own_; }
  BroadcastQueue* mutable_news() { return &news_; }
  const BroadcastQueue& news() const { return news_; }
  // In how many messages a piece of news goes out.
  unsigned retransmit_limit() const;

  Status Begin(std::string_view saved, uint64_t unix_seconds, Millis now);
  void OnPersisted(uint64_t token, Millis now);
  // True when others should hear of it before the next message to them is due.
  bool SetVitals(const Vitals& vitals, Millis now);
  void Leave(Millis now);

  // Takes what a message said.
  void Learn(const NodeRecord& record, Millis now);
  // Takes what stood in the table of `teller`. Dead there is only suspect here: the table may be
  // that of the other side of a partition, where everyone here is dead.
  void LearnFromTable(const NodeRecord& record, const NodeId& teller, Millis now);
  // This node's own finding: `target` did not answer while it was in `incarnation`.
  void Suspect(const NodeId& target, uint64_t incarnation, Millis now);
  // Declares dead whose time to refute is up.
  void EndSuspicions(Millis now);
  // When EndSuspicions has something to do, or never (the greatest time).
  Millis next_deadline() const;

  ViewEvents TakeEvents() { return std::exchange(events_, {}); }

 private:
  struct RunningSuspicion {
    Suspicion suspicion;
    Millis deadline;
  };

  void LearnAboutSelf(const NodeRecord& record, Millis now);
  // A new life of this node, or its end.
  void TellOwnLife(Millis now);
  bool IsTooOld(const NodeRecord& record) const;
  bool IsConfirmation(const NodeRecord& record) const;
  void Confirm(const NodeRecord& record, Millis now);
  void Merge(const NodeRecord& record, bool pass_on, Millis now);
  void Track(const NodeRecord& record, Millis now);
  void StartSuspicion(const NodeRecord& record, Millis now);
  void StopSuspicion(const NodeId& id);
  void PassOn(const NodeRecord& record);
  void LogChange(const NodeRecord& record);

  const DetectorOptions& options_;
  Outbox* const outbox_;
  OwnRecord own_;
  Membership members_;
  BroadcastQueue news_;
  std::map<NodeId, RunningSuspicion> suspicions_;
  std::set<std::pair<Millis, NodeId>> deadlines_;  // of suspicions_
  // Until then this node is a newcomer: whom it finds in a table, others know already.
  Millis newcomer_until_ = 0;
  ViewEvents events_;
};

}  // namespace trifecta::net
