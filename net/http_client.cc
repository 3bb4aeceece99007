#include "net/http_client.h"

#include <charconv>

#include "net/http_reply_reader.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

using std::chrono::steady_clock;

std::string ChunkHead(size_t size) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
  return std::string(digits, end) + "\r\n";
}

std::string Head(const HttpCall& call, const Endpoint& endpoint) {
  std::string head =
      StrCat(call.method, ' ', call.target, " HTTP/1.1\r\nHost: ", endpoint.ToString(),
             "\r\nUser-Agent: trifecta/" TRIFECTA_VERSION "\r\n");
  for (const auto& [name, value] : call.headers) head += StrCat(name, ": ", value, "\r\n");
  if (call.upload) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (!call.body.empty() || call.method == "POST" || call.method == "PUT") {
    head += StrCat("Content-Length: ", call.body.size(), "\r\n");
  }
  return head + "\r\n";
}

}  // namespace

std::string_view HttpReply::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

// One request and its answer on a connection.
class HttpClient::Exchange {
 public:
  Exchange(HttpConnection* connection, const HttpCall& call)
      : connection_(connection),
        call_(call),
        end_(steady_clock::now() + call.timeout),
        reader_(connection, [this] { return Deadline(); }) {}

  Result<HttpReply> Run(const Endpoint& endpoint) {
    if (Status sent = SendRequest(endpoint); !sent.ok()) return sent;
    auto reply = reader_.Read(call_.method, call_.download);
    if (reply.ok() || !refused_early_ || reader_.began()) return reply;
    return Status(StatusCode::kUnavailable, "connection reset by the node");
  }

  // An answer to a request that was not sent whole leaves the connection unusable.
  bool keep_alive() const { return reader_.keep_alive() && !refused_early_; }
  bool began() const { return reader_.began(); }

 private:
  HttpConnection::Deadline Deadline() const {
    if (call_.upload || call_.download) return steady_clock::now() + call_.timeout;
    return end_;
  }

  // Ok also when the node answered before it had everything: the answer tells why.
  Status Send(std::string_view bytes) {
    if (refused_early_) return Status::Ok();
    auto sent = connection_->Send(bytes, Deadline());
    if (!sent.ok()) return sent.status();
    refused_early_ = !*sent;
    return Status::Ok();
  }

  Status SendRequest(const Endpoint& endpoint) {
    std::string head = Head(call_, endpoint);
    // Small bodies go in one segment with the head.
    constexpr size_t kTogetherMax = 16 * 1024;
    if (!call_.upload && call_.body.size() <= kTogetherMax) return Send(head.append(call_.body));
    TRIFECTA_RETURN_IF_ERROR(Send(head));
    return call_.upload ? SendChunks() : Send(call_.body);
  }

  Status SendChunks() {
    while (!refused_early_) {
      auto piece = call_.upload();
      if (!piece.ok()) return piece.status();
      if (piece->empty()) return Send("0\r\n\r\n");
      TRIFECTA_RETURN_IF_ERROR(Send(ChunkHead(piece->size())));
      TRIFECTA_RETURN_IF_ERROR(Send(*piece));
      TRIFECTA_RETURN_IF_ERROR(Send("\r\n"));
    }
    return Status::Ok();
  }

  HttpConnection* const connection_;
  const HttpCall& call_;
  const HttpConnection::Deadline end_;
  HttpReplyReader reader_;
  bool refused_early_ = false;
};

HttpClient::HttpClient(Endpoint endpoint, HttpClientOptions options)
    : endpoint_(std::move(endpoint)), options_(options) {}

HttpClient::~HttpClient() = default;

Status HttpClient::Connect() {
  if (connection_ != nullptr) return Status::Ok();
  auto connection =
      HttpConnection::Connect(endpoint_, options_.connect_timeout, options_.cancel_fd);
  if (!connection.ok()) return connection.status();
  connection_ = std::move(*connection);
  return Status::Ok();
}

Result<HttpReply> HttpClient::Send(const HttpCall& call) {
  // An upload cannot be repeated, so it never risks a connection that the node may have closed.
  if (call.upload) connection_.reset();
  may_have_arrived_ = false;  // and stays true where a second try does not even connect
  for (;;) {
    const bool reused = connection_ != nullptr;
    TRIFECTA_RETURN_IF_ERROR(Connect());
    may_have_arrived_ = true;
    Exchange exchange(connection_.get(), call);
    auto reply = exchange.Run(endpoint_);
    if (!reply.ok() || !exchange.keep_alive()) connection_.reset();
    if (reply.ok()) return reply;
    if (reply.status().code() == StatusCode::kTimeout) {
      return Status(StatusCode::kTimeout,
                    StrCat("connected, but no answer within ", TimeText(call.timeout)));
    }
    const bool stale =
        reused && !exchange.began() && reply.status().code() == StatusCode::kUnavailable;
    if (!stale) return reply;
  }
}

}  // namespace trifecta::net
