#include "daemon/replication/divergence.h"

#include <string>

#include "storage/base/text.h"
#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

// Digests that differ from each other.
Digest D(uint64_t n) { return {n, n, n}; }

}  // namespace

TEST_CASE("A shard is repaired when it differs twice and one side is as it was") {
  Divergence divergence;
  divergence.Begin();
  CHECK_FALSE(divergence.Differs(1, "tr", D(1), D(2)));
  divergence.Begin();
  SECTION("both sides") { CHECK(divergence.Differs(1, "tr", D(1), D(2))); }
  SECTION("this side") { CHECK(divergence.Differs(1, "tr", D(1), D(3))); }
  SECTION("that side") { CHECK(divergence.Differs(1, "tr", D(3), D(2))); }
  SECTION("neither: not yet") { CHECK_FALSE(divergence.Differs(1, "tr", D(3), D(4))); }
  SECTION("another shard: not yet") { CHECK_FALSE(divergence.Differs(1, "ts", D(1), D(2))); }
  SECTION("repaired in between: not yet") {
    divergence.Repaired(1, "tr");
    CHECK_FALSE(divergence.Differs(1, "tr", D(1), D(2)));
  }
}

TEST_CASE("A shard that changes on both sides all the time is repaired in the end") {
  Divergence divergence;
  for (unsigned i = 1; i < kBusyTimes; ++i) {
    divergence.Begin();
    CHECK_FALSE(divergence.Differs(1, "tr", D(2 * i), D(2 * i + 1)));
    divergence.Compared(1);
  }
  divergence.Begin();
  CHECK(divergence.Differs(1, "tr", D(100), D(101)));
}

TEST_CASE("A shard that was equal in between begins anew") {
  Divergence divergence;
  divergence.Begin();
  divergence.Differs(1, "tr", D(1), D(2));
  divergence.Differs(1, "ts", D(1), D(2));
  divergence.Differs(2, "tt", D(1), D(2));
  divergence.Begin();
  divergence.Differs(1, "ts", D(5), D(6));
  divergence.Compared(1);
  CHECK(divergence.size() == 2);
  divergence.Begin();
  CHECK_FALSE(divergence.Differs(1, "tr", D(1), D(2)));
  CHECK(divergence.Differs(1, "ts", D(5), D(7)));
  // Partition 2 was not listed meanwhile, so what is known of it stays.
  CHECK(divergence.Differs(2, "tt", D(1), D(3)));
}

TEST_CASE("A repair that was put off goes on where it was") {
  Divergence divergence;
  divergence.Begin();
  divergence.Differs(1, "tr", D(1), D(2));
  CHECK(divergence.PutOffAt(1, "tr") == "");
  divergence.PutOff(1, "tr", "trial");
  divergence.Begin();
  CHECK(divergence.Differs(1, "tr", D(3), D(4)));
  CHECK(divergence.PutOffAt(1, "tr") == "trial");
  divergence.Repaired(1, "tr");
  CHECK(divergence.PutOffAt(1, "tr") == "");
  divergence.PutOff(1, "tr", "trial");
  CHECK(divergence.size() == 0);
}

TEST_CASE("What is remembered of a peer is bounded") {
  Divergence divergence;
  divergence.Begin();
  for (size_t i = 0; i <= kRememberedShardsMax; ++i) divergence.Differs(1, StrCat(i), D(1), D(2));
  CHECK(divergence.size() == kRememberedShardsMax);
}

TEST_CASE("A part of the partitions is listed twice at least before the next") {
  Divergence divergence;
  CHECK(divergence.first_partition() == 0);
  divergence.ListedUpTo(7, false);
  CHECK(divergence.first_partition() == 0);
  divergence.ListedUpTo(7, true);
  CHECK(divergence.first_partition() == 0);
  divergence.ListedUpTo(7, false);
  CHECK(divergence.first_partition() == 7);
  divergence.ListedUpTo(9, false);
  CHECK(divergence.first_partition() == 7);
  divergence.ListedAll();
  CHECK(divergence.first_partition() == 0);
}

}  // namespace trifecta::replication
