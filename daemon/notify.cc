#include "daemon/notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

std::string TakeVariable(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}

std::optional<int64_t> Number(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// A value of the protocol ends with its line.
std::string OneLine(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

uint64_t MonotonicMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1'000;
}

}  // namespace

Notifier::Notifier(std::string path, std::optional<std::chrono::microseconds> watchdog)
    : path_(std::move(path)), watchdog_(watchdog) {
  const bool fits = path_.size() < sizeof(sockaddr_un::sun_path);
  if (path_.empty() || !fits) return;
  socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  // A manager that is busy may take a moment; one that hangs must not hang us.
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

Notifier::~Notifier() {
  if (socket_ >= 0) close(socket_);
}

Notifier Notifier::FromEnvironment() {
  std::string path = TakeVariable("NOTIFY_SOCKET");
  const std::optional<int64_t> interval = Number(TakeVariable("WATCHDOG_USEC"));
  const std::optional<int64_t> pid = Number(TakeVariable("WATCHDOG_PID"));
  const bool ours = interval && *interval > 0 && (!pid || *pid == getpid());
  if (!ours) return Notifier(std::move(path));
  return Notifier(std::move(path), std::chrono::microseconds(*interval));
}

void Notifier::Ready(std::string_view status) {
  Send(StrCat("READY=1\nSTATUS=", OneLine(status), "\n"));
}

void Notifier::ShowStatus(std::string_view status) {
  Send(StrCat("STATUS=", OneLine(status), "\n"));
}

void Notifier::Extend(std::chrono::seconds time, std::string_view status) {
  Send(StrCat("EXTEND_TIMEOUT_USEC=", std::chrono::microseconds(time).count(),
              "\nSTATUS=", OneLine(status), "\n"));
}

void Notifier::Reloading() {
  Send(StrCat("RELOADING=1\nMONOTONIC_USEC=", MonotonicMicroseconds(), "\n"));
}

void Notifier::Stopping(std::string_view status) {
  Send(StrCat("STOPPING=1\nSTATUS=", OneLine(status), "\n"));
}

void Notifier::Watchdog() { Send("WATCHDOG=1\n"); }

std::optional<std::chrono::milliseconds> Notifier::WatchdogPeriod() const {
  if (!watchdog_) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(*watchdog_ / 2);
}

void Notifier::Send(std::string_view message) {
  if (socket_ < 0) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  if (path_.front() == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  // Where nobody listens any more there is nobody to tell.
  (void)sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), length);
}

}  // namespace trifecta::daemon
