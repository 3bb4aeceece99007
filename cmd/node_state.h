// How the node that answers is: what status and health share.
#pragma once

#include <string>
#include <vector>

#include "cmd/cluster_view.h"
#include "cmd/command.h"

namespace trifecta::cmd {

struct NodeState {
  bool ready = false;
  std::vector<std::string> reasons;  // why it is not
  std::string document;              // the cluster's, JSON; "{}" when the node is not ready
  ClusterView cluster;

  bool healthy() const { return ready && cluster.healthy(); }
  // "ready, cluster healthy", or what is wrong.
  std::string Sentence() const;
};

// Asks the node. kUnavailable and the like as client calls give them; kInternal for an answer that
// is not understood.
Result<NodeState> AskNodeState(Context& context);

// Tells why AskNodeState failed.
int FailNodeState(Context& context, const Status& status);

}  // namespace trifecta::cmd
