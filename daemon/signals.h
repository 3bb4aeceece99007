// What the daemon's main thread waits for: signals, and other threads that have something to say.
#pragma once

#include <chrono>
#include <memory>

#include "storage/base/status.h"

namespace trifecta::daemon {

enum class Event {
  kTimeout,
  kStop,    // SIGTERM or SIGINT
  kReload,  // SIGHUP
  kWake,    // Wake() was called
};

// The seam: tests play the events themselves.
class EventSource {
 public:
  virtual ~EventSource() = default;
  // The next event; kTimeout after `most`. One thread.
  virtual Event Wait(std::chrono::milliseconds most) = 0;
  // Makes the current or the next Wait give kWake. Any thread.
  virtual void Wake() = 0;
  // From now on a signal to stop ends the process at once, as it does without a handler: the
  // operator's way out of a stop that takes too long. The next start replays the log.
  virtual void LetSignalsKill() = 0;
};

class SignalEvents : public EventSource {
 public:
  // Takes SIGTERM, SIGINT and SIGHUP from this thread and from those it starts, and has SIGPIPE
  // ignored. Call once, before there are other threads.
  static Result<std::unique_ptr<SignalEvents>> Create();
  ~SignalEvents() override;

  Event Wait(std::chrono::milliseconds most) override;
  void Wake() override;
  void LetSignalsKill() override;

 private:
  SignalEvents(int signal_fd, int wake_fd) : signal_fd_(signal_fd), wake_fd_(wake_fd) {}
  const int signal_fd_, wake_fd_;
};

// From now on a page of a mapped file that cannot be read (a bad sector, a file cut short by
// somebody else) ends the process with 74 and a line on standard error that names the file, with
// the journal's priority if `journal`. Any other SIGBUS ends it as before.
void EndOnUnreadablePages(bool journal);

}  // namespace trifecta::daemon
