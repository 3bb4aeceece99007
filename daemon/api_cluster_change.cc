// What changes the cluster: a node hands over what it has and leaves, or is given up; a node takes
// no more requests.
//
// An answer comes as soon as the members have agreed that it begins (202); how far it is,
// GET /api/v1/cluster says. Asking again for what is under way is answered like the first time.
#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/api_parameters.h"
#include "daemon/api_routes.h"
#include "daemon/cluster_admin.h"
#include "daemon/cluster_snapshot.h"
#include "daemon/leave_plan.h"
#include "daemon/readiness.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::daemon {
namespace {

using net::JsonValue;
using net::JsonWriter;
using net::Request;
using net::Response;

struct ChangeRequest {
  std::string node;
  std::string prefix;
  bool dry_run = false;
};

Status Bad(std::string text) {
  return Status(StatusCode::kInvalidArgument, StrCat("request body: ", text));
}

// `named`: the one member beside "dry_run" that the request may have, "node" or "prefix".
Status ReadMember(const std::string& name, const JsonValue& value, std::string_view named,
                  ChangeRequest* change) {
  if (name == named) {
    const auto* text = std::get_if<std::string>(&value.value_);
    if (text == nullptr) return Bad(StrCat("\"", named, "\" is to be a string"));
    (named == "node" ? change->node : change->prefix) = *text;
  } else if (name == "dry_run") {
    const auto* flag = std::get_if<bool>(&value.value_);
    if (flag == nullptr) return Bad("\"dry_run\" is to be true or false");
    change->dry_run = *flag;
  } else {
    return Bad(StrCat("unknown member ", Shown(name), "; it has \"", named, "\" and \"dry_run\""));
  }
  return Status::Ok();
}

Result<ChangeRequest> ParseChange(std::string_view body, std::string_view named) {
  const Result<JsonValue> json = net::ParseJson(body);
  if (!json.ok()) return json.status().WithContext("request body");
  if (!std::holds_alternative<JsonValue::Object>(json->value_)) return Bad("not a JSON object");
  ChangeRequest change;
  for (const auto& [name, value] : json->object()) {
    TRIFECTA_RETURN_IF_ERROR(ReadMember(name, value, named, &change));
  }
  TRIFECTA_RETURN_IF_ERROR(ValidatePrefix(change.prefix).WithContext("prefix"));
  return change;
}

// Nothing where `response` says what is wrong.
std::optional<ChangeRequest> ReadChange(const Request& request, std::string_view named,
                                        Response* response) {
  const Result<bool> gzip = IsGzip(request);
  if (!gzip.ok()) {
    *response = net::Problem(415, "unsupported_media_type", gzip.status().message());
    return std::nullopt;
  }
  const Result<std::string> body = ReadSmallBody(request, *gzip);
  if (!body.ok()) {
    *response = BodyProblem(body.status());
    return std::nullopt;
  }
  Result<ChangeRequest> change = ParseChange(*body, named);
  if (!change.ok()) {
    *response = net::ProblemFor(change.status());
    return std::nullopt;
  }
  return std::move(*change);
}

void BeginAnswer(std::string_view name, const NodeSnapshot& node, bool dry_run, JsonWriter* json) {
  json->BeginObject().Key("operation").String(name).Key("node").BeginObject();
  json->Key("id").String(node.member.id.ToString());
  json->Key("address").String(node.member.address).EndObject();
  json->Key("dry_run").Bool(dry_run);
}

Response ChangeProblem(const Status& status) {
  switch (status.code()) {
    case StatusCode::kAlreadyInUse:
    case StatusCode::kInvalidArgument:
      return net::Problem(409, "conflict", status.message());
    case StatusCode::kNotFound:
      return net::Problem(404, "node_not_found", status.message());
    case StatusCode::kUnavailable:
      return net::Problem(503, "unavailable", status.message(), R"("outcome":"unknown")");
    default:
      return net::ProblemFor(status);
  }
}

void WritePlan(const LeavePlan& plan, JsonWriter* json) {
  json->Key("partitions").Number(uint64_t{plan.partitions}).Key("moves").BeginArray();
  for (const auto& [address, partitions] : plan.moves) {
    json->BeginObject().Key("to").String(address);
    json->Key("partitions").Number(uint64_t{partitions}).EndObject();
  }
  json->EndArray().Key("copies_before").Number(uint64_t{plan.copies_before});
  json->Key("copies_after").Number(uint64_t{plan.copies_after}).Key("notes").BeginArray();
  if (plan.copies_after < plan.copies_before) {
    json->String(StrCat("fewer nodes are left than there are copies: each word is kept ",
                        plan.copies_after == 1 ? "once" : StrCat(plan.copies_after, " times"),
                        " afterwards, instead of ", plan.copies_before, " times"));
  }
  json->EndArray();
}

using Check = Status (*)(const ClusterSnapshot& cluster, const NodeSnapshot& node);

void Leave(std::string_view name, Check check, const ApiContext& context, const Request& request,
           Response& response) {
  const std::optional<ChangeRequest> change = ReadChange(request, "node", &response);
  if (!change) return;
  if (change->node.empty()) {
    response = net::ProblemFor(Bad("\"node\" is missing: an id or an address"));
    return;
  }
  const ClusterSnapshot cluster = SnapshotOf(context);
  const NodeSnapshot* node = FindNode(cluster, change->node);
  if (node == nullptr) {
    response = NodeNotFound(change->node);
    return;
  }
  const Result<LeavePlan> plan = PlanLeave(*cluster.ring, node->member.id);
  Status allowed = check(cluster, *node);
  if (allowed.ok()) allowed = plan.status();
  if (allowed.ok() && !change->dry_run) {
    context.logger->Info(StrCat(name, " of node ", node->member.address, " (",
                                node->member.id.ToString(), ") was asked for by ", request.remote));
    allowed = context.admin->BeginLeave(node->member.id, request.deadline);
  }
  if (!allowed.ok()) {
    response = ChangeProblem(allowed);
    return;
  }
  JsonWriter json;
  BeginAnswer(name, *node, change->dry_run, &json);
  json.Key("ring_epoch").Number(uint64_t{context.members->LocalSnapshot().ring->epoch});
  WritePlan(*plan, &json);
  response.status = change->dry_run ? 200 : 202;
  response.body = json.EndObject().Take();
}

void Decommission(const ApiContext& context, const Request& request, Response& response) {
  Leave("decommission", CheckDecommission, context, request, response);
}

void Remove(const ApiContext& context, const Request& request, Response& response) {
  Leave("remove", CheckRemove, context, request, response);
}

// What is not there while the node is drained, for people.
void WriteLack(ClusterSnapshot cluster, const NodeSnapshot& node, JsonWriter* json) {
  for (NodeSnapshot& one : cluster.nodes) {
    if (one.member.id != node.member.id) continue;
    one.status.reset();
    one.self = false;
    one.liveness = net::Liveness::kLeft;
  }
  const ClusterHealth health = HealthOf(cluster);
  json->Key("notes").BeginArray();
  if (!health.reads) json->String("without this node some words cannot be read");
  if (!health.writes) json->String("without this node some words cannot be written");
  json->EndArray();
}

// Answers while the node drains itself, too: who asks again is told that it does.
void DrainNode(const ApiContext& context, const Request& request, Response& response) {
  const Phase phase = context.readiness->phase();
  if (phase == Phase::kRecovering || phase == Phase::kFailed) {
    response = net::ProblemFor(context.readiness->Check());
    return;
  }
  const std::optional<ChangeRequest> change = ReadChange(request, "node", &response);
  if (!change) return;
  const ClusterSnapshot cluster = SnapshotOf(context);
  const NodeSnapshot* node =
      FindNode(cluster, change->node.empty() ? context.node_id : change->node);
  if (node == nullptr) {
    response = NodeNotFound(change->node);
    return;
  }
  Status done;
  if (node->member.state == net::MemberState::kJoining) {
    done = Status(StatusCode::kAlreadyInUse,
                  StrCat("node ", node->member.address, " is joining, and takes no requests yet"));
  } else if (!node->answers() && node->liveness != net::Liveness::kLeft) {
    done = Status(StatusCode::kAlreadyInUse,
                  StrCat("node ", node->member.address, " does not answer"));
  } else if (!change->dry_run) {
    context.logger->Info(
        StrCat("drain of node ", node->member.address, " was asked for by ", request.remote));
    done = context.admin->Drain(node->member.id, request.deadline);
  }
  if (!done.ok()) {
    response = ChangeProblem(done);
    return;
  }
  JsonWriter json;
  BeginAnswer("drain", *node, change->dry_run, &json);
  WriteLack(cluster, *node, &json);
  response.status = change->dry_run ? 200 : 202;
  response.body = json.EndObject().Take();
}

Response RepairAnswer(const RepairState& state, int status) {
  JsonWriter json;
  json.BeginObject().Key("operation").String("repair").Key("run").Number(state.run);
  json.Key("running").Bool(state.running).Key("prefix").String(state.prefix);
  json.Key("peers").Number(uint64_t{state.peers});
  json.Key("peers_done").Number(uint64_t{state.peers_done});
  json.Key("fetched").Number(state.fetched).Key("sent").Number(state.sent);
  json.Key("whole").Bool(state.whole).Key("failures").BeginArray();
  for (const std::string& failure : state.failures) json.String(failure);
  Response response;
  response.status = status;
  response.body = json.EndArray().EndObject().Take();
  return response;
}

void BeginRepair(const ApiContext& context, const Request& request, Response& response) {
  const std::optional<ChangeRequest> change = ReadChange(request, "prefix", &response);
  if (!change) return;
  const Result<RepairState> begun = context.admin->BeginRepair(change->prefix, change->dry_run);
  response = begun.ok() ? RepairAnswer(*begun, change->dry_run ? 200 : 202)
             : begun.status().code() == StatusCode::kUnavailable ? net::ProblemFor(begun.status())
                                                                 : ChangeProblem(begun.status());
}

void ShowRepair(const ApiContext& context, const Request&, Response& response) {
  response = RepairAnswer(context.admin->LastRepair(), 200);
}

ApiRoute DrainRoute() {
  ApiRoute route{"POST", "/api/v1/cluster/drain", DrainNode, {}};
  route.needs_ready = false;
  return route;
}

}  // namespace

std::vector<ApiRoute> ClusterChangeRoutes() {
  return {{"POST", "/api/v1/cluster/decommission", Decommission, {}},
          {"POST", "/api/v1/cluster/remove", Remove, {}},
          {"POST", "/api/v1/cluster/repair", BeginRepair, {}},
          {"GET", "/api/v1/cluster/repair", ShowRepair, {}},
          DrainRoute()};
}

}  // namespace trifecta::daemon
