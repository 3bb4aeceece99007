// cluster decommission, cluster remove and cluster drain.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>

#include "storage/base/text.h"
#include "tests/cmd/tool.h"
#include "tests/support/canned_server.h"
#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

using test::Answer;
using test::CannedRequest;
using test::CannedServer;

constexpr const char* kPlan =
    R"({"operation":"decommission","node":{"id":"46a7c62a-ca8e","address":"10.0.0.2:8000"},)"
    R"("dry_run":false,"ring_epoch":7,"partitions":171,"moves":[{"to":"10.0.0.1:8000",)"
    R"("partitions":1},{"to":"10.0.0.3:8000","partitions":170}],"copies_before":3,)"
    R"("copies_after":2,"notes":["each word is kept twice afterwards"]})";

std::string Document(uint64_t epoch, bool member, std::optional<uint64_t> left) {
  std::string text = StrCat(R"({"health":"healthy","ring_epoch":)", epoch, R"(,"operation":)");
  text += left ? StrCat(R"({"kind":"leave","node":"46a7c62a-ca8e","partitions_left":)", *left, "}")
               : "null";
  text += R"(,"nodes":[{"id":"n1","address":"10.0.0.1:8000"})";
  if (member) text += R"(,{"id":"46a7c62a-ca8e","address":"10.0.0.2:8000"})";
  return text + "]}";
}

// A node that begins what it is asked for, and then shows these documents, the last one for ever.
CannedServer::Handler Node(std::vector<std::string> documents, std::string* asked = nullptr) {
  auto next = std::make_shared<std::atomic<size_t>>(0);
  return [=](const CannedRequest& request) {
    if (request.method == "POST") {
      if (asked != nullptr) *asked = request.target + " " + request.body;
      return Answer(202, kPlan);
    }
    if (request.target != "/api/v1/cluster") return Answer(200, "\"OK\"");
    const size_t index = std::min(next->fetch_add(1), documents.size() - 1);
    return Answer(200, documents[index]);
  };
}

ToolResult RunAt(const CannedServer& server, std::vector<std::string> arguments,
                 ToolOptions options = {}) {
  options.environment["TRIFECTA_NODES"] = server.address();
  return RunTool(std::move(arguments), options);
}

TEST_CASE("a decommission is begun and followed until the node has left") {
  std::string asked;
  // The first is for the addresses of the other nodes; the next one is from before it began.
  CannedServer server(Node({Document(6, true, {}), Document(6, true, {}), Document(7, true, 171),
                            Document(9, false, {})},
                           &asked));
  const ToolResult result = RunAt(server, {"cluster", "decommission", "10.0.0.2:8000"});
  CHECK(result.status == 0);
  CHECK(asked == R"(/api/v1/cluster/decommission {"node":"10.0.0.2:8000","dry_run":false})");
  CHECK(result.output ==
        "node 10.0.0.2:8000 has left the cluster; its trifectad stops by itself\n");
  CHECK(result.error ==
        "node 10.0.0.2:8000 (46a7c62a-ca8e) has copies of 171 partitions\n"
        "  1 partition to 10.0.0.1:8000\n"
        "  170 partitions to 10.0.0.3:8000\n"
        "note: each word is kept twice afterwards\n");
  CHECK(RunAt(server, {"cluster", "decommission", "10.0.0.2:8000", "--json"}).output ==
        R"({"operation":"decommission","node":{"id":"46a7c62a-ca8e","address":"10.0.0.2:8000"},)"
        "\"done\":true}\n");
}

TEST_CASE("a dry run prints the plan and follows nothing") {
  std::string asked;
  CannedServer server(Node({"{}"}, &asked));
  const ToolResult result = RunAt(server, {"cluster", "remove", "46a7c62a", "--dry-run"});
  CHECK(result.status == 0);
  CHECK(asked == R"(/api/v1/cluster/remove {"node":"46a7c62a","dry_run":true})");
  CHECK(result.output.starts_with("node 10.0.0.2:8000 (46a7c62a-ca8e) has copies of 171 part"));
  CHECK(RunAt(server, {"cluster", "remove", "46a7c62a", "--dry-run", "--json"}).output ==
        std::string(kPlan) + "\n");
}

