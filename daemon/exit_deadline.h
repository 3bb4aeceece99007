// An end for what might not end: a stop that waits for a stuck disk or client.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "storage/base/logger.h"

namespace trifecta::daemon {

// Ends the process by _exit(status), with `reason` in the log, when `time` has passed and the
// object still lives. What was acknowledged is in the log on disk; the next start replays it.
class ExitDeadline {
 public:
  ExitDeadline(std::chrono::milliseconds time, int status, std::string reason, Logger* logger);
  ~ExitDeadline();
  ExitDeadline(const ExitDeadline&) = delete;
  ExitDeadline& operator=(const ExitDeadline&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool met_ = false;  // guarded by mutex_
  std::thread timer_;
};

}  // namespace trifecta::daemon
