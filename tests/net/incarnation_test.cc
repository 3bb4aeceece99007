#include "net/incarnation.h"

#include "net/membership.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

TEST_CASE("an incarnation is read from the bytes that it was written as") {
  for (const uint64_t incarnation : {uint64_t{1}, uint64_t{1'767'225'600}, kIncarnationMax}) {
    const auto read = ParseIncarnation(FormatIncarnation(incarnation));
    REQUIRE(read.ok());
    CHECK(*read == incarnation);
  }
  CHECK(*ParseIncarnation("") == 0);
}

TEST_CASE("any other bytes are damage") {
  const std::string good = FormatIncarnation(1'767'225'600);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 1;
    CHECK(ParseIncarnation(bad).status().code() == StatusCode::kDataDamaged);
    if (i == 0) continue;
    CHECK_FALSE(ParseIncarnation(good.substr(0, i)).ok());
  }
  CHECK_FALSE(ParseIncarnation(good + "\n").ok());
  CHECK_FALSE(ParseIncarnation(FormatIncarnation(kIncarnationMax + 1)).ok());
}

TEST_CASE("a life begins above the last one, and at the time of day if that is higher") {
  CHECK(FirstIncarnation(0, 1'000) == 1'000);
  CHECK(FirstIncarnation(999, 1'000) == 1'000);
  CHECK(FirstIncarnation(1'000, 1'000) == 1'001);
  CHECK(FirstIncarnation(5'000, 1'000) == 5'001);
  CHECK(FirstIncarnation(5'000, ~0ull) < kIncarnationMax);
}

}  // namespace
}  // namespace trifecta::net
