// A request's head, parsed strictly: whatever two HTTP parsers might read differently is refused,
// so that no proxy before us and no library behind us can be led to see another request than we do.
// Pure: bytes in, a head or a refusal out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trifecta::net {

// The views point into the bytes that were parsed.
struct HttpHead {
  std::string_view method;
  std::string_view path;   // percent-encoded, begins with "/"
  std::string_view query;  // without the "?"
  std::string_view host;   // "" in HTTP/1.0 only
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // names as sent
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool http10 = false;
  bool close = false;  // the client asks for it, or speaks HTTP/1.0 without keep-alive
  bool expect_continue = false;

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  void Clear();
};

// Why a head was refused, as a problem's parts.
struct HeadRefusal {
  int status;
  std::string_view code;
  std::string_view detail;
};

// Where the head ends in `bytes`: the number of bytes up to and with its empty line, 0 while that
// is missing. `*scanned` is 0 at first; it keeps what need not be looked at again when bytes are
// added. What can never become a head ends at once, so that ParseHead gets to refuse it: a line end
// without CR, a first byte that begins no method (a TLS handshake, say).
size_t FindHeadEnd(std::string_view bytes, size_t* scanned);

// The refusal that fits a head of more than kHeadBytesMax bytes without an end.
HeadRefusal HeadTooLarge(std::string_view bytes);

// Parses what FindHeadEnd delimited. `head` is cleared first; it is complete only when nothing is
// refused.
std::optional<HeadRefusal> ParseHead(std::string_view bytes, HttpHead* head);

// ASCII, without regard to case.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

// Whether a page of `origin` (an Origin header: "https://host:port" or "null") may change state
// through a server that was addressed as `host`: only its own pages may, or any web page could
// write to the daemon on its reader's machine.
bool SameOrigin(std::string_view origin, std::string_view host);

}  // namespace trifecta::net
