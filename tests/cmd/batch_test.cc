#include "cmd/batch.h"

#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

TEST_CASE("the lines of a body are traced back to the input's, past gaps") {
  Batch batch;
  for (const uint64_t line : {5, 6, 7, 10, 12, 13}) batch.Add("w", line);
  CHECK(batch.words == 6);
  CHECK(batch.body == "w\nw\nw\nw\nw\nw\n");
  const uint64_t expected[] = {5, 6, 7, 10, 12, 13};
  for (uint64_t word = 0; word < 6; ++word) CHECK(batch.LineOf(word) == expected[word]);
}

}  // namespace
}  // namespace trifecta::cmd
