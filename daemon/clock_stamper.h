// Stamps versions by the node's hybrid logical clock.
#pragma once

#include <atomic>

#include "daemon/hybrid_clock.h"
#include "daemon/replication/stamper.h"
#include "net/node.h"

namespace trifecta::daemon {

// Any thread may call any method.
class ClockStamper : public replication::Stamper {
 public:
  // The clock outlives it.
  explicit ClockStamper(HybridClock* clock) : clock_(clock) {}

  // The node's number, once it has one; no version is stamped before.
  void SetNumber(net::NodeNumber number) { number_.store(number, std::memory_order_release); }

  Result<Version> Stamp() override {
    const net::NodeNumber number = number_.load(std::memory_order_acquire);
    if (number == net::kNoNodeNumber) {
      return Status(StatusCode::kUnavailable, "this node has not joined its cluster yet");
    }
    const Result<uint64_t> time = clock_->Now();
    if (!time.ok()) return time.status();
    return Version{*time, number};
  }

  void Observe(const Version& version) override { clock_->Observe(version.time); }

 private:
  HybridClock* const clock_;
  std::atomic<net::NodeNumber> number_ = net::kNoNodeNumber;
};

}  // namespace trifecta::daemon
