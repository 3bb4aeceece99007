#include "daemon/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

// The priorities of syslog.
char JournalPriority(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return '7';
    case LogLevel::kInfo:
      return '6';
    case LogLevel::kWarning:
      return '4';
    case LogLevel::kError:
      return '3';
  }
  return '3';
}

std::string TimeStamp(uint64_t milliseconds, bool local) {
  const auto seconds = static_cast<time_t>(milliseconds / 1000);
  tm parts{};
  local ? localtime_r(&seconds, &parts) : gmtime_r(&seconds, &parts);
  char text[64];
  const size_t length =
      std::strftime(text, sizeof text, local ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%03u%s",
                static_cast<unsigned>(milliseconds % 1000), local ? "" : "Z");
  return text;
}

// The length of the valid UTF-8 character at the start of `text` that is no control character (C0,
// DEL, C1); 0 for anything else.
size_t PlainCharacter(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continued = [&](size_t from, size_t to) {
    if (text.size() < to) return false;
    for (size_t i = from; i < to; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return false;
    }
    return true;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  if (first >= 0xC2 && first <= 0xDF) {
    return continued(1, 2) && !(first == 0xC2 && byte(1) < 0xA0) ? 2 : 0;
  }
  if (first >= 0xE0 && first <= 0xEF) {
    const bool valid = continued(1, 3) && !(first == 0xE0 && byte(1) < 0xA0) &&
                       !(first == 0xED && byte(1) >= 0xA0);
    return valid ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool valid = continued(1, 4) && !(first == 0xF0 && byte(1) < 0x90) &&
                       !(first == 0xF4 && byte(1) >= 0x90);
    return valid ? 4 : 0;
  }
  return 0;
}

// A string of JSON or logfmt; `text` is escaped for the log already.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

void WriteLine(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t put = write(fd, line.data(), line.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return;
    line.remove_prefix(static_cast<size_t>(put));
  }
}

}  // namespace

std::string EscapeForLog(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    size_t length = PlainCharacter(text);
    if (length > 0) {
      escaped += text.substr(0, length);
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02X", static_cast<unsigned char>(text.front()));
      escaped += code;
      length = 1;
    }
    text.remove_prefix(length);
  }
  return escaped;
}

LogFormat DetectLogFormat(int fd) {
  // "DEVICE:INODE" of the stream that systemd made; a redirected stream no longer matches.
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat about {};
  if (stream == nullptr || fstat(fd, &about) != 0) return LogFormat::kText;
  const bool matches = StrCat(about.st_dev, ":", about.st_ino) == stream;
  return matches ? LogFormat::kJournal : LogFormat::kText;
}

LogWriter::LogWriter(int fd, LogLevel level, LogFormat format, Clock* clock)
    : fd_(fd), terminal_(isatty(fd) != 0), clock_(clock), level_(level) {
  SetFormat(format);
}

void LogWriter::SetFormat(LogFormat format) {
  format_.store(format == LogFormat::kAuto ? DetectLogFormat(fd_) : format,
                std::memory_order_relaxed);
}

void LogWriter::Log(LogLevel level, std::string_view text) {
  if (level < level_.load(std::memory_order_relaxed)) return;
  WriteLine(fd_, Line(level, EscapeForLog(text)));
}

std::string LogWriter::Line(LogLevel level, std::string_view text) const {
  const uint64_t now = clock_->WallMilliseconds();
  switch (format_.load(std::memory_order_relaxed)) {
    case LogFormat::kJournal:
      return StrCat("<", JournalPriority(level), ">", text, "\n");
    case LogFormat::kJson:
      return StrCat("{\"time\":\"", TimeStamp(now, false), "\",\"level\":\"", LevelName(level),
                    "\",\"message\":", Quoted(text), "}\n");
    case LogFormat::kLogfmt:
      return StrCat("time=", TimeStamp(now, false), " level=", LevelName(level),
                    " message=", Quoted(text), "\n");
    case LogFormat::kAuto:
    case LogFormat::kText:
      break;
  }
  std::string name(LevelName(level));
  name.resize(8, ' ');  // the sentences begin in one column
  return StrCat(TimeStamp(now, terminal_), " ", name, " ", text, "\n");
}

}  // namespace trifecta::daemon
