// Whether a peer can be connected to, as the last attempts told: while it cannot, what is for it
// fails at once instead of waiting for one more attempt. Any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "storage/base/status.h"

namespace trifecta::net {

class PeerBackoff {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  PeerBackoff(Duration first, Duration last) : first_(first), last_(last) {}

  // Why no attempt is due yet; nothing when one is.
  std::optional<Status> Blocked(TimePoint now) const {
    std::lock_guard lock(mutex_);
    if (now < retry_at_) return failure_;
    return std::nullopt;
  }

  // An attempt failed. Those of several connections at once count as one.
  void Failed(Status failure, TimePoint now) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    if (now < retry_at_) return;
    delay_ = delay_ == Duration::zero() ? first_ : std::min(2 * delay_, last_);
    retry_at_ = now + delay_;
  }

  void Reached() {
    std::lock_guard lock(mutex_);
    delay_ = Duration::zero();
    retry_at_ = {};
  }

 private:
  const Duration first_;
  const Duration last_;
  mutable std::mutex mutex_;
  Status failure_;  // all under mutex_
  Duration delay_{};
  TimePoint retry_at_{};
};

}  // namespace trifecta::net
