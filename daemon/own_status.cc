#include "daemon/own_status.h"

#include <utility>

#include "daemon/api_routes.h"

namespace trifecta::daemon {

replication::StatusReply OwnStatus(const storage::StoreStats& stats, std::string version,
                                   std::chrono::steady_clock::time_point started) {
  const NodeHealth health = HealthOf(stats);
  replication::StatusReply status;
  status.words = stats.words;
  status.bytes = stats.base_bytes + stats.log_bytes;
  status.uptime_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started)
          .count();
  status.reads = health.reads;
  status.writes = health.writes;
  status.message = health.message;
  status.version = std::move(version);
  return status;
}

}  // namespace trifecta::daemon
