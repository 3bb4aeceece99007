#include "net/http_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/limits.h"

namespace trifecta::net {
namespace {

constexpr HeadRefusal kBadLine{400, "bad_request",
                               "the request line is malformed: METHOD SP TARGET SP HTTP/1.1 CRLF "
                               "is expected (this port speaks "
                               "HTTP without TLS)"};
constexpr HeadRefusal kBadHeader{400, "bad_request",
                                 "a header line is malformed: NAME: VALUE CRLF is expected, on one "
                                 "line and without control characters"};
constexpr HeadRefusal kBareLineFeed{400, "bad_request", "lines of a head end with CR LF, not LF"};
constexpr HeadRefusal kBadLength{400, "bad_request",
                                 "Content-Length must be given once, in decimal digits"};
constexpr HeadRefusal kBothFramings{
    400, "bad_request",
    "Content-Length and Transfer-Encoding exclude each other, and HTTP/1.0 knows the first only"};
constexpr HeadRefusal kBadHost{400, "bad_request", "exactly one valid Host header is needed"};
constexpr HeadRefusal kBadVersion{505, "http_version", "HTTP/1.1 and HTTP/1.0 are spoken here"};
constexpr HeadRefusal kBadCoding{501, "not_implemented",
                                 "the only Transfer-Encoding understood is chunked"};
constexpr HeadRefusal kBadExpectation{417, "expectation_failed",
                                      "the only expectation understood is 100-continue"};
constexpr HeadRefusal kTargetTooLong{414, "uri_too_long",
                                     "the request target is longer than 8,192 bytes"};
constexpr HeadRefusal kHeadersTooLarge{
    431, "headers_too_large", "the head has more than 100 headers or is longer than 16,384 bytes"};

// RFC 9110, section 5.6.2.
constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<uint8_t>(c)] = true;
  return table;
}();

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return kTokenBytes[static_cast<uint8_t>(c)]; });
}

// Bytes above ASCII are let through: a shell sends a word as it was typed.
bool IsTargetByte(char c) { return static_cast<uint8_t>(c) > 0x20 && c != 0x7f && c != '#'; }
bool IsValueByte(char c) { return (static_cast<uint8_t>(c) >= 0x20 && c != 0x7f) || c == '\t'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The next line without its CR LF; nothing when it ends otherwise.
std::optional<std::string_view> TakeLine(std::string_view* bytes) {
  const size_t end = bytes->find('\n');
  if (end == std::string_view::npos || end == 0 || (*bytes)[end - 1] != '\r') return std::nullopt;
  const std::string_view line = bytes->substr(0, end - 1);
  bytes->remove_prefix(end + 1);
  return line;
}

// "http://host:port/path" (a proxy's form) to "/path" and the host that then counts.
bool SplitAbsoluteForm(std::string_view* target, std::string_view* authority) {
  const size_t scheme = target->find("://");
  if (scheme == std::string_view::npos || !EqualsIgnoringCase(target->substr(0, scheme), "http")) {
    return false;
  }
  target->remove_prefix(scheme + 3);
  const size_t end = std::min(target->find_first_of("/?"), target->size());
  *authority = target->substr(0, end);
  target->remove_prefix(end);
  if (target->empty()) *target = "/";
  return !authority->empty() && target->front() == '/';
}

std::optional<HeadRefusal> ParseRequestLine(std::string_view line, HttpHead* head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return kBadLine;
  head->method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(head->method)) return kBadLine;
  if (target.size() > kTargetBytesMax) return kTargetTooLong;
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') return kBadLine;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return kBadVersion;
  head->http10 = version.back() == '0';
  if (target.empty() || !std::all_of(target.begin(), target.end(), IsTargetByte)) return kBadLine;
  const bool whole_server = target == "*" && head->method == "OPTIONS";
  if (!whole_server && target.front() != '/' && !SplitAbsoluteForm(&target, &head->host))
    return kBadLine;
  const size_t question = target.find('?');
  head->path = target.substr(0, question);
  if (question != std::string_view::npos) head->query = target.substr(question + 1);
  return std::nullopt;
}

std::optional<HeadRefusal> SetContentLength(std::string_view value, HttpHead* head) {
  uint64_t length = 0;
  const char* end = value.data() + value.size();
  const auto [parsed, error] = std::from_chars(value.data(), end, length);
  if (head->content_length || error != std::errc() || parsed != end) return kBadLength;
  head->content_length = length;
  return std::nullopt;
}

