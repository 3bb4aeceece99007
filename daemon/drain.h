// A node that was asked to take no more requests, and stays as it is until it is stopped: new
// requests are refused, those under way finish, and everything is checkpointed. So a stop, or a
// power cut, costs it no recovery and its clients no error.
#pragma once

#include <atomic>
#include <functional>
#include <future>

#include "daemon/in_flight.h"
#include "daemon/readiness.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

// All of it outlives the drain.
struct DrainParts {
  Readiness* readiness = nullptr;
  InFlight* in_flight = nullptr;
  std::function<void()> say_goodbye;   // tells the other nodes; returns at once
  std::function<Status()> checkpoint;  // may take long
  std::function<void()> wake;          // has Step called soon; any thread calls it
  Logger* logger = NullLogger();
};

// One thread uses it, but Ask.
class Drain {
 public:
  explicit Drain(DrainParts parts) : parts_(std::move(parts)) {}
  // Finish().
  ~Drain() { Finish(); }

  // Any thread. Asking again changes nothing.
  void Ask();

  // Goes on as far as that takes no waiting. Call it after Ask, and again and again while
  // under_way().
  void Step();
  // Something is still to be done.
  bool under_way() const { return stage_ == Stage::kRequests || stage_ == Stage::kCheckpoint; }

  // Waits for a checkpoint that has begun.
  void Finish();

 private:
  enum class Stage { kNone, kRequests, kCheckpoint, kDone };

  void Begin();
  void BeginCheckpoint();
  void End(const Status& checkpointed);

  const DrainParts parts_;
  std::atomic<bool> asked_ = false;
  Stage stage_ = Stage::kNone;
  std::future<Status> checkpoint_;
};

}  // namespace trifecta::daemon
