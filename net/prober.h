// SWIM's probes: one node at a time is pinged; when it does not answer in time, helpers are asked
// to ping it; when they get no answer either, it is suspect.
//
//   this node            helper             target
//      |---ping-----------------------------> |     at 0
//      |                                      |
//      |---ping request---> |---ping--------> |     at probe_timeout
//      | <---ack or nack----| <-------(ack)---|
//                                                   at probe_interval: suspect, or none of it
//
// Times grow with the local health score. All times here are corrected for stalls.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <set>

#include "net/detector_options.h"
#include "net/gossip_message.h"
#include "net/gossip_sender.h"
#include "net/local_health.h"
#include "net/member_view.h"
#include "net/probe_order.h"
#include "storage/base/random.h"

namespace trifecta::net {

// Pings that are under way for others; more requests are not taken. A node is asked by 3 others a
// second on average when all probes fail.
inline constexpr size_t kRelaysMax = 1'024;

class Prober {
 public:
  // All outlive it.
  Prober(const DetectorOptions* options, MemberView* view, GossipSender* sender, Random* random);

  void Start(Millis now);
  void Stop();
  void Tick(Millis now);
  // When Tick has something to do, or never (the greatest time).
  Millis next_due() const;

  void Add(const NodeId& id) { order_.Add(id); }
  LocalHealth* health() { return &health_; }
  const LocalHealth& health() const { return health_; }

  void OnPing(const GossipMessage& message);
  void OnPingRequest(const GossipMessage& message, Millis now);
  void OnAck(const GossipMessage& message, Millis now);
  void OnNack(const GossipMessage& message);

 private:
  static constexpr Millis kNever = std::numeric_limits<Millis>::max();

  // The one of this node's own that is under way.
  struct Probe {
    NodeId target;
    uint64_t incarnation = 0;  // of the target, when it began
    uint64_t number = 0;
    Millis sent_at = 0;  // not corrected for stalls
    Millis helpers_due = 0;
    Millis ends = 0;
    bool asked_helpers = false;
    size_t helpers = 0;
    std::set<NodeId> silent_helpers{};  // those who sent neither ack nor nack
  };
  // A ping for another node.
  struct Relay {
    NodeId origin;
    Address origin_address;
    uint64_t origin_number = 0;
    NodeId target;
    Millis nack_due = 0;
    Millis ends = 0;
    bool nacked = false;
  };

  void StartProbe(Millis now);
  void AskHelpers();
  void FailProbe();
  void AnswerRelays(Millis now);
  void MeasureClock(const GossipMessage& ack, const Probe& probe, Millis now);
  void RelayAck(const GossipMessage& ack);
  void SendNumbered(GossipKind kind, uint64_t number, const NodeId& to, const Address& address);

  const DetectorOptions& options_;
  MemberView& view_;
  GossipSender& sender_;
  Random& random_;
  LocalHealth health_;
  ProbeOrder order_;
  uint64_t number_;  // the last one given
  Millis probe_due_ = kNever;
  std::optional<Probe> probe_;
  std::map<uint64_t, Relay> relays_;  // by the number of our ping, so in the order of their times
};

}  // namespace trifecta::net
