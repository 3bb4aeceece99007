#include "net/peer_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace trifecta::net {

Status PeerConnection::StartConnect(const SocketAddress& address) {
  const auto failure = [] { return Status(StatusCode::kUnavailable, ConnectionFailure(errno)); };
  socket_ =
      Socket(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.open()) return failure();
  const int on = 1;
  setsockopt(socket_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int done = connect(socket_.fd(), address.get(), address.length);
  return done == 0 || errno == EINPROGRESS || errno == EINTR ? Status::Ok() : failure();
}

Result<bool> PeerConnection::FinishConnect() {
  pollfd waited{socket_.fd(), POLLOUT, 0};
  if (poll(&waited, 1, 0) <= 0) return false;
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return Status(StatusCode::kUnavailable, ConnectionFailure(error));
  return true;
}

void PeerConnection::Begin(std::string head, std::string body) {
  head_ = std::move(head);
  body_ = std::move(body);
  sent_ = 0;
  reply_.Clear();
}

void PeerConnection::Send() {
  while (!sent()) {
    const size_t head_sent = std::min(sent_, head_.size());
    const size_t body_sent = sent_ - head_sent;
    iovec parts[2] = {{head_.data() + head_sent, head_.size() - head_sent},
                      {body_.data() + body_sent, body_.size() - body_sent}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const ssize_t count = sendmsg(socket_.fd(), &message, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    sent_ += static_cast<size_t>(count);
  }
}

HttpReplyParser::State PeerConnection::Receive(std::span<char> scratch) {
  while (true) {
    const ssize_t count = recv(socket_.fd(), scratch.data(), scratch.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return HttpReplyParser::State::kMore;
    if (count <= 0) {
      problem_ = count < 0        ? ConnectionFailure(errno)
                 : reply_.began() ? "connection closed in the middle of the answer"
                                  : "connection closed before an answer came";
      return HttpReplyParser::State::kBad;
    }
    const auto taken = reply_.Take({scratch.data(), static_cast<size_t>(count)});
    if (taken == HttpReplyParser::State::kBad) {
      problem_ = "what listens there does not answer like a node: " + reply_.problem();
    }
    if (taken != HttpReplyParser::State::kMore) return taken;
  }
}

bool PeerConnection::StillIdle() {
  char byte;
  const ssize_t count = recv(socket_.fd(), &byte, 1, MSG_PEEK);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

}  // namespace trifecta::net
