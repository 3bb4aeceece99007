#include "tests/support/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace trifecta::test {
namespace {

// Of one way of a connection; then its sender has to wait, as it would for a slow link.
constexpr size_t kHeldMax = 1 << 20;
constexpr size_t kPieceMax = 64 * 1024;
// How soon a stall, a reset or a longer delay is taken notice of.
constexpr int kLookMs = 10;

sockaddr_in AddressOf(const std::string& host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    throw std::runtime_error("no address: " + host);
  }
  return address;
}

void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

TcpProxy::TcpProxy(const std::string& host, const std::string& target_host, uint16_t target_port)
    : target_host_(target_host), target_port_(target_port) {
  sockaddr_in address = AddressOf(host, 0);
  AddressOf(target_host, target_port);
  auto* name = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (listen_fd_ < 0 || wake_fd_ < 0 || bind(listen_fd_, name, length) != 0 ||
      listen(listen_fd_, SOMAXCONN) != 0 || getsockname(listen_fd_, name, &length) != 0) {
    throw std::runtime_error(std::string("cannot listen: ") + std::strerror(errno));
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

TcpProxy::~TcpProxy() {
  stopped_ = true;
  eventfd_write(wake_fd_, 1);
  thread_.join();
  for (Connection& connection : connections_) Close(&connection);
  close(listen_fd_);
  close(wake_fd_);
}

void TcpProxy::Stall(std::chrono::milliseconds time) {
  stalled_until_ = (Clock::now() + time).time_since_epoch().count();
}

void TcpProxy::Run() {
  uint64_t resets = 0;
  while (!stopped_) {
    std::vector<pollfd> polled = {{listen_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    for (const Connection& connection : connections_) {
      for (const Way& way : connection.ways) {
        const bool reads = !way.ended && way.held < kHeldMax;
        polled.push_back({reads ? way.from : -1, POLLIN, 0});
      }
    }
    poll(polled.data(), polled.size(), WaitMs());
    size_t at = 2;
    for (Connection& connection : connections_) {
      for (Way& way : connection.ways) {
        if (polled[at++].revents != 0) Receive(&way, &connection);
      }
    }
    if (polled[0].revents != 0) Accept();
    const bool reset = resets != resets_asked_;
    resets = resets_asked_;
    for (Connection& connection : connections_) {
      for (Way& way : connection.ways) Send(&way, &connection);
      connection.broken = connection.broken || reset;
      if (connection.broken) Close(&connection);
    }
    connections_.remove_if([](const Connection& one) { return one.broken; });
  }
}

int TcpProxy::WaitMs() const {
  for (const Connection& connection : connections_) {
    for (const Way& way : connection.ways) {
      if (!way.pieces.empty()) return 1;
    }
  }
  return kLookMs;
}

void TcpProxy::Accept() {
  const int client = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = AddressOf(target_host_, target_port_);
  Connection& connection = connections_.emplace_back();
  connection.ways[0].from = connection.ways[1].to = client;
  connection.ways[0].to = connection.ways[1].from = server;
  // It is on this machine: refused or taken at once.
  if (connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    connection.broken = true;
  }
  SendAtOnce(client);
  SendAtOnce(server);
}

void TcpProxy::Receive(Way* way, Connection* connection) {
  std::string bytes(kPieceMax, '\0');
  const ssize_t count = recv(way->from, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) connection->broken = true;
  if (count == 0) way->ended = true;
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
  way->held += bytes.size();
  // An empty piece is the end.
  way->pieces.push_back({Clock::now() + std::chrono::milliseconds(delay_ms_), std::move(bytes)});
}

void TcpProxy::Send(Way* way, Connection* connection) {
  const auto now = Clock::now();
  if (now.time_since_epoch().count() < stalled_until_) return;
  while (!way->pieces.empty() && way->pieces.front().due <= now) {
    std::string& bytes = way->pieces.front().bytes;
    if (bytes.empty()) {
      shutdown(way->to, SHUT_WR);
      connection->broken = connection->ways[0].ended && connection->ways[1].ended;
    } else {
      const ssize_t sent = send(way->to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (sent < 0) {
        connection->broken = true;
        return;
      }
      way->held -= static_cast<size_t>(sent);
      bytes.erase(0, static_cast<size_t>(sent));
      if (!bytes.empty()) return;
    }
    way->pieces.pop_front();
  }
}

void TcpProxy::Close(Connection* connection) {
  connection->broken = true;
  const linger reset{1, 0};
  for (Way& way : connection->ways) {
    if (way.from < 0) continue;
    setsockopt(way.from, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(way.from);
    way.from = -1;
  }
}

}  // namespace trifecta::test
