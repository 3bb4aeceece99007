// The wall clock of a simulated machine: the simulation's time, but off, fast or slow, and set
// forward or back as somebody likes.
#pragma once

#include <chrono>
#include <cstdint>

#include "storage/base/clock.h"
#include "tests/sim/sim_network.h"

namespace trifecta::sim {

class SimClock : public Clock {
 public:
  // What a right clock says when the simulation begins: 400 days after 1970.
  static constexpr uint64_t kEpochMillis = 400ull * 24 * 3600 * 1000;

  // `time` outlives it.
  explicit SimClock(const SimNetwork* time) : time_(time) {}

  uint64_t WallMilliseconds() override { return static_cast<uint64_t>(Reading()); }
  // As monotonic clocks of machines are: right.
  std::chrono::steady_clock::time_point Monotonic() override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(time_->now()));
  }

  // Someone sets it by so much; negative: back.
  void Jump(int64_t milliseconds) { reading_ += milliseconds; }
  // From now on it gains so many milliseconds in a million; negative: it loses them.
  void SetDrift(int64_t per_million) {
    reading_ = Reading();
    since_ = time_->now();
    drift_ = per_million;
  }
  // Someone sets it right, and it stays so.
  void SetRight() {
    SetDrift(0);
    reading_ = static_cast<int64_t>(kEpochMillis + since_);
  }
  // How far it is ahead of the right time.
  int64_t ahead() const { return Reading() - static_cast<int64_t>(kEpochMillis + time_->now()); }

 private:
  int64_t Reading() const {
    const auto passed = static_cast<int64_t>(time_->now() - since_);
    return reading_ + passed + passed * drift_ / 1'000'000;
  }

  const SimNetwork* const time_;
  int64_t reading_ = kEpochMillis;  // at since_
  Millis since_ = 0;
  int64_t drift_ = 0;
};

}  // namespace trifecta::sim
