#include "net/http_reply_parser.h"

#include <string>

#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using State = HttpReplyParser::State;

constexpr size_t kBodyMax = 100;

std::string Reply(std::string_view headers, std::string_view body) {
  return "HTTP/1.1 200 OK\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

// What comes of the bytes when they arrive in pieces of one size.
State TakeAll(HttpReplyParser* parser, std::string_view bytes, size_t piece) {
  State state = State::kMore;
  for (; !bytes.empty() && state == State::kMore;
       bytes.remove_prefix(std::min(piece, bytes.size()))) {
    state = parser->Take(bytes.substr(0, piece));
  }
  return state;
}

TEST_CASE("an answer is taken whatever pieces it comes in") {
  const std::string bytes = Reply("Content-Type: x\r\ncontent-length:  5 \r\n", "hello");
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    HttpReplyParser parser(kBodyMax);
    REQUIRE_FALSE(parser.began());
    REQUIRE(TakeAll(&parser, bytes, piece) == State::kDone);
    CHECK(parser.began());
    CHECK(parser.status() == 200);
    CHECK(parser.keep_alive());
    CHECK(parser.TakeBody() == "hello");
  }
}

TEST_CASE("one answer follows the other on a connection") {
  HttpReplyParser parser(kBodyMax);
  REQUIRE(parser.Take(Reply("Content-Length: 0\r\nConnection: close\r\n", "")) == State::kDone);
  CHECK_FALSE(parser.keep_alive());
  parser.Clear();
  CHECK_FALSE(parser.began());
  REQUIRE(parser.Take("HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\nx") == State::kDone);
  CHECK(parser.status() == 503);
  CHECK(parser.keep_alive());
  CHECK(parser.TakeBody() == "x");
}

TEST_CASE("what no node answers is bad") {
  const std::string bytes = GENERATE(as<std::string>(),                                         //
                                     "SSH-2.0-OpenSSH_9.2\r\n\r\n",                             //
                                     "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",            //
                                     "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",      //
                                     "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",            //
                                     "HTTP/1.1 200 OK\r\n\r\n",                                 //
                                     "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",                     //
                                     "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",           //
                                     "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",          //
                                     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",          //
                                     "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999"  //
                                     "\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                                     "Content-Length: 1\r\n\r\nx");
  INFO(bytes);
  HttpReplyParser parser(kBodyMax);
  CHECK(TakeAll(&parser, bytes, bytes.size()) == State::kBad);
  CHECK_FALSE(parser.problem().empty());
}

TEST_CASE("a head without end is bad before it fills the memory") {
  HttpReplyParser parser(kBodyMax);
  const std::string line = "X-Padding: " + std::string(500, 'x') + "\r\n";
  State state = parser.Take("HTTP/1.1 200 OK\r\n");
  size_t lines = 0;
  for (; state == State::kMore; ++lines) state = parser.Take(line);
  CHECK(state == State::kBad);
  CHECK(lines <= kPeerReplyHeadBytesMax / line.size() + 1);
}

}  // namespace
}  // namespace trifecta::net
