// A slow and bad link: takes connections and carries their bytes on to another address, later than
// they came, not for a while, or not at all. Loss on a link with TCP is just that: delay, and in
// the end a reset.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <thread>

namespace trifecta::test {

class TcpProxy {
 public:
  using Clock = std::chrono::steady_clock;

  // Listens on a free port of `host` and carries on to `target_host`:`target_port`, from
  // construction on. Numeric IPv4 addresses. Throws std::runtime_error when it cannot.
  TcpProxy(const std::string& host, const std::string& target_host, uint16_t target_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  uint16_t port() const { return port_; }

  // Any thread: bytes that come from now on are carried on so much later, each way.
  void Delay(std::chrono::milliseconds delay) { delay_ms_ = delay.count(); }
  // Nothing is carried on until so much later.
  void Stall(std::chrono::milliseconds time);
  // Ends the connections that there are with a reset.
  void Reset() { ++resets_asked_; }

 private:
  struct Piece {
    Clock::time_point due;
    std::string bytes;
  };
  // One way of a connection.
  struct Way {
    int from = -1, to = -1;
    std::deque<Piece> pieces;
    size_t held = 0;  // bytes of all pieces
    bool ended = false;
  };
  struct Connection {
    Way ways[2];
    bool broken = false;
  };

  void Run();
  void Accept();
  void Receive(Way* way, Connection* connection);
  void Send(Way* way, Connection* connection);
  // When the first piece is due; the longest wait where there is none.
  int WaitMs() const;
  static void Close(Connection* connection);

  const std::string target_host_;
  const uint16_t target_port_;
  int listen_fd_ = -1;
  int wake_fd_ = -1;
  uint16_t port_ = 0;
  std::atomic<int64_t> delay_ms_ = 0;
  std::atomic<int64_t> stalled_until_ = 0;  // of Clock, in its own unit
  std::atomic<uint64_t> resets_asked_ = 0;
  std::atomic<bool> stopped_ = false;
  std::list<Connection> connections_;  // of the thread
  std::thread thread_;
};

}  // namespace trifecta::test
