// A simulated node's part in its cluster: the real Topology, with the node's network, disk and
// clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "daemon/replication/operation.h"
#include "daemon/replication/topology.h"
#include "net/outbox.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_network.h"

namespace trifecta::sim {

class SimMember {
 public:
  // All of it outlives the member.
  struct Parts {
    SimNetwork* network = nullptr;
    NodeIndex node = 0;
    SimDisk* disk = nullptr;
    SimClock* clock = nullptr;
    std::function<net::NodeId(NodeIndex)> id_of;
    std::function<void(const replication::TopologyEvent&)> take;
    // Ends the process if it has lost its disk; false then.
    std::function<bool()> survived;
  };
  SimMember(Parts parts, replication::TopologyOptions options);

  // With what is on the disk.
  Status Start(bool has_words);
  void Receive(const SimMessage& message);
  void PullFrom(NodeIndex node, net::Epoch epoch);
  void RingInUse(net::Epoch epoch);
  void StreamDone(net::Epoch session, std::span<const uint32_t> partitions);
  Status BeginLeave(const net::NodeId& node);

  const replication::Topology& topology() const { return topology_; }

 private:
  // Lets a call to the topology take effect.
  void Pump();
  void Send(net::OutgoingMessage message);
  void Persist(const net::PersistRequest& request);
  void Wake();
  void ScheduleWake();
  Millis now() const { return parts_.network->now(); }

  const Parts parts_;
  net::Outbox outbox_;
  replication::Topology topology_;
  std::map<std::string, uint64_t> persisted_;  // the newest token of each file
  Millis wake_at_ = replication::kNever;
};

}  // namespace trifecta::sim
