// Log lines: a level and a sentence. Where they go is the program's business (daemon/log.h writes
// them to standard error for people, the journal or a collector); libraries get a Logger passed in.
#pragma once

#include <string_view>

namespace trifecta {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

class Logger {
 public:
  virtual ~Logger() = default;
  // One event, one line; control characters in `text` are escaped by the implementation. Any
  // thread.
  virtual void Log(LogLevel level, std::string_view text) = 0;

  void Debug(std::string_view text) { Log(LogLevel::kDebug, text); }
  void Info(std::string_view text) { Log(LogLevel::kInfo, text); }
  void Warning(std::string_view text) { Log(LogLevel::kWarning, text); }
  void Error(std::string_view text) { Log(LogLevel::kError, text); }
};

// Drops everything: the default where nobody listens.
Logger* NullLogger();

}  // namespace trifecta
