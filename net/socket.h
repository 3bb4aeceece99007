// A TCP socket that is never blocked on by accident: reads and writes return at once, waiting is a
// call of its own. TLS would go in here, beside Receive and Send.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "storage/base/status.h"

namespace trifecta::net {

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { Close(); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

  // What a transfer came to.
  enum class Outcome {
    kMoved,       // `count` bytes, at least one
    kWouldBlock,  // the other side has to do something first
    kEnd,         // it closed its direction, or the connection is broken
  };
  struct Transfer {
    Outcome outcome;
    size_t count = 0;
  };
  Transfer Receive(std::span<char> buffer);
  Transfer Send(std::string_view bytes);

  // Waits until the next Receive or Send does not block; false when `patience` has passed.
  enum class Direction { kIn, kOut };
  bool Wait(Direction direction, std::chrono::steady_clock::duration patience);

  void ShutdownOutput();  // the other side sees the end of what we sent
  void ShutdownBoth();    // wakes a thread that waits; the descriptor stays ours
  void Close();
  void Reset();  // Close, but the other side sees an error rather than an end

 private:
  int fd_ = -1;
};

// A listening socket, non-blocking, with SO_REUSEADDR (restart while old connections linger) and
// without SO_REUSEPORT (two daemons would share a port without a word).
// kAlreadyInUse, kPermissionDenied, kInvalidArgument (the host does not resolve) or kIoError.
Result<Socket> ListenOn(const std::string& host, uint16_t port);

// The port that a socket is bound to; 0 when it is not.
uint16_t BoundPort(const Socket& socket);

// The next connection that waits, non-blocking and without Nagle's delay (it costs 40 ms a request
// on kept connections). Not open when there is none: errno says why, EAGAIN when none waits.
Socket AcceptFrom(const Socket& listener, std::string* remote);

}  // namespace trifecta::net
