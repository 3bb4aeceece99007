#include "daemon/notify.h"

#include <unistd.h>

#include <cstdlib>

#include "tests/support/catch.h"
#include "tests/support/notify_socket.h"
#include "tests/support/temp_dir.h"

namespace trifecta::daemon {
namespace {

using test::NotifySocket;

TEST_CASE("each message is one datagram of the protocol") {
  const test::TempDir folder;
  const std::string path = folder.File("notify");
  NotifySocket manager(path);
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
  NotifySocket manager(name);
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
  NotifySocket manager(path);
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
