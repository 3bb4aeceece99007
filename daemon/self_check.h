// Whether this node still answers, seen from outside: what the watchdog's pings depend on.
#pragma once

#include <chrono>

#include "daemon/values.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

// Connects to the node's own port and asks GET /live; ok when it connects within `patience` and the
// answer comes within as long again and is 200. It passes through acceptor, event loop and health
// lane like any client's request.
Status CheckLive(const Endpoint& listen, std::chrono::milliseconds patience);

}  // namespace trifecta::daemon
