#include "net/http_exchange.h"

#include <httplib.h>

#include <ctime>
#include <exception>
#include <utility>

#include "net/limits.h"

namespace trifecta::net {
namespace {

// What one call of Run has to say to the library's callbacks, which know it only by thread.
struct Call {
  HttpExchange::Form form;
  const HttpExchange::Respond* respond;
  HttpExchange::Outcome outcome;
  bool streaming = false;
};
thread_local Call* current_call = nullptr;

// The library's view of the connection: a request line to read, and a buffer for what it writes.
class ExchangeStream : public httplib::Stream {
 public:
  ExchangeStream(std::string_view request, BodyWriter* sink, std::string* bytes)
      : request_(request), sink_(sink), bytes_(bytes) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }

  ssize_t read(char* to, size_t size) override {
    const size_t count = request_.copy(to, size, read_);
    read_ += count;
    return static_cast<ssize_t>(count);
  }

  // Gathers head and body into one send; a stream is passed on whenever enough has gathered.
  ssize_t write(const char* from, size_t size) override {
    bytes_->append(from, size);
    if (current_call->streaming && bytes_->size() >= kStreamPieceBytes) {
      const bool taken = sink_->Write(*bytes_);
      bytes_->clear();
      if (!taken) return -1;
    }
    return static_cast<ssize_t>(size);
  }

  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  const std::string_view request_;
  size_t read_ = 0;
  BodyWriter* const sink_;
  std::string* const bytes_;
};

// Words are short: gathers them, so that a chunk's framing and the library's two copies of it are
// paid once for many.
class ChunkWriter : public BodyWriter {
 public:
  explicit ChunkWriter(httplib::DataSink* sink) : sink_(sink) { buffer_.reserve(kPieceBytes); }

  bool Write(std::string_view bytes) override {
    if (!bytes.empty()) buffer_.append(bytes);
    return !failed_ && (buffer_.size() < kPieceBytes || Flush());
  }

  bool Flush() {
    if (buffer_.empty() || failed_) return !failed_;
    failed_ = !sink_->write(buffer_.data(), buffer_.size());
    buffer_.clear();
    return !failed_;
  }

 private:
  static constexpr size_t kPieceBytes = kStreamPieceBytes / 2;
  httplib::DataSink* const sink_;
  std::string buffer_;
  bool failed_ = false;
};

using StreamFunction = std::function<bool(BodyWriter&)>;

// The library calls it until it says done or fails.
bool Provide(const StreamFunction& stream, httplib::DataSink& sink) {
  bool whole = false;
  ChunkWriter writer(&sink);
  try {
    whole = stream(writer);
  } catch (...) {
    // The status is given already: all that can be said is that the answer is not whole.
  }
  whole = writer.Flush() && whole;
  if (whole) sink.done();
  current_call->outcome.cut = !whole;
  return whole;
}

const std::string& DateNow() {
  thread_local time_t made_at = 0;
  thread_local std::string text;
  const time_t now = time(nullptr);
  if (now != made_at) {
    tm parts;
    char buffer[40];
    const size_t size =
        strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
    text.assign(buffer, size);
    made_at = now;
  }
  return text;
}

void SetStream(Response* from, httplib::Response* to) {
  auto provider = [stream = std::move(from->stream)](size_t, httplib::DataSink& sink) {
    return Provide(stream, sink);
  };
  if (current_call->form.http10) {  // knows no chunks: the end of the connection is the body's
    to->set_content_provider(from->content_type, std::move(provider));
  } else {
    to->set_chunked_content_provider(from->content_type, std::move(provider));
  }
  current_call->streaming = true;
}

void Convert(Response* from, httplib::Response* to) {
  to->status = from->status;
  for (const auto& [name, value] : from->headers) to->set_header(name, value);
  if (from->stream) {
    SetStream(from, to);
  } else {
    to->body = std::move(from->body);
    if (!to->body.empty()) to->set_header("Content-Type", from->content_type);
  }
}

// Ours instead of the library's routing by regular expressions.
httplib::Server::HandlerResponse CallRespond(const httplib::Request&, httplib::Response& answer) {
  Call* call = current_call;
  Response response;
  (*call->respond)(&response);
  const bool unframed = response.stream && call->form.http10;
  call->outcome.status = response.status;
  call->outcome.close = response.close || unframed;
  Convert(&response, &answer);
  return httplib::Server::HandlerResponse::Handled;
}

// The library's own headers are replaced by true ones.
void FixHeaders(const httplib::Request&, httplib::Response& answer) {
  answer.headers.erase("Accept-Ranges");
  answer.headers.erase("Connection");
  if (current_call->outcome.close) {
    answer.headers.emplace("Connection", "close");
  } else if (current_call->form.http10) {
    answer.headers.emplace("Connection", "keep-alive");
  }
  answer.headers.emplace("Date", DateNow());
}

}  // namespace

class HttpExchange::Library : public httplib::Server {
 public:
  Library() {
    set_pre_routing_handler(&CallRespond);
    set_post_routing_handler(&FixHeaders);
    svr_sock_ = 0;  // any but INVALID_SOCKET, which would end every stream at once
  }

  bool Process(httplib::Stream* stream) {
    bool closed = false;
    // "Close" is the cheaper of its two headers to replace.
    return process_request(*stream, true, closed, nullptr);
  }
};

HttpExchange::HttpExchange() : library_(std::make_unique<Library>()) {}
HttpExchange::~HttpExchange() = default;

HttpExchange::Outcome HttpExchange::Run(const Form& form, const Respond& respond, BodyWriter* sink,
                                        std::string* bytes) {
  ExchangeStream stream(form.head ? "HEAD / HTTP/1.1\r\n\r\n" : "GET / HTTP/1.1\r\n\r\n", sink,
                        bytes);
  Call call{form, &respond, {}};
  current_call = &call;
  bool written = false;
  try {
    written = library_->Process(&stream);
  } catch (...) {
    bytes->clear();  // out of memory, or a defect of the library
  }
  current_call = nullptr;
  call.outcome.cut |= !written;
  return call.outcome;
}

}  // namespace trifecta::net
