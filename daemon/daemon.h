// The daemon: builds the parts of a node, starts them and stops them in order.
//
//   listen -> answer /live, /ready 503 -> open the data folder, recover -> found the cluster, or
//   join it -> ready -> ... -> a signal to stop -> /ready 503, new requests refused, the cluster is
//   told -> requests under way end -> the port is closed -> checkpoint -> 0
//
// A node that has handed over all that it had and is no member any more stops in the same way, by
// itself.
//
// It listens first, so that a second daemon on the port ends at once instead of after a recovery,
// and so that probes tell a node that recovers from one that is gone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/access_token.h"
#include "daemon/api.h"
#include "daemon/cluster.h"
#include "daemon/config.h"
#include "daemon/drain.h"
#include "daemon/exit_deadline.h"
#include "daemon/exit_status.h"
#include "daemon/in_flight.h"
#include "daemon/local_node.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "daemon/notify.h"
#include "daemon/readiness.h"
#include "daemon/signals.h"
#include "net/http_server.h"

namespace trifecta::daemon {

// A stop takes less than 10 s whatever happens.
struct StopTimes {
  // For requests under way, then for answers on their way out; what is left is for the checkpoint.
  std::chrono::milliseconds drain{4'000};
  std::chrono::milliseconds hang_up{1'000};
  // After it the process ends however far the checkpoint is.
  std::chrono::milliseconds total{9'500};
  // After a failed sync nothing is left to do but to tell who is waiting.
  std::chrono::milliseconds failure{3'000};
};

// What the daemon is connected to; all of it outlives the daemon.
struct DaemonParts {
  LogWriter* log = nullptr;
  Notifier* notifier = nullptr;
  EventSource* events = nullptr;
  OpenStore open_store = storage::Store::Open;
  std::function<Effective()> reload;  // reads the configuration again
  size_t connections_max = SIZE_MAX;  // what the system has room for
  StopTimes times = {};
};

// One thread uses it, start to end.
class Daemon {
 public:
  Daemon(Config config, DaemonParts parts);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Reads the token and binds the port. Failures are in the log.
  ExitStatus Listen();
  uint16_t port() const { return server_->port(); }

  // After Listen: the whole life until a signal or a failure ends it.
  ExitStatus Run();

 private:
  // Opens the data folder while signals are served. False: the life ends here, with `*status`.
  bool Open(ExitStatus* status);
  // Finds its place in the cluster while signals are served. False: the life ends here.
  bool Join(ExitStatus* status);
  void TellWaiting();
  void BecomeReady();
  // Serves events until it is time to stop.
  void Serve();
  // The node turns to draining; Stop then does the work. `why` is a sentence for /ready.
  void BeginStop(std::string_view why);
  void BeginStopAsLeft();
  ExitStatus Stop();
  ExitStatus Close();

  void Reload();
  void TakeConfig(const Effective& fresh);
  bool ReadToken();
  // Between events: a ping for the watchdog if the node answers, the status line, and a line in the
  // log when the disk has become full or has room again.
  void Beat();
  void WatchDisk();
  void Fail(const Status& status);
  // This node has no place in its cluster (any more).
  void FailCluster(const Status& status);
  void EndWith(const Status& status, ExitStatus exit_status);
  bool failed();
  ExitStatus FailureExit();
  std::string Summary() const;

  Config config_;
  const DaemonParts parts_;
  Logger* const log_;

  // Before what may take long to end, or may fail while it ends.
  std::optional<ExitDeadline> stop_deadline_;
  std::mutex failure_mutex_;
  Status failure_;                                // guarded by failure_mutex_
  ExitStatus failure_exit_ = kExitIoError;        // guarded by failure_mutex_
  std::optional<ExitDeadline> failure_deadline_;  // guarded by failure_mutex_

  Readiness readiness_;
  AccessToken token_;
  Metrics metrics_;
  InFlight in_flight_;
  ApiContext context_;
  std::unique_ptr<net::HttpServer> server_;
  Endpoint bound_;  // config_.listen with the real port
  std::unique_ptr<LocalNode> node_;
  std::optional<Drain> drain_;  // from the cluster's start on, whose threads use it
  std::unique_ptr<Cluster> cluster_;
  std::atomic<bool> left_ = false;  // it has handed over all that it had
  std::string waiting_;             // for what, as the log has it
  bool disk_full_ = false;          // as the log has it
};

}  // namespace trifecta::daemon
