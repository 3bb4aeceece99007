#include "daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::daemon {
namespace {

// What systemd would be.
class Manager {
 public:
  explicit Manager(const std::string& path) : fd_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path[0] == '@') address.sun_path[0] = '\0';
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size())) == 0);
  }
  ~Manager() { close(fd_); }
  std::string Receive() {
    char buffer[4096];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    return got < 0 ? "" : std::string(buffer, static_cast<size_t>(got));
  }

 private:
  int fd_;
};

TEST_CASE("each message is one datagram of the protocol") {
  const test::TempDir folder;
  const std::string path = folder.File("notify");
  Manager manager(path);
  Notifier notifier(path);
  notifier.Ready("ready on 127.0.0.1:8000\nFDSTORE=1");
  CHECK(manager.Receive() == "READY=1\nSTATUS=ready on 127.0.0.1:8000\n");
  notifier.ShowStatus("busy");
  CHECK(manager.Receive() == "STATUS=busy\n");
  notifier.Extend(std::chrono::seconds(60), "recovering");
  CHECK(manager.Receive() == "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=recovering\n");
  notifier.Reloading();
  CHECK(manager.Receive().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  notifier.Stopping("stopping");
  CHECK(manager.Receive() == "STOPPING=1\nSTATUS=stopping\n");
  notifier.Watchdog();
  CHECK(manager.Receive() == "WATCHDOG=1\n");
}

TEST_CASE("abstract sockets are spoken to") {
  const std::string name = "@trifecta-test-" + std::to_string(getpid());
  Manager manager(name);
  Notifier notifier(name);
  notifier.Watchdog();
  CHECK(manager.Receive() == "WATCHDOG=1\n");
}

TEST_CASE("without a socket, or where nobody listens, nothing happens") {
  Notifier().Ready("x");
  Notifier("/no/such/socket").Ready("x");
  Notifier(std::string(200, 'x')).Ready("x");
}

TEST_CASE("the environment says where and how often, and is cleared") {
  const test::TempDir folder;
  const std::string path = folder.File("notify");
  Manager manager(path);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  setenv("WATCHDOG_USEC", "30000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  Notifier notifier = Notifier::FromEnvironment();
  CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);
  CHECK(std::getenv("WATCHDOG_USEC") == nullptr);
  CHECK(notifier.WatchdogPeriod() == std::chrono::seconds(15));
  notifier.Watchdog();
  CHECK(manager.Receive() == "WATCHDOG=1\n");
}

TEST_CASE("a watchdog that watches another process is none of ours") {
  setenv("WATCHDOG_USEC", "30000000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  CHECK_FALSE(Notifier::FromEnvironment().WatchdogPeriod());
  setenv("WATCHDOG_USEC", "nonsense", 1);
  CHECK_FALSE(Notifier::FromEnvironment().WatchdogPeriod());
}

}  // namespace
}  // namespace trifecta::daemon
