#include "net/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "storage/base/text.h"

namespace trifecta::net {
namespace {

Status Bad(std::string_view text, std::string_view reason) {
  return {StatusCode::kInvalidArgument,
          StrCat("'", text, "' is not a node's address: ", reason, "; give HOST or HOST:PORT")};
}

bool IsHostCharacter(char c) {
  return c > ' ' && c != 0x7f &&
         std::string_view("/?#@[]\\\"'<>,").find(c) == std::string_view::npos;
}

}  // namespace

std::string Endpoint::ToString() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? StrCat('[', host, "]:", port) : StrCat(host, ':', port);
}

bool Endpoint::IsLoopback() const {
  in_addr address;
  // As getaddrinfo reads it: "127.1" is an address too.
  if (inet_aton(host.c_str(), &address) != 0) return ntohl(address.s_addr) >> 24 == 127;
  in6_addr address6;
  if (inet_pton(AF_INET6, host.c_str(), &address6) == 1) return IN6_IS_ADDR_LOOPBACK(&address6);
  return host == "localhost";
}

Result<Endpoint> ParseEndpoint(std::string_view text, uint16_t least_port) {
  std::string_view rest = text;
  if (rest.starts_with("https://")) return Bad(text, "https is not spoken here");
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.ends_with('/')) rest.remove_suffix(1);

  std::string_view port;
  bool has_port = false;
  if (rest.starts_with('[')) {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos) return Bad(text, "']' is missing");
    std::string_view after = rest.substr(close + 1);
    rest = rest.substr(1, close - 1);
    has_port = after.starts_with(':');
    if (has_port) port = after.substr(1);
    if (!has_port && !after.empty()) return Bad(text, "something other than a port follows ']'");
  } else if (std::count(rest.begin(), rest.end(), ':') == 1) {
    const size_t colon = rest.find(':');
    port = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    has_port = true;
  }

  if (rest.empty()) return Bad(text, "the host is missing");
  if (!std::all_of(rest.begin(), rest.end(), IsHostCharacter)) {
    return Bad(text, "a host has no such characters");
  }
  Endpoint endpoint{std::string(rest)};
  if (has_port) {
    const char* end = port.data() + port.size();
    const auto [parsed, error] = std::from_chars(port.data(), end, endpoint.port);
    if (error != std::errc() || parsed != end || endpoint.port < least_port) {
      return Bad(text, StrCat("the port is a number from ", least_port, " to 65535"));
    }
  }
  return endpoint;
}

}  // namespace trifecta::net
