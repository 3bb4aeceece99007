#include "daemon/replication/stamper_choice.h"

#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

TEST_CASE("a node stamps itself unless its clock is off from the median of at least three") {
  struct Row {
    std::vector<ClockReading> others;
    net::NodeNumber stamper;
    const char* why;
  };
  const Row rows[] = {
      {{}, 1, "alone"},
      {{{2, 60'000}}, 1, "of two clocks nobody knows which is right"},
      {{{2, 3}, {3, -2}}, 1, "all are right"},
      {{{2, 500}, {3, 500}}, 1, "off by no more than is allowed"},
      {{{2, 501}, {3, 501}}, 2, "this one is off: of equal ones the lowest number"},
      {{{3, -5'000}, {2, -5'001}}, 3, "this one is ahead: the one at the median"},
      {{{2, 60'000}, {3, 2}}, 1, "another one is off"},
      {{{2, 60'000}, {3, 2}, {4, -1}, {5, 60'001}}, 1, "two others are off"},
      {{{2, 900}, {3, 1'100}, {4, 5}}, 1, "halves: the median is between 5 and 900"},
      {{{2, 2'000}, {3, 2'100}, {4, 5}}, 4, "halves: the median is above what is allowed"},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    CHECK(ChooseStamper(1, row.others) == row.stamper);
  }
}

}  // namespace
}  // namespace trifecta::replication
