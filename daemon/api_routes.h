// How the files of the API fit together: each gives the routes of one group, api.cc puts the gate
// in front of them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api.h"
#include "daemon/cluster_snapshot.h"
#include "daemon/coordinator.h"
#include "net/http.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

using ApiHandler = void (*)(const ApiContext& context, const net::Request& request,
                            net::Response& response);

struct ApiRoute {
  std::string_view method;
  std::string_view pattern;
  ApiHandler handler;
  std::vector<std::string_view> parameters;  // names of the query parameters it knows
  net::Lane lane = net::Lane::kClient;
  bool streams_body = false;
  bool gated = true;  // false: answers without a token, while the node is not ready, and whatever
                      // its query parameters
  bool needs_ready = true;  // false: answers while the node is not ready, to who has the token
  size_t body_bytes_max = net::kBufferedBodyBytes;
};

std::vector<ApiRoute> WordRoutes();           // api_words.cc: one word
std::vector<ApiRoute> SearchRoutes();         // api_search.cc: search and count
std::vector<ApiRoute> BulkRoutes();           // api_bulk.cc
std::vector<ApiRoute> ExportRoutes();         // api_export.cc
std::vector<ApiRoute> ClusterRoutes();        // api_cluster.cc: nodes and who owns what
std::vector<ApiRoute> ClusterChangeRoutes();  // api_cluster_change.cc
std::vector<ApiRoute> HealthRoutes();         // api_health.cc
std::vector<ApiRoute> StatusPageRoutes();     // api_status_page.cc
std::vector<ApiRoute> PeerRoutes();           // api_peer.cc: other nodes

// The problem for a write that failed: where a part of it may be stored, its outcome is unknown.
// `extra` as for net::Problem.
net::Response WriteProblem(const Status& status, std::string_view extra = {});

// The problem for a body that could not be read: 408 for a client too slow, else by its status.
net::Response BodyProblem(const Status& status, std::string_view extra = {});

// The cluster as the nodes that answer within a second tell it.
ClusterSnapshot SnapshotOf(const ApiContext& context);
// The problem for a node that is not of the cluster, by what it was called.
net::Response NodeNotFound(std::string_view name);

// What this node can do, and a sentence that says why not more.
struct NodeHealth {
  bool reads = true;
  bool writes = true;
  std::string message = "up";

  bool healthy() const { return reads && writes; }
  std::string_view name() const { return healthy() ? "healthy" : "degraded"; }
};
NodeHealth HealthOf(const storage::StoreStats& stats);

}  // namespace trifecta::daemon
