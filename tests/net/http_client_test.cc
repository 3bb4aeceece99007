#include "net/http_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>
#include <thread>

#include "tests/support/canned_server.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using test::Answer;
using test::CannedAnswer;
using test::CannedRequest;
using test::CannedServer;

Endpoint At(uint16_t port) { return {"127.0.0.1", port}; }

// A server whose every answer is `answer`, and a client of it.
struct Pair {
  explicit Pair(CannedAnswer answer)
      : server([answer](const CannedRequest&) { return answer; }),
        client(At(server.port()), {std::chrono::seconds(30)}) {}
  CannedServer server;
  HttpClient client;
};

HttpCall Get(std::string target) {
  HttpCall call;
  call.target = std::move(target);
  call.timeout = std::chrono::seconds(30);
  return call;
}

TEST_CASE("a request is sent with its body, and the answer comes with status, headers and body") {
  Pair pair(Answer(201, "{}", "X-One: 1\r\n"));
  HttpCall call = Get("/a?b=c");
  call.method = "POST";
  call.headers = {{"Content-Type", "text/plain"}};
  call.body = "word";
  auto reply = pair.client.Send(call);
  REQUIRE(reply.ok());
  CHECK(reply->status == 201);
  CHECK(reply->Header("x-one") == "1");
  CHECK(reply->Header("x-two").empty());
  CHECK(reply->body == "{}");
  const auto request = pair.server.requests().at(0);
  CHECK(request.method == "POST");
  CHECK(request.target == "/a?b=c");
  CHECK(request.body == "word");
  CHECK(request.head.find("Content-Type: text/plain\r\n") != std::string::npos);
  CHECK(request.head.find("Host: " + pair.server.address()) != std::string::npos);
}

TEST_CASE("one connection carries many requests") {
  Pair pair(Answer(200, "x"));
  for (int i = 0; i < 20; ++i) REQUIRE(pair.client.Send(Get("/")).ok());
  CHECK(pair.server.connections() == 1);
}

TEST_CASE("a connection that the node closed while idle is replaced unseen") {
  CannedAnswer answer = Answer(200, "x");
  SECTION("closed in order") { answer.close = true; }
  SECTION("reset") { answer.reset = true; }
  SECTION("announced") { answer = Answer(200, "x", "Connection: close\r\n"); }
  Pair pair(answer);
  for (int i = 0; i < 3; ++i) {
    auto reply = pair.client.Send(Get("/"));
    // A reset may overtake the answer before it.
    if (!answer.reset) REQUIRE(reply.ok());
  }
  CHECK(pair.server.connections() == 3);
}

TEST_CASE("bodies come by length, in chunks, and up to the end of the connection") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  CannedAnswer answer;
  SECTION("by length") { answer.bytes = head + "Content-Length: 11\r\n\r\nhello world"; }
  SECTION("in chunks") {
    answer.bytes = head + "Transfer-Encoding: chunked\r\n\r\n" +
                   "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: 1\r\n\r\n";
  }
  SECTION("to the end") { answer = {"HTTP/1.0 200 OK\r\n\r\nhello world", true}; }
  SECTION("after an interim answer") {
    answer.bytes = "HTTP/1.1 100 Continue\r\n\r\n" + head + "Content-Length: 11\r\n\r\nhello world";
  }
  Pair pair(answer);
  auto reply = pair.client.Send(Get("/"));
  REQUIRE(reply.ok());
  CHECK(reply->body == "hello world");
}

