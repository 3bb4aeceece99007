// The daemon's log: one line an event on standard error.
//
//   kText     2024-11-25 18:35:01.123 warning  listening on ...     (local time on a terminal;
//             2024-11-25T17:35:01.123Z in UTC elsewhere)
//   kJournal  <4>listening on ...                                   (sd-daemon(3) priorities)
//   kJson     {"time":"2024-11-25T17:35:01.123Z","level":"warning","message":"listening on ..."}
//   kLogfmt   time=2024-11-25T17:35:01.123Z level=warning message="listening on ..."
//
// Words of clients may be in a line, so control characters and bytes that are no UTF-8 are written
// as \xHH: nobody can forge a line or drive the reader's terminal.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "daemon/config.h"
#include "storage/base/clock.h"
#include "storage/base/logger.h"

namespace trifecta::daemon {

// `text` as it is safe to show: see above.
std::string EscapeForLog(std::string_view text);

// What kAuto means for a descriptor: kJournal when $JOURNAL_STREAM names it, else kText.
LogFormat DetectLogFormat(int fd);

class LogWriter : public Logger {
 public:
  // Writes to `fd`, which stays the caller's, one write(2) a line: lines of several threads and
  // processes do not mix. What cannot be written is lost; a full pipe blocks.
  LogWriter(int fd, LogLevel level, LogFormat format, Clock* clock = SystemClock());

  void Log(LogLevel level, std::string_view text) override;

  // Any thread, at any time.
  void SetLevel(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  void SetFormat(LogFormat format);

 private:
  std::string Line(LogLevel level, std::string_view text) const;

  const int fd_;
  const bool terminal_;
  Clock* const clock_;
  std::atomic<LogLevel> level_;
  std::atomic<LogFormat> format_;  // never kAuto
};

}  // namespace trifecta::daemon
