#include "storage/base/random.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "tests/support/catch.h"

namespace trifecta {
namespace {

TEST_CASE("a seed gives the numbers of xoshiro256** filled by SplitMix64, on every machine") {
  Random random(0);
  CHECK(random.Next() == 0x99ec5f36cb75f2b4);
  CHECK(random.Next() == 0xbf6e1f784956452a);
  CHECK(random.Next() == 0x1a5f849d4933e6e0);
}

TEST_CASE("numbers below a bound are all equally likely") {
  Random random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[random.Below(counts.size())];
  for (const int count : counts) CHECK(std::abs(count - 10'000) < 500);
  CHECK(random.Below(1) == 0);
}

TEST_CASE("a chance in a million is taken about as often") {
  Random random(2);
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) taken += random.Chance(50'000);
  CHECK(std::abs(taken - 5'000) < 350);
  CHECK_FALSE(random.Chance(0));
  CHECK(random.Chance(1'000'000));
}

TEST_CASE("a shuffle keeps all items, in an order that the seed decides") {
  std::vector<int> items(52);
  std::iota(items.begin(), items.end(), 0);
  std::vector<int> first = items, second = items, other = items;
  Random(3).Shuffle(&first);
  Random(3).Shuffle(&second);
  Random(4).Shuffle(&other);
  CHECK(first == second);
  CHECK(first != other);
  std::sort(first.begin(), first.end());
  CHECK(first == items);
}

}  // namespace
}  // namespace trifecta
