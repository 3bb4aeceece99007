// Where a node listens: a host and a port, as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace trifecta::net {

inline constexpr uint16_t kDefaultPort = 8000;

struct Endpoint {
  std::string host;  // a name or an address, IPv6 without brackets
  uint16_t port = kDefaultPort;

  // "db1:8000", "[::1]:8000": what ParseEndpoint takes.
  std::string ToString() const;
  // True for localhost, 127.0.0.0/8 and ::1.
  bool IsLoopback() const;

  bool operator==(const Endpoint&) const = default;
};

// HOST, HOST:PORT, [IPV6]:PORT or a bare IPv6 address, with or without "http://" before and "/"
// after it. kInvalidArgument with a sentence for anything else, https:// included.
Result<Endpoint> ParseEndpoint(std::string_view text);

}  // namespace trifecta::net
