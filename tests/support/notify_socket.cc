#include "tests/support/notify_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <stdexcept>

#include "tests/support/process.h"

namespace trifecta::test {

NotifySocket::NotifySocket(const std::string& path)
    : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (bind(fd_, reinterpret_cast<sockaddr*>(&address), length) != 0) {
    throw std::runtime_error("cannot bind " + path);
  }
}

NotifySocket::~NotifySocket() { close(fd_); }

std::string NotifySocket::Receive() {
  pollfd readable{fd_, POLLIN, 0};
  const auto patience = std::chrono::milliseconds(kPatience).count();
  if (poll(&readable, 1, static_cast<int>(patience)) <= 0) return "";
  char buffer[4096];
  const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
  return got < 0 ? "" : std::string(buffer, static_cast<size_t>(got));
}

std::string NotifySocket::ReceiveOne(const std::string& start) {
  std::string message;
  do {
    message = Receive();
  } while (!message.empty() && !message.starts_with(start));
  return message;
}

bool NotifySocket::Empty() {
  pollfd readable{fd_, POLLIN, 0};
  return poll(&readable, 1, 0) == 0;
}

}  // namespace trifecta::test
