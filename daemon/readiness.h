// Whether this node takes requests, and if not why: set by the daemon's life cycle, read by /ready,
// by the gate in front of every client route, and by the status line for systemd.
//
// A node starts kRecovering, becomes kReady once, and ends kDraining, kDrained or kFailed; it never
// goes back.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace trifecta::daemon {

enum class Phase {
  kRecovering,  // listening; the store is being opened
  kReady,
  kDraining,  // asked to stop or to drain: requests under way finish, new ones are refused
  kDrained,   // none is under way any more, and the process stays until it is stopped
  kFailed,    // the log failed: the process is about to end with 74
};

// "recovering", "ready", "draining", "drained", "failed": the `status` member of /ready.
std::string_view PhaseName(Phase phase);

// Any thread may call any method.
class Readiness {
 public:
  // Moves on to `phase`; `reason` is a sentence for people. A move back is ignored, so that a late
  // "ready" never hides that the node is stopping.
  void Set(Phase phase, std::string_view reason);

  Phase phase() const { return phase_.load(std::memory_order_acquire); }
  bool ready() const { return phase() == Phase::kReady; }

  // The sentences that say why the node is not ready; empty when it is.
  std::vector<std::string> Reasons() const;
  // Ok when ready; else kUnavailable with the reason: what a refused request is told.
  Status Check() const;

 private:
  std::atomic<Phase> phase_ = Phase::kRecovering;
  mutable std::mutex mutex_;
  std::string reason_ = "recovering: the data folder is being opened";  // guarded by mutex_
};

}  // namespace trifecta::daemon
