#include "net/http_head.h"

#include <string>

#include "net/limits.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

// The status of the refusal, 0 for a head that is fine.
int Parse(const std::string& bytes, HttpHead* head) {
  const auto refusal = ParseHead(bytes, head);
  return refusal ? refusal->status : 0;
}

int StatusOf(const std::string& bytes) {
  HttpHead head;
  return Parse(bytes, &head);
}

int StatusWith(const std::string& headers) {
  return StatusOf("POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n");
}

TEST_CASE("a head is taken apart") {
  const std::string bytes =
      "POST /api/v1/bulk?op=add&q=? HTTP/1.1\r\nHost: node:8000\r\nContent-Length: 12\r\n"
      "X-Empty:\r\nAccept: \t a, b \r\nExpect: 100-Continue\r\n\r\n";
  HttpHead head;
  REQUIRE(Parse(bytes, &head) == 0);
  CHECK(head.method == "POST");
  CHECK(head.path == "/api/v1/bulk");
  CHECK(head.query == "op=add&q=?");
  CHECK(head.host == "node:8000");
  CHECK(head.content_length == 12u);
  CHECK(head.has_body());
  CHECK(head.expect_continue);
  CHECK_FALSE(head.chunked);
  CHECK_FALSE(head.close);
  CHECK_FALSE(head.http10);
  REQUIRE(head.headers.size() == 5);
  CHECK(head.headers[2] == std::pair<std::string_view, std::string_view>("X-Empty", ""));
  CHECK(head.headers[3] == std::pair<std::string_view, std::string_view>("Accept", "a, b"));
}

