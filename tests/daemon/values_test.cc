#include "daemon/values.h"

#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Shown(std::string_view text) {
  const auto duration = ParseDuration(text, milliseconds(0), hours(24 * 3650));
  return duration.ok() ? ShowDuration(*duration) : duration.status().message();
}

std::string Size(std::string_view text) {
  const auto size = ParseSize(text, 1, 1ull << 40);
  return size.ok() ? ShowSize(*size) : size.status().message();
}

std::string Listen(std::string_view text) {
  const auto endpoint = ParseListen(text);
  return endpoint.ok() ? endpoint->ToString() : endpoint.status().message();
}

TEST_CASE("a duration is a number and a unit, shown in the largest unit that fits") {
  CHECK(Shown("500ms") == "500ms");
  CHECK(Shown("1000ms") == "1s");
  CHECK(Shown("90s") == "90s");
  CHECK(Shown("120s") == "2m");
  CHECK(Shown("48h") == "2d");
  CHECK(Shown("3 h") == "3h");
  CHECK(Shown("0s") == "0s");
}

TEST_CASE("a duration without a unit, or with another, is refused with examples") {
  CHECK(Shown("5") ==
        "'5' is not a duration; write a number and a unit, such as 500ms, 5s, 3m, 12h or 10d");
  for (std::string_view text : {"", "s", "-1s", "1.5s", "1w", "1s ", "99999999999999999999d"}) {
    INFO(text);
    CHECK_FALSE(ParseDuration(text, milliseconds(0), hours(1)).ok());
  }
}

TEST_CASE("a duration out of range is told what is allowed") {
  const auto duration = ParseDuration("2m", milliseconds(100), seconds(60));
  REQUIRE_FALSE(duration.ok());
  CHECK(duration.status().message() == "'2m' is out of range; 100ms to 1m are allowed");
}

TEST_CASE("a size is bytes or a number of KiB, MiB or GiB") {
  CHECK(Size("4097") == "4097");
  CHECK(Size("1048576") == "1MiB");
  CHECK(Size("64KiB") == "64KiB");
  CHECK(Size("2 GiB") == "2GiB");
  CHECK(Size("64KB") ==
        "'64KB' is not a size; write bytes, or a number and a unit, such as 64KiB, 128MiB or 2GiB");
  CHECK(Size("0") == "'0' is out of range; 1 to 1024GiB are allowed");
  CHECK_FALSE(ParseSize("99999999999GiB", 0, UINT64_MAX).ok());
}

TEST_CASE("a number has digits alone and stays in its range") {
  CHECK(*ParseNumber("16", 1, 16) == 16);
  CHECK(ParseNumber("17", 1, 16).status().message() == "'17' is out of range; 1 to 16 are allowed");
  for (std::string_view text : {"", "x", "-1", "+1", "1.0", "0x10", " 1", "18446744073709551616"}) {
    INFO(text);
    CHECK_FALSE(ParseNumber(text, 0, UINT64_MAX).ok());
  }
}

TEST_CASE("a node listens on a host and port; without a host on the loopback alone") {
  CHECK(Listen("127.0.0.1:8000") == "127.0.0.1:8000");
  CHECK(Listen("0.0.0.0:9000") == "0.0.0.0:9000");
  CHECK(Listen("[::1]:9000") == "[::1]:9000");
  CHECK(Listen("db1") == "db1:8000");
  CHECK(Listen(":9000") == "127.0.0.1:9000");
}

TEST_CASE("port 0 to listen on is the system's choice") {
  CHECK(Listen(":0") == "127.0.0.1:0");
  CHECK(Listen("[::]:0") == "[::]:0");
  CHECK(Listen("::0") == "[::0]:8000");  // an address
  CHECK(Listen("db1:65536").find("a number from 0 to 65535") != std::string::npos);
}

TEST_CASE("what is no address is refused") {
  for (std::string_view text : {"", ":", "host:", "host:x", "host:65536", "[::1", "a b:1"}) {
    INFO(text);
    CHECK_FALSE(ParseListen(text).ok());
  }
}

TEST_CASE("every interface is told from one address") {
  CHECK(IsEveryInterface({"0.0.0.0", 1}));
  CHECK(IsEveryInterface({"::", 1}));
  CHECK(IsEveryInterface({"0:0::0", 1}));
  CHECK_FALSE(IsEveryInterface({"127.0.0.1", 1}));
  CHECK_FALSE(IsEveryInterface({"::1", 1}));
  CHECK_FALSE(IsEveryInterface({"localhost", 1}));
}

TEST_CASE("a list is split at commas, spaces and empty parts dropped") {
  CHECK(SplitList("").empty());
  CHECK(SplitList(" , ,").empty());
  CHECK(SplitList("a") == std::vector<std::string>{"a"});
  CHECK(SplitList("a, b ,c,") == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a quorum is a number of replicas or their majority") {
  CHECK(*ParseQuorum("majority", 3) == kMajority);
  CHECK(*ParseQuorum("2", 3) == 2);
  CHECK(ShowQuorum(kMajority) == "majority");
  CHECK(ShowQuorum(2) == "2");
  CHECK(ParseQuorum("most", 3).status().message() ==
        "'most' is neither 'majority' nor a number from 1 to 3");
  CHECK_FALSE(ParseQuorum("0", 3).ok());
  CHECK_FALSE(ParseQuorum("4", 3).ok());
}

TEST_CASE("a name has letters, digits and a few marks") {
  CHECK(*ParseName("words-prod_2.eu", false) == "words-prod_2.eu");
  CHECK(ParseName("", true)->empty());
  CHECK_FALSE(ParseName("", false).ok());
  CHECK_FALSE(ParseName("a b", false).ok());
  CHECK_FALSE(ParseName("é", false).ok());
  CHECK(ParseName(std::string(64, 'a'), false).ok());
  CHECK_FALSE(ParseName(std::string(65, 'a'), false).ok());
}

}  // namespace
}  // namespace trifecta::daemon
