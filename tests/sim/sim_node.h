// A whole simulated node: a machine with a disk and a clock, and on it, while it runs, a process
// with everything that a daemon has below its HTTP: the real store, clock, digests and replica, and
// the operations that it coordinates. The process may be killed or lose its disk's unsynced data at
// any change of the disk, and starts anew from what is left.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "daemon/hybrid_clock.h"
#include "daemon/replication/cluster_view.h"
#include "daemon/replication/digest_table.h"
#include "daemon/replication/hint_store.h"
#include "daemon/replication/lost_words.h"
#include "daemon/replication/replica.h"
#include "daemon/replication/stamper.h"
#include "net/detector_options.h"
#include "net/ring_change.h"
#include "storage/store.h"
#include "tests/sim/flaws.h"
#include "tests/sim/sim_calls.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_member.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_rebuild.h"
#include "tests/sim/sim_runner.h"
#include "tests/sim/sim_upkeep.h"

namespace trifecta::sim {

// How long a node's parts take, in milliseconds of virtual time: evenly up to these.
struct SimNodePace {
  Millis serve_max = 2;           // until requests that wait are served together
  Millis reply_max = 3;           // until a reply is sent: the sync
  Millis checkpoint_max = 8'000;  // from one checkpoint to the next
  Millis view_max = 20;           // from a ring's coming into force to the first request under it
  Millis fill_max = 500;          // from a start until the digests are made
};

class SimNode {
 public:
  struct Options {
    NodeIndex index = 0;
    net::NodeId id;
    net::Address address;
    net::Zone zone;
    unsigned k_factor = 2;  // as in the ring document, like the next
    unsigned partitions = 16;
    SimNodePace pace;
    Flaws flaws;
    // Finds and joins its cluster by itself; else it is told of its ring (TakeView).
    bool topology = false;
    std::vector<net::Address> seeds;
    net::RingConstants constants;  // of a cluster that it founds
    net::DetectorOptions detector;
  };
  // What a node tells of itself.
  struct Listener {
    // It could not start (and does not run then), or died of its disk, or cannot go on.
    std::function<void(SimNode*, const Status&)> fault;
    // A ring is in force there.
    std::function<void(SimNode*, const net::RingPtr&)> ring;
    // It has left the cluster for good.
    std::function<void(SimNode*)> left;
    // Who a node of the network is.
    std::function<net::NodeId(NodeIndex)> id_of;
  };

  // Network and calls outlive it. Not started.
  SimNode(SimNetwork* network, SimCalls* calls, Options options, Listener listener);
  ~SimNode();

  const Options& options() const { return options_; }
  SimDisk& disk() { return disk_; }
  SimClock& clock() { return clock_; }

  // Starts the process from what is on the disk.
  void Start();
  // As by SIGKILL: what was written stays.
  void Kill();
  // As Kill, and of what was not synced some is gone.
  void LosePower();
  // Power will be lost within the next `changes` changes of the disk.
  void LosePowerSoon(uint64_t changes);
  bool running() const { return process_ != nullptr; }

  // Of a running node, like all below. Null before it has a ring.
  const replication::ViewPtr& view() const { return process_->view; }
  // A later view is in force, or the first.
  void TakeView(replication::ViewPtr view);
  // A message of the membership, the ring or the topology.
  void Receive(const SimMessage& message);
  // True once it is a member with a vote, or was told of its ring.
  bool ready() const { return process_ != nullptr && process_->ready; }
  // Null without a topology.
  SimMember* member() { return process_->member.get(); }

  // Versions that were given before, over all lives of the node.
  uint64_t versions_given_twice() const { return given_twice_; }

  storage::Store& store() { return *process_->store; }
  const replication::DigestTable& digests() const { return *process_->digests; }
  replication::Stamper* stamper() { return process_->stamper.get(); }
  // No file is known to be damaged, and nothing lost with one.
  bool is_whole() const { return process_->rebuild->idle(); }
  SimRunner& runner() { return *process_->runner; }
  // The same, for lookups, searches and counts.
  SimRunner& read_runner() { return *process_->read_runner; }

  // A peer's request, or its own.
  void Serve(NodeIndex from, std::string request, Millis patience, SimCalls::Reply reply);

 private:
  struct Waiting {
    NodeIndex from;
    std::string request;
    Millis until;
    SimCalls::Reply reply;
    Millis behind_until = 0;  // not 0: it waits for a later ring so long
  };
  struct Process {
    std::unique_ptr<replication::DigestTable> digests;
    std::unique_ptr<storage::Store> store;
    std::unique_ptr<daemon::HybridClock> hybrid_clock;
    std::unique_ptr<replication::Stamper> stamper;
    std::unique_ptr<replication::Replica> replica;
    std::unique_ptr<replication::HintStore> hints;
    replication::LostWords lost;
    std::unique_ptr<SimRunner> runner, read_runner, stream_runner;
    std::unique_ptr<SimMember> member;
    std::unique_ptr<SimUpkeep> upkeep;
    std::unique_ptr<SimRebuild> rebuild;
    replication::ViewPtr view;
    bool ready = false;
    std::vector<Waiting> waiting;  // requests
    bool failed = false;           // of a disk that takes no more
  };

  Status StartProcess();
  Status OpenStore(Process* process);
  Status OpenHints(Process* process);
  // `repairs`: what its operations write is written; else they are told so.
  std::unique_ptr<SimRunner> MakeRunner(std::function<replication::ViewPtr()> view, bool repairs);
  std::unique_ptr<SimMember> MakeMember();
  std::unique_ptr<SimUpkeep> MakeUpkeep();
  std::unique_ptr<SimRebuild> MakeRebuild();
  void Take(const replication::TopologyEvent& event);
  void Purge(const std::vector<uint32_t>& partitions);
  void Work();
  void Answer(std::vector<Waiting> waiting);
  // True when the reply is that this node's ring is older than the request's, and a later one may
  // come in time: then the request waits for it.
  bool WaitsForRing(Waiting* waiting, const std::string& reply);
  void WorkAfter(Millis delay);
  void Call(const replication::ClusterView& view, replication::Call call, SimCalls::Done done);
  // Ends the process if it has lost its disk; false then.
  bool Survived();
  void EndProcess();
  void FillDigestsLater();
  void CheckpointLater();
  Millis Within(Millis most) { return network_->random()->Below(most + 1); }

  SimNetwork* const network_;
  SimCalls* const calls_;
  const Options options_;
  const Listener listener_;
  SimDisk disk_;
  SimClock clock_;
  std::set<uint64_t> given_;  // times of versions
  uint64_t given_twice_ = 0;
  std::unique_ptr<Process> process_;
  // What died within its own call; gone before the next start.
  std::vector<std::unique_ptr<Process>> dead_;
};

}  // namespace trifecta::sim
