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
  // True for localhost and for addresses in 127.0.0.0/8 and ::1; no other name is looked up.
  bool IsLoopback() const;

  bool operator==(const Endpoint&) const = default;
};

// HOST, HOST:PORT, [IPV6]:PORT or a bare IPv6 address, with or without "http://" before and "/"
// after it. kInvalidArgument with a sentence for anything else, https:// included. `least_port` is
// 0 for an address to listen on, where 0 lets the system choose.
Result<Endpoint> ParseEndpoint(std::string_view text, uint16_t least_port = 1);

}  // namespace trifecta::net
