#include "daemon/cluster_admin.h"
#include "net/ring_change.h"
#include "tests/daemon/api_fixture.h"

namespace trifecta::test {
namespace {

const std::string kOther = "6f1c2a7e-0000-4000-8000-000000000002";

// Two nodes that are up; of the first one's partitions each has a copy.
class TwoNodes : public daemon::ClusterSource {
 public:
  explicit TwoNodes(const daemon::ApiContext* context) {
    const net::NodeId self = *net::NodeId::Parse(context->node_id);
    auto ring = net::FoundRing({"words", self, 16, 1, 2}, {self, context->address, ""});
    ring = net::BeginJoin(*ring, {*net::NodeId::Parse(kOther), "127.0.0.1:8001", ""});
    ring = net::AbortOperation(*ring);
    for (net::Member& member : ring->members) {
      member.state = net::MemberState::kActive;
      member.address = member.id == self ? context->address : "127.0.0.1:8001";
    }
    snapshot.ring = std::make_shared<const net::Ring>(*ring);
    for (const net::Member& member : ring->members) {
      daemon::NodeSnapshot node{member, net::Liveness::kAlive, member.id == self, {}, {}, {}};
      node.status = replication::StatusReply{};
      node.status->reads = node.status->writes = true;
      snapshot.nodes.push_back(node);
    }
  }

  daemon::ClusterSnapshot Snapshot(std::chrono::steady_clock::time_point) override {
    return snapshot;
  }
  daemon::ClusterSnapshot LocalSnapshot() override { return snapshot; }
  daemon::ClusterStats LocalStats() const override { return {}; }

  daemon::ClusterSnapshot snapshot;
};

class RecordingAdmin : public daemon::ClusterAdmin {
 public:
  Status BeginLeave(const net::NodeId& node, std::chrono::steady_clock::time_point) override {
    left.push_back(node.ToString());
    return answer;
  }

  Status Drain(const net::NodeId& node, std::chrono::steady_clock::time_point) override {
    drained.push_back(node.ToString());
    return answer;
  }

  Result<daemon::RepairState> BeginRepair(const std::string& prefix, bool dry_run) override {
    if (!answer.ok()) return answer;
    daemon::RepairState state = repair;
    state.prefix = prefix;
    state.peers = 2;
    if (!dry_run) repair = state;
    return state;
  }
  daemon::RepairState LastRepair() const override { return repair; }

  std::vector<std::string> left, drained;
  daemon::RepairState repair;
  Status answer;
};

class ChangeApi : public Api {
 public:
  ChangeApi() {
    context.members = &nodes;
    context.admin = &admin;
  }

  net::Response Ask(const std::string& what, std::string_view body) {
    return Call("POST", "/api/v1/cluster/" + what, body);
  }

