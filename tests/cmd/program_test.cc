// The real program against the real daemon: words in and out, signals, pipes, terminals.
#include <algorithm>
#include <csignal>
#include <fstream>

#include "tests/support/canned_server.h"
#include "tests/support/catch.h"
#include "tests/support/daemon_process.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace trifecta::cmd {
namespace {

using test::DaemonProcess;
using test::Process;
using test::ProcessOptions;
using test::ProcessResult;

ProcessOptions Program(const std::string& node, std::vector<std::string> arguments) {
  ProcessOptions options;
  options.command = {TRIFECTA_BIN "/trifecta"};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.environment = {{"TRIFECTA_NODES", node},
                         {"TRIFECTA_CONFIG", "/dev/null"},
                         {"TRIFECTA_TIMEOUT", ""},
                         {"TRIFECTA_CONSISTENCY", ""},
                         {"TRIFECTA_TOKEN_FILE", ""},
                         {"NO_COLOR", ""},
                         {"TERM", "xterm"}};
  return options;
}

ProcessResult RunAt(DaemonProcess& daemon, std::vector<std::string> arguments,
                    const std::string& input = {}) {
  ProcessOptions options = Program(daemon.address(), std::move(arguments));
  options.input = input;
  return test::Run(options);
}

std::string Numbers(int count) {
  std::string text;
  for (int i = 1; i <= count; ++i) text += "word" + std::to_string(i) + "\n";
  return text;
}

TEST_CASE("words go in and come back, over the real daemon") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  CHECK(RunAt(daemon, {"add", "trial", "triathlon", "[tri]", "/..", ".", "tri \xc3\xa9"}).error ==
        "6 added\n");
  CHECK(RunAt(daemon, {"add", "trial"}).error == "0 added, 1 already there\n");
  CHECK(RunAt(daemon, {"search", "tria"}).output == "trial\ntriathlon\n");
  CHECK(RunAt(daemon, {"search", "", "--all", "--desc"}).output ==
        "triathlon\ntrial\ntri \xc3\xa9\n[tri]\n/..\n.\n");
  CHECK(RunAt(daemon, {"search", "tri", "-n1", "--after", "trial"}).output == "triathlon\n");
  CHECK(RunAt(daemon, {"get", "[tri]", ".", "/..", "tri \xc3\xa9"}).output ==
        "[tri]\n.\n/..\ntri \xc3\xa9\n");
  CHECK(RunAt(daemon, {"count", "tri"}).output == "3\n");
  CHECK(RunAt(daemon, {"del", "trial"}).status == 0);
  CHECK(RunAt(daemon, {"del", "trial"}).status == 1);
  CHECK(RunAt(daemon, {"get", "trial"}).status == 1);
  CHECK(RunAt(daemon, {"search", "zzz"}).status == 1);
  CHECK(RunAt(daemon, {"dump", "tri"}).output == "tri \xc3\xa9\ntriathlon\n");
  CHECK(RunAt(daemon, {"cluster", "owners", "tri"}).output == "tri\t" + daemon.address() + "\n");
}

TEST_CASE("the cluster of one is healthy, and every view of it says so") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  for (const std::vector<std::string>& words : {std::vector<std::string>{"health"},
                                                {"status"},
                                                {"ping"},
                                                {"cluster-status"},
                                                {"cluster", "status"},
                                                {"cluster", "nodes"},
                                                {"cluster-status", "--json"}}) {
    const ProcessResult result = RunAt(daemon, words);
    INFO(result.output << result.error);
    CHECK(result.status == 0);
    CHECK(result.output.find(daemon.address()) != std::string::npos);
  }
}

TEST_CASE("a load and a dump give back the same words") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  const ProcessResult load = RunAt(daemon, {"load", "--batch", "1000"}, Numbers(20'000));
  CHECK(load.status == 0);
  CHECK(load.error.find(": 20,000 added\n") != std::string::npos);
  CHECK(RunAt(daemon, {"count", "word"}).output == "20000\n");
  const std::string dump = RunAt(daemon, {"dump"}).output;
  CHECK(std::count(dump.begin(), dump.end(), '\n') == 20'000);
  CHECK(RunAt(daemon, {"load", "--delete", "-q"}, dump).error.empty());
  CHECK(RunAt(daemon, {"count"}).output == "0\n");
}

TEST_CASE("the second node answers when the first is down") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  ProcessOptions options = Program(
      "127.0.0.1:" + std::to_string(test::ClosedPort()) + "," + daemon.address(), {"count"});
  CHECK(test::Run(options).output == "0\n");
}

TEST_CASE("a load lives through a restart of its node") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  const std::string port = std::to_string(daemon.port());
  ProcessOptions options =
      Program(daemon.address(), {"load", "--batch", "100", "--timeout", "30s"});
  options.keep_input_open = true;
  Process load(options);
  const std::string words = Numbers(20'000);
  REQUIRE(load.WriteInput(words.substr(0, words.size() / 2)));
  const std::string data = daemon.data_dir();
  daemon.Kill();
  DaemonProcess again({.data_dir = data, .flags = {"--listen", "127.0.0.1:" + port}});
  if (!again.running()) return;  // someone else took the port meanwhile
  load.WriteInput(words.substr(words.size() / 2));
  load.CloseInput();
  CHECK(load.Wait().status == 0);
  CHECK(RunAt(again, {"count"}).output == "20000\n");
}

TEST_CASE("Ctrl-C ends a load with 130 and the line to go on with") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  ProcessOptions options = Program(daemon.address(), {"load", "--batch", "10"});
  options.keep_input_open = true;
  Process load(options);
  REQUIRE(load.WriteInput(Numbers(100)));
  // What has been stored can be seen from outside; only then is it interrupted.
  while (RunAt(daemon, {"count"}).output != "100\n") REQUIRE_FALSE(load.Ended());
  load.Signal(SIGINT);
  const ProcessResult result = load.Wait();
  CHECK(result.status == 130);
  CHECK(result.error.find("trifecta: interrupted\n") != std::string::npos);
  CHECK(result.error.find("trifecta load --start-line ") != std::string::npos);
}

