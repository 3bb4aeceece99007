// cluster-status, cluster nodes, cluster owners, status, health and ping.
#include "cmd/cluster_view.h"
#include "tests/cmd/tool.h"
#include "tests/support/canned_server.h"
#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

using test::Answer;
using test::CannedRequest;
using test::CannedServer;

constexpr const char* kHealthy =
    R"({"cluster":"words","health":"healthy","can_read":true,"can_write":true,)"
    R"("replication_factor":3,"read_quorum":1,"write_quorum":1,"ring_epoch":1,"words":12406113,)"
    R"("notes":["1 node for replication_factor 3"],"nodes":[{"id":"46a7c62a-ca8e","address":)"
    R"("10.0.0.1:8000","zone":"a","state":"up","self":true,"version":"1.0.0","words":12406113,)"
    R"("bytes":1181116006,"owns_ratio":1.0,"shards":671,"uptime_seconds":3720}]})";

constexpr const char* kDegraded =
    R"({"cluster":"words","health":"degraded","can_read":true,"can_write":true,)"
    R"("replication_factor":3,"notes":[],"nodes":[)"
    R"({"id":"n1","address":"10.0.0.1:8000","state":"up","self":true,"words":7},)"
    R"({"id":"n2","address":"10.0.0.2:8000","state":"down","heartbeat_age_ms":120000}]})";

// A node with that document, ready or not.
CannedServer::Handler Node(std::string document, bool ready = true) {
  return [=](const CannedRequest& request) {
    if (request.target == "/ready") {
      return ready ? Answer(200, R"({"status":"ready"})")
                   : Answer(503, R"({"code":"unavailable","reasons":["draining: told to stop"]})");
    }
    if (request.target == "/version") return Answer(200, R"({"version":"1.0.0"})");
    if (request.target == "/api/v1/cluster") return Answer(200, document);
    return Answer(200, "\"OK\"");
  };
}

ToolResult RunAt(const CannedServer& server, std::vector<std::string> arguments) {
  return RunTool(std::move(arguments), {.environment = {{"TRIFECTA_NODES", server.address()}}});
}

TEST_CASE("cluster-status shows the nodes, and a verdict") {
  CannedServer server(Node(kHealthy));
  const ToolResult result = RunAt(server, {"cluster-status"});
  CHECK(result.status == 0);
  CHECK(
      result.output ==
      "cluster words (* the node that answered)\n"
      "   NODE      ADDRESS        ZONE  STATE  VERSION       WORDS     DATA    OWNS  SHARDS  "
      "HINTS  SEEN  CLOCK\n"
      "*  46a7c62a  10.0.0.1:8000  a     up     1.0.0    12,406,113  1.1 GiB  100.0%     671  "
      "    0     -      -\n"
      "OWNS: share of all copies; HINTS: writes it keeps for nodes that are away; SEEN: since its "
      "last message\n"
      "replication 3, read quorum 1, write quorum 1, ring epoch 1, 12,406,113 words\n"
      "note: 1 node for replication_factor 3\n"
      "healthy: every word can be read and written\n");
  CHECK(RunAt(server, {"cluster", "status"}).output == result.output);
  CHECK(RunAt(server, {"cluster-status", "--json"}).output == std::string(kHealthy) + "\n");
}

TEST_CASE("a degraded cluster is told with what to do, and the answer is no") {
  CannedServer server(Node(kDegraded));
  const ToolResult result = RunAt(server, {"cluster-status"});
  CHECK(result.status == 1);
  CHECK(result.output.find("n2    10.0.0.2:8000  -     DOWN") != std::string::npos);
  CHECK(result.output.find("degraded: 1 of 2 nodes down; every word can be read and written\n"
                           "next: start trifectad on 10.0.0.2:8000\n") != std::string::npos);
  CHECK(RunAt(server, {"cluster-status", "--json"}).status == 1);
}

TEST_CASE("the verdict says what still works") {
  ClusterView cluster;
  cluster.health = "degraded";
  cluster.can_read = true;
  CHECK(Verdict(cluster) == "degraded; reads go on, writes are refused");
  CHECK(NextStep(cluster) == "make room on the node's disk; writes then go on by themselves");
  cluster.can_read = false;
  cluster.can_write = true;
  CHECK(Verdict(cluster) == "degraded; some words cannot be read");
  CHECK(NextStep(cluster) == "see the node's log; stop it and run 'trifecta check DIR' there");
  cluster.can_write = false;
  CHECK(Verdict(cluster) == "degraded; some words can be neither read nor written");
}

