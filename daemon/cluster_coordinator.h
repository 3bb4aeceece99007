// The coordinator of a node among others: runs an operation over the replicas for each request; as
// long as the node owns every word alone, the request goes to its store directly.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/coordinator.h"
#include "daemon/operation_runner.h"
#include "daemon/replication/stamper.h"
#include "daemon/ring_gate.h"

namespace trifecta::daemon {

// All of it outlives the coordinator.
struct CoordinatorParts {
  Coordinator* sole = nullptr;  // for as long as no other node has to be asked
  RingGate* gate = nullptr;
  OperationRunner* runner = nullptr;
  replication::Stamper* stamper = nullptr;
};

class ClusterCoordinator : public Coordinator {
 public:
  explicit ClusterCoordinator(const CoordinatorParts& parts) : parts_(parts) {}

  Result<uint64_t> Write(Operation operation, std::span<const std::string_view> words,
                         const CallOptions& options) override;
  Result<bool> Contains(std::string_view word, const CallOptions& options) override;
  Status Search(const storage::SearchOptions& search, bool partial, const CallOptions& options,
                SearchAnswer* answer) override;
  Result<uint64_t> Count(std::string_view prefix, const CallOptions& options) override;
  Result<std::vector<std::string>> ShardRootsOf(net::NodeNumber node,
                                                const CallOptions& options) override;
  storage::StoreStats LocalStats() override { return parts_.sole->LocalStats(); }

 private:
  // The operation's status when it is answered, or that the node stops.
  template <typename SomeOperation>
  Status Run(const std::shared_ptr<SomeOperation>& operation);

  const CoordinatorParts parts_;
};

}  // namespace trifecta::daemon
