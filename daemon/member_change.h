// A change of the cluster's members as somebody asks for it: proposes it on the protocol thread and
// waits until the members have agreed, or not.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "daemon/protocol_thread.h"
#include "net/node.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

class MemberChange {
 public:
  // The thread outlives it.
  explicit MemberChange(ProtocolThread* protocol) : protocol_(protocol) {}

  // Has `node` give up all that it has and leave, and waits until that has begun; asking again for
  // what has begun already is no error. kAlreadyInUse while another change is under way,
  // kInvalidArgument or kNotFound where the ring does not allow it. kUnavailable and kTimeout: it
  // may still begin; ask again. Any thread but the protocol thread; several queue up.
  Status BeginLeave(const net::NodeId& node, std::chrono::steady_clock::time_point deadline);

  // What came of a proposal (TopologyEvent::kOutcome). The protocol thread calls it.
  void OnOutcome(const Status& status);

 private:
  // Nothing: it is proposed, and OnOutcome comes.
  std::optional<Status> Propose(const net::NodeId& node);
  bool AwaitOutcome(std::chrono::steady_clock::time_point until, Status* outcome);

  ProtocolThread* const protocol_;
  std::timed_mutex turn_;  // one proposal at a time
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Status> outcome_;  // of the proposal under way; guarded by mutex_
};

}  // namespace trifecta::daemon