TEST_CASE("Ctrl-C ends any command that waits with 130") {
  test::SilentServer silent;
  ProcessOptions options = Program(silent.address(), {"count", "-v"});
  options.environment["TRIFECTA_TIMEOUT"] = "10m";
  Process count(options);
  CHECK_FALSE(count.WaitForError("trying").empty());
  count.Signal(SIGINT);
  const ProcessResult result = count.Wait();
  CHECK(result.status == 130);
  CHECK(result.error.ends_with("trifecta: interrupted\n"));
}

TEST_CASE("a reader that goes away ends the output quietly with 141") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  REQUIRE(RunAt(daemon, {"load"}, Numbers(50'000)).status == 0);
  for (const char* command : {"dump", "search '' --all"}) {
    ProcessOptions options = Program(daemon.address(), {});
    options.command = {
        "/bin/bash", "-c",
        std::string(TRIFECTA_BIN "/trifecta ") + command + " | head -n1; exit ${PIPESTATUS[0]}"};
    const ProcessResult result = test::Run(options);
    CHECK(result.status == 141);
    CHECK(result.output == "word1\n");
    CHECK(result.error.empty());
  }
}

TEST_CASE("output that cannot be written is told and never taken for done") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  ProcessOptions options = Program(daemon.address(), {});
  options.command = {"/bin/sh", "-c", TRIFECTA_BIN "/trifecta count > /dev/full"};
  const ProcessResult result = test::Run(options);
  CHECK(result.status == 6);
  CHECK(result.error == "trifecta: standard output: No space left on device\n");
}

TEST_CASE("on a narrow terminal the cluster still fits, and colours are used") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  ProcessOptions options = Program(daemon.address(), {"cluster-status"});
  options.terminal_columns = 40;
  options.all_terminal = true;
  const ProcessResult result = test::Run(options);
  CHECK(result.status == 0);
  CHECK(result.error.find("\x1b[32mhealthy") != std::string::npos);
  std::string plain = result.error;  // all streams are the terminal
  for (const char* colour : {"\x1b[32m", "\x1b[0m"}) {
    const size_t at = plain.find(colour);
    if (at != std::string::npos) plain.erase(at, std::string(colour).size());
  }
  size_t begin = 0;
  for (size_t end; (end = plain.find('\n', begin)) != std::string::npos; begin = end + 1) {
    INFO(plain.substr(begin, end - begin));
    CHECK(end - begin <= 40);
  }
  options.command.push_back("--no-color");
  CHECK(test::Run(options).error.find('\x1b') == std::string::npos);
  options.command.pop_back();
  options.environment["NO_COLOR"] = "1";
  CHECK(test::Run(options).error.find('\x1b') == std::string::npos);
}

TEST_CASE("check finds a sound folder sound, a damaged one not, and a used one in use") {
  test::TempDir dir;
  DaemonProcess daemon({.data_dir = dir.File("data"), .flags = {}});
  REQUIRE(daemon.running());
  REQUIRE(RunAt(daemon, {"load"}, Numbers(5'000)).status == 0);
  CHECK(RunAt(daemon, {"check", dir.File("data")}).status == 2);
  daemon.Stop();
  ProcessResult result = RunAt(daemon, {"check", dir.File("data")});
  CHECK(result.status == 0);
  CHECK(result.output.starts_with("5,000 words, 0 deleted, in "));
  CHECK(result.output.ends_with(": no fault\n"));
  CHECK(
      RunAt(daemon, {"check", dir.File("data"), "--json"}).output.starts_with("{\"sound\":true,"));
  CHECK(RunAt(daemon, {"check", dir.File("nosuch")}).status == 2);
}

}  // namespace
}  // namespace trifecta::cmd
