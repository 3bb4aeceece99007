// Requests that are refused by the server itself, each with a problem, and never misread as others.
#include <string>
#include <utility>

#include "net/limits.h"
#include "tests/net/http_server_fixture.h"

namespace trifecta::net {
namespace {

using test::RawAnswer;
using test::RawClient;

std::string Length(size_t bytes) { return "Content-Length: " + std::to_string(bytes) + "\r\n"; }

TEST_CASE("what is not there is 404, and the connection goes on") {
  RunningServer server;
  RawClient client = server.Connect();
  CHECK(ProblemOf(client.Get("/nowhere")) == "404 not_found");
  CHECK(ProblemOf(client.Get("/words/%")) == "400 bad_request");
  CHECK(ProblemOf(client.Get("/words/%zz")) == "400 bad_request");
  CHECK(ProblemOf(client.Get("/search?q=%zz")) == "400 bad_request");
  CHECK(ProblemOf(client.Get("/search?q=a&q=b")) == "400 bad_request");
  CHECK(ProblemOf(client.Get("/\xff\"")) == "404 not_found");
  CHECK(client.Get("/live").status == 200);
}

TEST_CASE("a wrong method is 405 and names the right ones") {
  RunningServer server;
  RawClient client = server.Connect();
  const RawAnswer answer = client.Ask("DELETE", "/live");
  CHECK(ProblemOf(answer) == "405 method_not_allowed");
  CHECK(answer.headers.at("allow") == "GET, HEAD");
  CHECK(client.Ask("OPTIONS", "/words").headers.at("allow") == "POST, DELETE");
  CHECK(ProblemOf(client.Ask("OPTIONS", "*")) == "501 not_implemented");
  CHECK(ProblemOf(client.Ask("BREW", "/nowhere")) == "404 not_found");
}

TEST_CASE("an exception of a handler is 500 and its text stays inside") {
  RunningServer server;
  RawClient client = server.Connect();
  const RawAnswer answer = client.Get("/throw");
  CHECK(ProblemOf(answer) == "500 internal");
  CHECK(answer.body.find("secret") == std::string::npos);
  CHECK(answer.headers.size() == 3);  // type, length, date: no text in a header either
  CHECK(client.Get("/live").status == 200);
}

// What the server says to `bytes`; after that it must have closed, whatever else was sent.
std::string RefusalOf(RunningServer* server, const std::string& bytes) {
  RawClient client = server->Connect();
  client.Send(bytes);
  const std::string problem = ProblemOf(client.Read());
  client.Send("GET /live HTTP/1.1\r\nHost: a\r\n\r\n");
  client.EndOutput();
  CHECK(client.Ended());
  return problem;
}

TEST_CASE("a malformed head is refused, and nothing after it is believed") {
  RunningServer server;
  const std::string host = "Host: a\r\n";
  for (const auto& [head, problem] : std::vector<std::pair<std::string, std::string>>{
           {"nonsense\r\n\r\n", "400 bad_request"},
           {"\x16\x03\x01\x02", "400 bad_request"},
           {"GET / HTTP/1.1\n\n", "400 bad_request"},
           {"GET /live HTTP/1.1\r\n\r\n", "400 bad_request"},
           {"GET /live HTTP/3.0\r\n" + host + "\r\n", "505 http_version"},
           {"POST /words HTTP/1.1\r\n" + host + Length(1) + "Transfer-Encoding: chunked\r\n\r\n0",
            "400 bad_request"},
           {"POST /words HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", "400 bad_request"},
           {"POST /words HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n",
            "501 not_implemented"},
           {"POST /words HTTP/1.1\r\n" + host + "Expect: more\r\n\r\n", "417 expectation_failed"},
           {"POST /words HTTP/1.1\r\n" + host + "\r\n{}", "411 length_required"},
           {"POST /bulk HTTP/1.1\r\n" + host + "\r\nword", "411 length_required"},
           {"GET /" + std::string(kHeadBytesMax, 'a'), "414 uri_too_long"},
           {"GET /" + std::string(kTargetBytesMax, 'a') + " HTTP/1.1\r\n" + host + "\r\n",
            "414 uri_too_long"},
           {"GET / HTTP/1.1\r\n" + host + "A: " + std::string(kHeadBytesMax, 'a'),
            "431 headers_too_large"}}) {
    INFO(head.substr(0, 80));
    CHECK(RefusalOf(&server, head) == problem);
  }
}

TEST_CASE("20,000 headers are refused") {
  RunningServer server;
  RawClient client = server.Connect();
  std::string headers = "GET /live HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 20'000; ++i) headers += "A: b\r\n";
  client.Send(headers + "\r\n");
  CHECK(ProblemOf(client.Read()) == "431 headers_too_large");
}

TEST_CASE("an ordinary body above the limit is 413, whichever way it is framed") {
  RunningServer server;
  const size_t size = kBufferedBodyBytes + 1;
  const std::string body(size, 'x');
  const std::string start = "POST /words HTTP/1.1\r\nHost: a\r\n";
  CHECK(RefusalOf(&server, start + Length(size) + "\r\n" + body) == "413 too_large");
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(RefusalOf(&server, chunked + "10001\r\n" + body + "\r\n0\r\n\r\n") == "413 too_large");
  std::string small_chunks;
  for (size_t i = 0; i < size; ++i) small_chunks += "1\r\nx\r\n";
  CHECK(RefusalOf(&server, chunked + small_chunks + "0\r\n\r\n") == "413 too_large");
}

TEST_CASE("a route may have a bound of its own for its bodies") {
  Route route = NewRoute("POST", "/large", Lane::kPeer, Echo);
  route.body_bytes_max = 4 * kBufferedBodyBytes;
  RunningServer server(QuietOptions(), {route});
  const std::string body(route.body_bytes_max, 'x');
  RawClient client = server.Connect();
  CHECK(client.Ask("POST", "/large", Length(body.size()), body).body == body);
  const std::string start = "POST /large HTTP/1.1\r\nHost: a\r\n";
  CHECK(RefusalOf(&server, start + Length(body.size() + 1) + "\r\n") == "413 too_large");
  CHECK(RefusalOf(&server, start + "Transfer-Encoding: chunked\r\n\r\n40001\r\n" + body +
                               "x\r\n0\r\n\r\n") == "413 too_large");
}

TEST_CASE("a client that sends on after 413 can still read it") {
  RunningServer server;
  RawClient client = server.Connect();
  const std::string body(8 * 1024 * 1024, 'x');
  CHECK(ProblemOf(client.Ask("POST", "/words", Length(body.size()), body)) == "413 too_large");
  client.EndOutput();
  CHECK(client.Ended());
}

TEST_CASE("bad chunks are 400 on every route") {
  RunningServer server;
  for (const char* route : {"/words", "/bulk", "/unread"}) {
    INFO(route);
    const std::string head =
        "POST " + std::string(route) + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(RefusalOf(&server, head + "-2\r\nab\r\n0\r\n\r\n") == "400 bad_request");
  }
  // Beyond what the loop buffers, it is the handler that gets to know.
  std::string late =
      "POST /bulk HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n";
  late += std::string(0x20000, 'x') + "\r\nnonsense\r\n";
  CHECK(RefusalOf(&server, late) == "400 bad_request");
}

TEST_CASE("what a handler leaves of a body is never taken for the next request") {
  RunningServer server;
  const std::string smuggled = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n";
  RawClient small = server.Connect();
  CHECK(small.Ask("POST", "/unread", Length(smuggled.size()), smuggled).body == "unread");
  CHECK(small.Get("/search?q=next").body == "next");

  std::string large;
  while (large.size() < 4 * kBufferedBodyBytes) large += smuggled;
  RawClient client = server.Connect();
  const RawAnswer answer = client.Ask("POST", "/unread", Length(large.size()), large);
  CHECK(answer.body == "unread");
  CHECK(answer.headers.at("connection") == "close");
  client.EndOutput();
  CHECK(client.Ended());
}

TEST_CASE("a refused request's body is never taken for the next request") {
  RunningServer server;
  const std::string smuggled = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string rest = " HTTP/1.1\r\nHost: a\r\n" + Length(smuggled.size()) + "\r\n" + smuggled;
  CHECK(RefusalOf(&server, "POST /nowhere" + rest) == "404 not_found");
  CHECK(RefusalOf(&server, "DELETE /live" + rest) == "405 method_not_allowed");
}

TEST_CASE("a web page of another origin may read but not write") {
  RunningServer server;
  RawClient client = server.Connect();
  const std::string foreign = "Origin: http://evil.example\r\n";
  CHECK(client.Ask("GET", "/live", foreign).status == 200);
  for (const char* method : {"PUT", "DELETE"}) {
    const char* path = method == std::string("PUT") ? "/words/a" : "/words";
    CHECK(ProblemOf(client.Ask(method, path, foreign)) == "403 foreign_origin");
    CHECK(client.Ask(method, path, "Origin: http://test\r\n").status == 200);
  }
  CHECK(ProblemOf(client.Ask("POST", "/words", "Origin: null\r\n" + Length(2), "{}")) ==
        "403 foreign_origin");
}

TEST_CASE("a request that stops half way is 408 and closed, an idle connection is closed") {
  HttpServerOptions options = QuietOptions();
  options.head_timeout = options.body_timeout = std::chrono::milliseconds(1);
  RunningServer server(options);
  for (const char* start :
       {"GET /live HT", "POST /words HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
        "POST /bulk HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"}) {
    RawClient client = server.Connect();
    client.Send(start);
    CHECK(ProblemOf(client.Read()) == "408 request_timeout");
    client.EndOutput();
    CHECK(client.Ended());
  }

  options.idle_timeout = std::chrono::milliseconds(1);
  RunningServer impatient(options);
  RawClient idle = impatient.Connect();
  CHECK(idle.Ended());
}

}  // namespace
}  // namespace trifecta::net
