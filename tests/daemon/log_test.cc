#include "daemon/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "net/json.h"
#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

// 2024-11-25 17:35:01.123 UTC.
class FixedClock : public Clock {
 public:
  uint64_t WallMilliseconds() override { return 1'732'556'101'123; }
  std::chrono::steady_clock::time_point Monotonic() override { return {}; }
};

class Pipe {
 public:
  Pipe() { REQUIRE(pipe(fds_) == 0); }
  ~Pipe() {
    close(fds_[0]);
    close(fds_[1]);
  }
  int end() const { return fds_[1]; }
  std::string Read() {
    char buffer[4096];
    const ssize_t got = read(fds_[0], buffer, sizeof buffer);
    return {buffer, static_cast<size_t>(got)};
  }

 private:
  int fds_[2];
};

std::string Logged(LogFormat format, LogLevel level, std::string_view text) {
  Pipe pipe;
  FixedClock clock;
  LogWriter log(pipe.end(), LogLevel::kDebug, format, &clock);
  log.Log(level, text);
  return pipe.Read();
}

TEST_CASE("text has a time stamp, a level and the sentence in one column") {
  CHECK(Logged(LogFormat::kText, LogLevel::kInfo, "hello") ==
        "2024-11-25T17:35:01.123Z info     hello\n");
  CHECK(Logged(LogFormat::kText, LogLevel::kWarning, "hello") ==
        "2024-11-25T17:35:01.123Z warning  hello\n");
}

TEST_CASE("the journal gets priorities and no time") {
  CHECK(Logged(LogFormat::kJournal, LogLevel::kError, "hello") == "<3>hello\n");
  CHECK(Logged(LogFormat::kJournal, LogLevel::kWarning, "hello") == "<4>hello\n");
  CHECK(Logged(LogFormat::kJournal, LogLevel::kInfo, "hello") == "<6>hello\n");
  CHECK(Logged(LogFormat::kJournal, LogLevel::kDebug, "hello") == "<7>hello\n");
}

TEST_CASE("a line of JSON is one object, whatever is in the sentence") {
  const std::string line = Logged(LogFormat::kJson, LogLevel::kError, "a \"b\" \\ \n\xff é");
  const auto parsed = net::ParseJson(line);
  REQUIRE(parsed.ok());
  CHECK((*parsed)["time"].string() == "2024-11-25T17:35:01.123Z");
  CHECK((*parsed)["level"].string() == "error");
  CHECK((*parsed)["message"].string() == "a \"b\" \\ \\x0A\\xFF é");
}

TEST_CASE("logfmt quotes the sentence") {
  CHECK(Logged(LogFormat::kLogfmt, LogLevel::kInfo, "say \"hi\"") ==
        "time=2024-11-25T17:35:01.123Z level=info message=\"say \\\"hi\\\"\"\n");
}

TEST_CASE("nobody can forge a line or drive a terminal through the log") {
  CHECK(EscapeForLog("a\n<0>b") == "a\\x0A<0>b");
  CHECK(EscapeForLog("\x1b[2J") == "\\x1B[2J");
  CHECK(EscapeForLog("\x7f") == "\\x7F");
  CHECK(EscapeForLog("\xc2\x9b") == "\\xC2\\x9B");  // CSI in one character
  CHECK(EscapeForLog(std::string("\0", 1)) == "\\x00");
}

TEST_CASE("valid UTF-8 is left as it is, anything else is shown by its bytes") {
  for (std::string_view text : {"", "plain", "é", "€", "\xf0\x9f\x8c\xb3", "\xf4\x8f\xbf\xbf"}) {
    CHECK(EscapeForLog(text) == text);
  }
  CHECK(EscapeForLog("\xff") == "\\xFF");
  CHECK(EscapeForLog("\xc3") == "\\xC3");
  CHECK(EscapeForLog("\xc0\xaf") == "\\xC0\\xAF");
  CHECK(EscapeForLog("\xe0\x80\xaf") == "\\xE0\\x80\\xAF");
  CHECK(EscapeForLog("\xed\xa0\x80") == "\\xED\\xA0\\x80");
  CHECK(EscapeForLog("\xf4\x90\x80\x80") == "\\xF4\\x90\\x80\\x80");
  CHECK(EscapeForLog("\xe2\x82x") == "\\xE2\\x82x");
}

TEST_CASE("lines below the level are dropped, and the level may change") {
  Pipe pipe;
  FixedClock clock;
  LogWriter log(pipe.end(), LogLevel::kWarning, LogFormat::kJournal, &clock);
  log.Info("not this");
  log.Warning("this");
  log.SetLevel(LogLevel::kDebug);
  log.Debug("and this");
  CHECK(pipe.Read() == "<4>this\n<7>and this\n");
}

TEST_CASE("the journal is told from a pipe by $JOURNAL_STREAM") {
  Pipe pipe;
  CHECK(DetectLogFormat(pipe.end()) == LogFormat::kText);
  struct stat about {};
  REQUIRE(fstat(pipe.end(), &about) == 0);
  const std::string stream = std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
  setenv("JOURNAL_STREAM", stream.c_str(), 1);
  CHECK(DetectLogFormat(pipe.end()) == LogFormat::kJournal);
  CHECK(DetectLogFormat(0) == LogFormat::kText);  // redirected elsewhere
  unsetenv("JOURNAL_STREAM");
}

}  // namespace
}  // namespace trifecta::daemon
