// How fast background work may go: a bucket that fills at a rate and is emptied by what was read
// or sent. What is over the rate is paid afterwards by waiting, so a piece of any size may go.
#pragma once

#include <algorithm>
#include <cstdint>

#include "net/node.h"

namespace trifecta::replication {

// Shared by the operations of one thread.
class Throttle {
 public:
  // What was not used is kept for this long: pauses of a busy machine cost no speed.
  static constexpr net::Millis kBurst = 250;

  // 0: no limit.
  explicit Throttle(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // When the next piece may go; in the past when it may go now.
  net::Millis ready_at() const { return ready_at_us_ / 1000; }

  void Spend(uint64_t bytes, net::Millis now) {
    if (bytes_per_second_ == 0) return;
    const net::Millis earliest = now > kBurst ? (now - kBurst) * 1000 : 0;
    ready_at_us_ = std::max(ready_at_us_, earliest) + bytes * 1'000'000 / bytes_per_second_;
  }

 private:
  const uint64_t bytes_per_second_;
  uint64_t ready_at_us_ = 0;  // microseconds, so that small pieces are not rounded away
};

}  // namespace trifecta::replication
