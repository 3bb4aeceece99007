// Every bound of HTTP, with its unit and its reason. What an operator may set is in
// HttpServerOptions (net/http_server.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace trifecta::net {

// Request line and headers together. A percent-encoded word of 1,024 bytes takes 3,072.
inline constexpr size_t kHeadBytesMax = size_t{16} * 1024;
// Headers of one request: more is an attack, not a client.
inline constexpr size_t kHeadersMax = 100;
// The request target: room for two encoded words and the rest of a query.
inline constexpr size_t kTargetBytesMax = size_t{8} * 1024;
// Parameters of one query: the API knows six; comparing each with each stays cheap.
inline constexpr size_t kQueryParametersMax = 64;
// A body of an ordinary request, buffered by the event loop before a worker is taken.
inline constexpr size_t kBufferedBodyBytes = size_t{64} * 1024;

// The line before a chunk, extensions included; nobody sends any.
inline constexpr size_t kChunkLineBytesMax = 256;
// The lines after the last chunk together; they are read and dropped.
inline constexpr size_t kTrailerBytesMax = size_t{4} * 1024;
// A streamed answer is sent in pieces of this size: one system call each, and two of them fit the
// socket's buffer.
inline constexpr size_t kStreamPieceBytes = size_t{64} * 1024;

// Request::deadline of a streaming route: a stream takes as long as it takes, its rate is bounded.
inline constexpr std::chrono::hours kStreamDeadline{24};

// Connections that the kernel has completed and we have not accepted yet; Linux caps it at
// net.core.somaxconn, 4,096 by default.
inline constexpr int kListenBacklog = 4096;
// Connections accepted before the loop looks at those it has: a flood of new ones must not delay
// requests by more than a millisecond.
inline constexpr int kAcceptsPerTurn = 64;
// Events taken from the kernel at a time.
inline constexpr int kEventsPerTurn = 256;
// Bytes read from a connection at a time, so that none holds the loop.
inline constexpr size_t kReadBytes = size_t{64} * 1024;
// Input and output that the event loop holds for all connections together; above it, requests that
// need more are refused with 503 and slow readers are cut. 4,096 bodies of full size.
inline constexpr int64_t kLoopBytesMax = int64_t{256} * 1024 * 1024;

// After an answer to a request whose body was not read, input is read and dropped for this long and
// this much before the connection is closed: closing at once would reset it, and the client might
// never see the answer.
inline constexpr std::chrono::milliseconds kLingerTime{5'000};
inline constexpr size_t kLingerBytesMax = size_t{64} * 1024 * 1024;

}  // namespace trifecta::net
