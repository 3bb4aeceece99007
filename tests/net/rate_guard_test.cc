#include "net/rate_guard.h"

#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using std::chrono::seconds;

TEST_CASE("a client is too slow when it moves less than the least rate while we wait") {
  RateGuard guard(100, seconds(10));
  CHECK(guard.Patience() == seconds(10));
  guard.Moved(999);
  CHECK_FALSE(guard.Waited(seconds(9)));
  CHECK(guard.Patience() == seconds(1));
  CHECK(guard.Waited(seconds(1)));
}

TEST_CASE("each window counts for itself") {
  RateGuard guard(100, seconds(10));
  guard.Moved(1'000'000);
  CHECK_FALSE(guard.Waited(seconds(10)));
  CHECK(guard.Waited(seconds(10)));
}

TEST_CASE("time that we spend ourselves does not count") {
  RateGuard guard(100, seconds(10));
  for (int i = 0; i < 1'000; ++i) guard.Moved(1);
  CHECK_FALSE(guard.Waited(seconds(10)));
}

TEST_CASE("a least rate of zero lets everybody through") {
  RateGuard guard(0, seconds(1));
  CHECK_FALSE(guard.Waited(seconds(1'000)));
}

}  // namespace
}  // namespace trifecta::net