TEST_CASE("an upload is streamed in chunks, and a large body arrives whole") {
  Pair pair(Answer(200, ""));
  HttpCall call = Get("/");
  call.method = "POST";
  const std::string piece(100'000, 'x');
  SECTION("from a callback") {
    int left = 30;
    call.upload = [&]() -> Result<std::string_view> {
      return left-- > 0 ? std::string_view(piece) : std::string_view();
    };
    REQUIRE(pair.client.Send(call).ok());
    CHECK(pair.server.requests().at(0).body.size() == 3'000'000);
  }
  SECTION("from memory") {
    call.body = piece;
    REQUIRE(pair.client.Send(call).ok());
    CHECK(pair.server.requests().at(0).body == piece);
  }
}

TEST_CASE("an upload whose source fails ends with that failure") {
  Pair pair(Answer(200, ""));
  HttpCall call = Get("/");
  call.method = "POST";
  call.upload = []() -> Result<std::string_view> {
    return Status(StatusCode::kIoError, "disk gone");
  };
  CHECK(pair.client.Send(call).status().message() == "disk gone");
}

TEST_CASE("a download is handed over piece by piece, and its sink may end it") {
  std::string body(1'000'000, 'y');
  Pair pair(Answer(200, body));
  HttpCall call = Get("/");
  std::string got;
  SECTION("whole") {
    call.download = [&](std::string_view piece) {
      got += piece;
      return Status::Ok();
    };
    REQUIRE(pair.client.Send(call).ok());
    CHECK(got == body);
  }
  SECTION("ended") {
    call.download = [&](std::string_view) { return Status(StatusCode::kCancelled, "enough"); };
    CHECK(pair.client.Send(call).status().message() == "enough");
  }
}

TEST_CASE("an error's body is kept even when a download is asked for") {
  Pair pair(Answer(503, "busy"));
  HttpCall call = Get("/");
  call.download = [](std::string_view) { return Status(StatusCode::kInternal, "not for me"); };
  auto reply = pair.client.Send(call);
  REQUIRE(reply.ok());
  CHECK(reply->body == "busy");
}

TEST_CASE("an answer that is cut is never taken for a whole one") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  std::string bytes;
  SECTION("in its head") { bytes = "HTTP/1.1 200 OK\r\nContent-"; }
  SECTION("in a body by length") { bytes = head + "Content-Length: 10\r\n\r\nhello"; }
  SECTION("in a chunk") { bytes = head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"; }
  SECTION("before the last chunk") {
    bytes = head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
  }
  SECTION("in the last chunk") {
    bytes = head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n";
  }
  Pair pair({bytes, true});
  auto reply = pair.client.Send(Get("/"));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.status().message() == "connection closed in the middle of the answer");
}

TEST_CASE("what is no HTTP is said to be none") {
  Pair pair({"SSH-2.0-OpenSSH_9.2\r\n", true});
  const Status status = pair.client.Send(Get("/")).status();
  CHECK(status.code() == StatusCode::kInternal);
  CHECK(status.message() == "what answers there does not speak HTTP (no status line)");
}

TEST_CASE("a refused connection says so, and nothing can have arrived") {
  HttpClient client(At(test::ClosedPort()), {});
  const Status status = client.Send(Get("/")).status();
  CHECK(status.code() == StatusCode::kUnavailable);
  CHECK(status.message() == "connection refused");
  CHECK_FALSE(client.may_have_arrived());
}

TEST_CASE(
    "a request that was lost with a kept connection may have arrived, though nobody listens now") {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(bind(listener, plain, size) == 0);
  REQUIRE(listen(listener, 1) == 0);
  REQUIRE(getsockname(listener, plain, &size) == 0);
  // Answers one request, takes the next one, and is gone.
  std::thread server([listener] {
    const int peer = accept(listener, nullptr, nullptr);
    char bytes[1024];
    (void)!read(peer, bytes, sizeof bytes);
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    (void)!write(peer, kAnswer.data(), kAnswer.size());
    (void)!read(peer, bytes, sizeof bytes);
    close(listener);
    close(peer);
  });
  HttpClient client(At(ntohs(address.sin_port)), {std::chrono::seconds(30)});
  CHECK(client.Send(Get("/first")).ok());
  const Status status = client.Send(Get("/second")).status();
  server.join();
  CHECK(status.code() == StatusCode::kUnavailable);
  CHECK(client.may_have_arrived());
}

TEST_CASE("an unknown name says so") {
  HttpClient client({"no-such-host.invalid", 8000}, {std::chrono::seconds(30)});
  const Status status = client.Send(Get("/")).status();
  CHECK(status.message().starts_with("name not known"));
}

TEST_CASE("a node that accepts and never answers is left after the timeout") {
  test::SilentServer silent;
  HttpClient client(At(silent.port()), {});
  HttpCall call = Get("/");
  call.timeout = std::chrono::milliseconds(20);
  const Status status = client.Send(call).status();
  CHECK(status.code() == StatusCode::kTimeout);
  CHECK(status.message() == "connected, but no answer within 20 ms");
  CHECK(client.may_have_arrived());
}

TEST_CASE("an answer that trickles does not stretch the timeout of a whole call") {
  CannedServer server([](const CannedRequest&) {
    return CannedAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false, false, true};
  });
  HttpClient client(At(server.port()), {});
  HttpCall call = Get("/");
  call.timeout = std::chrono::milliseconds(50);
  CHECK(client.Send(call).status().code() == StatusCode::kTimeout);
}

TEST_CASE("a readable cancel descriptor interrupts a wait") {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  test::SilentServer silent;
  HttpClient client(At(silent.port()), {std::chrono::seconds(30), fds[0]});
  REQUIRE(write(fds[1], "x", 1) == 1);
  CHECK(client.Send(Get("/")).status().code() == StatusCode::kCancelled);
  close(fds[0]);
  close(fds[1]);
}

}  // namespace
}  // namespace trifecta::net
