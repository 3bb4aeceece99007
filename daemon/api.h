// The HTTP API that clients see (trifecta-api(7)): routes for net/http_server.h. A handler
// validates, asks the coordinator, and writes the answer; it knows neither sockets nor files, so
// tests call it directly.
//
// Every route passes the same gate, in this order: the bearer token, for which the server does not
// wait for a body (Route::admit); the node's readiness; the names of the query parameters. /live,
// /ready, /metrics and /version pass none of it and take no lock that a writer holds for longer
// than a few instructions. Peers need the token, not readiness.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "daemon/access_token.h"
#include "daemon/lexicon.h"
#include "net/http.h"
#include "storage/base/logger.h"

namespace trifecta::daemon {

class ClusterAdmin;
class ClusterSource;
class Coordinator;
class Metrics;
class PeerHandler;
class Readiness;

// What handlers work with. Owned by the daemon; outlives the routes. Nothing is owned by it.
//
// The server may answer before the store is open. What only then becomes known (the second part)
// is filled in by the daemon before it sets Readiness to ready, and not changed afterwards; no
// handler looks at it earlier.
struct ApiContext {
  const Readiness* readiness = nullptr;
  Metrics* metrics = nullptr;
  const AccessToken* token = nullptr;  // may be null: no token
  Logger* logger = NullLogger();
  std::string cluster = "trifecta";  // its name
  std::string address;               // HOST:PORT at which others reach this node
  std::string zone;
  std::string version = TRIFECTA_VERSION;
  unsigned k_factor = 2;            // characters of a shard's root
  unsigned replication_factor = 3;  // copies wanted; with fewer nodes there are fewer
  unsigned partitions = 256;        // virtual nodes on the ring
  Lexicon lexicon;                  // which words may be added
  // For a batch of a bulk request, which has no deadline as a whole: as others have.
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

  Coordinator* coordinator = nullptr;
  ClusterSource* members = nullptr;
  ClusterAdmin* admin = nullptr;
  std::string node_id;  // a UUID

  // Who answers other nodes. Null until the node can talk to them, which is before it is ready, and
  // again before it ends: what it names must outlive the server's workers.
  std::atomic<PeerHandler*> peers = nullptr;
};

// All routes of the API, the status page at "/" included.
std::vector<net::Route> ApiRoutes(const ApiContext& context);

}  // namespace trifecta::daemon
