// Fills in what all membership messages of this node have in common, and hands them to the outbox.
#pragma once

#include <cstdint>
#include <vector>

#include "net/detector_options.h"
#include "net/gossip_message.h"
#include "net/member_view.h"
#include "net/outbox.h"
#include "storage/base/random.h"

namespace trifecta::net {

class GossipSender {
 public:
  // All outlive it.
  GossipSender(const DetectorOptions* options, MemberView* view, Random* random, Outbox* outbox)
      : options_(*options), view_(*view), random_(*random), outbox_(*outbox) {}

  const NodeId& cluster() const { return cluster_; }
  void SetCluster(const NodeId& cluster) { cluster_ = cluster; }

  // The wall clock reads `unix_milliseconds` at `now`, a time that was not corrected for stalls.
  void SetClock(uint64_t unix_milliseconds, Millis now) { clock_ = unix_milliseconds - now; }
  // The time of the messages sent from here on, not corrected for stalls.
  void SetNow(Millis now) { now_ = now; }
  Millis now() const { return now_; }
  // What the wall clock reads.
  uint64_t clock() const { return clock_ + now_; }

  // Sends `message` with its kind's fields and records, news added as far as it fits. A node that
  // is not alive here is told so: the first record is about itself.
  void Send(GossipMessage message, const NodeId& to, const Address& address);
  void Send(GossipMessage message, const KnownNode& to) {
    Send(std::move(message), NodeId(to.record.id), Address(to.record.address));
  }

  // Up to `count` live nodes at random, this one and `other` excepted. Valid until the table
  // changes.
  std::vector<const KnownNode*> PickLive(size_t count, const NodeId& other = {});

 private:
  const DetectorOptions& options_;
  MemberView& view_;
  Random& random_;
  Outbox& outbox_;
  NodeId cluster_;
  uint64_t clock_ = 0;  // the wall clock less the monotonic one
  Millis now_ = 0;
};

// A record as it is to be told now: dead or left for as long as it has been by now.
NodeRecord RecordAt(const KnownNode& node, Millis now);

}  // namespace trifecta::net
