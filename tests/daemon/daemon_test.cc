#include "daemon/daemon.h"

#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/fake_store.h"
#include "tests/support/notify_socket.h"
#include "tests/support/process.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace trifecta::daemon {
namespace {

using test::FakeStore;
using test::RawAnswer;
using test::RawClient;

// Events that the test makes; waiting never ends by time.
class PlayedEvents : public EventSource {
 public:
  void Play(Event event) {
    std::lock_guard lock(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  }
  Event Wait(std::chrono::milliseconds) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !events_.empty(); });
    const Event event = events_.front();
    events_.pop_front();
    return event;
  }
  void Wake() override { Play(Event::kWake); }
  void LetSignalsKill() override { signals_kill = true; }

  std::atomic<bool> signals_kill = false;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;
};

// A point that one thread passes once another lets it.
class Gate {
 public:
  void Open() { opened_.set_value(); }
  void Pass() { future_.wait(); }

 private:
  std::promise<void> opened_;
  std::shared_future<void> future_{opened_.get_future()};
};

// A daemon on a fake store, running on a thread.
class Fixture {
 public:
  Fixture() : fd_(open(folder_.File("log").c_str(), O_RDWR | O_CREAT, 0600)) {
    config_.data_dir = folder_.File("data");
    std::filesystem::create_directory(config_.data_dir);
    config_.listen.port = 0;
    config_.log_format = LogFormat::kJournal;
    log_ = std::make_unique<LogWriter>(fd_, LogLevel::kDebug, LogFormat::kJournal);
    parts_.log = log_.get();
    parts_.notifier = &notifier_;
    parts_.connections_max = 64;
    parts_.events = &events_;
    parts_.reload = [this] { return reloaded_; };
    parts_.open_store = [this](storage::StoreOptions) -> Result<std::unique_ptr<storage::Store>> {
      if (before_open_) before_open_();
      if (!open_failure_.ok()) return open_failure_;
      auto store = std::make_unique<FakeStore>();
      store_ = store.get();
      return std::unique_ptr<storage::Store>(std::move(store));
    };
    // The machine may be loaded, and a deadline would end the test program.
    parts_.times.total = parts_.times.failure = std::chrono::hours(1);
  }
  ~Fixture() {
    if (run_.valid()) {
      events_.Play(Event::kStop);
      run_.wait();
    }
    daemon_.reset();
    close(fd_);
  }

  ExitStatus Listen() {
    daemon_ = std::make_unique<Daemon>(config_, parts_);
    return daemon_->Listen();
  }
  void Start() {
    REQUIRE(Listen() == kExitClean);
    run_ = std::async(std::launch::async, [this] { return daemon_->Run(); });
  }
  void StartAndWaitUntilReady() {
    Start();
    WaitForReady(200);
  }
  // Asks again and again; each answer takes a round trip, so it is no spin.
  void Until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + test::kPatience;
    while (!condition()) REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
  void WaitForReady(int status) {
    Until([&] { return Get("/ready").status == status; });
  }
  ExitStatus Stop() {
    events_.Play(Event::kStop);
    return run_.get();
  }

  RawAnswer Get(std::string_view target, std::string_view headers = "") {
    return RawClient(daemon_->port()).Ask("GET", target, headers);
  }
  std::future<RawAnswer> Add(const std::string& word) {
    return std::async(std::launch::async, [this, word] {
      const std::string body = "{\"word\":\"" + word + "\"}";
      return RawClient(daemon_->port())
          .Ask("POST", "/api/v1/words", "Content-Length: " + std::to_string(body.size()) + "\r\n",
               body);
    });
  }
  std::string Log() {
    std::stringstream text;
    text << std::ifstream(folder_.File("log")).rdbuf();
    return text.str();
  }
  bool Logged(std::string_view text) { return Log().find(text) != std::string::npos; }

  test::TempDir folder_;
  int fd_;
  Config config_;
  test::NotifySocket manager_{folder_.File("notify")};
  Notifier notifier_{folder_.File("notify")};
  PlayedEvents events_;
  std::unique_ptr<LogWriter> log_;
  DaemonParts parts_;
  Effective reloaded_;
  std::function<void()> before_open_;
  Status open_failure_;
  FakeStore* store_ = nullptr;
  std::unique_ptr<Daemon> daemon_;
  std::future<ExitStatus> run_;
};

TEST_CASE("a node listens and lives while it recovers, but is not ready") {
  Fixture node;
  Gate recovery;
  node.before_open_ = [&] { recovery.Pass(); };
  node.Start();
  CHECK(node.Get("/live").status == 200);
  const RawAnswer ready = node.Get("/ready");
  CHECK(ready.status == 503);
  CHECK(ready.body.find("recovering") != std::string::npos);
  const RawAnswer search = node.Get("/search?q=a");
  CHECK(search.status == 503);
  CHECK(search.headers.contains("retry-after"));
  recovery.Open();
  node.WaitForReady(200);
  CHECK(node.Get("/search?q=a").body == R"({"results":[]})");
  CHECK(node.Stop() == kExitClean);
}

