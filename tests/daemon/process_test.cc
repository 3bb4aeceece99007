// The real trifectad, from outside: its exit statuses, signals, logs and notifications.
#include "tests/support/process.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "net/json.h"
#include "tests/support/catch.h"
#include "tests/support/daemon_process.h"
#include "tests/support/notify_socket.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {
namespace {

constexpr int kUploadWords = 20'000;

ProcessResult RunDaemon(std::vector<std::string> arguments,
                        std::map<std::string, std::string> environment = {}) {
  ProcessOptions options;
  options.command = std::move(arguments);
  options.command.insert(options.command.begin(), DaemonProgram());
  options.environment = std::move(environment);
  return Run(std::move(options));
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::trunc) << bytes;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

int AddWord(DaemonProcess& daemon, const std::string& word) {
  const std::string body = "{\"word\":\"" + word + "\"}";
  return RawClient(daemon.port())
      .Ask("POST", "/api/v1/words", "Content-Length: " + std::to_string(body.size()) + "\r\n", body)
      .status;
}

std::string Search(DaemonProcess& daemon, const std::string& prefix) {
  return RawClient(daemon.port()).Get("/search?q=" + prefix).body;
}

// A bulk load in the middle: more words than a batch holds are sent, the first batch is stored, and
// the end is not sent.
RawClient BeginUpload(DaemonProcess& daemon) {
  RawClient client(daemon.port());
  client.Send(
      "POST /api/v1/bulk?op=add HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  std::string words;
  for (int i = 10'000; i < 10'000 + kUploadWords; ++i) words += "w" + std::to_string(i) + "\n";
  std::ostringstream size;
  size << std::hex << words.size();
  client.Send(size.str() + "\r\n" + words + "\r\n");
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (Search(daemon, "w10000") != R"({"results":["w10000"]})") {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
  return client;
}

TEST_CASE("words survive a stop and a kill") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  CHECK(AddWord(daemon, "trial") == 200);
  CHECK(daemon.Stop().status == 0);
  daemon.Start();
  CHECK(AddWord(daemon, "triathlon") == 200);
  daemon.Kill();
  daemon.Start();
  REQUIRE(daemon.running());
  CHECK(Search(daemon, "tria") == R"({"results":["trial","triathlon"]})");
}

TEST_CASE("after a stop everything is checkpointed and no preallocated log space is left") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  CHECK(AddWord(daemon, "trial") == 200);
  const ProcessResult ended = daemon.Stop();
  CHECK(ended.status == 0);
  CHECK(Has(ended.error, "stopped: everything is checkpointed"));
  uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(daemon.data_dir())) {
    struct stat about {};
    REQUIRE(stat(file.path().c_str(), &about) == 0);
    bytes += static_cast<uintmax_t>(about.st_blocks) * 512;
  }
  CHECK(bytes < 256 * 1024);
}

TEST_CASE("a second daemon on the port ends with 69, on the folder with 73") {
  DaemonProcess first;
  REQUIRE(first.running());
  const TempDir folder;
  const ProcessResult port = RunDaemon(
      {"--config", "/dev/null", "--data-dir", folder.path(), "--listen", first.address()});
  CHECK(port.status == 69);
  CHECK(Has(port.error, first.address()));
  CHECK(std::filesystem::is_empty(folder.path()));
  const ProcessResult data = RunDaemon(
      {"--config", "/dev/null", "--data-dir", first.data_dir(), "--listen", "127.0.0.1:0"});
  CHECK(data.status == 73);
  CHECK(Has(data.error, first.data_dir()));
  CHECK(Has(data.error, std::to_string(first.process().pid())));
  CHECK(Search(first, "x") == R"({"results":[]})");
}

