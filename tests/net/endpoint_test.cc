#include "net/endpoint.h"

#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

std::string Parsed(std::string_view text) {
  auto endpoint = ParseEndpoint(text);
  return endpoint.ok() ? endpoint->ToString() : endpoint.status().message();
}

TEST_CASE("a node's address is a host with or without port, IPv6 and http:// included") {
  CHECK(Parsed("db1") == "db1:8000");
  CHECK(Parsed("db1:9000") == "db1:9000");
  CHECK(Parsed("10.0.0.1:80") == "10.0.0.1:80");
  CHECK(Parsed("http://db1:9000/") == "db1:9000");
  CHECK(Parsed("::1") == "[::1]:8000");
  CHECK(Parsed("[::1]:9000") == "[::1]:9000");
  CHECK(Parsed("[fe80::1%eth0]") == "[fe80::1%eth0]:8000");
}

TEST_CASE("what is no address is refused with the reason") {
  CHECK(Parsed("") == "'' is not a node's address: the host is missing; give HOST or HOST:PORT");
  for (std::string_view text : {":8000", "db1:", "db1:0", "db1:70000", "db1:80x", "[::1", "[::1]x",
                                "db 1", "db1/path", "https://db1", "http://"}) {
    INFO(text);
    CHECK_FALSE(ParseEndpoint(text).ok());
  }
}

TEST_CASE("an address to listen on may leave the port to the system") {
  CHECK(ParseEndpoint("db1:0", 0)->port == 0);
  CHECK(ParseEndpoint("db1:65536", 0).status().message() ==
        "'db1:65536' is not a node's address: the port is a number from 0 to 65535; give HOST or "
        "HOST:PORT");
}

TEST_CASE("loopback addresses are known as such") {
  CHECK(ParseEndpoint("localhost")->IsLoopback());
  CHECK(ParseEndpoint("127.0.0.1:1")->IsLoopback());
  CHECK(ParseEndpoint("127.1")->IsLoopback());
  CHECK(ParseEndpoint("::1")->IsLoopback());
  CHECK(ParseEndpoint("[0:0::0:1]:80")->IsLoopback());
  for (const char* other : {"10.0.0.1", "128.0.0.1", "::2", "0.0.0.0", "127.example.org", "127.",
                            "127.0.0.1.nip.io", "localhost.example.org"}) {
    INFO(other);
    CHECK_FALSE(ParseEndpoint(other)->IsLoopback());
  }
}

}  // namespace
}  // namespace trifecta::net
