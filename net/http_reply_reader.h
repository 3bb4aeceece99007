// Reads one HTTP/1.1 answer from a connection: head, then a body by length, in chunks or up to the
// end of the connection.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "net/http_client.h"
#include "net/http_connection.h"

namespace trifecta::net {

// An answer that is kept whole: far above a page of 1,000 words of 1,024 bytes, escaped.
inline constexpr size_t kReplyBytesMax = 64u << 20;
// The head of an answer.
inline constexpr size_t kReplyHeadBytesMax = 64u << 10;

class HttpReplyReader {
 public:
  // `deadline` is asked before each wait.
  HttpReplyReader(HttpConnection* connection, std::function<HttpConnection::Deadline()> deadline)
      : connection_(connection), deadline_(std::move(deadline)) {}

  // Reads the answer to a request of `method`. A 2xx body goes to `download` if there is one.
  Result<HttpReply> Read(std::string_view method,
                         const std::function<Status(std::string_view)>& download);

  // Whether any byte of an answer came.
  bool began() const { return began_; }
  // Whether the connection may carry another request; after a successful Read.
  bool keep_alive() const { return keep_alive_; }

 private:
  using Sink = std::function<Status(std::string_view)>;

  Status Fill();  // appends what comes to buffer_; kUnavailable at the end of the connection
  Status ReadHead(HttpReply* reply);
  Result<std::string> ReadLine();
  Status ReadLength(uint64_t length, const Sink& sink);
  Status ReadChunks(const Sink& sink);
  Status ReadToEnd(const Sink& sink);

  HttpConnection* const connection_;
  const std::function<HttpConnection::Deadline()> deadline_;
  std::string buffer_;  // received, from taken_ on not used yet
  size_t taken_ = 0;
  bool began_ = false;
  bool closed_ = false;
  bool keep_alive_ = false;
};

}  // namespace trifecta::net
