// Requests that are answered: one by one, kept alive, pipelined, with every kind of body.
#include "net/http_server.h"

#include <atomic>
#include <string>

#include "net/limits.h"
#include "tests/net/http_server_fixture.h"

namespace trifecta::net {
namespace {

using test::RawAnswer;
using test::RawClient;

TEST_CASE("a request gets its answer") {
  RunningServer server;
  RawClient client = server.Connect();
  const RawAnswer answer = client.Get("/search?q=tria");
  CHECK(answer.status == 200);
  CHECK(answer.body == "tria");
  CHECK(answer.headers.at("content-type") == "application/json; charset=utf-8");
  CHECK(answer.headers.at("content-length") == "4");
  CHECK(answer.headers.contains("date"));
  CHECK_FALSE(answer.headers.contains("connection"));
}

TEST_CASE("a connection is good for any number of requests") {
  RunningServer server;
  RawClient client = server.Connect();
  for (int i = 0; i < 500; ++i) {
    const std::string q = std::to_string(i);
    REQUIRE(client.Get("/search?q=" + q).body == q);
  }
}

TEST_CASE("a query's value keeps its equals signs and question marks") {
  RunningServer server;
  RawClient client = server.Connect();
  CHECK(client.Get("/search?q=a=b").body == "a=b");
  CHECK(client.Get("/search?q=what?").body == "what?");
  CHECK(client.Get("/search?q=a+b%2B").body == "a b+");
  CHECK(client.Get("/search?q=").body == "");
  CHECK(client.Get("/search").body == "none");
  CHECK(client.Get("/words/a%2Fb+c").body == "a/b+c");
}

TEST_CASE("a handler sees the request as it was sent") {
  std::vector<Route> routes;
  routes.push_back(NewRoute("DELETE", "/see/*", Lane::kPeer, [](const Request& r, Response& out) {
    out.body = r.method + " " + r.path + " " + std::string(r.Header("x-test")) + " " +
               (r.remote.starts_with("127.0.0.1:") ? "local" : r.remote) +
               (r.deadline > std::chrono::steady_clock::now() ? "" : " late");
  }));
  RunningServer server(QuietOptions(), std::move(routes));
  RawClient client = server.Connect();
  const std::string headers = "X-TEST: 100%41\r\nREMOTE_ADDR: 1.2.3.4\r\n";
  CHECK(client.Ask("DELETE", "/see/a%62?x=1", headers).body == "DELETE /see/a%62 100%41 local");
}

TEST_CASE("HEAD is GET without the body") {
  RunningServer server;
  RawClient client = server.Connect();
  const RawAnswer answer = client.Ask("HEAD", "/search?q=tria");
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("content-length") == "4");
  CHECK_FALSE(answer.headers.contains("accept-ranges"));
  CHECK(client.Ask("HEAD", "/nowhere").status == 404);
  CHECK(client.Get("/search?q=next").body == "next");
}

TEST_CASE("pipelined requests are answered in order") {
  RunningServer server;
  RawClient client = server.Connect();
  std::string requests = "\r\n";
  for (int i = 0; i < 100; ++i) {
    requests += "POST /words HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n" +
                std::to_string(100 + i) + "\r\n";
    requests += "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  REQUIRE(client.Send(requests));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(client.Read().body == std::to_string(100 + i));
    REQUIRE(client.Read().status == 404);
  }
}

TEST_CASE("a request may come byte by byte") {
  RunningServer server;
  RawClient client = server.Connect();
  for (const char c : std::string("\r\nPOST /words HTTP/1.1\r\nHost: a\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")) {
    REQUIRE(client.Send({&c, 1}));
  }
  CHECK(client.Read().body == "abc");
  CHECK(client.Get("/search?q=next").body == "next");
}

TEST_CASE("a client that ends its output after a request gets the answer") {
  RunningServer server;
  RawClient client = server.Connect();
  client.Send("GET /search?q=a HTTP/1.1\r\nHost: a\r\n\r\nGET /live HTTP/1.1\r\nHost: a\r\n\r\n");
  client.EndOutput();
  CHECK(client.Read().body == "a");
  CHECK(client.Read().body == "\"OK\"");
  CHECK(client.Ended());
}

TEST_CASE("the connection is closed when the client asks, and in HTTP/1.0") {
  RunningServer server;
  RawClient client = server.Connect();
  CHECK(client.Ask("GET", "/live", "Connection: close\r\n").headers.at("connection") == "close");
  CHECK(client.Ended());

  RawClient old = server.Connect();
  old.Send("GET /live HTTP/1.0\r\n\r\n");
  CHECK(old.Read().body == "\"OK\"");
  CHECK(old.Ended());

  RawClient kept = server.Connect();
  kept.Send("GET /live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(kept.Read().headers.at("connection") == "keep-alive");
  CHECK(kept.Get("/live").status == 200);
}

TEST_CASE("a body of any type arrives whole, up to the limit of ordinary routes") {
  RunningServer server;
  RawClient client = server.Connect();
  const std::string body(kBufferedBodyBytes, 'x');
  const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n";
  for (const std::string& type : {std::string(), form, std::string("Content-Encoding: gzip\r\n")}) {
    const std::string length = type + "Content-Length: " + std::to_string(body.size()) + "\r\n";
    CHECK(client.Ask("POST", "/words", length, body).body == body);
  }
}

TEST_CASE("a chunked body is put together") {
  RunningServer server;
  RawClient client = server.Connect();
  const std::string chunks = "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nT: x\r\n\r\n";
  CHECK(client.Ask("POST", "/words", "Transfer-Encoding: chunked\r\n", chunks).body ==
        "hello world");
  CHECK(client.Get("/live").status == 200);
}

TEST_CASE("PUT and DELETE may come without a body, POST says that it has none") {
  RunningServer server;
  RawClient client = server.Connect();
  CHECK(client.Ask("PUT", "/words/a").status == 200);
  CHECK(client.Ask("DELETE", "/words").status == 200);
  CHECK(client.Ask("POST", "/words", "Content-Length: 0\r\n").status == 200);
}

TEST_CASE("a streamed body of any length arrives whole") {
  RunningServer server;
  std::string body;
  for (int i = 0; i < 100'000; ++i) body += std::to_string(i) + "\n";
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  RawClient client = server.Connect();
  CHECK(client.Ask("POST", "/bulk", length, body).body == body);
  CHECK(client.Ask("POST", "/bulk", "Content-Length: 3\r\n", "abc").body == "abc");

  std::string chunks;
  for (size_t at = 0, size = 1; at < body.size(); at += size, size = size * 7 % 40'009) {
    const std::string piece = body.substr(at, size);
    char line[24];
    std::snprintf(line, sizeof line, "%zx\r\n", piece.size());
    chunks += line + piece + "\r\n";
  }
  chunks += "0\r\n\r\nGET /live HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(client.Ask("POST", "/bulk", "Transfer-Encoding: chunked\r\n", chunks).body == body);
  CHECK(client.Read().body == "\"OK\"");
}

TEST_CASE("a client that waits for 100 Continue is told to go on") {
  RunningServer server;
  RawClient client = server.Connect();
  const char* route = GENERATE("/words", "/bulk");
  const RawAnswer interim =
      client.Ask("POST", route, "Content-Length: 3\r\nExpect: 100-continue\r\n");
  CHECK(interim.status == 100);
  client.Send("abc");
  CHECK(client.Read().body == "abc");
}

TEST_CASE("a client that waits for 100 Continue is told when its body is not wanted") {
  RunningServer server;
  RawClient client = server.Connect();
  const RawAnswer answer =
      client.Ask("POST", "/words", "Content-Length: 70000\r\nExpect: 100-continue\r\n");
  CHECK(ProblemOf(answer) == "413 too_large");
}

TEST_CASE("who is not let in is told so before the body has come") {
  std::vector<Route> routes;
  routes.push_back(NewRoute("POST", "/deep", Lane::kPeer, Echo));
  routes.back().admit = [](std::string_view authorization, Response& refusal) {
    if (authorization == "Bearer right") return true;
    refusal = Problem(401, "unauthorized", "no");
    return false;
  };
  RunningServer server(QuietOptions(), std::move(routes));
  RawClient client = server.Connect();
  const std::string length = "Content-Length: 3\r\n";
  const RawAnswer good =
      client.Ask("POST", "/deep", length + "Authorization: Bearer right\r\n", "abc");
  CHECK(good.body == "abc");
  const RawAnswer refused = client.Ask("POST", "/deep", length);
  CHECK(ProblemOf(refused) == "401 unauthorized");
  CHECK(refused.headers.at("connection") == "close");
}

TEST_CASE("answers are neither compressed nor cut into ranges") {
  RunningServer server;
  RawClient client = server.Connect();
  const RawAnswer answer =
      client.Ask("POST", "/words",
                 "Accept-Encoding: br, gzip\r\nRange: bytes=0-1\r\nContent-Length: 5\r\n", "hello");
  CHECK(answer.status == 200);
  CHECK(answer.body == "hello");
  CHECK_FALSE(answer.headers.contains("content-encoding"));
  CHECK(client.Ask("GET", "/live", "Range: nonsense\r\n").status == 200);
}

TEST_CASE("a large answer reaches a slow reader without holding a worker") {
  const std::string large(8 * 1024 * 1024, 'x');
  std::vector<Route> routes;
  routes.push_back(NewRoute("GET", "/large", Lane::kClient,
                            [&](const Request&, Response& response) { response.body = large; }));
  HttpServerOptions options = QuietOptions();
  options.client = {1, 16};
  RunningServer server(options, std::move(routes));
  RawClient slow(server->port(), 4096);
  slow.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /search?q=next HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(server.Connect().Get("/search?q=a").body == "a");
  CHECK(slow.Read().body == large);
  CHECK(slow.Read().body == "next");
}

TEST_CASE("each answer is recorded before it is sent") {
  struct Seen {
    std::string method, pattern;
    int status;
    Lane lane;
  };
  std::mutex mutex;
  std::vector<Seen> seen;
  HttpServerOptions options = QuietOptions();
  options.on_request = [&](const AccessRecord& record) {
    std::lock_guard lock(mutex);
    seen.push_back(
        {std::string(record.method), std::string(record.pattern), record.status, record.lane});
  };
  RunningServer server(options);
  RawClient client = server.Connect();
  client.Get("/words/trial");
  client.Get("/nowhere");
  client.Get("/live");
  std::lock_guard lock(mutex);
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].pattern == "/words/*");
  CHECK(seen[0].method == "GET");
  CHECK(seen[1].pattern.empty());
  CHECK(seen[1].status == 404);
  CHECK(seen[2].lane == Lane::kHealth);
}

}  // namespace
}  // namespace trifecta::net
