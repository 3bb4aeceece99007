// A blocking HTTP/1.1 client for one node: one kept-alive connection, deadlines on every wait,
// bodies streamed both ways, and reasons that tell an operator what is wrong.
//
// Our own sockets rather than httplib's client: that one says "Connection" for a refused
// connection and an unknown name alike, and cannot be interrupted.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/endpoint.h"
#include "net/http_connection.h"
#include "storage/base/status.h"

namespace trifecta::net {

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{1000};
  // When this descriptor is readable, what is under way ends with kCancelled; -1: none.
  int cancel_fd = -1;
};

struct HttpCall {
  std::string method = "GET";
  std::string target = "/";                                  // path and query, percent-encoded
  std::vector<std::pair<std::string, std::string>> headers;  // extra ones
  std::string_view body;                                     // sent with its length
  // Instead of `body`: called for one piece after the other, sent in chunks; an empty piece ends
  // the body. A failure of it ends the call.
  std::function<Result<std::string_view>()> upload;
  // Instead of HttpReply::body: takes the body of a 2xx answer piece by piece. A failure of it ends
  // the call.
  std::function<Status(std::string_view)> download;
  // For the whole call without connecting; with `upload` or `download`, for each silence in it.
  std::chrono::milliseconds timeout{5000};
};

struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  // The value of a header (name in lower case), "" when absent.
  std::string_view Header(std::string_view name) const;
};

// One thread at a time.
class HttpClient {
 public:
  HttpClient(Endpoint endpoint, HttpClientOptions options);
  ~HttpClient();

  // Sends a request and waits for its answer, whatever its status. A kept-alive connection that the
  // node had closed meanwhile is replaced unseen (every request of our API may be repeated).
  // kUnavailable: not reached, or lost before the answer was whole; kTimeout; kCancelled;
  // kTooLarge: an answer above kReplyBytesMax without `download`; kInternal: no HTTP.
  Result<HttpReply> Send(const HttpCall& call);

  // Connects now instead of at the first Send.
  Status Connect();

  // False when the last Send failed before anything was sent: the request cannot have taken effect.
  bool may_have_arrived() const { return may_have_arrived_; }

  const Endpoint& endpoint() const { return endpoint_; }

 private:
  class Exchange;

  const Endpoint endpoint_;
  const HttpClientOptions options_;
  std::unique_ptr<HttpConnection> connection_;  // null until connected and after a failure
  bool may_have_arrived_ = false;
};

}  // namespace trifecta::net
