// The protocol of sd_notify(3): one datagram of VARIABLE=VALUE lines to $NOTIFY_SOCKET. Written
// out here because libsystemd would load five compression and crypto libraries for it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace trifecta::daemon {

// Without a socket every call does nothing. One thread.
class Notifier {
 public:
  // To the socket at `path`; "@NAME" is an abstract one, "" none. `watchdog` is how often systemd
  // wants to hear of us.
  explicit Notifier(std::string path = "", std::optional<std::chrono::microseconds> watchdog = {});
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // From $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID. The variables are removed, so that no
  // program started from here speaks in our name; so call it before there are threads.
  static Notifier FromEnvironment();

  // Ready (again, after a reload), with a sentence for `systemctl status`.
  void Ready(std::string_view status);
  void ShowStatus(std::string_view status);
  // Recovery goes on: the start may take this much longer from now on.
  void Extend(std::chrono::seconds time, std::string_view status);
  void Reloading();
  void Stopping(std::string_view status);
  void Watchdog();

  // How often to call Watchdog(): half the interval that systemd allows; nothing when it does not
  // watch.
  std::optional<std::chrono::milliseconds> WatchdogPeriod() const;

 private:
  void Send(std::string_view message);

  std::string path_;
  std::optional<std::chrono::microseconds> watchdog_;
  int socket_ = -1;
};

}  // namespace trifecta::daemon
