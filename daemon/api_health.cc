// What probes and collectors ask: answered at any time, without a token, and without waiting for
// anything that writers or searches hold.
#include <optional>

#include "daemon/api_routes.h"
#include "daemon/cluster_snapshot.h"
#include "daemon/metrics.h"
#include "daemon/readiness.h"
#include "net/json.h"

namespace trifecta::daemon {
namespace {

using net::JsonWriter;
using net::Request;
using net::Response;

void Live(const ApiContext&, const Request&, Response& response) { response.body = R"("OK")"; }

void Ready(const ApiContext& context, const Request&, Response& response) {
  const std::vector<std::string> reasons = context.readiness->Reasons();
  if (reasons.empty()) {
    response.body = R"({"status":"ready"})";
    return;
  }
  std::string detail;
  JsonWriter json;
  json.BeginArray();
  for (const std::string& reason : reasons) {
    if (!detail.empty()) detail.append("; ");
    detail.append(reason);
    json.String(reason);
  }
  std::string extra = R"("reasons":)" + json.EndArray().Take();
  if (context.readiness->phase() == Phase::kDrained) extra += R"(,"drained":true)";
  response = net::Problem(503, "unavailable", "not ready: " + detail, extra);
}

void MetricsText(const ApiContext& context, const Request&, Response& response) {
  const bool ready = context.readiness->ready();
  std::optional<storage::StoreStats> stats;
  std::optional<ClusterStats> cluster;
  if (ready) stats = context.coordinator->LocalStats();
  if (ready && context.members != nullptr) cluster = context.members->LocalStats();
  response.body =
      context.metrics->Text(ready, stats ? &*stats : nullptr, cluster ? &*cluster : nullptr);
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
}

void Version(const ApiContext& context, const Request&, Response& response) {
  response.body =
      JsonWriter().BeginObject().Key("version").String(context.version).EndObject().Take();
}

}  // namespace

std::vector<ApiRoute> HealthRoutes() {
  std::vector<ApiRoute> routes = {{"GET", "/live", Live, {}},
                                  {"GET", "/ready", Ready, {}},
                                  {"GET", "/metrics", MetricsText, {}},
                                  {"GET", "/version", Version, {}}};
  for (ApiRoute& route : routes) {
    route.lane = net::Lane::kHealth;
    route.gated = false;
  }
  return routes;
}

}  // namespace trifecta::daemon
