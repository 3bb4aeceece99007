// What operators have the cluster do. The API speaks to it.
#pragma once

#include <chrono>
#include <string>

#include "daemon/repair.h"
#include "net/node.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

// Any thread may call any method.
class ClusterAdmin {
 public:
  virtual ~ClusterAdmin() = default;

  // As MemberChange::BeginLeave.
  virtual Status BeginLeave(const net::NodeId& node,
                            std::chrono::steady_clock::time_point deadline) = 0;

  // Has `node`, this one or another member that is up, take no more requests (daemon/drain.h). Ok
  // as soon as it has begun; kTimeout: it has said nothing of it.
  virtual Status Drain(const net::NodeId& node, std::chrono::steady_clock::time_point deadline) = 0;

  // As Repair::Begin and Repair::State, of this node.
  virtual Result<RepairState> BeginRepair(const std::string& prefix, bool dry_run) = 0;
  virtual RepairState LastRepair() const = 0;
};

}  // namespace trifecta::daemon