TEST_CASE("a folder that cannot be written to ends it with 73") {
  const TempDir folder;
  const std::string data = folder.File("data"), program = folder.File("trifectad");
  std::filesystem::create_directory(data);
  std::filesystem::copy_file(DaemonProgram(), program);
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(chmod(data.c_str(), 0555) == 0);
  ProcessOptions options;
  // Root may write anywhere, so it becomes nobody first.
  if (geteuid() == 0) {
    options.command = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  }
  for (const std::string& part :
       {program, std::string("--config"), std::string("/dev/null"), std::string("--listen"),
        std::string("127.0.0.1:0"), std::string("--data-dir"), data}) {
    options.command.push_back(part);
  }
  const ProcessResult ended = Run(std::move(options));
  CHECK(ended.status == 73);
  CHECK(Has(ended.error, data));
}

TEST_CASE("a data folder that is a file, below one, or full of other files ends it with 73") {
  const TempDir folder;
  const std::string file = folder.File("data");
  WriteFile(file, "x");
  for (const std::string& data : {file, file + "/x", folder.path()}) {
    const ProcessResult ended =
        RunDaemon({"--config", "/dev/null", "--listen", "127.0.0.1:0", "--data-dir", data});
    CHECK(ended.status == 73);
    CHECK(Has(ended.error, data == folder.path() ? "give an empty folder" : " is not a folder"));
  }
  CHECK_FALSE(std::filesystem::exists(folder.File("LOCK")));
}

TEST_CASE("an address that is not this machine's ends it with 69") {
  for (const char* listen : {"192.0.2.1:0", "no-such-host.invalid:0"}) {
    const TempDir folder;
    CHECK(RunDaemon({"--config", "/dev/null", "--listen", listen, "--data-dir", folder.path()})
              .status == 69);
  }
}

TEST_CASE("damage ends it with 65 and names file and offset") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  CHECK(daemon.Stop().status == 0);
  const std::string path = daemon.data_dir() + "/node";
  WriteFile(path, "nonsense");
  daemon.Start();
  const ProcessResult ended = daemon.Wait();
  CHECK(ended.status == 65);
  CHECK(Has(ended.error, path + ": offset 0: "));
}

TEST_CASE("a wrong command line ends it with 64 and two lines") {
  const ProcessResult ended = RunDaemon({"--lisen", "127.0.0.1:0"});
  CHECK(ended.status == 64);
  CHECK(ended.error ==
        "trifectad: unknown option '--lisen'; did you mean '--listen'?\n"
        "Try 'trifectad --help' or 'man trifectad'.\n");
  CHECK(RunDaemon({"--k-factor=0"}).status == 64);
  CHECK(RunDaemon({"start"}).status == 64);
}

TEST_CASE("a wrong configuration ends it with 78, every fault with file and line") {
  const TempDir folder;
  const std::string file = folder.File("d.toml");
  WriteFile(file, "listen = \"127.0.0.1:0\"\nsegmnt = 3\nk_factor = 99\n");
  for (const char* mode : {"--check-config", "--print-config", "--zone=a"}) {
    const ProcessResult ended = RunDaemon({"--config", file, mode});
    CHECK(ended.status == 78);
    CHECK(ended.output.empty());
    CHECK(ended.error == file + ":2: unknown key 'segmnt'\n" + file +
                             ":3: k_factor: '99' is out of range; 1 to 16 are allowed\n");
  }
  CHECK(RunDaemon({"--config", folder.File("none")}).status == 78);
  CHECK(RunDaemon({"--check-config", "--config", "/dev/null"}, {{"TRIFECTAD_K_FACTOR", "x"}})
            .status == 78);
}

TEST_CASE("what this version cannot do is refused with 78") {
  for (const char* flag : {"--tls-key-file=/tmp/key", "--token-file=/no/such/file"}) {
    const ProcessResult ended =
        RunDaemon({"--config", "/dev/null", "--listen", "127.0.0.1:0", flag});
    INFO(flag);
    CHECK(ended.status == 78);
    CHECK_FALSE(ended.error.empty());
    CHECK(RunDaemon({"--config", "/dev/null", "--check-config", flag}).status == 78);
  }
}