  TwoNodes nodes{&context};
  RecordingAdmin admin;
};

TEST_CASE("a decommission begins, and the answer says what moves") {
  ChangeApi api;
  const auto answer = api.Ask("decommission", R"({"node":"127.0.0.1:8000"})");
  CHECK(answer.status == 202);
  CHECK(api.admin.left == std::vector<std::string>{api.context.node_id});
  const auto json = Json(answer);
  CHECK(json["operation"].string() == "decommission");
  CHECK(json["node"]["id"].string() == api.context.node_id);
  CHECK(json["node"]["address"].string() == "127.0.0.1:8000");
  CHECK_FALSE(json["dry_run"].boolean());
  CHECK(json["partitions"].number() == 16);
  REQUIRE(json["moves"].array().size() == 1);
  CHECK(json["moves"].array()[0]["to"].string() == "127.0.0.1:8001");
  CHECK(json["moves"].array()[0]["partitions"].number() == 16);
  CHECK(json["copies_before"].number() == 1);
  CHECK(json["copies_after"].number() == 1);
  CHECK(json["ring_epoch"].number() == api.nodes.snapshot.ring->epoch);
}

TEST_CASE("a dry run says the same and begins nothing") {
  ChangeApi api;
  const auto answer = api.Ask("decommission", R"({"node":"127.0.0.1:8000","dry_run":true})");
  CHECK(answer.status == 200);
  CHECK(Json(answer)["dry_run"].boolean());
  CHECK(Json(answer)["partitions"].number() == 16);
  CHECK(api.admin.left.empty());
}

TEST_CASE("what the cluster cannot do now is a conflict with a sentence, and begins nothing") {
  ChangeApi api;
  auto answer = api.Ask("remove", "{\"node\":\"" + kOther + "\"}");
  CHECK(ProblemOf(answer) == "409 conflict");
  CHECK(answer.body.find("is up: 'trifecta cluster decommission'") != std::string::npos);
  api.nodes.snapshot.nodes[1].status.reset();
  api.nodes.snapshot.nodes[1].liveness = net::Liveness::kDead;
  answer = api.Ask("decommission", "{\"node\":\"" + kOther + "\"}");
  CHECK(ProblemOf(answer) == "409 conflict");
  CHECK(answer.body.find("'trifecta cluster remove'") != std::string::npos);
  CHECK(api.admin.left.empty());
}

TEST_CASE("a node that is not of the cluster is not found") {
  ChangeApi api;
  CHECK(ProblemOf(api.Ask("decommission", R"({"node":"127.0.0.1:9"})")) == "404 node_not_found");
  CHECK(ProblemOf(api.Ask("remove", R"({"node":"127.0.0.1:9"})")) == "404 node_not_found");
}

TEST_CASE("a body that is no such request is refused with what is wrong in it") {
  ChangeApi api;
  for (const char* body : {"", "[]", "{}", R"({"node":7})", R"({"node":"a","dry_run":"yes"})",
                           R"({"node":"a","force":true})"}) {
    CHECK(ProblemOf(api.Ask("decommission", body)) == "400 bad_request");
  }
  CHECK(ProblemOf(api.Call("POST", "/api/v1/cluster/decommission", "{}",
                           {{"content-encoding", "br"}})) == "415 unsupported_media_type");
}

TEST_CASE("where the members do not agree in time, whether it begins is unknown") {
  ChangeApi api;
  api.admin.answer = Status(StatusCode::kUnavailable, "no majority");
  const auto answer = api.Ask("decommission", R"({"node":"127.0.0.1:8000"})");
  CHECK(ProblemOf(answer) == "503 unavailable");
  CHECK(Json(answer)["outcome"].string() == "unknown");
  api.admin.answer = Status(StatusCode::kTimeout, "not in time");
  CHECK(ProblemOf(api.Ask("decommission", R"({"node":"127.0.0.1:8000"})")) == "504 timeout");
}

TEST_CASE("a drain is begun, of the node that answers where none is named") {
  ChangeApi api;
  auto answer = api.Ask("drain", "{}");
  CHECK(answer.status == 202);
  CHECK(Json(answer)["node"]["id"].string() == api.context.node_id);
  CHECK(Json(answer)["notes"].array().size() == 2);  // the only copy of all words
  answer = api.Ask("drain", "{\"node\":\"" + kOther + "\"}");
  CHECK(answer.status == 202);
  CHECK(Json(answer)["node"]["address"].string() == "127.0.0.1:8001");
  CHECK(Json(answer)["notes"].array().empty());
  CHECK(api.admin.drained == std::vector<std::string>{api.context.node_id, kOther});
  CHECK(api.Ask("drain", R"({"dry_run":true})").status == 200);
  CHECK(api.admin.drained.size() == 2);
}

TEST_CASE("a drain can be asked for while it goes on, but not of a node that is away or recovers") {
  ChangeApi api;
  api.readiness.Set(daemon::Phase::kDraining, "draining: now");
  CHECK(api.Ask("drain", "{}").status == 202);
  CHECK(ProblemOf(api.Ask("decommission", "{}")) == "503 unavailable");
  api.nodes.snapshot.nodes[1].status.reset();
  api.nodes.snapshot.nodes[1].liveness = net::Liveness::kDead;
  CHECK(ProblemOf(api.Ask("drain", "{\"node\":\"" + kOther + "\"}")) == "409 conflict");
  CHECK(ProblemOf(api.Ask("drain", R"({"node":"x"})")) == "404 node_not_found");
  daemon::Readiness recovering;
  api.context.readiness = &recovering;
  CHECK(ProblemOf(api.Ask("drain", "{}")) == "503 unavailable");
}

TEST_CASE("a repair is begun for a prefix, and shown while it runs and afterwards") {
  ChangeApi api;
  CHECK(Json(api.Call("GET", "/api/v1/cluster/repair"))["run"].number() == 0);
  api.admin.repair.run = 3;
  api.admin.repair.running = true;
  const auto answer = api.Ask("repair", R"({"prefix":"tri"})");
  CHECK(answer.status == 202);
  CHECK(Json(answer)["prefix"].string() == "tri");
  CHECK(Json(answer)["peers"].number() == 2);
  api.admin.repair.running = false;
  api.admin.repair.sent = 7;
  api.admin.repair.failures = {"node 10.0.0.9:8000: it is down"};
  const auto json = Json(api.Call("GET", "/api/v1/cluster/repair"));
  CHECK(json["run"].number() == 3);
  CHECK_FALSE(json["running"].boolean());
  CHECK(json["sent"].number() == 7);
  CHECK(json["failures"].array()[0].string() == "node 10.0.0.9:8000: it is down");
  CHECK(api.Ask("repair", R"({"dry_run":true})").status == 200);
  CHECK(api.admin.repair.prefix == "tri");
}

TEST_CASE("a repair that cannot begin now says why") {
  ChangeApi api;
  CHECK(ProblemOf(api.Ask("repair", R"({"node":"a"})")) == "400 bad_request");
  CHECK(ProblemOf(api.Ask("repair", R"({"prefix":"\u0001"})")) == "422 invalid_word");
  api.admin.answer = Status(StatusCode::kAlreadyInUse, "another one runs");
  CHECK(ProblemOf(api.Ask("repair", "{}")) == "409 conflict");
  api.admin.answer = Status(StatusCode::kUnavailable, "still counting");
  CHECK(ProblemOf(api.Ask("repair", "{}")) == "503 unavailable");
}

TEST_CASE("the cluster's document names the change under way and how much of it is left") {
  ChangeApi api;
  CHECK(Json(api.Call("GET", "/api/v1/cluster"))["operation"].is_null());
  const auto leaving =
      net::BeginLeave(*api.nodes.snapshot.ring, api.nodes.snapshot.nodes[0].member.id);
  REQUIRE(leaving.ok());
  api.nodes.snapshot.ring = std::make_shared<const net::Ring>(*leaving);
  const auto operation = Json(api.Call("GET", "/api/v1/cluster"))["operation"];
  CHECK(operation["kind"].string() == "leave");
  CHECK(operation["node"].string() == api.context.node_id);
  CHECK(operation["address"].string() == "127.0.0.1:8000");
  CHECK(operation["partitions_left"].number() == 16);
}

}  // namespace
}  // namespace trifecta::test