TEST_CASE("text of the document is never raw to a terminal") {
  auto cluster = ParseCluster(R"({"health":"x","cluster":"a\u001b[2J","notes":["\u0007"]})");
  REQUIRE(cluster.ok());
  CHECK(cluster->name == "a\\x1b[2J");
  CHECK(cluster->notes[0] == "\\x07");
}

TEST_CASE("an answer without health is not understood") {
  CannedServer server(Node("{}"));
  const ToolResult result = RunAt(server, {"cluster-status"});
  CHECK(result.status == 5);
  CHECK(result.error == "trifecta: the node's answer is not understood: it has no 'health'\n");
  CHECK(RunAt(server, {"health"}).status == 5);
}

TEST_CASE("health is yes only when the node is ready and the cluster healthy") {
  CannedServer fine(Node(kHealthy));
  CHECK(RunAt(fine, {"health"}).status == 0);
  CHECK(RunAt(fine, {"health"}).output == fine.address() + ": ready, cluster healthy\n");
  CHECK(RunAt(fine, {"health", "-q"}).output.empty());
  CannedServer degraded(Node(kDegraded));
  CHECK(RunAt(degraded, {"health"}).status == 1);
  CannedServer draining(Node(kHealthy, false));
  const ToolResult result = RunAt(draining, {"health", "--json"});
  CHECK(result.status == 1);
  CHECK(result.output ==
        "{\"healthy\":false,\"node\":\"" + draining.address() +
            "\",\"ready\":false,\"detail\":\"not ready: draining: told to stop\"}\n");
}

TEST_CASE("status shows the node that answers") {
  CannedServer server(Node(kHealthy));
  const ToolResult result = RunAt(server, {"status"});
  CHECK(result.status == 0);
  CHECK(result.output == "node      " + server.address() +
                             "\nversion   1.0.0\nid        46a7c62a-ca8e\nzone      a\n"
                             "words     12,406,113\ndata      1.1 GiB\nuptime    1 h 2 min\n"
                             "cluster   words, 1 node\nstate     ready, cluster healthy\n");
  CHECK(RunAt(server, {"status", "--json"}).output ==
        "{\"node\":\"" + server.address() +
            "\",\"version\":\"1.0.0\",\"ready\":true,"
            "\"detail\":\"ready, cluster healthy\",\"cluster\":" +
            kHealthy + "}\n");
  CannedServer draining(Node(kHealthy, false));
  CHECK(RunAt(draining, {"status"}).status == 1);
}

TEST_CASE("cluster ring prints a partition a line, and where one moves to") {
  const std::string document =
      R"({"ring_epoch":9,"partitions":[{"partition":0,"owners":["a:1","b:1"]},)"
      R"({"partition":1,"owners":["b:1"],"moving_to":["c:1"],"step":"streaming"}]})";
  CannedServer server([&](const CannedRequest& request) {
    return request.target == "/api/v1/ring" ? Answer(200, document) : Answer(404, "{}");
  });
  CHECK(RunAt(server, {"cluster", "ring"}).output == "0\ta:1 b:1\n1\tb:1\tc:1\tstreaming\n");
  CHECK(RunAt(server, {"cluster", "ring", "--json"}).output == document + "\n");
}

TEST_CASE("cluster nodes and owners print a line each") {
  CannedServer server([](const CannedRequest& request) {
    if (request.target == "/nodes") {
      return Answer(200, R"({"nodes":[{"id":"n1","host":"10.0.0.1:8000","zone":"",)"
                         R"("status":{"healthy":true,"message":"up"}}]})");
    }
    return Answer(200, R"({"node":["http://10.0.0.1:8000","http://10.0.0.2:8000"]})");
  });
  CHECK(RunAt(server, {"cluster", "nodes"}).output ==
        "NODE  ADDRESS        ZONE  STATUS\nn1    10.0.0.1:8000  -     up\n");
  CHECK(RunAt(server, {"cluster", "owners", "trial"}).output ==
        "trial\t10.0.0.1:8000 10.0.0.2:8000\n");
  CHECK(RunAt(server, {"cluster", "owners", "trial", "--json"}).output ==
        "{\"owners\":[{\"word\":\"trial\",\"nodes\":[\"10.0.0.1:8000\",\"10.0.0.2:8000\"]}]}\n");
}

TEST_CASE("ping tells the latency") {
  CannedServer server(Node(kHealthy));
  const ToolResult result = RunAt(server, {"ping", "-c", "5"});
  CHECK(result.status == 0);
  CHECK(result.output.starts_with(server.address() + " answers; 5 requests, min/avg/max "));
  CHECK(RunAt(server, {"ping", "--json"})
            .output.starts_with("{\"node\":\"" + server.address() + "\",\"count\":3,\"min_ms\":"));
}

}  // namespace
}  // namespace trifecta::cmd
