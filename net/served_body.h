// A request's body as its handler reads it, and the socket as a streamed answer is written to it.
// Both wait for a client that is slow, and give up on one that is too slow.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "net/rate_guard.h"
#include "net/server_connection.h"

namespace trifecta::net {

// Gives out what the event loop has buffered, then reads on from the connection. The connection
// must be owned by the calling thread.
class ServedBody : public BodyReader {
 public:
  ServedBody(ServerConnection* connection, RateGuard guard)
      : connection_(connection), guard_(guard) {}

  Result<size_t> Read(std::span<char> buffer) override;

  // Whether the body was read to its end, so that what follows is the next request.
  bool complete() const;

 private:
  Result<size_t> ReadOn(std::span<char> buffer);
  Result<size_t> Receive(std::span<char> buffer);
  size_t Decode(std::span<char> buffer);

  ServerConnection* const connection_;
  RateGuard guard_;
  size_t given_ = 0;  // of the buffered body
  Status failure_;    // what every further Read answers
  std::vector<char> raw_;
};

class SocketWriter : public BodyWriter {
 public:
  SocketWriter(Socket* socket, RateGuard guard) : socket_(socket), guard_(guard) {}
  bool Write(std::string_view bytes) override;

 private:
  Socket* const socket_;
  RateGuard guard_;
};

}  // namespace trifecta::net
