// A node among others: its protocols, its replica for what it owns, the operations it coordinates,
// and its work in the background, wired together.
//
//   peers ─▶ HTTP (daemon/api_peer.h) ─▶ Cluster ─┬▶ ProtocolThread (Topology) ─▶ ring, members
//                                                 └▶ RingGate ─▶ Replica ─▶ store
//   clients ─▶ API ─▶ coordinator() ─▶ OperationRunner ─▶ PeerTransport, own Replica
//
// A node that founds its cluster has all of it within milliseconds; one that joins waits until the
// ring has it and its share has been fetched.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/access_token.h"
#include "daemon/api_peer.h"
#include "daemon/clock_stamper.h"
#include "daemon/cluster_admin.h"
#include "daemon/cluster_coordinator.h"
#include "daemon/cluster_snapshot.h"
#include "daemon/config.h"
#include "daemon/hybrid_clock.h"
#include "daemon/maintenance.h"
#include "daemon/member_change.h"
#include "daemon/operation_runner.h"
#include "daemon/protocol_thread.h"
#include "daemon/repair.h"
#include "daemon/replication/digest_table.h"
#include "daemon/replication/hint_store.h"
#include "daemon/replication/lost_words.h"
#include "daemon/replication/replica.h"
#include "daemon/ring_gate.h"
#include "daemon/sole_coordinator.h"
#include "net/peer_transport.h"
#include "storage/store.h"

namespace trifecta::daemon {

// All of it outlives the cluster.
struct ClusterParts {
  const Config* config = nullptr;
  std::string address;  // HOST:PORT at which others reach this node
  net::NodeId self;
  storage::Store* store = nullptr;
  HybridClock* clock = nullptr;
  const AccessToken* token = nullptr;
  Logger* logger = NullLogger();
  std::chrono::steady_clock::time_point started;

  // Called by threads of the cluster; must not block.
  std::function<void()> on_ready;                        // once
  std::function<void(const Status& status)> on_failure;  // this node cannot go on; once
  std::function<void()> on_drain;                        // it is to take no more requests
  std::function<void()> on_left;  // it has handed over all that it had, and is no member any more
};

// Any thread may call any method but Stop and the destructor.
class Cluster : public PeerHandler, public ClusterSource, public ClusterAdmin {
 public:
  static Result<std::unique_ptr<Cluster>> Start(ClusterParts parts);
  // Stop().
  ~Cluster() override;

  bool ready() const { return ready_.load(std::memory_order_acquire); }
  // Why it is not: a sentence.
  std::string Waiting();
  // Who it is among how many, in a sentence. Only when ready.
  std::string Summary();
  // Only when ready.
  Coordinator* coordinator() { return coordinator_.get(); }

  net::NodeId self() const override { return parts_.self; }
  net::NodeId cluster() const override;
  void Deliver(net::ItemKind kind, const net::NodeId& from, std::string_view bytes) override;
  void Answer(const net::NodeId& from, std::span<const PeerCall> calls,
              std::vector<net::PeerAnswer>* answers) override;

  ClusterSnapshot Snapshot(std::chrono::steady_clock::time_point deadline) override;
  ClusterSnapshot LocalSnapshot() override;
  ClusterStats LocalStats() const override;

  Status BeginLeave(const net::NodeId& node,
                    std::chrono::steady_clock::time_point deadline) override;

  Result<RepairState> BeginRepair(const std::string& prefix, bool dry_run) override {
    return repair_->Begin(prefix, dry_run);
  }
  RepairState LastRepair() const override { return repair_->State(); }
  Status Drain(const net::NodeId& node, std::chrono::steady_clock::time_point deadline) override;

  // Tells the others that this node goes, so that they ask it for nothing more; returns at once. It
  // still answers, and can coordinate what is under way.
  void SayGoodbye();
  // The same, and ends everything. No request is under way.
  void Stop();

 private:
  explicit Cluster(ClusterParts parts);
  Status Begin();

  // On the protocol thread.
  void OnEvent(const replication::TopologyEvent& event, replication::Topology* topology);
  void OnRing(replication::Topology* topology);
  void OnView(replication::Topology* topology);
  void BecomeMember(const replication::ViewPtr& view);
  void Fail(Status status);

  void AnnounceRing();
  void Pull(net::NodeNumber node, net::Epoch epoch);
  void AnswerUnder(const RingGate::Guard& guard, std::span<const std::string_view> requests,
                   std::vector<std::string>* replies);
  // Asks `from` for its ring and waits a moment for one later than `epoch`.
  bool CatchUp(const net::NodeId& from, net::Epoch epoch);
  std::string AnswerLocally(std::string_view request);
  replication::StatusReply OwnReply() const;

  const ClusterParts parts_;
  ClockStamper stamper_;
  RingGate gate_;
  std::unique_ptr<net::PeerTransport> transport_;
  std::unique_ptr<ProtocolThread> protocol_;
  std::unique_ptr<MemberChange> change_;
  std::unique_ptr<replication::HintStore> hints_;
  std::unique_ptr<OperationRunner> runner_;
  replication::LostWords lost_;

  // Made with the first ring, before the gate opens.
  std::unique_ptr<replication::DigestTable> digests_;
  std::unique_ptr<replication::Replica> replica_;
  std::unique_ptr<SoleCoordinator> sole_;
  std::unique_ptr<ClusterCoordinator> coordinator_;
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<Repair> repair_;

  std::atomic<size_t> queued_bytes_ = 0;  // of messages for the protocol thread
  std::atomic<bool> ready_ = false;
  std::atomic<bool> failed_ = false;
  mutable std::mutex cluster_mutex_;
  net::NodeId cluster_;  // guarded by cluster_mutex_; zero before it is known

  std::mutex ring_mutex_;  // for those who wait for a later ring, or for the end
  std::condition_variable ring_changed_;
  bool stopping_ = false;  // guarded by ring_mutex_
};

}  // namespace trifecta::daemon
