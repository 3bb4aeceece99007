// What a node does in the background so that replicas become and stay equal: fills its digest
// table, fetches partitions that move to it, hands on hints, compares itself with its peers, drops
// what it does not own any more, and gets back from the other owners what damage has cost it. Each
// kind of work has a thread of its own, which mostly sleeps; what to do and when is decided by pure
// parts (daemon/replication).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "daemon/operation_runner.h"
#include "daemon/replication/anti_entropy.h"
#include "daemon/replication/digest_table.h"
#include "daemon/replication/hint_store.h"
#include "daemon/replication/lost_words.h"
#include "daemon/replication/partition_streams.h"
#include "daemon/replication/rebuild.h"
#include "daemon/replication/throttle.h"
#include "daemon/ring_gate.h"
#include "storage/base/logger.h"
#include "storage/store.h"

namespace trifecta::daemon {

// All of it outlives the maintenance.
struct MaintenanceParts {
  storage::Store* store = nullptr;
  replication::DigestTable* digests = nullptr;
  replication::HintStore* hints = nullptr;
  replication::LostWords* lost = nullptr;
  OperationRunner* runner = nullptr;
  RingGate* gate = nullptr;
  Logger* logger = NullLogger();
  replication::Millis hint_window = 0;  // older hints are not handed on
  uint64_t seed = 0;
  // Told of partitions that are fetched, the same ones again and again while the step lasts.
  std::function<void(net::Epoch session, std::span<const uint32_t> partitions)> on_fetched;
};

// Any thread may call any method.
class Maintenance {
 public:
  explicit Maintenance(MaintenanceParts parts);
  // Stop().
  ~Maintenance();
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  // Begins; there is a view in force.
  void Start();
  bool started() const { return !threads_.empty(); }
  // A later view is in force.
  void OnView(const replication::ViewPtr& view);
  // What the store has of these partitions can go.
  void Purge(std::span<const uint32_t> partitions);

  size_t streams_left() const;
  replication::AntiEntropyStats anti_entropy() const;

  // Ends what is under way; the runner has been stopped, or is about to be.
  void Stop();

 private:
  void Fill();
  void RunStreams();
  void RunExchanges();
  void RunHints();
  void ReplayHints(net::NodeNumber node);
  void RunPurges();
  void PurgeNow(const std::set<uint32_t>& partitions);
  void CountAgain(const std::vector<uint32_t>& partitions);
  void RunRebuild();
  void LookForDamage();
  // Gives up what cannot be read. False when that has to be tried again.
  bool GiveUpDamage(const storage::StoreStats& stats);
  void FetchLost(const std::vector<storage::WordRange>& lost);
  void EndRebuild(const std::vector<storage::WordRange>& lost);
  // Why a rebuild waits; in the log once.
  void TellOnce(std::string why);
  // Waits for a change or until `due`, at most a second. False when it is time to stop.
  bool Sleep(std::unique_lock<std::mutex>* lock, replication::Millis due);

  const MaintenanceParts parts_;
  std::atomic<bool> stopping_ = false;
  replication::Throttle hint_rate_;  // of the thread for hints
  replication::Rebuild rebuild_;     // of the thread for rebuilds
  std::string told_;                 // of the same thread

  mutable std::mutex mutex_;  // guards what follows; not held while an operation runs
  std::condition_variable changed_;
  replication::PartitionStreams streams_;
  replication::AntiEntropy anti_entropy_;
  std::set<uint32_t> to_purge_;
  bool count_again_ = false;  // partitions were forgotten

  std::vector<std::thread> threads_;
};

}  // namespace trifecta::daemon
