// cluster repair.
#include <atomic>
#include <memory>
#include <string>

#include "storage/base/text.h"
#include "tests/cmd/tool.h"
#include "tests/support/canned_server.h"
#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

using test::Answer;
using test::CannedRequest;
using test::CannedServer;

std::string Repair(bool running, uint64_t sent, const std::string& failures = "") {
  return StrCat(R"({"operation":"repair","run":4,"running":)", running ? "true" : "false",
                R"(,"prefix":"","peers":2,"peers_done":2,"fetched":1,"sent":)", sent,
                R"(,"whole":true,"failures":[)", failures, "]}");
}

// The only node of its cluster, whose repair runs until the second look, and ends as `end` says.
class RepairedNode {
 public:
  explicit RepairedNode(std::string end)
      : server_([this, end = std::move(end)](const CannedRequest& request) {
          if (request.method == "POST") {
            asked_ = request.body;
            looks_ = 0;
            const bool dry_run = request.body.find("true") != std::string::npos;
            return Answer(dry_run ? 200 : 202, Repair(!dry_run, 0));
          }
          if (request.target == "/api/v1/cluster/repair") {
            return looks_++ == 0 ? Answer(200, Repair(true, 1)) : Answer(200, end);
          }
          return Answer(200, StrCat(R"({"health":"healthy","nodes":[{"id":"n1","address":")",
                                    address_, R"("}]})"));
        }) {
    address_ = server_.address();
  }

  ToolResult Run(std::vector<std::string> arguments) {
    return RunTool(std::move(arguments), {.environment = {{"TRIFECTA_NODES", address_}}});
  }
  const std::string& address() const { return address_; }
  const std::string& asked() const { return asked_; }

 private:
  std::string address_, asked_;
  int looks_ = 0;
  CannedServer server_;  // ends first
};

TEST_CASE("a repair is followed on every node, and says how many entries were sent") {
  RepairedNode node(Repair(false, 5));
  const ToolResult result = node.Run({"cluster", "repair", "tri"});
  CHECK(result.status == 0);
  CHECK(node.asked() == R"({"prefix":"tri","dry_run":false})");
  CHECK(result.error == "node " + node.address() + ": 1 entries fetched, 5 sent\n");
  CHECK(result.output ==
        "6 entries sent between nodes; 1 of 1 nodes are as all other owners of what they have\n");
  CHECK(node.Run({"cluster", "repair", "--json"}).output ==
        R"({"operation":"repair","prefix":"","dry_run":false,"entries":6,"whole":true,"nodes":[)"
        R"({"id":"n1","address":")" +
            node.address() + R"(","peers":2,"fetched":1,"sent":5,"failures":[]}]})" + "\n");
}

TEST_CASE("what could not be repaired is named, and the answer is partial") {
  RepairedNode node(Repair(false, 0, R"("node 10.0.0.9:8000: it is down")"));
  const ToolResult result = node.Run({"cluster", "repair"});
  CHECK(result.status == 6);
  CHECK(result.error == "trifecta: node " + node.address() + ": node 10.0.0.9:8000: it is down\n");
  CHECK(result.output.find("0 of 1 nodes") != std::string::npos);
}

TEST_CASE("a dry run of a repair says who would be compared") {
  RepairedNode node("{}");
  const ToolResult result = node.Run({"cluster", "repair", "--dry-run"});
  CHECK(result.status == 0);
  CHECK(node.asked() == R"({"prefix":"","dry_run":true})");
  CHECK(result.output == "node " + node.address() + " would be compared with 2 others\n");
}

TEST_CASE("a repair of a prefix that is none is a mistake, and an answer that is none is told") {
  RepairedNode node("{}");
  CHECK(node.Run({"cluster", "repair", "\x01"}).status == 2);
  CHECK(node.Run({"cluster", "repair"}).status == 6);
}

}  // namespace
}  // namespace trifecta::cmd
