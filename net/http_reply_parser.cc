#include "net/http_reply_parser.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "net/http_head.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

template <typename T>
bool ParseNumber(std::string_view text, T* number) {
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && parsed == end && !text.empty();
}

}  // namespace

void HttpReplyParser::Clear() {
  head_.clear();
  body_.clear();
  head_complete_ = has_length_ = false;
  keep_alive_ = true;
  status_ = 0;
  length_ = 0;
}

HttpReplyParser::State HttpReplyParser::Take(std::string_view bytes) {
  return head_complete_ ? TakeBodyBytes(bytes) : TakeHead(bytes);
}

HttpReplyParser::State HttpReplyParser::TakeHead(std::string_view bytes) {
  const size_t scanned = head_.size() < kHeadEnd.size() ? 0 : head_.size() - kHeadEnd.size();
  head_.append(bytes);
  const size_t end = head_.find(kHeadEnd, scanned);
  if (std::min(end, head_.size()) > kPeerReplyHeadBytesMax) return Bad("a head without end");
  if (end == std::string::npos) return State::kMore;
  // Views of head_ are used up before it changes.
  const std::string_view all = head_;
  if (!ParseHead(all.substr(0, end + 2))) return Bad("a malformed head");
  if (!has_length_) return Bad("an answer without Content-Length");
  if (length_ > body_bytes_max_) return Bad(StrCat("an answer of ", length_, " bytes"));
  head_complete_ = true;
  body_.reserve(length_);
  return TakeBodyBytes(all.substr(end + kHeadEnd.size()));
}

HttpReplyParser::State HttpReplyParser::TakeBodyBytes(std::string_view bytes) {
  if (bytes.size() > length_ - body_.size()) return Bad("more than was asked for");
  body_.append(bytes);
  return body_.size() == length_ ? State::kDone : State::kMore;
}

// Lines that all end with CR LF, the status line first.
bool HttpReplyParser::ParseHead(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  if (!line.starts_with("HTTP/1.1 ") || line.size() < 12) return false;
  if (!ParseNumber(line.substr(9, 3), &status_) || status_ < 200) return false;
  head.remove_prefix(line.size() + 2);
  while (!head.empty()) {
    const size_t end = head.find("\r\n");
    if (!ParseHeader(head.substr(0, end))) return false;
    head.remove_prefix(end + 2);
  }
  return true;
}

bool HttpReplyParser::ParseHeader(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (EqualsIgnoringCase(name, "content-length")) {
    if (has_length_ || !ParseNumber(value, &length_)) return false;
    has_length_ = true;
  } else if (EqualsIgnoringCase(name, "connection")) {
    keep_alive_ = !EqualsIgnoringCase(value, "close");
  }
  return true;
}

HttpReplyParser::State HttpReplyParser::Bad(std::string problem) {
  problem_ = std::move(problem);
  return State::kBad;
}

}  // namespace trifecta::net
