#include "net/client.h"

#include <atomic>

#include "tests/support/canned_server.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using std::chrono::milliseconds;
using test::Answer;
using test::CannedAnswer;
using test::CannedRequest;
using test::CannedServer;

constexpr std::string_view kProblem = "Content-Type: application/problem+json\r\n";

ClientOptions Options(std::vector<uint16_t> ports) {
  ClientOptions options;
  for (uint16_t port : ports) options.nodes.push_back({"127.0.0.1", port});
  options.timeout = std::chrono::seconds(30);
  options.connect_timeout = std::chrono::seconds(30);
  return options;
}

// A node with one answer to everything, and a client of it.
struct Pair {
  explicit Pair(CannedAnswer answer, ClientOptions options = {})
      : server([answer](const CannedRequest&) { return answer; }), client(With(options)) {}

  ClientOptions With(ClientOptions options) {
    options.nodes = {{"127.0.0.1", server.port()}};
    return options;
  }
  CannedRequest request() { return server.requests().at(0); }

  CannedServer server;
  Client client;
};

TEST_CASE("adding and deleting a word tell whether anything changed") {
  Pair added(Answer(200, R"({"message":"..","word":"a\"b","created":true})"));
  auto created = added.client.Add("a\"b");
  REQUIRE(created.ok());
  CHECK(*created);
  CHECK(added.request().method == "POST");
  CHECK(added.request().target == "/api/v1/words");
  CHECK(added.request().body == R"({"word":"a\"b"})");

  Pair missing(Answer(404, R"({"code":"word_not_found","detail":"..","status":404})", kProblem));
  auto deleted = missing.client.Delete("x");
  REQUIRE(deleted.ok());
  CHECK_FALSE(*deleted);
  CHECK(missing.request().method == "DELETE");
}

TEST_CASE("a delete that finds the word gone after a lost answer counts as done") {
  std::atomic<int> calls = 0;
  const auto handler = [&](const CannedRequest&) {
    if (calls++ == 0) return Answer(503, R"({"code":"unavailable","outcome":"unknown"})", kProblem);
    return Answer(404, R"({"code":"word_not_found"})", kProblem);
  };
  CannedServer server(handler);
  Client client(Options({server.port()}));
  auto deleted = client.Delete("x");
  REQUIRE(deleted.ok());
  CHECK(*deleted);
}

TEST_CASE("a word in a path is percent-encoded") {
  Pair pair(Answer(200, R"({"word":"a/b c"})"));
  CHECK(*pair.client.Contains("a/b c"));
  CHECK(pair.request().target == "/api/v1/words/a%2Fb%20c");
}

TEST_CASE("a search gives its words, whether more follow, and whether it is complete") {
  Pair pair(Answer(200, R"({"results":["trial","triathlon"],"next":"triathlon"})"));
  SearchRequest request{"tri", "tria", 2, true};
  auto page = pair.client.Search(request);
  REQUIRE(page.ok());
  CHECK(page->words == std::vector<std::string>{"trial", "triathlon"});
  CHECK(page->more);
  CHECK(page->complete);
  CHECK(pair.request().target == "/api/v1/search?q=tri&limit=2&after=tria&order=desc");

  Pair partial(Answer(200, R"({"results":[],"next":null,"complete":false,"missing":["tr"]})"));
  page = partial.client.Search({});
  REQUIRE(page.ok());
  CHECK_FALSE(page->more);
  CHECK_FALSE(page->complete);
}

TEST_CASE("consistency and token go with each request") {
  ClientOptions options;
  options.consistency = "all";
  options.token = "secret";
  Pair pair(Answer(200, R"({"prefix":"","count":7})"), options);
  CHECK(*pair.client.Count("") == 7);
  CHECK(pair.request().target == "/api/v1/count?q=&consistency=all");
  CHECK(pair.request().head.find("Authorization: Bearer secret\r\n") != std::string::npos);
}

TEST_CASE("a bulk request gives the counters and the rejected lines") {
  Pair pair(Answer(200, R"({"lines":5,"deleted":3,"missing":1,"rejected":1,)"
                        R"("errors":[{"line":4,"code":"invalid_word","detail":"why"}]})"));
  auto summary = pair.client.Bulk(BulkOp::kDelete, "a\nb\n", false, true, milliseconds(0));
  REQUIRE(summary.ok());
  CHECK(summary->lines == 5);
  CHECK(summary->changed == 3);
  CHECK(summary->unchanged == 1);
  CHECK(summary->rejected == 1);
  REQUIRE(summary->errors.size() == 1);
  CHECK(summary->errors[0].line == 4);
  CHECK(summary->errors[0].detail == "why");
  CHECK(pair.request().target == "/api/v1/bulk?op=delete&on_error=stop");
  CHECK(pair.request().head.find("text/plain") != std::string::npos);
  CHECK(pair.request().body == "a\nb\n");
}

TEST_CASE("a problem document becomes a status, an HTTP status, a code and a sentence") {
  Pair pair(Answer(422, R"({"type":"urn:x","status":422,"code":"invalid_word","detail":"why"})",
                   kProblem));
  const Status status = pair.client.Add("x").status();
  CHECK(status.code() == StatusCode::kInvalidWord);
  CHECK(status.message() == "why");
  CHECK(pair.client.problem().http_status == 422);
  CHECK(pair.client.problem().code == "invalid_word");
  CHECK(pair.client.problem().node == pair.server.address());
  CHECK(pair.server.requests().size() == 1);
}

TEST_CASE("an error that is no problem document is told by its HTTP status") {
  Pair pair(Answer(404, "<html>", "Content-Type: text/html\r\n"));
  const Status status = pair.client.Count("x").status();
  CHECK(status.code() == StatusCode::kNotFound);
  CHECK(status.message() == "the node answered with HTTP status 404");
  CHECK(pair.client.problem().code == "http_404");
}

