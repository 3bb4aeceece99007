// Every bound of HTTP, with its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace trifecta::net {

// Request line and headers together. A percent-encoded word of 1,024 bytes takes 3,072.
inline constexpr size_t kHeadBytesMax = 16 * 1024;
// Headers of one request: more is an attack, not a client.
inline constexpr size_t kHeadersMax = 100;
// The request target: room for two encoded words and the rest of a query.
inline constexpr size_t kTargetBytesMax = 8 * 1024;
// A body of an ordinary request, buffered by the event loop before a worker is taken.
inline constexpr size_t kBufferedBodyBytes = 64 * 1024;

}  // namespace trifecta::net
