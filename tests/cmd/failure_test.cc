// How the tool tells that something failed, and how it ends: every exit status but those of
// signals.
#include "net/json.h"
#include "tests/cmd/tool.h"
#include "tests/support/canned_server.h"
#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

using test::Answer;
using test::CannedRequest;
using test::CannedServer;

ToolResult RunAt(const std::string& nodes, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--node", nodes});
  return RunTool(std::move(arguments));
}

TEST_CASE("usage errors are two lines and end with 2") {
  const ToolResult result = RunTool({"serch"});
  CHECK(result.status == 2);
  CHECK(result.output.empty());
  CHECK(result.error ==
        "trifecta: unknown command 'serch'; did you mean 'search'?\n"
        "Run 'trifecta help' for the list of commands.\n");
  CHECK(RunTool({}).error ==
        "trifecta: no command given\nRun 'trifecta help' for the list of commands.\n");
  CHECK(RunTool({"cluster"}).error ==
        "trifecta: 'cluster' needs one of its commands: status, nodes, ring, owners, "
        "decommission, remove, repair, drain\n"
        "Run 'trifecta help' for the list of commands.\n");
  CHECK(RunTool({"search", "x", "-n", "many"}).error ==
        "trifecta: option --limit: 'many' is not a number of at least 1\n"
        "Run 'trifecta help search' for how to use it.\n");
}

TEST_CASE("a usage error is JSON when that was asked for anywhere") {
  const ToolResult result = RunTool({"--json", "serch"});
  CHECK(result.status == 2);
  auto json = net::ParseJson(result.error);
  REQUIRE(json.ok());
  CHECK((*json)["error"]["code"].string() == "usage");
  CHECK((*json)["error"]["exit_status"].number() == 2);
  CHECK((*json)["error"]["message"].string() == "unknown command 'serch'; did you mean 'search'?");
}

TEST_CASE("a fault in the configuration ends with 2") {
  CHECK(RunTool({"count", "--config", "/no/such"}).status == 2);
  CHECK(RunTool({"count"}, {.environment = {{"TRIFECTA_TIMEOUT", "soon"}}}).error ==
        "trifecta: TRIFECTA_TIMEOUT: 'soon' is not a time from 1ms to 24h, such as 500ms, 5s or "
        "1m\n");
}

TEST_CASE("what asks no node works whatever is wrong with the configuration") {
  const ToolOptions broken{
      .environment = {{"TRIFECTA_CONFIG", "/no/such"}, {"TRIFECTA_TIMEOUT", "soon"}}};
  CHECK(RunTool({"help"}, broken).status == 0);
  CHECK(RunTool({"help", "load"}, broken).status == 0);
  CHECK(RunTool({"version"}, broken).status == 0);
  CHECK(RunTool({"completion", "bash"}, broken).status == 0);
  CHECK(RunTool({"check", "/no/such/folder"}, broken).error.find("/no/such/folder") !=
        std::string::npos);
  CHECK(RunTool({"count"}, broken).status == 2);
}

TEST_CASE("a node that cannot be reached is told with reason and next step, and ends with 3") {
  const std::string node = "127.0.0.1:" + std::to_string(test::ClosedPort());
  const ToolResult result = RunAt(node, {"count"});
  CHECK(result.status == 3);
  CHECK(result.error ==
        "trifecta: cannot reach " + node +
            ": connection refused\n"
            "Is trifectad running there (systemctl status trifectad), and is the address right "
            "(--node, TRIFECTA_NODES)?\n");
}

TEST_CASE("of several nodes each is told with its reason") {
  const std::string node = "127.0.0.1:" + std::to_string(test::ClosedPort());
  const ToolResult result = RunAt(node + ",no-such-host.invalid", {"count"});
  CHECK(result.status == 3);
  CHECK(result.error.starts_with("trifecta: cannot reach any of 2 nodes\n  " + node +
                                 "  connection refused\n"
                                 "  no-such-host.invalid:8000  name not known"));
}

