// The cluster as its clients see it: its nodes, their state, and who owns what.
#include <algorithm>
#include <utility>

#include "daemon/api_parameters.h"
#include "daemon/api_routes.h"
#include "daemon/cluster_snapshot.h"
#include "net/json.h"
#include "net/preference.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::daemon {
namespace {

using net::JsonWriter;
using net::Request;
using net::Response;

// For status requests to the other nodes: health checks wait no longer.
constexpr std::chrono::seconds kSnapshotTime{1};

void WriteNode(const net::Ring& ring, const NodeSnapshot& node, JsonWriter* json) {
  const replication::StatusReply status = node.status.value_or(replication::StatusReply{});
  json->BeginObject().Key("id").String(node.member.id.ToString());
  json->Key("address").String(node.member.address).Key("zone").String(node.member.zone);
  json->Key("state").String(StateOf(node)).Key("self").Bool(node.self);
  json->Key("version").String(status.version);
  json->Key("words").Number(status.words).Key("bytes").Number(status.bytes);
  json->Key("owns_ratio").Number(ShareOf(ring, node.member.number), 3);
  json->Key("shards").Number(status.shards).Key("hints").Number(status.hints);
  json->Key("heartbeat_age_ms");
  node.heard_ms_ago ? json->Number(*node.heard_ms_ago) : json->Null();
  json->Key("clock_offset_ms");
  node.clock_offset_ms ? json->Number(*node.clock_offset_ms) : json->Null();
  json->Key("uptime_seconds").Number(status.uptime_seconds);
  json->Key("ring_epoch").Number(status.ring_epoch).EndObject();
}

void WriteNodes(const ClusterSnapshot& cluster, JsonWriter* json) {
  json->Key("nodes").BeginArray();
  for (const NodeSnapshot& node : cluster.nodes) WriteNode(*cluster.ring, node, json);
  json->EndArray().Key("hints_pending").BeginObject();
  for (const NodeSnapshot& node : cluster.nodes) {
    if (!node.status || node.status->hints == 0) continue;
    json->Key(node.member.id.ToString()).Number(node.status->hints);
  }
  json->EndObject();
}

// Exact; where too few replicas are up for that, by those that are; null where some shards have
// none.
void WriteCount(const ApiContext& context, JsonWriter* json) {
  json->Key("words");
  for (const Consistency consistency : {Consistency::kQuorum, Consistency::kOne}) {
    const CallOptions options{consistency, std::chrono::steady_clock::now() + kSnapshotTime};
    if (const Result<uint64_t> count = context.coordinator->Count("", options); count.ok()) {
      json->Number(*count);
      return;
    }
  }
  json->Null();
}

std::string_view NameOf(net::OperationKind kind) {
  switch (kind) {
    case net::OperationKind::kJoin:
      return "join";
    case net::OperationKind::kLeave:
      return "leave";
    case net::OperationKind::kReplace:
      return "replace";
  }
  return "";
}

// The change of members under way, or null.
void WriteOperation(const net::Ring& ring, JsonWriter* json) {
  json->Key("operation");
  if (!ring.operation) {
    json->Null();
    return;
  }
  const net::Member* member = ring.Find(ring.operation->node);
  json->BeginObject().Key("kind").String(NameOf(ring.operation->kind));
  json->Key("node").String(ring.operation->node.ToString());
  json->Key("address").String(member == nullptr ? "" : member->address);
  json->Key("partitions_left").Number(uint64_t{PartitionsToMove(ring)}).EndObject();
}

size_t Quorum(size_t copies, unsigned configured) {
  return configured == 0 ? net::Majority(copies) : std::min<size_t>(copies, configured);
}

void Cluster(const ApiContext& context, const Request&, Response& response) {
  const ClusterSnapshot cluster = SnapshotOf(context);
  const ClusterHealth health = HealthOf(cluster);
  const net::Ring& ring = *cluster.ring;
  JsonWriter json;
  json.BeginObject().Key("cluster").String(context.cluster);
  json.Key("id").String(ring.cluster_id.ToString());
  json.Key("health").String(health.healthy ? "healthy" : "degraded");
  json.Key("can_read").Bool(health.reads).Key("can_write").Bool(health.writes);
  json.Key("replication_factor").Number(uint64_t{ring.replication_factor});
  json.Key("copies").Number(uint64_t{health.copies});
  json.Key("read_quorum").Number(uint64_t{Quorum(health.copies, cluster.read_quorum)});
  json.Key("write_quorum").Number(uint64_t{Quorum(health.copies, cluster.write_quorum)});
  json.Key("ring_epoch").Number(uint64_t{ring.epoch});
  json.Key("partitions").Number(uint64_t{ring.partitions.size()});
  json.Key("k_factor").Number(uint64_t{ring.k_factor});
  WriteCount(context, &json);
  WriteOperation(ring, &json);
  json.Key("notes").BeginArray();
  for (const std::string& note : health.notes) json.String(note);
  json.EndArray();
  WriteNodes(cluster, &json);
  response.body = json.EndObject().Take();
}

// What people are told of a node in a few words.
std::string MessageOf(const NodeSnapshot& node) {
  return node.status ? node.status->message : StateOf(node);
}

void Nodes(const ApiContext& context, const Request&, Response& response) {
  const ClusterSnapshot cluster = SnapshotOf(context);
  JsonWriter json;
  json.BeginObject().Key("nodes").BeginArray();
  for (const NodeSnapshot& node : cluster.nodes) {
    const bool healthy = node.status && node.status->reads && node.status->writes;
    json.BeginObject().Key("id").String(node.member.id.ToString());
    json.Key("host").String(node.member.address).Key("zone").String(node.member.zone);
    json.Key("status").BeginObject().Key("healthy").Bool(healthy);
    json.Key("message").String(MessageOf(node)).EndObject();
    json.Key("version").String(node.status ? node.status->version : "");
    json.Key("words").Number(node.status ? node.status->words : 0).EndObject();
  }
  response.body = json.EndArray().EndObject().Take();
}

void WriteAddresses(const net::Ring& ring, std::span<const net::NodeNumber> numbers,
                    std::string_view before, JsonWriter* json) {
  json->BeginArray();
  for (const net::NodeNumber number : numbers) {
    if (const net::Member* member = ring.Find(number))
      json->String(StrCat(before, member->address));
  }
  json->EndArray();
}

// "" for a partition that does not move.
std::string_view StepName(net::MoveStep step) {
  switch (step) {
    case net::MoveStep::kNone:
      return "";
    case net::MoveStep::kPlanned:
      return "planned";
    case net::MoveStep::kWriteBothReadOld:
      return "write both, read old";
    case net::MoveStep::kStreaming:
      return "streaming";
    case net::MoveStep::kWriteBothReadNew:
      return "write both, read new";
    case net::MoveStep::kUseNew:
      return "use new";
    case net::MoveStep::kCleanUp:
      return "clean up";
  }
  return "";
}

void Ring(const ApiContext& context, const Request&, Response& response) {
  const ClusterSnapshot cluster = context.members->LocalSnapshot();
  const net::Ring& ring = *cluster.ring;
  JsonWriter json;
  json.BeginObject().Key("ring_epoch").Number(uint64_t{ring.epoch});
  json.Key("partitions").BeginArray();
  for (size_t i = 0; i < ring.partitions.size(); ++i) {
    const net::Partition& partition = ring.partitions[i];
    json.BeginObject().Key("partition").Number(uint64_t{i}).Key("owners");
    WriteAddresses(ring, partition.owners, "", &json);
    if (!partition.targets.empty()) {
      json.Key("moving_to");
      WriteAddresses(ring, partition.targets, "", &json);
      json.Key("step").String(StepName(partition.step));
    }
    json.EndObject();
  }
  response.body = json.EndArray().EndObject().Take();
}

void Ranges(const ApiContext& context, const Request& request, Response& response) {
  const std::string& name = request.segments.at(0);
  const ClusterSnapshot cluster = context.members->LocalSnapshot();
  const NodeSnapshot* node = FindNode(cluster, name);
  if (node == nullptr) {
    response = NodeNotFound(name);
    return;
  }
  const Result<std::vector<std::string>> roots =
      context.coordinator->ShardRootsOf(node->member.number, {Consistency::kOne, request.deadline});
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
  const net::RingPtr ring = context.members->LocalSnapshot().ring;
  const size_t partition =
      net::PartitionOf(ShardRoot(*prefix, ring->k_factor), ring->partitions.size());
  JsonWriter json;
  json.BeginObject().Key("node");
  WriteAddresses(*ring, net::PreferenceList(ring->partitions[partition]), "http://", &json);
  response.body = json.EndObject().Take();
}

}  // namespace

ClusterSnapshot SnapshotOf(const ApiContext& context) {
  return context.members->Snapshot(std::chrono::steady_clock::now() + kSnapshotTime);
}

Response NodeNotFound(std::string_view name) {
  return net::Problem(
      404, "node_not_found",
      StrCat("no node ", Shown(name), " in this cluster: give an id or an address of GET /nodes"));
}

NodeHealth HealthOf(const storage::StoreStats& stats) {
  if (stats.damaged) return {false, true, StrCat("data damaged: ", stats.damage)};
  if (stats.disk_full) return {true, false, "the disk is full: writes are refused, reads go on"};
  return {};
}

std::vector<ApiRoute> ClusterRoutes() {
  return {{"GET", "/api/v1/cluster", Cluster, {}},
          {"GET", "/api/v1/ring", Ring, {}},
          {"GET", "/nodes", Nodes, {}},
          {"GET", "/nodes/*/ranges", Ranges, {}},
          {"GET", "/search/nodes", Owners, {"q"}}};
}

}  // namespace trifecta::daemon
