#include "tests/bench/common/load_generator.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "tests/bench/common/die.h"

namespace trifecta::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Answers of searches are a few hundred bytes.
constexpr size_t kReadBytes = 16 * 1024;
// How often plan.done is asked.
constexpr std::chrono::milliseconds kLookInterval{3};
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kLength = "\r\ncontent-length: ";

int Connect(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Die("cannot connect to port " + std::to_string(port) + ": " + std::strerror(errno));
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// The length of the answer's body; every answer asked for here has one.
size_t BodyLength(std::string_view head) {
  for (size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    const std::string_view line = head.substr(at - 1, kLength.size());
    if (line.size() < kLength.size()) break;
    if (strncasecmp(line.data(), kLength.data(), kLength.size()) != 0) continue;
    size_t length = 0;
    const char* digits = line.data() + kLength.size();
    std::from_chars(digits, head.data() + head.size(), length);
    return length;
  }
  Die("an answer without a length: " + std::string(head));
}

struct Connection {
  int fd = -1;
  Clock::time_point sent;
  std::string answer;

  // True when it has come as a whole.
  bool Whole() const {
    const size_t end = answer.find(kHeadEnd);
    if (end == std::string::npos) return false;
    const std::string_view head = std::string_view(answer).substr(0, end + 2);
    return answer.size() >= end + kHeadEnd.size() + BodyLength(head);
  }
};

class Generator {
 public:
  explicit Generator(const LoadPlan& plan) : plan_(plan), connections_(plan.connections) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    for (Connection& connection : connections_) Start(&connection);
  }
  ~Generator() {
    for (Connection& connection : connections_) close(connection.fd);
    close(epoll_);
  }

  LoadResult Run() {
    const Timer timer;
    for (Connection& connection : connections_) Send(&connection);
    Clock::time_point look = Clock::now() + kLookInterval;
    while (timer.Seconds() < plan_.seconds) {
      Turn();
      if (!plan_.done || Clock::now() < look) continue;
      if (plan_.done()) break;
      look = Clock::now() + kLookInterval;
    }
    result_.seconds = timer.Seconds();
    return std::move(result_);
  }

 private:
  void Start(Connection* connection) {
    connection->fd = Connect(plan_.port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd, &event);
  }

  void Send(Connection* connection) {
    request_.clear();
    plan_.request(&request_);
    connection->answer.clear();
    connection->sent = Clock::now();
    // Requests are far smaller than a socket's empty buffer: they go out whole.
    const ssize_t put = send(connection->fd, request_.data(), request_.size(), MSG_NOSIGNAL);
    if (put != static_cast<ssize_t>(request_.size())) Restart(connection);
  }

  void Restart(Connection* connection) {
    Fail("the connection was closed");
    close(connection->fd);
    Start(connection);
    Send(connection);
  }

  void Turn() {
    std::array<epoll_event, 64> events;
    const int count =
        epoll_wait(epoll_, events.data(), events.size(), static_cast<int>(kLookInterval.count()));
    for (int i = 0; i < count; ++i) Receive(static_cast<Connection*>(events[i].data.ptr));
  }

  void Receive(Connection* connection) {
    char bytes[kReadBytes];
    const ssize_t got = recv(connection->fd, bytes, sizeof bytes, 0);
    if (got <= 0) return Restart(connection);
    connection->answer.append(bytes, static_cast<size_t>(got));
    if (!connection->Whole()) return;
    ++result_.answers;
    result_.latencies.Add(Clock::now() - connection->sent);
    if (!connection->answer.starts_with("HTTP/1.1 2")) {
      Fail(connection->answer.substr(0, connection->answer.find('\r')));
    }
    Send(connection);
  }

  void Fail(const std::string& what) {
    if (result_.failures++ == 0) result_.first_failure = what;
    if (result_.failures > plan_.connections + 1000) Die("the server fails: " + what);
  }

  const LoadPlan& plan_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::string request_;
  LoadResult result_;
};

}  // namespace

LoadResult GenerateLoad(const LoadPlan& plan) { return Generator(plan).Run(); }

void AppendGet(std::string_view target, std::string* text) {
  text->append("GET ").append(target).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
}

void AppendPost(std::string_view target, std::string_view body, std::string* text) {
  text->append("POST ").append(target).append(
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ");
  text->append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

}  // namespace trifecta::bench