TEST_CASE("a change that was given up is told, and fails") {
  CannedServer server(Node({Document(8, true, {})}));
  const ToolResult result = RunAt(server, {"cluster", "remove", "10.0.0.2:8000"});
  CHECK(result.status == 5);
  CHECK(result.error.find("the remove was given up: node 10.0.0.2:8000 is a member as before") !=
        std::string::npos);
}

TEST_CASE("interrupted, it says that the change goes on") {
  int fds[2];
  REQUIRE(pipe2(fds, O_CLOEXEC) == 0);
  const int interrupt = fds[1];
  CannedServer server([interrupt](const CannedRequest& request) {
    if (request.method == "POST") return Answer(202, kPlan);
    if (request.target != "/api/v1/cluster") return Answer(200, "\"OK\"");
    CHECK(write(interrupt, "x", 1) == 1);
    return Answer(200, Document(7, true, 100));
  });
  ToolOptions options;
  options.cancel_fd = fds[0];
  const ToolResult result = RunAt(server, {"cluster", "decommission", "46a7c62a"}, options);
  CHECK(result.status == 130);
  CHECK(result.error.find("interrupted; the decommission of node 10.0.0.2:8000 goes on without "
                          "this command\n'trifecta cluster-status' shows how far it is.") !=
        std::string::npos);
  close(fds[0]);
  close(fds[1]);
}

TEST_CASE("what the cluster refuses is told as it says it") {
  CannedServer server([](const CannedRequest&) {
    return Answer(409, R"({"code":"conflict","status":409,"detail":"node b is up"})");
  });
  const ToolResult result = RunAt(server, {"cluster", "remove", "b"});
  CHECK(result.status == 4);
  CHECK(result.error == "trifecta: " + server.address() + " refused it: node b is up\n");
  CHECK(RunAt(server, {"cluster", "remove"}).status == 2);
}

// A node that is at its own address, and drained at the second look.
std::string drained_address;
CannedServer::Handler Draining(std::string* asked) {
  auto looks = std::make_shared<std::atomic<int>>(0);
  return [=](const CannedRequest& request) {
    if (request.method == "POST") {
      *asked = request.target + " " + request.body;
      return Answer(202, StrCat(R"({"operation":"drain","node":{"id":"n1","address":")",
                                drained_address, R"("},"notes":["some words cannot be read"]})"));
    }
    if (request.target == "/api/v1/cluster") {
      return Answer(200, R"({"health":"healthy","nodes":[{"id":"n0"},{"id":"n1","self":true}]})");
    }
    if (request.target != "/ready") return Answer(200, "\"OK\"");
    if (looks->fetch_add(1) == 0) return Answer(503, R"({"reasons":["draining: wait"]})");
    return Answer(503, R"({"reasons":["draining: everything is on disk"],"drained":true})");
  };
}

TEST_CASE("a drain is followed until the node says that it is drained") {
  std::string asked;
  CannedServer server(Draining(&asked));
  drained_address = server.address();
  ToolResult result = RunAt(server, {"cluster", "drain"});
  CHECK(result.status == 0);
  CHECK(asked == R"(/api/v1/cluster/drain {"node":"n1","dry_run":false})");
  CHECK(result.error == "note: some words cannot be read\n");
  CHECK(result.output == "node " + server.address() + ": draining: everything is on disk\n");
  result = RunAt(server, {"cluster", "drain", "10.0.0.1:8000", "--json"});
  CHECK(asked == R"(/api/v1/cluster/drain {"node":"10.0.0.1:8000","dry_run":false})");
  CHECK(result.output == R"({"operation":"drain","node":{"id":"n1","address":")" +
                             server.address() +
                             R"("},"done":true,"detail":"draining: everything is on disk"})"
                             "\n");
  CHECK(RunAt(server, {"cluster", "drain", "n1", "--dry-run"}).output ==
        "node " + server.address() + " (n1) would take no more requests\n" +
            "note: some words cannot be read\n");
}

TEST_CASE("an answer that names no node is not understood") {
  CannedServer server([](const CannedRequest&) { return Answer(202, "{}"); });
  CHECK(RunAt(server, {"cluster", "remove", "b"}).status == 5);
  CHECK(RunAt(server, {"cluster", "drain", "b"}).status == 5);
}

}  // namespace
}  // namespace trifecta::cmd
