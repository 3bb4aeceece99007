#include "storage/tablet_map.h"

#include <set>
#include <string>
#include <vector>

#include "storage/base/word.h"
#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"

namespace trifecta::storage {
namespace {

using test::Below;
using test::Random;

TabletMap MapOf(const std::vector<std::string>& lows) {
  std::vector<TabletPtr> tablets;
  for (const std::string& low : lows) {
    auto tablet = std::make_shared<Tablet>();
    tablet->record.low = low;
    tablets.push_back(std::move(tablet));
  }
  return TabletMap(std::move(tablets));
}

// The last tablet whose lowest word is not above `word`.
size_t IndexIn(const std::vector<std::string>& lows, std::string_view word) {
  size_t index = 0;
  while (index + 1 < lows.size() && lows[index + 1] <= word) ++index;
  return index;
}

TEST_CASE("A word is in the tablet whose range holds it") {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const auto entries = test::RandomEntries(&random, 1 + Below(&random, 60));
    std::vector<std::string> lows = {""};
    for (const auto& [word, stored] : entries) lows.push_back(word);
    const TabletMap map = MapOf(lows);
    REQUIRE(map.size() == lows.size());
    for (const std::string& key : test::Probes(&random, entries, 60)) {
      INFO("key " << key);
      REQUIRE(map.IndexFor(key) == IndexIn(lows, key));
    }
    for (size_t i = 0; i < lows.size(); ++i) {
      REQUIRE(map.IndexFor(lows[i]) == i);
      REQUIRE(map.EndOf(i) == (i + 1 < lows.size() ? lows[i + 1] : ""));
    }
  }
}

TEST_CASE("One tablet holds every word") {
  const TabletMap map = MapOf({""});
  for (std::string_view word : {"", "a", "\xf4\x8f\xbf\xbf"}) CHECK(map.IndexFor(word) == 0);
  CHECK(map.EndOf(0).empty());
}

TEST_CASE("Bounds that share a long beginning are told apart by what follows it") {
  const std::string beginning(500, 'x');
  const std::vector<std::string> lows = {"", beginning + "12345678a", beginning + "12345678b",
                                         beginning + "12345678b1", beginning + "2"};
  const TabletMap map = MapOf(lows);
  for (const std::string& word :
       {std::string("a"), beginning.substr(1), beginning, beginning + "1", beginning + "12345678",
        beginning + "12345678aa", beginning + "12345678b", beginning + "12345678b0",
        beginning + "12345678b1", beginning + "12345678c", beginning + "2", beginning + "x",
        std::string("y")}) {
    INFO(word);
    CHECK(map.IndexFor(word) == IndexIn(lows, word));
  }
}

}  // namespace
}  // namespace trifecta::storage
