// A server that answers the same bytes to everything, on the HTTP layer of the daemon: what that
// layer can do at all. It runs in a process of its own, as the daemon does.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/support/process.h"

namespace trifecta::bench {

// The flag that makes this program be that server: "--serve-fixed BYTES" of body.
inline constexpr char kServeFixedFlag[] = "--serve-fixed";

// Serves GET and POST /fixed until standard input ends. The port is its first line of output.
int ServeFixed(size_t body_bytes);

// This program, started anew as that server; ended with the object.
class FixedServer {
 public:
  explicit FixedServer(size_t body_bytes);
  uint16_t port() const { return port_; }

 private:
  test::Process process_;
  uint16_t port_;
};

}  // namespace trifecta::bench
