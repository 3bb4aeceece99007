// One TCP connection of a client: connects, sends and receives with deadlines, and says precisely
// why it could not. Blocking calls over a non-blocking socket, so that every wait ends at a
// deadline or when the caller is interrupted.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/endpoint.h"
#include "storage/base/status.h"

namespace trifecta::net {

// Belongs to one thread at a time.
class HttpConnection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Connects within `timeout`, the lookup of the name included; tries each address of the name.
  // kUnavailable with the reason in the words of an operator ("connection refused", "name not
  // known", "no route to host"), kTimeout when nothing answered. kCancelled as soon as `cancel_fd`
  // (-1: none) is readable; it is only polled, never read.
  static Result<std::unique_ptr<HttpConnection>> Connect(const Endpoint& endpoint,
                                                         std::chrono::milliseconds timeout,
                                                         int cancel_fd);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Sends all of `bytes`: true. False when the peer began to answer, or closed, before it had taken
  // them all: then read its answer. kTimeout, kCancelled or kUnavailable otherwise.
  Result<bool> Send(std::string_view bytes, Deadline deadline);

  // Up to buffer.size() bytes; 0 when the peer has closed its side in order. kUnavailable
  // ("connection reset by the node"), kTimeout, kCancelled.
  Result<size_t> Receive(std::span<char> buffer, Deadline deadline);

 private:
  HttpConnection(int fd, int cancel_fd) : fd_(fd), cancel_fd_(cancel_fd) {}

  const int fd_;
  const int cancel_fd_;
};

// "5 s", "500 ms"
std::string TimeText(std::chrono::milliseconds time);

// Waits until `fd` (-1: none) has one of `events` (poll's), the deadline passes (kTimeout) or
// `cancel_fd` is readable (kCancelled). Gives the events that came.
Result<short> WaitFor(int fd, short events, int cancel_fd, HttpConnection::Deadline deadline);

}  // namespace trifecta::net
