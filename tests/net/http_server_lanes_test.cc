// Clients and lanes that are idle, slow or full, beside others that must not notice.
#include <atomic>
#include <string>
#include <vector>

#include "net/limits.h"
#include "tests/net/http_server_fixture.h"

namespace trifecta::net {
namespace {

using test::RawAnswer;
using test::RawClient;

TEST_CASE("idle and half-sent requests hold nobody up") {
  RunningServer server;
  std::vector<RawClient> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(server.Connect());
    idle.push_back(server.Connect());
    idle.back().Send("POST /words HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
  }
  CHECK(server.Connect().Get("/search?q=a").body == "a");
  idle[1].Send(" sent");
  CHECK(idle[1].Read().body == "half sent");
}

TEST_CASE("connections wait in the backlog until the server serves") {
  Gate gate;
  HttpServerOptions options = QuietOptions();
  options.health = {1, 200};
  auto server = HttpServer::Listen(options, CommonRoutes(&gate));
  REQUIRE(server.ok());
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) {  // the library's own backlog is 5
    clients.emplace_back((*server)->port());
    clients.back().Send("GET /live HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  (*server)->Serve();
  for (RawClient& client : clients) REQUIRE(client.Read().status == 200);
}

TEST_CASE("a second server on the port is refused") {
  RunningServer server;
  HttpServerOptions options = QuietOptions();
  options.port = server->port();
  const Status status = HttpServer::Listen(options, {}).status();
  CHECK(status.code() == StatusCode::kAlreadyInUse);
  CHECK(status.message().find(std::to_string(options.port)) != std::string::npos);
}

TEST_CASE("routes and addresses that make no sense are refused") {
  HttpServerOptions options = QuietOptions();
  options.host = "no.such.host.invalid";
  CHECK(HttpServer::Listen(options, {}).status().code() == StatusCode::kInvalidArgument);
  options.host = "192.0.2.1";  // set aside for documentation: nobody has it
  CHECK(HttpServer::Listen(options, {}).status().code() == StatusCode::kInvalidArgument);
  CHECK(HttpServer::Listen(QuietOptions(), {Route{.pattern = "x"}}).status().code() ==
        StatusCode::kInvalidArgument);
}

TEST_CASE("a full lane refuses at once and delays no other") {
  HttpServerOptions options = QuietOptions();
  options.client = {2, 0};
  RunningServer server(options);
  std::vector<RawClient> waiting;
  for (int i = 0; i < 2; ++i) {
    waiting.push_back(server.Connect());
    waiting.back().Send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(server.gate.Arrived(i + 1));
  }
  RawClient client = server.Connect();
  const RawAnswer refused = client.Get("/search?q=a");
  CHECK(ProblemOf(refused) == "503 unavailable");
  CHECK(refused.headers.at("retry-after") == "1");
  CHECK(client.Get("/live").status == 200);
  server.gate.Open();
  for (RawClient& other : waiting) CHECK(other.Read().body == "waited");
  CHECK(client.Get("/search?q=a").body == "a");
}

TEST_CASE("what peers need to agree goes on while their other requests are stuck") {
  Gate stuck;
  const auto wait = [&](const Request&, Response& response) {
    stuck.Pass();
    response.body = "late";
  };
  RunningServer server(QuietOptions(), {NewRoute("POST", "/stuck", Lane::kPeer, wait),
                                        NewRoute("POST", "/agree", Lane::kProtocol, Echo)});
  RawClient first = server.Connect();
  first.Send("POST /stuck HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  CHECK(stuck.Arrived(1));
  CHECK(server.Connect().Ask("POST", "/agree", "Content-Length: 1\r\n", "x").body == "x");
  stuck.Open();
  CHECK(first.Read().body == "late");
}

TEST_CASE("a request that waited beyond its deadline is refused, not run") {
  HttpServerOptions options = QuietOptions();
  options.request_deadline = std::chrono::milliseconds(0);
  RunningServer server(options);
  CHECK(ProblemOf(server.Connect().Get("/search?q=a")) == "503 unavailable");
}

TEST_CASE("stalled uploads take upload slots and nothing else") {
  Gate begun;
  begun.Open();  // counts only
  std::vector<Route> routes;
  routes.push_back(NewRoute(
      "POST", "/stall", Lane::kStream,
      [&](const Request& request, Response& response) {
        begun.Pass();
        Echo(request, response);
      },
      true));
  RunningServer server(QuietOptions(), std::move(routes));
  std::vector<RawClient> stalled;
  for (int i = 0; i < 2; ++i) {
    stalled.push_back(server.Connect());
    stalled.back().Send("POST /stall HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" +
                        std::string(2 * kBufferedBodyBytes, 'x'));
    REQUIRE(begun.Arrived(i + 1));
  }
  RawClient upload = server.Connect();
  CHECK(ProblemOf(upload.Ask("POST", "/bulk", "Content-Length: 2\r\n", "ok")) == "503 unavailable");
  RawClient client = server.Connect();
  CHECK(client.Get("/search?q=a").body == "a");
  CHECK(client.Get("/live").status == 200);
}

TEST_CASE("an upload below the least rate is 408") {
  HttpServerOptions options = QuietOptions();
  options.rate_window = std::chrono::milliseconds(10);
  options.least_rate = size_t{1} << 40;
  RunningServer server(options);
  RawClient client = server.Connect();
  // The handler answers what the body's end was: a timeout.
  const RawAnswer answer = client.Ask("POST", "/bulk", "Content-Length: 10000000\r\n",
                                      std::string(2 * kBufferedBodyBytes, 'x'));
  CHECK(ProblemOf(answer) == "504 timeout");
  client.EndOutput();
  CHECK(client.Ended());
}

TEST_CASE("an upload that breaks off is told to its handler") {
  std::atomic<int> code{0};
  Gate gate;
  std::vector<Route> routes;
  routes.push_back(NewRoute(
      "POST", "/break", Lane::kStream,
      [&](const Request& request, Response&) {
        code = static_cast<int>(ReadAll(request.body).status().code());
        gate.Open();
        gate.Pass();
      },
      true));
  RunningServer server(QuietOptions(), std::move(routes));
  {
    RawClient client = server.Connect();
    client.Send("POST /break HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" +
                std::string(2 * kBufferedBodyBytes, 'x'));
  }
  REQUIRE(gate.Arrived(1));
  CHECK(code == static_cast<int>(StatusCode::kCancelled));
}

TEST_CASE("an idle connection makes room when there are too many") {
  HttpServerOptions options = QuietOptions();
  options.connections_max = 4;
  RunningServer server(options);
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(server.Connect());
    REQUIRE(clients.back().Get("/live").status == 200);
  }
  CHECK(server.Connect().Get("/live").status == 200);
  int answered = 0;
  for (RawClient& client : clients) answered += client.Get("/live").status == 200;
  CHECK(answered < 4);
}

}  // namespace
}  // namespace trifecta::net