TEST_CASE("an answer that is not ours is said not to be understood") {
  Pair pair(Answer(200, "<html>"));
  CHECK(pair.client.Search({}).status().message().starts_with("the node's answer is not under"));
}

TEST_CASE("a node that cannot now is asked again, and then given up") {
  std::atomic<int> calls = 0;
  int failures = 2;
  SECTION("it comes right") {}
  SECTION("it does not") { failures = 1000; }
  CannedServer server([&](const CannedRequest&) {
    if (calls++ < failures) return Answer(503, R"({"code":"unavailable","detail":"d"})", kProblem);
    return Answer(200, R"({"count":7})");
  });
  Client client(Options({server.port()}));
  auto count = client.Count("");
  CHECK(count.ok() == (failures == 2));
  if (!count.ok()) {
    CHECK(calls == 4);
    CHECK(client.problem().http_status == 503);
    CHECK(client.problem().unreachable.empty());
  }
}

TEST_CASE("a full disk or a defect is not asked again") {
  const int status = GENERATE(500, 507);
  Pair pair(Answer(status, R"({"code":"x","detail":"d","retryable":false})", kProblem));
  CHECK_FALSE(pair.client.Add("x").ok());
  CHECK(pair.server.requests().size() == 1);
}

TEST_CASE("a node that cannot be reached is told with its reason, at once") {
  const uint16_t port = test::ClosedPort();
  Client client(Options({port}));
  const Status status = client.Count("").status();
  CHECK(status.code() == StatusCode::kUnavailable);
  CHECK(status.message() == "127.0.0.1:" + std::to_string(port) + ": connection refused");
  CHECK(client.problem().code == "unreachable");
  REQUIRE(client.problem().unreachable.size() == 1);
  CHECK(client.problem().unreachable[0].second == "connection refused");
}

TEST_CASE("the next node answers when one is down, silent or not ready") {
  CannedServer good([](const CannedRequest&) { return Answer(200, R"({"count":7})"); });
  CannedServer busy([](const CannedRequest& request) {
    if (request.target == "/live") return Answer(200, "\"OK\"");
    return Answer(503, R"({"code":"unavailable"})", kProblem);
  });
  test::SilentServer silent;
  ClientOptions options = Options({test::ClosedPort(), busy.port(), silent.port(), good.port()});
  options.connect_timeout = milliseconds(200);
  Client client(options);
  CHECK(*client.Count("") == 7);
  CHECK(client.node() == good.address());
  // It stays with the node that answered.
  const size_t before = busy.requests().size();
  CHECK(*client.Count("") == 7);
  CHECK(busy.requests().size() == before);
}

TEST_CASE("when no node answers, each is told with its reason") {
  Client client(Options({test::ClosedPort(), test::ClosedPort()}));
  CHECK(client.Count("").status().message() == "none of 2 nodes can be reached");
  CHECK(client.problem().unreachable.size() == 2);
}

TEST_CASE("a patient bulk request waits for a node that is gone for a while") {
  std::atomic<int> calls = 0;
  CannedServer server([&](const CannedRequest&) {
    CannedAnswer answer = Answer(200, R"({"lines":1,"added":1,"existing":0,"rejected":0})");
    if (calls++ < 6) answer = {"", true};
    return answer;
  });
  Client client(Options({server.port()}));
  auto summary = client.Bulk(BulkOp::kAdd, "a\n", false, false, std::chrono::seconds(30));
  REQUIRE(summary.ok());
  CHECK(summary->changed == 1);
}

TEST_CASE("an export gives every word, and one that was cut says so without half a word") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::vector<std::string> words;
  const auto keep = [&](std::string_view word) {
    words.emplace_back(word);
    return Status::Ok();
  };
  SECTION("whole") {
    Pair pair({head + "8\r\nalpha\nbe\r\n3\r\nta\n\r\n0\r\n\r\n"});
    REQUIRE(pair.client.Export("", keep).ok());
  }
  SECTION("cut") {
    Pair pair({head + "e\r\nalpha\nbeta\ngam\r\n", true});
    REQUIRE_FALSE(pair.client.Export("", keep).ok());
    CHECK(pair.client.problem().code == "cut");
    CHECK(pair.server.requests().size() == 1);
  }
  CHECK(words == std::vector<std::string>{"alpha", "beta"});
}

TEST_CASE("an export ends when its sink does") {
  Pair pair(Answer(200, "alpha\nbeta\n"));
  const Status status = pair.client.Export(
      "", [](std::string_view) { return Status(StatusCode::kIoError, "no room"); });
  CHECK(status.message() == "no room");
}

TEST_CASE("readiness is an answer, also when it is 503") {
  Pair pair(Answer(503, R"({"status":"draining","reasons":["asked to stop"]})"));
  bool ready = true;
  auto body = pair.client.Ready(&ready);
  REQUIRE(body.ok());
  CHECK_FALSE(ready);
  CHECK(body->find("asked to stop") != std::string::npos);
  CHECK(pair.server.requests().size() == 1);
}

TEST_CASE("other nodes are learnt from the cluster, loopback only from loopback") {
  Pair pair(Answer(200, R"({"nodes":[{"address":"10.1.2.3:8000"},{"address":"127.0.0.1:1"},)"
                        R"({"address":"http://db2:80/"},{"address":"a b"}]})"));
  pair.client.LearnNodes();
  std::vector<std::string> nodes;
  for (const Endpoint& node : pair.client.nodes()) nodes.push_back(node.ToString());
  CHECK(nodes ==
        std::vector<std::string>{pair.server.address(), "10.1.2.3:8000", "127.0.0.1:1", "db2:80"});
}

}  // namespace
}  // namespace trifecta::net
