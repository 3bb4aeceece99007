// Bringing whole member tables together: with a random node now and then, which mends what gossip
// missed; with a seed on joining; with the dead, which ends a partition that lasted longer than
// every timer (memberlist's push-pull).
//
//   a: sync  -- digests of a's table by bucket                        --> b
//   b: table -- b's records in the buckets that differ, answer wanted --> a
//   a: table -- a's records in there that b has not or has older      --> b
//
// Messages are independent of one another: each range of a table is complete in itself, so nothing
// is kept between them, and a lost one costs an interval.
#pragma once

#include <span>
#include <vector>

#include "net/gossip_message.h"
#include "net/gossip_sender.h"
#include "net/member_view.h"
#include "storage/base/random.h"

namespace trifecta::net {

class TableSync {
 public:
  // All outlive it.
  TableSync(MemberView* view, GossipSender* sender, Random* random)
      : view_(*view), sender_(*sender), random_(*random) {}

  void SetSeeds(std::vector<Address> seeds) { seeds_ = std::move(seeds); }

  // Compares tables with a random live node.
  void SyncWithAny();
  // The same with one of those that are not here, at random: one dead or, if it is the ring's, left
  // node, and `seeds_max` of the seeds where no live node listens.
  void SyncWithAbsent(size_t seeds_max);

  void OnSync(const GossipMessage& message, Millis now);
  // Takes in the records and sends back what is known better here. The message's own records are
  // not to be learned from elsewhere.
  void OnTable(const GossipMessage& message, Millis now);

 private:
  void SendSync(const NodeId& to, const Address& address);
  void SendTable(const IdRange& range, std::span<const NodeRecord> records, bool answer,
                 const NodeRecord& to);
  bool IsLiveAddress(const Address& address) const;

  MemberView& view_;
  GossipSender& sender_;
  Random& random_;
  std::vector<Address> seeds_;
};

}  // namespace trifecta::net
