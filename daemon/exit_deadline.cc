#include "daemon/exit_deadline.h"

#include <unistd.h>

#include <utility>

namespace trifecta::daemon {

ExitDeadline::ExitDeadline(std::chrono::milliseconds time, int status, std::string reason,
                           Logger* logger)
    : timer_([this, time, status, reason = std::move(reason), logger] {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, time, [this] { return met_; })) return;
        logger->Warning(reason);
        _exit(status);
      }) {}

ExitDeadline::~ExitDeadline() {
  {
    std::lock_guard lock(mutex_);
    met_ = true;
  }
  changed_.notify_all();
  timer_.join();
}

}  // namespace trifecta::daemon
