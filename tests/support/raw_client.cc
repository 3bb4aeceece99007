#include "tests/support/raw_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace trifecta::test {
namespace {

constexpr timeval kPatience{30, 0};

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

int Connect(uint16_t port, int receive_buffer) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error("no socket for the test's client");
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    throw std::runtime_error("the test's client cannot connect");
  }
  return fd;
}

}  // namespace

RawClient::RawClient(uint16_t port) : socket_(Connect(port, 0)) {}

RawClient::RawClient(uint16_t port, int receive_buffer) : socket_(Connect(port, receive_buffer)) {}

RawClient::~RawClient() {
  if (socket_ >= 0) close(socket_);
}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), unread_(std::move(other.unread_)) {}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

size_t RawClient::SendSome(std::string_view bytes) {
  const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<size_t>(sent);
}

void RawClient::EndOutput() { shutdown(socket_, SHUT_WR); }

bool RawClient::Receive() {
  char buffer[64 * 1024];
  ssize_t count;
  do {
    count = recv(socket_, buffer, sizeof buffer, 0);
  } while (count < 0 && errno == EINTR);
  closed_properly_ = count == 0;
  if (count <= 0) return false;
  unread_.append(buffer, static_cast<size_t>(count));
  return true;
}

// Without its CR LF; "" at the end of the connection too.
std::string RawClient::TakeLine() {
  size_t end;
  while ((end = unread_.find("\r\n")) == std::string::npos) {
    if (!Receive()) return "";
  }
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 2);
  return line;
}

std::string RawClient::Take(size_t size, bool* whole) {
  while (unread_.size() < size && Receive()) {
  }
  *whole = unread_.size() >= size;
  std::string taken = unread_.substr(0, size);
  unread_.erase(0, size);
  return taken;
}

void RawClient::ReadChunks(RawAnswer* answer) {
  while (true) {
    const std::string line = TakeLine();
    const size_t size = std::strtoull(line.c_str(), nullptr, 16);
    if (line.empty()) return;
    bool chunk_whole;
    answer->body += Take(size, &chunk_whole);
    bool end_whole;
    if (Take(2, &end_whole) != "\r\n" || !chunk_whole) return;
    if (size == 0) {
      answer->whole = true;
      return;
    }
  }
}

RawAnswer RawClient::Read(bool head) {
  RawAnswer answer;
  const std::string status_line = TakeLine();
  if (status_line.size() < 12 || !status_line.starts_with("HTTP/1.")) return answer;
  answer.status = std::atoi(status_line.c_str() + 9);
  for (std::string line = TakeLine(); !line.empty(); line = TakeLine()) {
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) {
      answer.headers.emplace(Lower(line.substr(0, colon)), line.substr(colon + 2));
    }
  }
  if (head || answer.status < 200) {
    answer.whole = true;
  } else if (answer.headers.contains("transfer-encoding")) {
    ReadChunks(&answer);
  } else if (answer.headers.contains("content-length")) {
    const size_t length = std::strtoull(answer.headers["content-length"].c_str(), nullptr, 10);
    answer.body = Take(length, &answer.whole);
  } else {
    while (Receive()) {
    }
    answer.whole = closed_properly_;
    answer.body = std::exchange(unread_, {});
  }
  return answer;
}

RawAnswer RawClient::Ask(std::string_view method, std::string_view target, std::string_view headers,
                         std::string_view body) {
  std::string request;
  request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
  request.append(headers).append("\r\n").append(body);
  Send(request);
  return Read(method == "HEAD");
}

bool RawClient::Ended() {
  if (!unread_.empty()) return false;
  char byte;
  const ssize_t count = recv(socket_, &byte, 1, 0);
  return count == 0 || (count < 0 && errno == ECONNRESET);
}

}  // namespace trifecta::test
