// A repair that somebody asked for: this node is compared with every other owner of what it has,
// and what differs is set right both ways (daemon/replication/full_repair.h), on a thread of its
// own. One at a time; what the last one found stays until the next.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/operation_runner.h"
#include "daemon/replication/full_repair.h"
#include "daemon/ring_gate.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

struct RepairState {
  uint64_t run = 0;  // counts the repairs of this process; 0: none has begun
  bool running = false;
  std::string prefix;     // of the words that it is about
  size_t peers = 0;       // to be compared with
  size_t peers_done = 0;  // of them
  uint64_t fetched = 0;   // entries that this node lacked
  uint64_t sent = 0;      // entries that others lacked
  // Once it has ended: everything that this node has is the same everywhere, but for writes since.
  bool whole = false;
  // Who was not compared, and why: a sentence each.
  std::vector<std::string> failures;
};

// All of it outlives the repair.
struct RepairParts {
  replication::ExchangeParts exchange;
  OperationRunner* runner = nullptr;
  RingGate* gate = nullptr;
  Logger* logger = NullLogger();
};

// Any thread may call any method but Stop and the destructor.
class Repair {
 public:
  explicit Repair(RepairParts parts) : parts_(std::move(parts)) {}
  // Stop().
  ~Repair() { Stop(); }
  Repair(const Repair&) = delete;
  Repair& operator=(const Repair&) = delete;

  // Begins one; where one of the same prefix runs, that is the one. kAlreadyInUse while one of
  // another prefix runs, or members change; kUnavailable before the digests are made. A dry run
  // says with how many nodes this one would be compared, and begins nothing.
  Result<RepairState> Begin(const std::string& prefix, bool dry_run);
  // The one that runs, or the last one.
  RepairState State() const;

  // Ends what runs; the operation runner has been stopped, or is about to be.
  void Stop();

 private:
  void Run(replication::ViewPtr view, std::string prefix);
  void Note(const replication::FullRepair& repair);
  void End(const replication::ClusterView& view, const replication::FullRepair& repair,
           const std::map<net::NodeNumber, Status>& failures);

  const RepairParts parts_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;  // guards what follows
  RepairState state_;
  std::thread thread_;
};

}  // namespace trifecta::daemon
