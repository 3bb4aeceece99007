// What all clients asked and were told, in one history for the checker of the simulator.
#pragma once

#include <chrono>
#include <mutex>
#include <vector>

#include "tests/sim/history.h"

namespace trifecta::faults {

// Any thread may call any method.
class Recorder {
 public:
  sim::Millis now() const {
    return static_cast<sim::Millis>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now() - started_)
                                        .count());
  }

  // Before it is sent.
  size_t Begin(sim::Record record) {
    std::lock_guard lock(mutex_);
    return history_.Begin(std::move(record), now());
  }
  // Once the answer is there; `answer` carries what was told, and whether the deadline counts.
  void End(size_t operation, const sim::Record& answer) {
    std::lock_guard lock(mutex_);
    sim::Record* record = history_.End(operation, answer.outcome, now());
    record->found = answer.found;
    record->found_is_known = answer.found_is_known;
    record->words = answer.words;
    record->count = answer.count;
    record->reason = answer.reason;
    record->deadline = answer.deadline;
  }

  // When no client is at work.
  const sim::History& history() const { return history_; }

 private:
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::mutex mutex_;  // guards history_
  sim::History history_;
};

}  // namespace trifecta::faults
