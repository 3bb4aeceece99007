// Requests, responses and routes, as handlers see them: plain values, no trace of the library under
// them or of sockets. net/http_server.h serves them; tests call handlers directly.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/limits.h"
#include "storage/base/status.h"

namespace trifecta::net {

// A request's body. Small bodies (up to the route's body_bytes_max) are there before the
// handler runs; on streaming routes the rest comes as it is read. Content-Encoding is not undone.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Up to buffer.size() bytes; 0 at the end of the body. kTimeout when the client sends slower than
  // the least rate, kCancelled when it went away, kTooLarge, kInvalidArgument (bad chunk).
  virtual Result<size_t> Read(std::span<char> buffer) = 0;
};

struct Request {
  std::string method;                 // "GET", ...
  std::string path;                   // as sent, still percent-encoded, without the query
  std::vector<std::string> segments;  // what `*` of the route matched, decoded
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in order; "+" is a space
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string remote;                                        // the peer's address and port
  std::chrono::steady_clock::time_point arrived;             // its last byte, or its buffered ones
  std::chrono::steady_clock::time_point deadline;            // the answer is worthless after it
  BodyReader* body = nullptr;                                // never null in a handler

  // The value of a header (name in lower case), "" when absent.
  std::string_view Header(std::string_view name) const;
  // The value of a query parameter, nothing when absent. One given twice is refused before the
  // handler runs.
  std::optional<std::string_view> Query(std::string_view name) const;
};

// Where a streamed answer goes. Write blocks while the client is slow; false when it is gone, too
// slow or the server stops: the handler then returns.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual bool Write(std::string_view bytes) = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // extra ones
  // Instead of `body`: called after the handler with a writer; sends chunks. Returning false ends
  // the stream without its closing chunk, so that the client sees that it was cut.
  std::function<bool(BodyWriter&)> stream;
  bool close = false;  // close the connection after this answer
};

using Handler = std::function<void(const Request&, Response&)>;

// Whether a request with this Authorization header ("": none) is let in; if not, `refusal` says
// why.
using Admission = std::function<bool(std::string_view authorization, Response& refusal)>;

// Which worker pool runs a route; a full one never delays another.
enum class Lane {
  kHealth,    // /live, /ready, /metrics, /version: always answered
  kPeer,      // other nodes
  kClient,    // ordinary requests
  kStream,    // bulk and export: bounded slots, long-lived
  kProtocol,  // other nodes' membership and agreement: what never waits for words or disks
};

struct Route {
  std::string method;   // "GET" also serves HEAD
  std::string pattern;  // "/nodes/*/ranges": `*` is one whole segment, percent-decoded; "/*" at the
                        // end of a pattern takes one segment too
  Lane lane = Lane::kClient;
  bool streams_body = false;  // the handler reads the body as it comes; else it is buffered, and
                              // above body_bytes_max refused with 413
  Handler handler;
  size_t body_bytes_max = kBufferedBodyBytes;  // buffered; of a streamed body, its beginning
  // Asked by the event loop as soon as the head is there, so that nothing of a stranger's body is
  // kept: must not block. Empty: whoever asks is let in.
  Admission admit = nullptr;
};

// An RFC 9457 problem (trifecta-api(7)): Content-Type application/problem+json, `type`
// urn:trifecta:problem:CODE, title, status, code, detail, retryable. Every error of the server goes
// through here, those of the HTTP layer itself included. 429 and 503 get "Retry-After: 1".
// `extra` is further JSON members, already encoded, for instance R"("outcome":"unknown")".
// Retry::kNever: whatever the status, the same request cannot succeed until somebody mends
// something, and `retryable` is false.
enum class Retry { kByStatus, kNever };
Response Problem(int status, std::string_view code, std::string_view detail,
                 std::string_view extra = {}, Retry retry = Retry::kByStatus);

// The problem that fits a Status: kInvalidArgument 400 bad_request, kInvalidWord 422 invalid_word,
// kNotFound 404 not_found, kTooLarge 413 too_large, kUnavailable 503 unavailable with Retry-After,
// kDataDamaged 503 unavailable that is not retryable, kTimeout 504 timeout, kDiskFull 507
// disk_full, others 500 internal (kIoError: io_error).
Response ProblemFor(const Status& status);

}  // namespace trifecta::net
