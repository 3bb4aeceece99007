#include "tests/support/canned_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace trifecta::test {
namespace {

// Binds a free port of 127.0.0.1; gives the socket and its port.
int Bind(uint16_t* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, name, length) != 0 || getsockname(fd, name, &length) != 0) {
    throw std::runtime_error(std::string("cannot bind: ") + std::strerror(errno));
  }
  *port = ntohs(address.sin_port);
  return fd;
}

// Receives until `buffer` has more; false at the end of the connection.
bool Receive(int fd, std::string* buffer) {
  char bytes[16 * 1024];
  const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  buffer->append(bytes, static_cast<size_t>(count));
  return true;
}

bool ReceiveTo(int fd, std::string* buffer, size_t size) {
  while (buffer->size() < size) {
    if (!Receive(fd, buffer)) return false;
  }
  return true;
}

bool ReceiveLine(int fd, std::string* buffer, std::string* line) {
  size_t end;
  while ((end = buffer->find("\r\n")) == std::string::npos) {
    if (!Receive(fd, buffer)) return false;
  }
  *line = buffer->substr(0, end);
  buffer->erase(0, end + 2);
  return true;
}

bool ReceiveChunks(int fd, std::string* buffer, std::string* body) {
  for (std::string line; ReceiveLine(fd, buffer, &line);) {
    const size_t size = std::stoul(line, nullptr, 16);
    if (!ReceiveTo(fd, buffer, size + 2)) return false;
    body->append(*buffer, 0, size);
    buffer->erase(0, size + 2);
    if (size == 0) return true;
  }
  return false;
}

bool ReceiveRequest(int fd, std::string* buffer, CannedRequest* request) {
  for (std::string line; ReceiveLine(fd, buffer, &line) && !line.empty();) {
    request->head += line + "\r\n";
  }
  const std::string& head = request->head;
  const size_t space = head.find(' ');
  if (space == std::string::npos) return false;
  request->method = head.substr(0, space);
  request->target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
  if (head.find("Transfer-Encoding: chunked") != std::string::npos) {
    return ReceiveChunks(fd, buffer, &request->body);
  }
  const size_t at = head.find("Content-Length: ");
  const size_t length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  if (!ReceiveTo(fd, buffer, length)) return false;
  request->body = buffer->substr(0, length);
  buffer->erase(0, length);
  return true;
}

void ResetOnClose(int fd) {
  const linger now{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace

CannedAnswer Answer(int status, std::string_view body, std::string_view headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " Text\r\n" + std::string(headers) +
          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body)};
}

CannedServer::CannedServer(Handler handler) : handler_(std::move(handler)) {
  listen_fd_ = Bind(&port_);
  if (listen(listen_fd_, 64) != 0) throw std::runtime_error("cannot listen");
  acceptor_ = std::thread([this] { Accept(); });
}

CannedServer::~CannedServer() {
  shutdown(listen_fd_, SHUT_RDWR);
  acceptor_.join();
  close(listen_fd_);
  {
    std::lock_guard lock(mutex_);
    for (Connection& connection : connections_) shutdown(connection.fd, SHUT_RDWR);
  }
  for (Connection& connection : connections_) {
    connection.thread.join();
    close(connection.fd);
  }
}

std::vector<CannedRequest> CannedServer::requests() {
  std::lock_guard lock(mutex_);
  return requests_;
}

size_t CannedServer::connections() {
  std::lock_guard lock(mutex_);
  return connections_.size();
}

void CannedServer::Accept() {
  for (int fd; (fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    std::lock_guard lock(mutex_);
    connections_.push_back({fd, std::thread([this, fd] { Serve(fd); })});
  }
}

void CannedServer::Serve(int fd) {
  for (std::string buffer; ServeOne(fd, &buffer);) {
  }
}

// False when the connection is over. The descriptor itself stays open until the end, so that its
// number is not taken by another.
bool CannedServer::ServeOne(int fd, std::string* buffer) {
  CannedRequest request;
  if (!ReceiveRequest(fd, buffer, &request)) return false;
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  CannedAnswer answer;
  {
    std::lock_guard lock(handler_mutex_);
    answer = handler_(request);
  }
  for (std::string_view left = answer.bytes; !left.empty();) {
    const ssize_t sent = send(fd, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    left.remove_prefix(static_cast<size_t>(sent));
  }
  if (answer.hang) {
    while (Receive(fd, buffer)) {
    }
    return false;
  }
  if (answer.reset) {
    // Connecting a TCP socket to AF_UNSPEC drops its connection with a reset.
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    ResetOnClose(fd);
    connect(fd, &none, sizeof none);
    return false;
  }
  if (answer.close) shutdown(fd, SHUT_RDWR);
  return !answer.close;
}

uint16_t ClosedPort() {
  uint16_t port = 0;
  close(Bind(&port));
  return port;
}

SilentServer::SilentServer() : fd_(Bind(&port_)) { listen(fd_, 16); }
SilentServer::~SilentServer() { close(fd_); }

}  // namespace trifecta::test