TEST_CASE("a connection is kept or closed as the client says") {
  HttpHead head;
  const auto closes = [&](const std::string& text) {
    REQUIRE(Parse(text, &head) == 0);
    return head.close;
  };
  CHECK_FALSE(closes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(closes("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"));
  CHECK(closes("GET / HTTP/1.0\r\n\r\n"));
  CHECK_FALSE(closes("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST_CASE("a proxy's absolute target gives path and host") {
  HttpHead head;
  const std::string bytes = "GET http://other:1/a?b HTTP/1.1\r\nHost: test\r\n\r\n";
  REQUIRE(Parse(bytes, &head) == 0);
  CHECK(head.path == "/a");
  CHECK(head.query == "b");
  CHECK(head.host == "other:1");
  const std::string bare = "GET http://other HTTP/1.1\r\nHost: test\r\n\r\n";
  REQUIRE(Parse(bare, &head) == 0);
  CHECK(head.path == "/");
}

TEST_CASE("OPTIONS may be about the server as a whole, other methods may not") {
  HttpHead head;
  const std::string whole = "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(Parse(whole, &head) == 0);
  CHECK(head.path == "*");
  CHECK(StatusOf("GET * HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(StatusOf("OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("a malformed request line is refused") {
  const std::string rest = "\r\nHost: a\r\n\r\n";
  for (const char* line :
       {"", "GET", "GET /", "GET  / HTTP/1.1 x", "GET / /b HTTP/1.1", "G@T / HTTP/1.1",
        "GET x HTTP/1.1", "GET /a\tb HTTP/1.1", "GET /#a HTTP/1.1", "GET / HTTP/1,1",
        "GET / http/1.1", "CONNECT a:80 HTTP/1.1", " GET / HTTP/1.1", "GET /\x01 HTTP/1.1"}) {
    INFO(line);
    CHECK(StatusOf(line + rest) == 400);
  }
  CHECK(StatusOf("GET / HTTP/2.0" + rest) == 505);
  CHECK(StatusOf("GET / HTTP/1.2" + rest) == 505);
  CHECK(StatusOf("GET /" + std::string(kTargetBytesMax, 'a') + " HTTP/1.1" + rest) == 414);
  CHECK(StatusOf("GET /?q=\xC3\xA4 HTTP/1.1" + rest) == 0);
}

TEST_CASE("a malformed header is refused") {
  for (const char* header :
       {"no colon\r\n", "Name : x\r\n", ": x\r\n", "A: b\r\n folded\r\n", "A: \x01\r\n",
        "A: b\rc\r\n", "Na(me: x\r\n", "A: b\n", "A: \x7f\r\n"}) {
    INFO(header);
    CHECK(StatusWith(header) == 400);
  }
  CHECK(StatusWith("A: \xC3\xA4\r\n") == 0);
  CHECK(StatusWith(std::string("A: ") + '\0' + "\r\n") == 400);
}

TEST_CASE("too many headers are refused") {
  std::string headers;
  for (size_t i = 1; i < kHeadersMax; ++i) headers += "A: b\r\n";
  CHECK(StatusWith(headers) == 0);
  CHECK(StatusWith(headers + "A: b\r\n") == 431);
}

TEST_CASE("framing that two servers might read differently is refused") {
  CHECK(StatusWith("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") == 400);
  CHECK(StatusWith("Content-Length: 1\r\nContent-Length: 1\r\n") == 400);
  for (const char* length : {"", "-1", "+1", "1 1", "1,1", "0x1", "18446744073709551616"}) {
    INFO(length);
    CHECK(StatusWith("Content-Length: " + std::string(length) + "\r\n") == 400);
  }
  for (const char* coding : {"gzip", "gzip, chunked", "chunked, chunked", "xchunked", "identity"}) {
    INFO(coding);
    CHECK(StatusWith("Transfer-Encoding: " + std::string(coding) + "\r\n") == 501);
  }
  CHECK(StatusWith("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") == 501);
  CHECK(StatusWith("Transfer-Encoding: Chunked\r\n") == 0);
  CHECK(StatusOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("HTTP/1.1 needs one valid Host") {
  CHECK(StatusOf("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(StatusOf("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
  CHECK(StatusOf("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == 400);
  CHECK(StatusOf("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") == 400);
  CHECK(StatusOf("GET / HTTP/1.1\r\nHost:\r\n\r\n") == 0);
  CHECK(StatusOf("GET / HTTP/1.0\r\n\r\n") == 0);
}

TEST_CASE("an unknown expectation is refused") {
  CHECK(StatusWith("Expect: a miracle\r\n") == 417);
}

TEST_CASE("a head's end is found, however it is cut") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  size_t scanned = 0;
  for (size_t size = 0; size < head.size(); ++size) {
    REQUIRE(FindHeadEnd(std::string_view(head).substr(0, size), &scanned) == 0);
  }
  CHECK(FindHeadEnd(head + "more", &scanned) == head.size());
}

TEST_CASE("what can never be a head ends at once, to be refused") {
  size_t scanned = 0;
  const std::string bare = "GET / HTTP/1.1\nHost: a\n\n";
  CHECK(FindHeadEnd(bare, &scanned) == bare.size());
  CHECK(StatusOf(bare) == 400);
  scanned = 0;
  const std::string handshake = "\x16\x03\x01";
  CHECK(FindHeadEnd(handshake, &scanned) == handshake.size());
  CHECK(StatusOf(handshake) == 400);
}

TEST_CASE("a head without end is refused for what is too long") {
  CHECK(HeadTooLarge("GET /aaaa").status == 414);
  CHECK(HeadTooLarge("GET / HTTP/1.1\r\nA: b").status == 431);
}

TEST_CASE("only pages of the same origin may change state") {
  struct Row {
    const char* origin;
    const char* host;
    bool same;
  };
  for (const Row& row :
       {Row{"http://localhost:8000", "localhost:8000", true},
        Row{"http://LOCALHOST:8000", "localhost:8000", true},
        Row{"https://db.example", "db.example:443", true},
        Row{"http://db.example:80", "db.example", true},
        Row{"http://evil", "localhost:8000", false},
        Row{"http://localhost:8001", "localhost:8000", false},
        Row{"http://localhost", "localhost:8000", false}, Row{"null", "localhost:8000", false},
        Row{"http://", "localhost:8000", false}}) {
    INFO(row.origin);
    CHECK(SameOrigin(row.origin, row.host) == row.same);
  }
}

}  // namespace
}  // namespace trifecta::net