bool ListHas(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (EqualsIgnoringCase(Trim(list.substr(0, comma)), item)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// What the headers seen so far said, as far as it is settled only at the end.
struct Connection {
  bool close = false;
  bool keep_alive = false;
  int hosts = 0;
};

bool ValidHost(std::string_view host) {
  return host.find_first_of(" \t/@?#\\,") == std::string_view::npos;
}

std::optional<HeadRefusal> ApplyHeader(std::string_view name, std::string_view value,
                                       Connection* connection, HttpHead* head) {
  if (EqualsIgnoringCase(name, "content-length")) return SetContentLength(value, head);
  if (EqualsIgnoringCase(name, "transfer-encoding")) {
    if (head->chunked || !EqualsIgnoringCase(value, "chunked")) return kBadCoding;
    head->chunked = true;
  } else if (EqualsIgnoringCase(name, "host")) {
    ++connection->hosts;
    if (!ValidHost(value)) return kBadHost;
    if (head->host.empty()) head->host = value;
  } else if (EqualsIgnoringCase(name, "connection")) {
    connection->close |= ListHas(value, "close");
    connection->keep_alive |= ListHas(value, "keep-alive");
  } else if (EqualsIgnoringCase(name, "expect")) {
    if (!EqualsIgnoringCase(value, "100-continue")) return kBadExpectation;
    head->expect_continue = true;
  }
  return std::nullopt;
}

std::optional<HeadRefusal> ParseHeader(std::string_view line, Connection* connection,
                                       HttpHead* head) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return kBadHeader;
  const std::string_view value = Trim(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), IsValueByte)) return kBadHeader;
  if (head->headers.size() == kHeadersMax) return kHeadersTooLarge;
  head->headers.emplace_back(line.substr(0, colon), value);
  return ApplyHeader(line.substr(0, colon), value, connection, head);
}

std::optional<HeadRefusal> Settle(const Connection& connection, HttpHead* head) {
  if (head->chunked && (head->content_length || head->http10)) return kBothFramings;
  if (connection.hosts > 1 || (connection.hosts == 0 && !head->http10)) return kBadHost;
  head->close = connection.close || (head->http10 && !connection.keep_alive);
  head->expect_continue &= !head->http10;
  return std::nullopt;
}

std::string_view WithoutDefaultPort(std::string_view authority, std::string_view port) {
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

}  // namespace

void HttpHead::Clear() {
  auto kept = std::move(headers);
  kept.clear();
  *this = HttpHead();
  headers = std::move(kept);
}

size_t FindHeadEnd(std::string_view bytes, size_t* scanned) {
  if (!bytes.empty() && !kTokenBytes[static_cast<uint8_t>(bytes.front())]) return bytes.size();
  size_t from = *scanned;
  while (true) {
    const size_t line_end = bytes.find('\n', from);
    if (line_end == std::string_view::npos) return 0;
    const size_t next = line_end + 1;
    if (next < bytes.size() && bytes[next] == '\n') return next + 1;
    if (next + 1 < bytes.size() && bytes[next] == '\r' && bytes[next + 1] == '\n') return next + 2;
    if (next + 1 >= bytes.size()) {
      *scanned = line_end;  // what follows this line end is not all there yet
      return 0;
    }
    from = *scanned = next;
  }
}

HeadRefusal HeadTooLarge(std::string_view bytes) {
  return bytes.find('\n') == std::string_view::npos ? kTargetTooLong : kHeadersTooLarge;
}

std::optional<HeadRefusal> ParseHead(std::string_view bytes, HttpHead* head) {
  head->Clear();
  const std::optional<std::string_view> request_line = TakeLine(&bytes);
  if (!request_line) {
    return bytes.find('\n') == std::string_view::npos ? kBadLine : kBareLineFeed;
  }
  if (auto refusal = ParseRequestLine(*request_line, head)) return refusal;
  Connection connection;
  while (true) {
    const std::optional<std::string_view> line = TakeLine(&bytes);
    if (!line) return kBareLineFeed;
    if (line->empty()) return Settle(connection, head);
    if (auto refusal = ParseHeader(*line, &connection, head)) return refusal;
  }
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

bool SameOrigin(std::string_view origin, std::string_view host) {
  const size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view scheme = origin.substr(0, scheme_end);
  const std::string_view port = EqualsIgnoringCase(scheme, "https") ? ":443" : ":80";
  return EqualsIgnoringCase(WithoutDefaultPort(origin.substr(scheme_end + 3), port),
                            WithoutDefaultPort(host, port));
}

}  // namespace trifecta::net
