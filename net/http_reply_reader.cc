#include "net/http_reply_reader.h"

#include <algorithm>
#include <charconv>

#include "storage/base/text.h"

namespace trifecta::net {
namespace {

constexpr size_t kReceiveBytes = 64 * 1024;
// A line of a chunk's size or of a trailer.
constexpr size_t kLineBytesMax = 8 * 1024;

Status Malformed(std::string_view what) {
  return {StatusCode::kInternal, StrCat("what answers there does not speak HTTP (", what, ")")};
}

Status Closed(bool began) {
  return {StatusCode::kUnavailable, began ? "connection closed in the middle of the answer"
                                          : "connection closed before an answer came"};
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

bool ParseNumber(std::string_view text, int base, uint64_t* number) {
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, *number, base);
  return error == std::errc() && parsed == end && !text.empty();
}

// "HTTP/1.1 200 OK"; the version tells whether the connection stays open by default.
bool ParseStatusLine(std::string_view line, HttpReply* reply, bool* keep_alive) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return false;
  uint64_t status = 0;
  if (!ParseNumber(line.substr(9, 3), 10, &status) || status < 100) return false;
  reply->status = static_cast<int>(status);
  *keep_alive = line[7] != '0';
  return true;
}

}  // namespace

Status HttpReplyReader::Fill() {
  if (closed_) return Closed(began_);
  buffer_.erase(0, taken_);
  taken_ = 0;
  const size_t size = buffer_.size();
  buffer_.resize(size + kReceiveBytes);
  auto received = connection_->Receive(std::span(buffer_).subspan(size), deadline_());
  buffer_.resize(size + (received.ok() ? *received : 0));
  if (!received.ok()) return received.status();
  if (*received == 0) {
    closed_ = true;
    return Closed(began_);
  }
  began_ = true;
  return Status::Ok();
}

Result<std::string> HttpReplyReader::ReadLine() {
  size_t newline;
  while ((newline = buffer_.find('\n', taken_)) == std::string::npos) {
    if (buffer_.size() - taken_ > kLineBytesMax) return Malformed("a line too long");
    TRIFECTA_RETURN_IF_ERROR(Fill());
  }
  std::string line(Trim(std::string_view(buffer_).substr(taken_, newline - taken_)));
  taken_ = newline + 1;
  return line;
}

Status HttpReplyReader::ReadHead(HttpReply* reply) {
  auto line = ReadLine();
  if (!line.ok()) return line.status();
  if (!ParseStatusLine(*line, reply, &keep_alive_)) return Malformed("no status line");
  size_t bytes = 0;
  for (;;) {
    line = ReadLine();
    if (!line.ok()) return line.status();
    if (line->empty()) break;
    bytes += line->size();
    const size_t colon = line->find(':');
    if (colon == std::string::npos || bytes > kReplyHeadBytesMax) return Malformed("bad headers");
    const std::string_view text = *line;
    reply->headers.emplace_back(Lower(text.substr(0, colon)), Trim(text.substr(colon + 1)));
  }
  if (const std::string connection = Lower(reply->Header("connection")); !connection.empty()) {
    keep_alive_ = connection == "keep-alive" || (keep_alive_ && connection != "close");
  }
  return Status::Ok();
}

Status HttpReplyReader::ReadLength(uint64_t length, const Sink& sink) {
  while (length > 0) {
    if (taken_ == buffer_.size()) TRIFECTA_RETURN_IF_ERROR(Fill());
    const size_t piece = std::min<uint64_t>(length, buffer_.size() - taken_);
    TRIFECTA_RETURN_IF_ERROR(sink(std::string_view(buffer_).substr(taken_, piece)));
    taken_ += piece;
    length -= piece;
  }
  return Status::Ok();
}

Status HttpReplyReader::ReadChunks(const Sink& sink) {
  for (;;) {
    auto line = ReadLine();
    if (!line.ok()) return line.status();
    uint64_t length = 0;
    if (!ParseNumber(Trim(line->substr(0, line->find(';'))), 16, &length)) {
      return Malformed("a bad chunk");
    }
    if (length == 0) break;
    TRIFECTA_RETURN_IF_ERROR(ReadLength(length, sink));
    line = ReadLine();
    if (!line.ok()) return line.status();
    if (!line->empty()) return Malformed("a bad chunk");
  }
  for (;;) {  // trailers
    auto line = ReadLine();
    if (!line.ok()) return line.status();
    if (line->empty()) return Status::Ok();
  }
}

Status HttpReplyReader::ReadToEnd(const Sink& sink) {
  keep_alive_ = false;
  for (;;) {
    if (taken_ < buffer_.size()) {
      TRIFECTA_RETURN_IF_ERROR(sink(std::string_view(buffer_).substr(taken_)));
      taken_ = buffer_.size();
    }
    if (Status filled = Fill(); !filled.ok()) return closed_ ? Status::Ok() : filled;
  }
}

Result<HttpReply> HttpReplyReader::Read(std::string_view method,
                                        const std::function<Status(std::string_view)>& download) {
  HttpReply reply;
  do {  // 1xx answers come before the real one
    reply = {};
    TRIFECTA_RETURN_IF_ERROR(ReadHead(&reply));
  } while (reply.status < 200);
  if (method == "HEAD" || reply.status == 204 || reply.status == 304) return reply;

  const Sink keep = [&reply](std::string_view piece) -> Status {
    if (reply.body.size() + piece.size() > kReplyBytesMax) {
      return {StatusCode::kTooLarge,
              StrCat("the answer is larger than ", kReplyBytesMax, " bytes")};
    }
    reply.body.append(piece);
    return Status::Ok();
  };
  const Sink& sink = download && reply.status < 300 ? download : keep;
  uint64_t length = 0;
  Status read;
  if (Lower(reply.Header("transfer-encoding")) == "chunked") {
    read = ReadChunks(sink);
  } else if (std::string_view text = reply.Header("content-length"); text.empty()) {
    read = ReadToEnd(sink);
  } else if (!ParseNumber(text, 10, &length)) {
    return Malformed("a bad Content-Length");
  } else {
    read = ReadLength(length, sink);
  }
  if (!read.ok()) return read;
  return reply;
}

}  // namespace trifecta::net
