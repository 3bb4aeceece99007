// Tells a client that is too slow from one that waits for us: only the time that we waited for the
// client counts. Pure.
#pragma once

#include <chrono>
#include <cstddef>

namespace trifecta::net {

class RateGuard {
 public:
  using Duration = std::chrono::steady_clock::duration;

  // `bytes_per_second` is asked over each `window` of waiting.
  RateGuard(size_t bytes_per_second, Duration window)
      : least_(static_cast<double>(bytes_per_second) *
               std::chrono::duration<double>(window).count()),
        window_(window) {}

  // How long the next wait may last.
  Duration Patience() const { return window_ - waited_; }

  // We waited for the client. True when it is too slow.
  bool Waited(Duration duration) {
    waited_ += duration;
    if (waited_ < window_) return false;
    const bool slow = static_cast<double>(moved_) < least_;
    waited_ = Duration::zero();
    moved_ = 0;
    return slow;
  }

  // The client took or gave so many bytes.
  void Moved(size_t bytes) { moved_ += bytes; }

 private:
  double least_;
  Duration window_;
  Duration waited_{};
  size_t moved_ = 0;
};

}  // namespace trifecta::net
