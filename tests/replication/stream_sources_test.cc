#include "daemon/replication/stream_sources.h"

#include <vector>

#include "daemon/replication/throttle.h"
#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

using Nodes = std::vector<NodeNumber>;

}  // namespace

TEST_CASE("As many sources as are needed are chosen, and others in place of those that fail") {
  StreamSources sources;
  sources.Set(Nodes{3, 1, 2}, 2);
  REQUIRE(sources.Choose(0));
  CHECK(sources.chosen() == Nodes{3, 1});
  sources.Failed(1, 0);
  REQUIRE(sources.Choose(0));
  CHECK(sources.chosen() == Nodes{3, 2});
  sources.Failed(3, 100);
  CHECK_FALSE(sources.Choose(100));
  CHECK(sources.chosen().empty());
  CHECK(sources.next_due() == kSourceRestFirst);
  REQUIRE(sources.Choose(kSourceRestFirst));
  CHECK(sources.chosen() == Nodes{1, 2});
}

TEST_CASE("A source that fails again and again rests for longer, one that answered does not") {
  StreamSources sources;
  sources.Set(Nodes{1}, 1);
  Millis rest = 0;
  for (int i = 0; i < 20; ++i) {
    sources.Failed(1, 1'000);
    CHECK(sources.next_due() - 1'000 >= rest);
    rest = sources.next_due() - 1'000;
  }
  CHECK(rest == kSourceRestLast);
  sources.Set(Nodes{2, 1}, 1);  // what is known of a node stays
  sources.Failed(1, 1'000);
  sources.Failed(2, 1'000);
  CHECK(sources.next_due() == 1'000 + kSourceRestFirst);
  sources.Answered(1);
  sources.Failed(1, 1'000);
  sources.Set(Nodes{1}, 1);
  CHECK(sources.next_due() == 1'000 + kSourceRestFirst);
}

TEST_CASE("Too few owners are never enough") {
  StreamSources sources;
  sources.Set(Nodes{1}, 2);
  CHECK_FALSE(sources.Choose(0));
  CHECK(sources.next_due() == kNever);
}

TEST_CASE("A throttle lets pass what its rate allows, and a burst after a pause") {
  Throttle throttle(1'000);
  CHECK(throttle.ready_at() <= 10'000);
  throttle.Spend(1'000, 10'000);
  CHECK(throttle.ready_at() == 10'000 - Throttle::kBurst + 1'000);
  for (int i = 0; i < 1'000; ++i) throttle.Spend(1, 10'000);
  CHECK(throttle.ready_at() == 10'000 - Throttle::kBurst + 2'000);
  throttle.Spend(100, 50'000);
  CHECK(throttle.ready_at() == 50'000 - Throttle::kBurst + 100);
  Throttle open(0);
  open.Spend(1'000'000, 5);
  CHECK(open.ready_at() == 0);
}

}  // namespace trifecta::replication
