#include "cmd/parallelism.h"

#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

void Store(Parallelism* parallelism, int times) {
  for (int i = 0; i < times; ++i) parallelism->Stored();
}

TEST_CASE("as many are under way as were asked for, while all are stored") {
  Parallelism parallelism(4);
  Store(&parallelism, 100);
  CHECK(parallelism.allowed() == 4);
}

TEST_CASE("what is turned away leaves the room to the others, one at least") {
  Parallelism parallelism(16);
  parallelism.TurnedAway(15);
  CHECK(parallelism.allowed() == 15);
  for (size_t others = 14; others > 0; --others) parallelism.TurnedAway(others);
  CHECK(parallelism.allowed() == 1);
  parallelism.TurnedAway(0);
  CHECK(parallelism.allowed() == 1);
}

TEST_CASE("more is tried again, step by step, once batches get through") {
  Parallelism parallelism(3);
  parallelism.TurnedAway(1);
  Store(&parallelism, 7);
  CHECK(parallelism.allowed() == 1);
  Store(&parallelism, 1);
  CHECK(parallelism.allowed() == 2);
  parallelism.TurnedAway(1);
  Store(&parallelism, 16);
  CHECK(parallelism.allowed() == 3);
}

}  // namespace
}  // namespace trifecta::cmd
