// A small HTTP server with canned answers, for tests of clients: on a free port of 127.0.0.1, a
// thread a connection, and every way to misbehave that raw bytes allow.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace trifecta::test {

// A request as it came; a chunked body is already put together.
struct CannedRequest {
  std::string method, target, body;
  std::string head;  // all of the head, as sent
};

// What the server does with a request: sends `bytes`, then goes on or closes.
struct CannedAnswer {
  std::string bytes;
  bool close = false;  // close the connection after the bytes
  bool reset = false;  // close it with a reset instead
  bool hang = false;   // send nothing more and wait until the client or the server is gone
};

// A whole answer with its Content-Length; JSON unless told otherwise.
CannedAnswer Answer(int status, std::string_view body,
                    std::string_view headers = "Content-Type: application/json\r\n");

class CannedServer {
 public:
  using Handler = std::function<CannedAnswer(const CannedRequest&)>;

  // Serves from construction on. The handler runs on the connection's thread, one call at a time.
  explicit CannedServer(Handler handler);
  ~CannedServer();
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // What came so far.
  std::vector<CannedRequest> requests();
  size_t connections();

 private:
  struct Connection {
    int fd;
    std::thread thread;
  };

  void Accept();
  void Serve(int fd);
  bool ServeOne(int fd, std::string* buffer);

  const Handler handler_;
  int listen_fd_ = -1;
  uint16_t port_ = 0;
  std::thread acceptor_;
  std::mutex mutex_;  // guards what follows
  std::list<Connection> connections_;
  std::vector<CannedRequest> requests_;
  std::mutex handler_mutex_;  // one handler call at a time
};

// A port of 127.0.0.1 at which nobody listens: a connection is refused.
uint16_t ClosedPort();

// A port that accepts connections and never answers, as a stopped process does.
class SilentServer {
 public:
  SilentServer();
  ~SilentServer();
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  uint16_t port_ = 0;
  int fd_;
};

}  // namespace trifecta::test
