// A connection of the server, and the request that is being read from it or answered on it.
//
// Exactly one thread owns a connection at any time: the event loop while it is parked, the worker
// while it has the request. Handing it over is a change of `state` under `mutex`; everything else
// belongs to the owner.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "net/body_decoder.h"
#include "net/http.h"
#include "net/http_head.h"
#include "net/socket.h"

namespace trifecta::net {

// A request, as far as it has arrived.
struct PendingRequest {
  bool begun = false;  // its first byte was seen, at `began`
  size_t scanned = 0;  // of the input, for FindHeadEnd
  std::string head_bytes;
  HttpHead head;  // views of head_bytes; empty until the head is complete
  const Route* route = nullptr;
  BodyDecoder decoder;
  std::string body;  // what was decoded so far
  std::chrono::steady_clock::time_point began;
  std::chrono::steady_clock::time_point arrived;  // once it is there as far as it is buffered
  std::chrono::steady_clock::time_point deadline;

  bool head_complete() const { return !head_bytes.empty(); }

  // For the next request of the connection; keeps what memory there is.
  void Clear() {
    begun = false;
    scanned = 0;
    head_bytes.clear();
    head.Clear();
    route = nullptr;
    decoder = {};
    body.clear();
  }
};

struct ServerConnection {
  using TimePoint = std::chrono::steady_clock::time_point;

  enum class State {
    kReading,    // parked: the loop waits for input (a TLS handshake would be a state before it)
    kWriting,    // parked: the loop sends the rest of an answer
    kLingering,  // parked: the loop drops input until the client has closed
    kOwned,      // a worker, or the loop itself, works on it
    kClosed,     // nobody may touch it but the loop, to free it
  };

  // What becomes of a connection after an answer.
  enum class After {
    kKeep,  // the next request
    kClose,
    kLinger,  // close, but first let the client read the answer: it may still be sending
  };

  std::mutex mutex;
  State state = State::kOwned;  // under mutex
  TimePoint wake_at{};          // under mutex: when the loop gives up on a parked connection

  Socket socket;
  std::string remote;
  std::string input;  // received and not yet consumed; it begins with what comes after head_bytes
  bool input_pending = false;  // input holds the beginning of another request to look at
  std::string output;          // an answer that the loop finishes
  size_t sent = 0;             // of output
  After after = After::kKeep;
  size_t lingered = 0;         // bytes dropped
  size_t accounted = 0;        // of the loop's byte budget
  size_t index = 0;            // in the loop's table
  bool watched = false;        // epoll knows it
  TimePoint input_deadline{};  // for the rest of the request that has begun
  PendingRequest request;

  bool idle() const { return input.empty() && !request.head_complete(); }

  // Of an idle connection.
  void ReleaseBuffers() {
    if (request.head.headers.capacity() == 0) return;
    input = {};
    request = {};
  }
};

}  // namespace trifecta::net
