// A clock that moves only when a test moves it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "storage/base/clock.h"

namespace trifecta::test {

// Any thread may read and move it.
class ManualClock : public Clock {
 public:
  explicit ManualClock(uint64_t wall_milliseconds = 1'700'000'000'000)
      : wall_milliseconds_(wall_milliseconds) {}

  uint64_t WallMilliseconds() override { return wall_milliseconds_; }
  std::chrono::steady_clock::time_point Monotonic() override {
    return std::chrono::steady_clock::time_point(
        std::chrono::milliseconds(monotonic_milliseconds_));
  }

  // Time passes: both readings move.
  void Advance(std::chrono::milliseconds by) {
    wall_milliseconds_ += static_cast<uint64_t>(by.count());
    monotonic_milliseconds_ += by.count();
  }
  // Someone sets the wall clock, back perhaps.
  void SetWall(uint64_t milliseconds) { wall_milliseconds_ = milliseconds; }

 private:
  std::atomic<uint64_t> wall_milliseconds_;
  std::atomic<int64_t> monotonic_milliseconds_{1};
};

}  // namespace trifecta::test
