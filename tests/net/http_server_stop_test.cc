// The end of a server: graceful while it may, certain in any case.
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "net/limits.h"
#include "tests/net/http_server_fixture.h"

namespace trifecta::net {
namespace {

using std::chrono::milliseconds;
using test::RawAnswer;
using test::RawClient;

TEST_CASE("stopping closes idle connections at once") {
  RunningServer server;
  std::vector<RawClient> idle;
  for (int i = 0; i < 20; ++i) {
    idle.push_back(server.Connect());
    REQUIRE(idle.back().Get("/live").status == 200);
  }
  server->Stop(kPatience * 10);  // returns long before that, or the test's runner gives up
  for (RawClient& client : idle) CHECK(client.Ended());
}

TEST_CASE("stopping lets requests under way finish, queued ones included") {
  HttpServerOptions options = QuietOptions();
  options.client = {1, 4};
  RunningServer server(options);
  RawClient running = server.Connect();
  running.Send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(server.gate.Arrived(1));
  RawClient queued = server.Connect();
  queued.Send("GET /search?q=queued HTTP/1.1\r\nHost: a\r\n\r\n");
  RawClient idle = server.Connect();
  REQUIRE(idle.Get("/live").status == 200);  // the loop has seen the queued one, too
  auto stopped = std::async(std::launch::async, [&] { server->Stop(kPatience * 10); });
  CHECK(idle.Ended());
  server.gate.Open();
  const RawAnswer answer = running.Read();
  CHECK(answer.body == "waited");
  CHECK(answer.headers.at("connection") == "close");
  CHECK(running.Ended());
  CHECK(queued.Read().body == "queued");
  stopped.get();
}

TEST_CASE("after the grace what is left is cut, streams without their closing chunk") {
  Gate begun;
  begun.Open();  // counts only
  std::vector<Route> routes;
  routes.push_back(
      NewRoute("GET", "/export", Lane::kStream, [&](const Request&, Response& response) {
        response.stream = [&](BodyWriter& writer) {
          begun.Pass();
          while (writer.Write("a word\n")) {
          }
          return false;
        };
      }));
  RunningServer server(QuietOptions(), std::move(routes));
  RawClient reader(server->port(), 4096);
  reader.Send("GET /export HTTP/1.1\r\nHost: a\r\n\r\n");
  RawClient writer = server.Connect();
  writer.Send("POST /bulk HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" +
              std::string(2 * kBufferedBodyBytes, 'x'));
  RawClient half = server.Connect();
  half.Send("POST /words HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
  REQUIRE(server.Connect().Get("/live").status == 200);
  REQUIRE(begun.Arrived(1));
  server->Stop(milliseconds(50));
  CHECK_FALSE(reader.Read().whole);
  CHECK(writer.Read().status != 200);
  CHECK(half.Read().status == 0);
}

TEST_CASE("a server may be stopped twice, unserved, or not at all") {
  RunningServer twice;
  twice->Stop(milliseconds(0));
  twice->Stop(milliseconds(0));

  Gate gate;
  auto unserved = HttpServer::Listen(QuietOptions(), CommonRoutes(&gate));
  REQUIRE(unserved.ok());
  (*unserved)->Stop(milliseconds(0));

  RunningServer running;
  RawClient client = running.Connect();
  CHECK(client.Get("/live").status == 200);
}

TEST_CASE("the port is free again after a stop") {
  HttpServerOptions options = QuietOptions();
  {
    RunningServer server;
    options.port = server->port();
    RawClient client = server.Connect();
    CHECK(client.Get("/live").status == 200);
    server->Stop(milliseconds(0));
  }
  CHECK(HttpServer::Listen(options, {}).ok());
}

TEST_CASE("clients that come and go while the server stops do no harm") {
  for (int round = 0; round < 20; ++round) {
    RunningServer server;
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([port = server->port()] {
        try {
          RawClient client(port);
          while (client.Get("/search?q=a").status == 200) {
          }
        } catch (const std::exception&) {
          // refused: it has stopped
        }
      });
    }
    REQUIRE(server.Connect().Get("/live").status == 200);
    server->Stop(kPatience);
    for (std::thread& client : clients) client.join();
  }
}

}  // namespace
}  // namespace trifecta::net
