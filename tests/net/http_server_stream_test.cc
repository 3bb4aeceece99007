// Streamed answers: whole or visibly cut.
#include <atomic>
#include <stdexcept>
#include <string>

#include "tests/net/http_server_fixture.h"

namespace trifecta::net {
namespace {

using test::RawAnswer;
using test::RawClient;

std::vector<Route> Streaming(std::function<bool(BodyWriter&)> stream) {
  std::vector<Route> routes;
  routes.push_back(NewRoute("GET", "/export", Lane::kStream,
                            [stream = std::move(stream)](const Request&, Response& response) {
                              response.content_type = "text/plain; charset=utf-8";
                              response.stream = stream;
                            }));
  return routes;
}

bool WriteLines(BodyWriter& writer, int count) {
  for (int i = 0; i < count; ++i) {
    if (!writer.Write(std::to_string(i) + "\n")) return false;
  }
  return true;
}

std::string Lines(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += std::to_string(i) + "\n";
  return lines;
}

TEST_CASE("a streamed answer arrives whole, of any length") {
  const int count = GENERATE(0, 1, 500'000);
  RunningServer server(
      QuietOptions(), Streaming([count](BodyWriter& writer) { return WriteLines(writer, count); }));
  RawClient client = server.Connect();
  const RawAnswer answer = client.Get("/export");
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("transfer-encoding") == "chunked");
  CHECK_FALSE(answer.headers.contains("content-encoding"));
  CHECK(answer.whole);
  CHECK(answer.body == Lines(count));
  CHECK(client.Get("/live").status == 200);
  CHECK(client.Ask("HEAD", "/export").status == 200);
  CHECK(client.Get("/live").status == 200);
}

TEST_CASE("text is streamed as it is, whatever encodings the client accepts") {
  RunningServer server(QuietOptions(),
                       Streaming([](BodyWriter& writer) { return WriteLines(writer, 1000); }));
  RawClient client = server.Connect();
  CHECK(client.Ask("GET", "/export", "Accept-Encoding: br, gzip\r\n").body == Lines(1000));
}

TEST_CASE("HTTP/1.0 gets a streamed answer up to the connection's end") {
  RunningServer server(QuietOptions(),
                       Streaming([](BodyWriter& writer) { return WriteLines(writer, 100'000); }));
  RawClient client = server.Connect();
  client.Send("GET /export HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const RawAnswer answer = client.Read();
  CHECK_FALSE(answer.headers.contains("transfer-encoding"));
  CHECK(answer.headers.at("connection") == "close");
  CHECK(answer.body == Lines(100'000));
  CHECK(answer.whole);
}

TEST_CASE("what a stream gave before it failed arrives, however little it is") {
  RunningServer server(QuietOptions(), Streaming([](BodyWriter& writer) {
                         WriteLines(writer, 3);
                         return false;
                       }));
  RawClient client = server.Connect();
  const RawAnswer answer = client.Get("/export");
  CHECK(answer.status == 200);
  CHECK(answer.body == Lines(3));
  CHECK_FALSE(answer.whole);
  CHECK(client.Ended());
}

TEST_CASE("a stream that fails or throws ends without its closing chunk") {
  const bool throws = GENERATE(false, true);
  RunningServer server(QuietOptions(), Streaming([throws](BodyWriter& writer) {
                         WriteLines(writer, 50'000);
                         if (throws) throw std::runtime_error("lost");
                         return false;
                       }));
  RawClient client = server.Connect();
  const RawAnswer answer = client.Get("/export");
  CHECK(answer.status == 200);
  CHECK_FALSE(answer.whole);
  CHECK(client.Ended());

  RawClient old = server.Connect();
  old.Send("GET /export HTTP/1.0\r\n\r\n");
  CHECK_FALSE(old.Read().whole);
  CHECK(server.Connect().Get("/live").status == 200);
}

TEST_CASE("a reader that is too slow is cut, and its slot is free again") {
  HttpServerOptions options = QuietOptions();
  options.stream = {1, 0};
  options.rate_window = std::chrono::milliseconds(10);
  options.least_rate = size_t{1} << 40;
  std::atomic<int> cut{0};
  Gate gate;
  RunningServer server(options, Streaming([&](BodyWriter& writer) {
                         while (writer.Write("a word\n")) {
                         }
                         ++cut;
                         gate.Open();
                         gate.Pass();
                         return false;
                       }));
  RawClient client(server->port(), 4096);
  client.Send("GET /export HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(gate.Arrived(1));
  CHECK(cut == 1);
}

TEST_CASE("a reader that goes away ends the stream") {
  Gate gate;
  RunningServer server(QuietOptions(), Streaming([&](BodyWriter& writer) {
                         while (writer.Write("a word\n")) {
                         }
                         gate.Open();
                         gate.Pass();
                         return false;
                       }));
  {
    RawClient client = server.Connect();
    client.Send("GET /export HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  CHECK(gate.Arrived(1));
}

TEST_CASE("stalled exports take export slots and nothing else, uploads included") {
  Gate begun;
  begun.Open();  // counts only
  RunningServer server(QuietOptions(), Streaming([&](BodyWriter& writer) {
                         begun.Pass();
                         while (writer.Write("a word\n")) {
                         }
                         return false;
                       }));
  std::vector<RawClient> stalled;
  for (int i = 0; i < 2; ++i) {
    stalled.emplace_back(server->port(), 4096);
    stalled.back().Send("GET /export HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(begun.Arrived(i + 1));
  }
  RawClient client = server.Connect();
  CHECK(ProblemOf(client.Get("/export")) == "503 unavailable");
  CHECK(client.Ask("POST", "/bulk", "Content-Length: 2\r\n", "ok").body == "ok");
  CHECK(client.Get("/search?q=a").body == "a");
}

}  // namespace
}  // namespace trifecta::net
