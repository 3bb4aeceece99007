#include "daemon/readiness.h"

namespace trifecta::daemon {

std::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kRecovering:
      return "recovering";
    case Phase::kReady:
      return "ready";
    case Phase::kDraining:
      return "draining";
    case Phase::kDrained:
      return "drained";
    case Phase::kFailed:
      return "failed";
  }
  return "unknown";
}

void Readiness::Set(Phase phase, std::string_view reason) {
  std::lock_guard lock(mutex_);
  if (phase < phase_.load(std::memory_order_relaxed)) return;
  reason_ = reason;
  phase_.store(phase, std::memory_order_release);
}

std::vector<std::string> Readiness::Reasons() const {
  std::lock_guard lock(mutex_);
  if (phase_.load(std::memory_order_relaxed) == Phase::kReady) return {};
  return {reason_};
}

Status Readiness::Check() const {
  if (ready()) return Status::Ok();
  std::lock_guard lock(mutex_);
  return {StatusCode::kUnavailable, reason_ + "; try again later or ask another node"};
}

}  // namespace trifecta::daemon