TEST_CASE("a stop closes the store, after which the port is free") {
  Fixture node;
  node.StartAndWaitUntilReady();
  CHECK(node.Add("trial").get().status == 200);
  CHECK(node.Stop() == kExitClean);
  CHECK(node.store_->closed());
  CHECK(node.events_.signals_kill);
  CHECK(node.Logged("<6>stopped: everything is checkpointed\n"));
  CHECK_THROWS(RawClient(node.daemon_->port()));
}

TEST_CASE("a stop lets the requests under way finish and refuses new ones meanwhile") {
  Fixture node;
  node.parts_.times.drain = std::chrono::hours(1);
  node.StartAndWaitUntilReady();
  Gate write;
  std::promise<void> writing;
  node.store_->BeforeWrite([&] {
    writing.set_value();
    write.Pass();
  });
  std::future<RawAnswer> added = node.Add("trial");
  writing.get_future().wait();
  node.events_.Play(Event::kStop);
  node.WaitForReady(503);
  CHECK(node.Get("/ready").body.find("draining") != std::string::npos);
  CHECK(node.Get("/live").status == 200);
  CHECK(node.Get("/search?q=a").status == 503);
  write.Open();
  CHECK(added.get().status == 200);
  CHECK(node.run_.get() == kExitClean);
}