TEST_CASE("a valid configuration is confirmed, with its warnings") {
  const ProcessResult ended =
      RunDaemon({"--config", "/dev/null", "--check-config", "--listen", "0.0.0.0:8000"});
  CHECK(ended.status == 0);
  CHECK(ended.output == "the configuration is valid\n");
  CHECK(Has(ended.error, "warning: listening on 0.0.0.0:8000 without a token"));
}

TEST_CASE("help, version and the configuration go to standard output") {
  CHECK(RunDaemon({"--version"}).output.starts_with("trifectad "));
  CHECK(Has(RunDaemon({"--help"}).output, "--data-dir DIR"));
  const ProcessResult printed = RunDaemon({"--config", "/dev/null", "--print-config"},
                                          {{"TRIFECTAD_ZONE", "a"}, {"TRIFECTAD_CLUSTR", "b"}});
  CHECK(printed.status == 0);
  CHECK(Has(printed.output, "zone = \"a\"  # TRIFECTAD_ZONE\n"));
  CHECK(RunDaemon({"--help"}, {{"TRIFECTAD_ZONE", "not valid"}}).status == 0);
}

TEST_CASE("an open port without a token is warned of") {
  DaemonProcessOptions options;
  options.flags = {"--listen", "0.0.0.0:0"};
  DaemonProcess daemon(options);
  REQUIRE(daemon.running());
  CHECK(Has(daemon.process().Error(), "without a token"));
}

TEST_CASE("SIGTERM ends it cleanly with idle connections and an upload under way") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  RawClient idle(daemon.port());
  CHECK(idle.Get("/live").status == 200);
  RawClient upload = BeginUpload(daemon);
  daemon.process().Signal(SIGTERM);
  REQUIRE_FALSE(daemon.process().WaitForError("stopping").empty());
  RawClient probe(daemon.port());
  CHECK(probe.Get("/ready").status == 503);
  upload.Send("0\r\n\r\n");
  CHECK(upload.Read().body.starts_with(R"({"lines":20000,"added":20000,)"));
  CHECK(daemon.Wait().status == 0);
  daemon.Start();
  CHECK(Search(daemon, "w29999") == R"({"results":["w29999"]})");
}

TEST_CASE("an upload that never ends does not hold up SIGTERM") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  RawClient upload = BeginUpload(daemon);
  daemon.process().Signal(SIGTERM);
  REQUIRE_FALSE(daemon.process().WaitForError("stopping").empty());
  const ProcessResult ended = daemon.Wait();
  CHECK(ended.status == 0);
  CHECK(Has(ended.error, "cut off"));
}

TEST_CASE("a second SIGTERM ends it at once, and nothing acknowledged is lost") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  CHECK(AddWord(daemon, "trial") == 200);
  RawClient upload = BeginUpload(daemon);
  daemon.process().Signal(SIGTERM);
  REQUIRE_FALSE(daemon.process().WaitForError("stopping").empty());
  daemon.process().Signal(SIGTERM);
  CHECK(daemon.Wait().status == 128 + SIGTERM);
  daemon.Start();
  CHECK(Search(daemon, "tria") == R"({"results":["trial"]})");
}

TEST_CASE("SIGHUP takes over what may change and says what may not") {
  const TempDir folder;
  const std::string file = folder.File("d.toml"), token = folder.File("token");
  WriteFile(file, "log_level = \"info\"\ntoken_file = \"" + token + "\"\n");
  WriteFile(token, "first\n");
  DaemonProcessOptions options;
  options.flags = {"--config", file};
  DaemonProcess daemon(options);
  REQUIRE(daemon.running());
  WriteFile(token, "second\n");
  WriteFile(file, "log_level = \"debug\"\nk_factor = 3\ntoken_file = \"" + token + "\"\n");
  daemon.process().Signal(SIGHUP);
  REQUIRE_FALSE(daemon.process().WaitForError("need a restart").empty());
  INFO(daemon.process().Error());
  REQUIRE_FALSE(daemon.process().WaitForError("reloaded: 1 changed, 1 need a restart").empty());
  CHECK(Has(daemon.process().Error(), "log_level: 'info' is now 'debug'"));
  CHECK(Has(daemon.process().Error(), "k_factor: stays '2' until a restart"));
  RawClient client(daemon.port());
  CHECK(client.Ask("GET", "/search?q=a", "Authorization: Bearer first\r\n").status == 401);
  CHECK(client.Ask("GET", "/search?q=a", "Authorization: Bearer second\r\n").status == 200);

  WriteFile(file, "k_factor = 0\n");
  daemon.process().Signal(SIGHUP);
  REQUIRE_FALSE(daemon.process().WaitForError("everything stays as it was").empty());
  CHECK(Has(daemon.process().Error(), file + ":1: k_factor: '0' is out of range"));
  CHECK(client.Ask("GET", "/search?q=a", "Authorization: Bearer second\r\n").status == 200);
  CHECK(daemon.Stop().status == 0);
}

