// What it means when a peer's HTTP server answers a request with something else than 200.
#pragma once

#include <string>
#include <string_view>

namespace trifecta::net {

// In a sentence without its subject, which is the peer: "refuses our token: ...". `body` is the
// answer's, a problem (net/http.h) if a node gave it.
std::string PeerRefusal(int status, std::string_view body);

// Whether such an answer will stay the same until somebody mends something: worth a warning.
bool IsLastingRefusal(int status);

}  // namespace trifecta::net
