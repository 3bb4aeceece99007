// The cluster as its clients see it: its nodes, their state, and who owns what. Of a cluster of
// one node, which owns everything.
#include <utility>

#include "daemon/api_parameters.h"
#include "daemon/api_routes.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using net::JsonWriter;
using net::Request;
using net::Response;

void WriteNode(const ApiContext& context, const storage::StoreStats& stats, JsonWriter* json) {
  const auto up = std::chrono::steady_clock::now() - context.started;
  json->BeginObject().Key("id").String(context.node_id).Key("address").String(context.address);
  json->Key("zone").String(context.zone).Key("state").String("up").Key("self").Bool(true);
  json->Key("version").String(context.version);
  json->Key("words").Number(stats.words).Key("bytes").Number(stats.base_bytes + stats.log_bytes);
  json->Key("owns_ratio").Number(1.0, 3);
  json->Key("heartbeat_age_ms").Number(uint64_t{0}).Key("clock_offset_ms").Number(uint64_t{0});
  json->Key("uptime_seconds");
  json->Number(int64_t{std::chrono::duration_cast<std::chrono::seconds>(up).count()});
  json->EndObject();
}

void WriteNotes(const ApiContext& context, const NodeHealth& health, JsonWriter* json) {
  json->BeginArray();
  if (!health.healthy()) json->String(health.message);
  if (context.replication_factor > 1) {
    json->String(StrCat("1 node for replication_factor ", context.replication_factor,
                        ": each word is kept once; more copies are made as nodes join"));
  }
  json->EndArray();
}

void Cluster(const ApiContext& context, const Request&, Response& response) {
  const storage::StoreStats stats = context.coordinator->LocalStats();
  const NodeHealth health = HealthOf(stats);
  JsonWriter json;
  json.BeginObject().Key("cluster").String(context.cluster);
  json.Key("health").String(health.name());
  json.Key("can_read").Bool(health.reads).Key("can_write").Bool(health.writes);
  json.Key("replication_factor").Number(uint64_t{context.replication_factor});
  // A majority of one copy is that one.
  json.Key("copies").Number(uint64_t{1});
  json.Key("read_quorum").Number(uint64_t{1}).Key("write_quorum").Number(uint64_t{1});
  json.Key("ring_epoch").Number(uint64_t{1});
  json.Key("partitions").Number(uint64_t{context.partitions});
  json.Key("k_factor").Number(uint64_t{context.k_factor});
  json.Key("words").Number(stats.words);
  json.Key("notes");
  WriteNotes(context, health, &json);
  json.Key("nodes").BeginArray();
  WriteNode(context, stats, &json);
  json.EndArray().Key("hints_pending").BeginObject().EndObject();
  response.body = json.EndObject().Take();
}

void Nodes(const ApiContext& context, const Request&, Response& response) {
  const storage::StoreStats stats = context.coordinator->LocalStats();
  const NodeHealth health = HealthOf(stats);
  JsonWriter json;
  json.BeginObject().Key("nodes").BeginArray().BeginObject();
  json.Key("id").String(context.node_id).Key("host").String(context.address);
  json.Key("zone").String(context.zone).Key("status").BeginObject();
  json.Key("healthy").Bool(health.healthy()).Key("message").String(health.message).EndObject();
  json.Key("version").String(context.version).Key("words").Number(stats.words);
  response.body = json.EndObject().EndArray().EndObject().Take();
}

void Ranges(const ApiContext& context, const Request& request, Response& response) {
  const std::string& node = request.segments.at(0);
  if (node != context.node_id && node != context.address) {
    response = net::Problem(404, "node_not_found",
                            StrCat("no node ", Shown(node),
                                   " in this cluster: give an id or an address of GET /nodes"));
    return;
  }
  const Result<std::vector<std::string>> roots = context.coordinator->LocalShardRoots();
  if (!roots.ok()) {
    response = net::ProblemFor(roots.status());
    return;
  }
  JsonWriter json;
  json.BeginObject().Key("ranges").BeginArray();
  for (const std::string& root : *roots) json.String(root);
  response.body = json.EndArray().EndObject().Take();
}

void Owners(const ApiContext& context, const Request& request, Response& response) {
  const Result<std::string_view> prefix = PrefixParameter(request, "q");
  if (!prefix.ok() || !request.Query("q")) {
    response = prefix.ok() ? net::Problem(400, "bad_request",
                                          "the query parameter q is missing: a word or prefix")
                           : net::ProblemFor(prefix.status());
    return;
  }
  JsonWriter json;
  json.BeginObject().Key("node").BeginArray().String(StrCat("http://", context.address));
  response.body = json.EndArray().EndObject().Take();
}

}  // namespace

NodeHealth HealthOf(const storage::StoreStats& stats) {
  if (stats.damaged) return {false, true, StrCat("data damaged: ", stats.damage)};
  if (stats.disk_full) return {true, false, "the disk is full: writes are refused, reads go on"};
  return {};
}

std::vector<ApiRoute> ClusterRoutes() {
  return {{"GET", "/api/v1/cluster", Cluster, {}},
          {"GET", "/nodes", Nodes, {}},
          {"GET", "/nodes/*/ranges", Ranges, {}},
          {"GET", "/search/nodes", Owners, {"q"}}};
}

}  // namespace trifecta::daemon
