// What this node says of itself to whoever asks for the cluster's state.
#pragma once

#include <chrono>
#include <string>

#include "daemon/replication/messages.h"
#include "storage/store.h"

namespace trifecta::daemon {

// Of a node that runs since `started`. What the store does not know (shards, hints, streams, ring)
// is left zero for the caller.
replication::StatusReply OwnStatus(const storage::StoreStats& stats, std::string version,
                                   std::chrono::steady_clock::time_point started);

}  // namespace trifecta::daemon
