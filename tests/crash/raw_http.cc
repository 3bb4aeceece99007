#include "tests/crash/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

namespace trifecta::test {
namespace {

// A node that is silent for so long hangs.
constexpr int kPatienceSeconds = 60;

// The value of a header of `head` (name with its colon, in any case), "" when absent.
std::string_view Header(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    const std::string line(head.substr(at, head.find("\r\n", at) - at));
    if (line.size() < name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) {
      continue;
    }
    const size_t value = head.find_first_not_of(' ', at + name.size());
    return head.substr(value, head.find("\r\n", value) - value);
  }
  return "";
}

}  // namespace

std::optional<RawReply> RawHttp::Send(std::string_view method, std::string_view target,
                                      std::string_view body) {
  if (socket_ < 0 && !Connect()) return std::nullopt;
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: node\r\n");
  request.append("Content-Type: text/plain\r\nContent-Length: ")
      .append(std::to_string(body.size()));
  request.append("\r\n\r\n").append(body);
  std::optional<RawReply> reply;
  if (SendAll(request)) reply = ReadReply();
  if (!reply) Close();
  return reply;
}

bool RawHttp::Connect() {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{kPatienceSeconds, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return true;
  Close();
  return false;
}

void RawHttp::Close() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
  unread_.clear();
}

bool RawHttp::SendAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawHttp::Fill(size_t size) {
  char buffer[64 * 1024];
  while (unread_.size() < size) {
    const ssize_t received = recv(socket_, buffer, sizeof buffer, 0);
    if (received <= 0) return false;
    unread_.append(buffer, static_cast<size_t>(received));
  }
  return true;
}

std::optional<std::string> RawHttp::TakeUntil(std::string_view end) {
  size_t at;
  while ((at = unread_.find(end)) == std::string::npos) {
    if (!Fill(unread_.size() + 1)) return std::nullopt;
  }
  std::string taken = unread_.substr(0, at);
  unread_.erase(0, at + end.size());
  return taken;
}

std::optional<std::string> RawHttp::Take(size_t size) {
  if (!Fill(size)) return std::nullopt;
  std::string taken = unread_.substr(0, size);
  unread_.erase(0, size);
  return taken;
}

std::optional<std::string> RawHttp::TakeChunks() {
  std::string body;
  while (true) {
    const std::optional<std::string> size = TakeUntil("\r\n");
    if (!size) return std::nullopt;
    const size_t bytes = std::strtoul(size->c_str(), nullptr, 16);
    const std::optional<std::string> chunk = Take(bytes);
    if (!chunk || !TakeUntil("\r\n")) return std::nullopt;
    if (bytes == 0) return body;
    body += *chunk;
  }
}

std::optional<RawReply> RawHttp::ReadReply() {
  const std::optional<std::string> head = TakeUntil("\r\n\r\n");
  if (!head || head->size() < 12) return std::nullopt;
  const bool chunked = Header(*head, "Transfer-Encoding:") == "chunked";
  const size_t length =
      std::strtoul(std::string(Header(*head, "Content-Length:")).c_str(), nullptr, 10);
  std::optional<std::string> body = chunked ? TakeChunks() : Take(length);
  if (!body) return std::nullopt;
  if (Header(*head, "Connection:") == "close") Close();
  return RawReply{std::atoi(head->c_str() + 9), std::move(*body)};
}

}  // namespace trifecta::test
