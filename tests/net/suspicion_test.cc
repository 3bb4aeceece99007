#include "net/suspicion.h"

#include "tests/net/records.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

TEST_CASE("what a suspect has left falls by the logarithm of the confirmations") {
  struct Row {
    unsigned confirmations, wanted;
    Millis elapsed, least, most;
    int64_t remaining;
  };
  // The first six are memberlist's own table, too.
  for (const Row row :
       {Row{0, 3, 0, 2'000, 30'000, 30'000}, Row{1, 3, 2'000, 2'000, 30'000, 14'000},
        Row{2, 3, 3'000, 2'000, 30'000, 4'810}, Row{3, 3, 4'000, 2'000, 30'000, -2'000},
        Row{4, 3, 5'000, 2'000, 30'000, -3'000}, Row{5, 3, 10'000, 2'000, 30'000, -8'000},
        Row{0, 0, 0, 4'000, 24'000, 4'000}, Row{0, 2, 24'000, 4'000, 24'000, 0},
        Row{1, 2, 0, 4'000, 24'000, 11'381}, Row{2, 2, 0, 4'000, 24'000, 4'000}}) {
    INFO(row.confirmations << " of " << row.wanted << " after " << row.elapsed);
    CHECK(RemainingSuspicionTime(row.confirmations, row.wanted, row.elapsed, row.least, row.most) ==
          row.remaining);
  }
}

TEST_CASE(
    "suspicion lasts longer the longer news takes, and needs no confirmation that cannot be") {
  struct Row {
    size_t nodes;
    Millis least, most;
    unsigned wanted;
  };
  for (const Row row :
       {Row{1, 4'000, 24'000, 0}, Row{3, 4'000, 24'000, 0}, Row{4, 4'000, 24'000, 2},
        Row{10, 4'000, 24'000, 2}, Row{100, 8'000, 48'000, 2}, Row{1'000, 12'000, 72'000, 2}}) {
    INFO(row.nodes);
    const SuspicionTimes times = SuspicionTimesFor(4, 6, 1'000, row.nodes);
    CHECK(times.least == row.least);
    CHECK(times.most == row.most);
    CHECK(times.wanted == row.wanted);
  }
}

TEST_CASE("only different accusers confirm, and only as many as are wanted") {
  Suspicion suspicion({.least = 4'000, .most = 24'000, .wanted = 2}, IdOf(1), 1'000);
  CHECK(suspicion.deadline() == 25'000);
  CHECK_FALSE(suspicion.Confirm(IdOf(1)));
  CHECK(suspicion.deadline() == 25'000);
  CHECK(suspicion.Confirm(IdOf(2)));
  CHECK(suspicion.deadline() == 12'381);
  CHECK_FALSE(suspicion.Confirm(IdOf(2)));
  CHECK(suspicion.Confirm(IdOf(3)));
  CHECK(suspicion.deadline() == 5'000);
  CHECK_FALSE(suspicion.Confirm(IdOf(4)));
}

}  // namespace
}  // namespace trifecta::net
