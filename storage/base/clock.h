// Time, passed in: tests and simulations step a clock of their own (tests/support/manual_clock.h).
#pragma once

#include <chrono>
#include <cstdint>

namespace trifecta {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970; may jump either way.
  virtual uint64_t WallMilliseconds() = 0;
  // Never goes back; its zero means nothing.
  virtual std::chrono::steady_clock::time_point Monotonic() = 0;
};

// The system's clock. Any thread.
Clock* SystemClock();

}  // namespace trifecta