TEST_CASE("a manager hears of each step, and of the watchdog") {
  const TempDir folder;
  NotifySocket manager(folder.File("notify"));
  DaemonProcessOptions options;
  options.environment = {{"NOTIFY_SOCKET", folder.File("notify")}, {"WATCHDOG_USEC", "100000"}};
  DaemonProcess daemon(options);
  REQUIRE(daemon.running());
  CHECK(manager.ReceiveOne("READY=1") == "READY=1\nSTATUS=ready on " + daemon.address() +
                                             ": 0 words in " + daemon.data_dir() + "\n");
  CHECK(manager.ReceiveOne("WATCHDOG=1") == "WATCHDOG=1\n");
  CHECK(manager.ReceiveOne("STATUS=").starts_with("STATUS=ready on "));
  daemon.process().Signal(SIGHUP);
  CHECK(manager.ReceiveOne("RELOADING=1").starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(manager.ReceiveOne("READY=1").starts_with("READY=1\nSTATUS="));
  daemon.process().Signal(SIGTERM);
  CHECK(manager.ReceiveOne("STOPPING=1") == "STOPPING=1\nSTATUS=stopping\n");
  CHECK(daemon.Wait().status == 0);
}

TEST_CASE("each line of a JSON log is an object") {
  DaemonProcessOptions options;
  options.flags = {"--log-format", "json"};
  DaemonProcess daemon(options);
  REQUIRE(daemon.running());
  std::istringstream lines(daemon.Stop().error);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    INFO(line);
    CHECK(net::ParseJson(line).ok());
  }
  CHECK(count >= 4);
}

TEST_CASE("on a terminal the log has local time stamps") {
  ProcessOptions options;
  const TempDir folder;
  options.command = {DaemonProgram(), "--config",   "/dev/null",  "--listen",
                     "127.0.0.1:0",   "--data-dir", folder.path()};
  options.environment = {{"TZ", "QQQ-14"}};
  options.terminal_columns = 80;
  Process daemon(std::move(options));
  const std::string line = daemon.WaitForError("ready on ");
  CHECK(line.size() > 24);
  CHECK(line[10] == ' ');
  CHECK(line[19] == '.');
  CHECK(line[23] == ' ');
}

TEST_CASE("a base file cut short by somebody else ends it with 74 and the file's name") {
  DaemonProcess daemon;
  REQUIRE(daemon.running());
  CHECK(AddWord(daemon, "trial") == 200);
  CHECK(daemon.Stop().status == 0);
  daemon.Start();
  REQUIRE(daemon.running());
  std::string cut;
  for (const auto& file : std::filesystem::directory_iterator(daemon.data_dir())) {
    if (file.path().filename().string().starts_with("base-")) cut = file.path();
  }
  REQUIRE_FALSE(cut.empty());
  std::filesystem::resize_file(cut, 0);
  RawClient client(daemon.port());
  client.Send("GET /search?q=t HTTP/1.1\r\nHost: x\r\n\r\n");
  const ProcessResult ended = daemon.Wait();
  CHECK(ended.status == 74);
  CHECK(Has(ended.error, "trifectad: " + cut + ": a page of this file cannot be read"));
}

}  // namespace
}  // namespace trifecta::test
