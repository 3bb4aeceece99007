// What systemd is for a service of Type=notify: a socket that receives its messages.
#pragma once

#include <string>

namespace trifecta::test {

class NotifySocket {
 public:
  // Binds `path`; "@NAME" is an abstract one. Throws std::runtime_error when it cannot.
  explicit NotifySocket(const std::string& path);
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // The next message; "" when none comes within the test's patience.
  std::string Receive();
  // The next message that begins with `start`; others are dropped.
  std::string ReceiveOne(const std::string& start);
  // True when no message is waiting.
  bool Empty();

 private:
  int fd_;
};

}  // namespace trifecta::test