TEST_CASE("every command ends with 3 when no node can be reached") {
  const std::string node = "127.0.0.1:" + std::to_string(test::ClosedPort());
  for (const std::vector<std::string>& words : {std::vector<std::string>{"add", "x"},
                                                {"add", "-"},
                                                {"del", "x"},
                                                {"get", "x"},
                                                {"search", "x"},
                                                {"count"},
                                                {"load"},
                                                {"dump"},
                                                {"cluster-status"},
                                                {"cluster", "nodes"},
                                                {"cluster", "owners", "x"},
                                                {"status"},
                                                {"health"},
                                                {"ping"}}) {
    INFO(words[0]);
    const ToolResult result = RunAt(node, words);
    CHECK(result.status == 3);
    CHECK(result.output.empty());
    std::vector<std::string> json = words;
    json.push_back("--json");
    auto error = net::ParseJson(RunAt(node, json).error);
    REQUIRE(error.ok());
    CHECK((*error)["error"]["code"].string() == "unreachable");
  }
}

TEST_CASE("what the server refuses ends with 4, what it cannot do with 5") {
  struct {
    int http_status, exit_status;
  } const rows[] = {{400, 4}, {401, 4}, {404, 4}, {413, 4}, {500, 5}, {507, 5}};
  for (const auto& [http_status, exit_status] : rows) {
    CannedServer server([status = http_status](const CannedRequest&) {
      return Answer(status, R"({"code":"some_code","detail":"the reason\u001b"})");
    });
    const ToolResult result = RunAt(server.address(), {"count"});
    INFO(http_status);
    CHECK(result.status == exit_status);
    CHECK(result.error.starts_with("trifecta: " + server.address() +
                                   (exit_status == 4 ? " refused it" : " could not do it") +
                                   ": the reason\\x1b\n"));
    auto json = net::ParseJson(RunAt(server.address(), {"count", "--json"}).error);
    REQUIRE(json.ok());
    CHECK((*json)["error"]["code"].string() == "some_code");
    CHECK((*json)["error"]["http_status"].number() == static_cast<uint64_t>(http_status));
  }
}

TEST_CASE("nobody is told to try again later where data is damaged") {
  const auto error_for = [](const char* problem) {
    CannedServer server([=](const CannedRequest&) { return Answer(503, problem); });
    return RunAt(server.address(), {"count", "--timeout", "100ms"}).error;
  };
  CHECK(error_for(R"({"code":"damaged","detail":"page 7 of x.tab"})")
            .ends_with(" could not do it: page 7 of x.tab\n"));
  CHECK(error_for(R"({"code":"unavailable","detail":"x.tab: page 7 is damaged","retryable":false})")
            .ends_with(" could not do it: x.tab: page 7 is damaged\n"));
  CHECK(error_for(R"({"code":"unavailable","detail":"busy","retryable":true})")
            .find("Try again later") != std::string::npos);
}

TEST_CASE("-v tells where settings came from and what is tried") {
  CannedServer server([](const CannedRequest&) { return Answer(200, R"({"count":1})"); });
  const ToolResult result = RunAt(server.address(), {"count", "-v"});
  CHECK(result.error == "trifecta: nodes = " + server.address() + " (option --node)\n" +
                            "trifecta: trying " + server.address() + "\n");
}

TEST_CASE("-v tells of each node that fails which it is and why") {
  CannedServer server([](const CannedRequest&) { return Answer(200, R"({"count":1})"); });
  const std::string down = "127.0.0.1:" + std::to_string(test::ClosedPort());
  const ToolResult result = RunAt(down + "," + server.address(), {"count", "-v"});
  CHECK(result.status == 0);
  CHECK(result.error.ends_with("trifecta: trying " + down + "\n" +  //
                               "trifecta: no success at " + down + ": connection refused\n" +
                               "trifecta: trying " + server.address() + "\n"));
}

TEST_CASE("the token and the consistency go with the request") {
  CannedServer server([](const CannedRequest&) { return Answer(200, R"({"count":1})"); });
  CHECK(RunAt(server.address(), {"count", "--consistency", "one"}).status == 0);
  CHECK(server.requests()[0].target == "/api/v1/count?q=&consistency=one");
}

}  // namespace
}  // namespace trifecta::cmd
