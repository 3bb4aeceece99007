#include "net/http_connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "net/name_lookup.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

using Deadline = HttpConnection::Deadline;

Status Unavailable(std::string text) { return {StatusCode::kUnavailable, std::move(text)}; }

// getaddrinfo knows no deadline and a dead name server keeps it for tens of seconds, so that names
// are looked up by a thread that is left behind when it takes too long.
Result<std::vector<SocketAddress>> LookUpWithin(const Endpoint& endpoint, Deadline deadline) {
  auto numeric = ReadAddress(endpoint);
  if (numeric.ok()) return numeric;
  std::packaged_task<Result<std::vector<SocketAddress>>()> task(
      [endpoint] { return LookUpName(endpoint); });
  auto found = task.get_future();
  std::thread(std::move(task)).detach();
  if (found.wait_until(deadline) != std::future_status::ready) {
    return Status(StatusCode::kTimeout, "name not known (the name server does not answer)");
  }
  return found.get();
}

Status ConnectTo(int fd, const SocketAddress& address, int cancel_fd, Deadline deadline) {
  if (connect(fd, address.get(), address.length) == 0) return Status::Ok();
  if (errno != EINPROGRESS) return Unavailable(ConnectionFailure(errno));
  auto ready = WaitFor(fd, POLLOUT, cancel_fd, deadline);
  if (!ready.ok()) return ready.status();
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error == 0 ? Status::Ok() : Unavailable(ConnectionFailure(error));
}

}  // namespace

std::string TimeText(std::chrono::milliseconds time) {
  const auto ms = time.count();
  return ms % 1000 == 0 ? StrCat(ms / 1000, " s") : StrCat(ms, " ms");
}

Result<short> WaitFor(int fd, short events, int cancel_fd, Deadline deadline) {
  pollfd fds[2] = {{fd, events, 0}, {cancel_fd, POLLIN, 0}};
  for (;;) {
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const int count = poll(fds, 2, static_cast<int>(std::clamp<int64_t>(ms, 0, 3'600'000)));
    if (count < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
    if (count <= 0 && ms > 0) continue;
    if (fds[1].revents != 0) return Status(StatusCode::kCancelled, "interrupted");
    if (count <= 0) return Status(StatusCode::kTimeout, "no answer in time");
    return fds[0].revents;
  }
}

Result<std::unique_ptr<HttpConnection>> HttpConnection::Connect(const Endpoint& endpoint,
                                                                std::chrono::milliseconds timeout,
                                                                int cancel_fd) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  auto addresses = LookUpWithin(endpoint, deadline);
  if (!addresses.ok()) return addresses.status();
  Status failure = Unavailable("name not known (it has no address)");
  for (const SocketAddress& address : *addresses) {
    const int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      failure = Unavailable(ConnectionFailure(errno));
      continue;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::unique_ptr<HttpConnection> connection(new HttpConnection(fd, cancel_fd));
    failure = ConnectTo(fd, address, cancel_fd, deadline);
    if (failure.ok()) return connection;
    if (failure.code() == StatusCode::kCancelled) return failure;
    if (failure.code() == StatusCode::kTimeout) {
      return Status(StatusCode::kTimeout, StrCat("no answer within ", TimeText(timeout)));
    }
  }
  return failure;
}

HttpConnection::~HttpConnection() { close(fd_); }

Result<bool> HttpConnection::Send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    // The peer may have answered ("too large") before it closed: its answer says more than EPIPE.
    if (errno == EPIPE || errno == ECONNRESET) return false;
    if (errno != EAGAIN) return Unavailable(ConnectionFailure(errno));
    auto ready = WaitFor(fd_, POLLIN | POLLOUT, cancel_fd_, deadline);
    if (!ready.ok()) return ready.status();
    if ((*ready & POLLIN) != 0) return false;
  }
  return true;
}

Result<size_t> HttpConnection::Receive(std::span<char> buffer, Deadline deadline) {
  for (;;) {
    const ssize_t received = recv(fd_, buffer.data(), buffer.size(), 0);
    if (received >= 0) return static_cast<size_t>(received);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Unavailable(ConnectionFailure(errno));
    auto ready = WaitFor(fd_, POLLIN, cancel_fd_, deadline);
    if (!ready.ok()) return ready.status();
  }
}

}  // namespace trifecta::net
