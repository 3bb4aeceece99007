#include "net/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "net/limits.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

Socket::Transfer ToTransfer(ssize_t count) {
  if (count > 0) return {Socket::Outcome::kMoved, static_cast<size_t>(count)};
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {Socket::Outcome::kWouldBlock};
  return {Socket::Outcome::kEnd};
}

template <typename Call>
ssize_t Uninterrupted(Call call) {
  ssize_t result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

void SetOption(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<Addresses> Resolve(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return Status(StatusCode::kInvalidArgument,
                  StrCat("cannot listen on ", host, ": ", gai_strerror(error),
                         "; give an address of this machine"));
  }
  return Addresses(found, &freeaddrinfo);
}

// IPv4 where a name has both: "localhost" then is what clients that name 127.0.0.1 reach.
const addrinfo* Preferred(const addrinfo* first) {
  for (const addrinfo* address = first; address != nullptr; address = address->ai_next) {
    if (address->ai_family == AF_INET) return address;
  }
  return first;
}

Status ListenError(int error, const std::string& host, uint16_t port) {
  const std::string where = StrCat("cannot listen on ", host, ":", port);
  if (error == EADDRINUSE) {
    return {StatusCode::kAlreadyInUse,
            StrCat(where, ": another process listens there; stop it or choose another port")};
  }
  if (error == EADDRNOTAVAIL) {
    return {StatusCode::kInvalidArgument, StrCat(where, ": this machine has no such address")};
  }
  return ErrnoStatus(error, where);
}

std::string AddressText(const sockaddr* address, socklen_t length) {
  char host[INET6_ADDRSTRLEN + 16];
  char port[8];
  if (getnameinfo(address, length, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "unknown";
  }
  return address->sa_family == AF_INET6 ? StrCat("[", host, "]:", port) : StrCat(host, ":", port);
}

}  // namespace

Socket::Transfer Socket::Receive(std::span<char> buffer) {
  return ToTransfer(Uninterrupted([&] { return recv(fd_, buffer.data(), buffer.size(), 0); }));
}

Socket::Transfer Socket::Send(std::string_view bytes) {
  return ToTransfer(
      Uninterrupted([&] { return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }));
}

bool Socket::Wait(Direction direction, std::chrono::steady_clock::duration patience) {
  pollfd waited{fd_, static_cast<short>(direction == Direction::kIn ? POLLIN : POLLOUT), 0};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  const auto timeout = static_cast<int>(std::clamp<int64_t>(milliseconds, 0, 1'000'000));
  return Uninterrupted([&] { return poll(&waited, 1, timeout); }) > 0;
}

void Socket::ShutdownOutput() { shutdown(fd_, SHUT_WR); }

void Socket::ShutdownBoth() { shutdown(fd_, SHUT_RDWR); }

void Socket::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Socket::Reset() {
  const linger at_once{1, 0};
  if (fd_ >= 0) setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  Close();
}

Result<Socket> ListenOn(const std::string& host, uint16_t port) {
  Result<Addresses> addresses = Resolve(host, port);
  if (!addresses.ok()) return addresses.status();
  const addrinfo* address = Preferred(addresses->get());
  Socket listener(socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener.open()) return ListenError(errno, host, port);
  SetOption(listener.fd(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(listener.fd(), address->ai_addr, address->ai_addrlen) != 0 ||
      listen(listener.fd(), kListenBacklog) != 0) {
    return ListenError(errno, host, port);
  }
  return listener;
}

uint16_t BoundPort(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

Socket AcceptFrom(const Socket& listener, std::string* remote) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  Socket accepted(static_cast<int>(Uninterrupted([&] {
    return accept4(listener.fd(), reinterpret_cast<sockaddr*>(&address), &length,
                   SOCK_NONBLOCK | SOCK_CLOEXEC);
  })));
  if (accepted.open()) {
    SetOption(accepted.fd(), IPPROTO_TCP, TCP_NODELAY, 1);
    *remote = AddressText(reinterpret_cast<const sockaddr*>(&address), length);
  }
  return accepted;
}

}  // namespace trifecta::net