TEST_CASE("a request that takes too long does not hold up the stop") {
  Fixture node;
  node.parts_.times.drain = node.parts_.times.hang_up = std::chrono::milliseconds(1);
  node.StartAndWaitUntilReady();
  RawClient client(node.daemon_->port());
  // A bulk body that never ends.
  client.Send(
      "POST /api/v1/bulk?op=add HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
      "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.Read().status == 100);
  CHECK(node.Stop() == kExitClean);
  CHECK(node.store_->closed());
}

TEST_CASE("a stop during the recovery is carried out after it") {
  Fixture node;
  Gate recovery;
  node.before_open_ = [&] { recovery.Pass(); };
  node.Start();
  node.events_.Play(Event::kStop);
  node.Until([&] { return node.Get("/ready").body.find("draining") != std::string::npos; });
  recovery.Open();
  CHECK(node.run_.get() == kExitClean);
  CHECK(node.store_->closed());
  CHECK_FALSE(node.Logged("ready on"));
}

TEST_CASE("a manager is told that the recovery goes on, then that the node is ready") {
  Fixture node;
  Gate recovery;
  node.before_open_ = [&] { recovery.Pass(); };
  node.Start();
  node.events_.Play(Event::kTimeout);
  CHECK(node.manager_.Receive() == "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=recovering\n");
  node.events_.Play(Event::kReload);  // no READY for that: it is not
  CHECK(node.manager_.Receive().starts_with("RELOADING=1\n"));
  recovery.Open();
  CHECK(node.manager_.Receive().starts_with("READY=1\nSTATUS=ready on 127.0.0.1:"));
  CHECK(node.Stop() == kExitClean);
}

TEST_CASE("a data folder that cannot be opened ends the daemon with the status of its fault") {
  const std::pair<StatusCode, ExitStatus> rows[] = {
      {StatusCode::kDataDamaged, kExitDataDamaged},
      {StatusCode::kAlreadyInUse, kExitCannotCreate},
      {StatusCode::kPermissionDenied, kExitCannotCreate},
      {StatusCode::kDiskFull, kExitCannotCreate},
      {StatusCode::kIoError, kExitIoError},
      {StatusCode::kInternal, kExitInternal},
  };
  for (const auto& [code, status] : rows) {
    Fixture node;
    node.open_failure_ = Status(code, "/data/log: offset 7: the reason");
    node.Start();
    CHECK(node.run_.get() == status);
    CHECK(node.Logged("<3>/data/log: offset 7: the reason\n"));
  }
}

TEST_CASE("a damaged identity is damage of the data folder") {
  Fixture node;
  std::ofstream(node.config_.data_dir + "/node") << "nonsense";
  node.Start();
  CHECK(node.run_.get() == kExitDataDamaged);
}

TEST_CASE(
    "a port that is taken, or an address that is none, ends the daemon before it opens anything") {
  Fixture first;
  REQUIRE(first.Listen() == kExitClean);
  Fixture second;
  second.config_.listen.port = first.daemon_->port();
  CHECK(second.Listen() == kExitUnavailable);
  CHECK(second.store_ == nullptr);
  Fixture third;
  third.config_.listen.host = "no-such-host.invalid";
  CHECK(third.Listen() == kExitUnavailable);
}

TEST_CASE("a full disk is warned of once, and its end is told once") {
  Fixture node;
  node.StartAndWaitUntilReady();
  const auto beats = [&node](bool full) {
    for (int i = 0; i < 3; ++i) node.events_.Play(Event::kTimeout);
    for (int i = 0; i < 3; ++i) {
      CHECK(node.manager_.ReceiveOne("STATUS=").ends_with("; the disk is full\n") == full);
    }
  };
  REQUIRE(node.manager_.ReceiveOne("READY=1").starts_with("READY=1\n"));
  node.store_->FailWrites(Status(StatusCode::kDiskFull, "/data/log-2: No space left on device"));
  beats(true);
  const auto count = [&node](const std::string& text) {
    const std::string log = node.Log();
    int found = 0;
    for (size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++found;
    return found;
  };
  CHECK(count("<4>the disk of " + node.config_.data_dir + " is full: ") == 1);
  const std::string cluster = node.Get("/api/v1/cluster").body;
  CHECK(cluster.find(R"("health":"degraded","can_read":true,"can_write":false)") !=
        std::string::npos);
  CHECK(cluster.find(": the disk is full: ") != std::string::npos);
  node.store_->FailWrites({});
  beats(false);
  CHECK(count("<4>the disk of ") == 1);
  CHECK(count("<6>the disk of " + node.config_.data_dir + " has room again") == 1);
}

TEST_CASE("a log that fails ends the daemon with 74") {
  Fixture node;
  node.StartAndWaitUntilReady();
  node.store_->FailLog(Status(StatusCode::kIoError, "/data/log-1: Input/output error"));
  CHECK(node.run_.get() == kExitIoError);
  CHECK(node.Logged("/data/log-1: Input/output error"));
  CHECK_FALSE(node.store_->closed());
}

TEST_CASE("a stop whose checkpoint fails says so; a full disk is not its fault") {
  for (const auto& [code, status] : {std::pair{StatusCode::kDiskFull, kExitClean},
                                     std::pair{StatusCode::kIoError, kExitIoError}}) {
    Fixture node;
    node.StartAndWaitUntilReady();
    node.store_->FailCheckpoints(Status(code, "/data/base-2: the reason"));
    CHECK(node.Stop() == status);
    CHECK(node.Logged("not everything is checkpointed: /data/base-2: the reason"));
  }
}

TEST_CASE("a reload takes over what may change and names what may not") {
  Fixture node;
  node.StartAndWaitUntilReady();
  node.reloaded_.config = node.config_;
  node.reloaded_.config.log_level = LogLevel::kWarning;
  node.reloaded_.config.k_factor = 3;
  node.reloaded_.warnings = {"a warning"};
  node.events_.Play(Event::kReload);
  CHECK(node.Stop() == kExitClean);
  CHECK(node.Logged("<4>a warning\n"));
  CHECK(node.Logged("<4>k_factor: stays '2' until a restart; '3' is in the configuration now\n"));
  CHECK_FALSE(node.Logged("stopped: everything"));  // below the new level
}

TEST_CASE("a reload with errors changes nothing") {
  Fixture node;
  node.StartAndWaitUntilReady();
  node.reloaded_.config = node.config_;
  node.reloaded_.config.log_level = LogLevel::kError;
  node.reloaded_.errors = {"d.toml:3: unknown key 'x'"};
  node.events_.Play(Event::kReload);
  CHECK(node.Stop() == kExitClean);
  CHECK(node.Logged("<3>d.toml:3: unknown key 'x'\n"));
  CHECK(node.Logged("everything stays as it was"));
  CHECK(node.Logged("<6>stopped: everything is checkpointed\n"));
}

TEST_CASE("with a token requests must show it, probes need not, and a reload changes it") {
  Fixture node;
  node.config_.token_file = node.folder_.File("token");
  std::ofstream(node.config_.token_file) << "first\n";
  node.StartAndWaitUntilReady();
  CHECK(node.Get("/live").status == 200);
  CHECK(node.Get("/search?q=a").status == 401);
  CHECK(node.Get("/search?q=a", "Authorization: Bearer first\r\n").status == 200);
  std::ofstream(node.config_.token_file) << "second\n";
  node.reloaded_.config = node.config_;
  node.events_.Play(Event::kReload);
  node.Until(
      [&] { return node.Get("/search?q=a", "Authorization: Bearer second\r\n").status == 200; });
  CHECK(node.Get("/search?q=a", "Authorization: Bearer first\r\n").status == 401);
  std::filesystem::remove(node.config_.token_file);
  node.events_.Play(Event::kReload);
  CHECK(node.Stop() == kExitClean);
  CHECK(node.Logged("the token cannot be read; everything stays as it was"));
}

TEST_CASE("a token that cannot be read keeps the daemon from listening") {
  Fixture node;
  node.config_.token_file = node.folder_.File("none");
  CHECK(node.Listen() == kExitConfiguration);
}

}  // namespace
}  // namespace trifecta::daemon
