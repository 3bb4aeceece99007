#include "daemon/self_check.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kRequest =
    "GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct Socket {
  int fd = -1;
  ~Socket() {
    if (fd >= 0) close(fd);
  }
};

Status Fail(std::string_view what) {
  return {StatusCode::kUnavailable, StrCat("GET /live on the own port: ", what)};
}

Status WaitFor(int fd, short events, Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd waiting{fd, events, 0};
  if (left > 0 && poll(&waiting, 1, static_cast<int>(left)) > 0) return Status::Ok();
  return Fail("no answer in time");
}

// The address to connect to for what we listen on: every interface is also the loopback.
Endpoint Reachable(const Endpoint& listen) {
  if (!IsEveryInterface(listen)) return listen;
  return {listen.host.find(':') == std::string::npos ? "127.0.0.1" : "::1", listen.port};
}

Status Connect(const Endpoint& listen, Clock::time_point deadline, Socket* to) {
  const Endpoint target = Reachable(listen);
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  const std::string port = StrCat(target.port);
  if (getaddrinfo(target.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return Fail(StrCat("cannot resolve ", target.host));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  to->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (to->fd < 0) return Fail(ErrnoStatus(errno, "socket").message());
  if (connect(to->fd, found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS) {
    return Fail(ErrnoStatus(errno, "connect").message());
  }
  return WaitFor(to->fd, POLLOUT, deadline);
}

}  // namespace

Status CheckLive(const Endpoint& listen, std::chrono::milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  Socket connection;
  TRIFECTA_RETURN_IF_ERROR(Connect(listen, deadline, &connection));
  const ssize_t put = send(connection.fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL);
  if (put != static_cast<ssize_t>(kRequest.size()))
    return Fail(ErrnoStatus(errno, "send").message());
  std::string answer;
  constexpr std::string_view kStatusLine = "HTTP/1.1 200";
  while (answer.size() < kStatusLine.size()) {
    TRIFECTA_RETURN_IF_ERROR(WaitFor(connection.fd, POLLIN, deadline));
    char buffer[64];
    const ssize_t got = recv(connection.fd, buffer, sizeof buffer, 0);
    if (got <= 0) return Fail("the connection was closed");
    answer.append(buffer, static_cast<size_t>(got));
  }
  return answer.starts_with(kStatusLine) ? Status::Ok()
                                         : Fail(StrCat("answered '", answer.substr(0, 12), "'"));
}

}  // namespace trifecta::daemon
