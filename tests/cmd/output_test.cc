#include "cmd/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

// What is written to a pipe by `write`.
template <typename Write>
std::string Written(const OutputOptions& options, const Write& write) {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  OutputOptions piped = options;
  piped.out_fd = piped.err_fd = fds[1];
  Output out(piped);
  write(out);
  out.Flush();
  close(fds[1]);
  std::string text(4096, '\0');
  const ssize_t count = read(fds[0], text.data(), text.size());
  close(fds[0]);
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return text;
}

TEST_CASE("an error is a line with the program's name, and its hint below") {
  const auto fail = [](Output& out) {
    CHECK(out.Fail({3, "unreachable", "cannot reach db1", "Try db2."}) == 3);
  };
  CHECK(Written({}, fail) == "trifecta: cannot reach db1\nTry db2.\n");
}

TEST_CASE("with --json an error is one object") {
  const auto fail = [](Output& out) { out.Fail({4, "invalid_word", "bad \"word\"", "", 422}); };
  CHECK(Written({.json = true}, fail) ==
        "{\"error\":{\"code\":\"invalid_word\",\"message\":\"bad \\\"word\\\"\","
        "\"http_status\":422,\"exit_status\":4}}\n");
}

TEST_CASE("data comes before the error that ends it") {
  CHECK(Written({}, [](Output& out) {
          out.Data("word\n");
          out.Fail({5, "x", "broken", ""});
        }) == "word\ntrifecta: broken\n");
}

TEST_CASE("-q silences notes but not warnings, traces need -v") {
  const auto all = [](Output& out) {
    out.Note("note");
    out.Warn("warning");
    out.Trace("trace");
  };
  CHECK(Written({}, all) == "note\ntrifecta: warning\n");
  CHECK(Written({.quiet = true}, all) == "trifecta: warning\n");
  CHECK(Written({.verbose = true}, all) == "note\ntrifecta: warning\ntrifecta: trace\n");
}

TEST_CASE("a reader that is gone ends the output") {
  signal(SIGPIPE, SIG_IGN);
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  close(fds[0]);
  Output out({.out_fd = fds[1]});
  CHECK(out.Data("x"));
  CHECK_FALSE(out.Flush());
  CHECK_FALSE(out.Data("y"));
  CHECK(out.status().code() == StatusCode::kCancelled);
  close(fds[1]);
}

TEST_CASE("a full disk ends the output with the reason") {
  const int full = open("/dev/full", O_WRONLY);
  Output out({.out_fd = full});
  out.Data("x");
  CHECK_FALSE(out.Flush());
  CHECK(out.status().code() == StatusCode::kDiskFull);
  close(full);
}

TEST_CASE("there are no colours in a pipe") {
  CHECK(Written({.colour = true}, [](Output& out) { out.Data(out.Colour("up", "32")); }) == "up");
}

TEST_CASE("nothing that a terminal obeys is shown as it is") {
  CHECK(Escaped("tr\x1b[2Jie\n") == "tr\\x1b[2Jie\\x0a");
  CHECK(Escaped("a\\b") == "a\\\\b");
  CHECK(Escaped("\xc3\xa9\xff\xc3") == "\xc3\xa9\\xff\\xc3");
  CHECK(Escaped("\xed\xa0\x80") == "\\xed\\xa0\\x80");
}

TEST_CASE("a word in a message is quoted, and cut when it is long") {
  CHECK(Quoted("a'b") == "'a'b'");
  CHECK(Quoted(std::string(100, 'x')) == "'" + std::string(60, 'x') + "...'");
  std::string accents;
  for (int i = 0; i < 50; ++i) accents += "\xc3\xa9";
  CHECK(Quoted("x" + accents) == "'x" + accents.substr(0, 58) + "...'");
}

TEST_CASE("numbers are written for people") {
  CHECK(Thousands(0) == "0");
  CHECK(Thousands(999) == "999");
  CHECK(Thousands(1000) == "1,000");
  CHECK(Thousands(12'406'113) == "12,406,113");
  CHECK(Bytes(512) == "512 B");
  CHECK(Bytes(1536) == "1.5 KiB");
  CHECK(Bytes(1'181'116'006) == "1.1 GiB");
  CHECK(Rounded(950) == "950");
  CHECK(Rounded(12'400) == "12.4 k");
  CHECK(Rounded(1'210'000) == "1.21 M");
  CHECK(Seconds(0.123) == "0.12 s");
  CHECK(Seconds(16.54) == "16.5 s");
  CHECK(Seconds(125) == "2 min 5 s");
  CHECK(Seconds(3720) == "1 h 2 min");
}

}  // namespace
}  // namespace trifecta::cmd
