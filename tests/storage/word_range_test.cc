#include "storage/word_range.h"

#include <random>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace trifecta::storage {
namespace {

using List = std::vector<WordRange>;

List Sum(std::vector<WordRange> ranges) {
  List list;
  for (WordRange& range : ranges) AddRange(&list, std::move(range));
  return list;
}

TEST_CASE("Ranges overlap when a word may lie in both; an empty end is beyond every word") {
  CHECK(Overlap({"a", "c"}, {"b", "d"}));
  CHECK(Overlap({"a", ""}, {"z", ""}));
  CHECK(Overlap({"", ""}, {"b", "c"}));
  CHECK_FALSE(Overlap({"a", "b"}, {"b", "c"}));
  CHECK_FALSE(Overlap({"b", ""}, {"a", "b"}));
}

TEST_CASE("Ranges that overlap or touch become one, others stay apart and in order") {
  CHECK(Sum({{"c", "d"}, {"a", "b"}}) == List{{"a", "b"}, {"c", "d"}});
  CHECK(Sum({{"a", "b"}, {"b", "c"}}) == List{{"a", "c"}});
  CHECK(Sum({{"a", "c"}, {"e", "g"}, {"b", "f"}}) == List{{"a", "g"}});
  CHECK(Sum({{"m", ""}, {"a", "n"}}) == List{{"a", ""}});
  CHECK(Sum({{"a", "b"}, {"", ""}, {"x", "y"}}) == List{{"", ""}});
  CHECK(Sum({{"b", "b"}, {"c", "a"}}).empty());
}

TEST_CASE("What is subtracted may cut a range in two, shorten it or take it whole") {
  const auto without = [](List list, const WordRange& range) {
    SubtractRange(&list, range);
    return list;
  };
  CHECK(without({{"a", "z"}}, {"f", "g"}) == List{{"a", "f"}, {"g", "z"}});
  CHECK(without({{"a", ""}}, {"f", ""}) == List{{"a", "f"}});
  CHECK(without({{"a", ""}}, {"", "f"}) == List{{"f", ""}});
  CHECK(without({{"a", "c"}, {"e", "g"}}, {"b", "f"}) == List{{"a", "b"}, {"f", "g"}});
  CHECK(without({{"a", "c"}, {"e", "g"}}, {"", ""}).empty());
  CHECK(without({{"a", "c"}}, {"c", "d"}) == List{{"a", "c"}});
  CHECK(without({{"a", "c"}}, {"b", "b"}) == List{{"a", "c"}});
}

TEST_CASE("Lists hold the words that were added and not taken out since, at every point") {
  std::mt19937_64 random(7);
  const auto some = [&] { return std::string(1, static_cast<char>('a' + random() % 12)); };
  List list;
  std::string held(12, '0');
  for (int round = 0; round < 3'000; ++round) {
    WordRange range{some(), some()};
    if (random() % 8 == 0) range.end.clear();
    if (random() % 8 == 0) range.low.clear();
    const bool add = random() % 2 == 0;
    for (size_t i = 0; i < held.size(); ++i) {
      const std::string word(1, static_cast<char>('a' + i));
      const bool inside = word >= range.low && (range.end.empty() || word < range.end);
      if (inside) held[i] = add ? '1' : '0';
    }
    add ? AddRange(&list, range) : SubtractRange(&list, range);
    REQUIRE(IsRangeList(list));
    for (size_t i = 0; i < held.size(); ++i) {
      const std::string word(1, static_cast<char>('a' + i));
      bool found = false;
      for (const WordRange& each : list) found |= Overlap(each, {word, word + "!"});
      REQUIRE(found == (held[i] == '1'));
    }
  }
}

TEST_CASE("Lists out of order, overlapping, touching or with empty ranges are none") {
  CHECK(IsRangeList({}));
  CHECK(IsRangeList({{"a", "b"}, {"c", ""}}));
  CHECK_FALSE(IsRangeList({{"c", "d"}, {"a", "b"}}));
  CHECK_FALSE(IsRangeList({{"a", "c"}, {"b", "d"}}));
  CHECK_FALSE(IsRangeList({{"a", "b"}, {"b", "c"}}));
  CHECK_FALSE(IsRangeList({{"a", ""}, {"b", "c"}}));
  CHECK_FALSE(IsRangeList({{"b", "a"}}));
}

}  // namespace
}  // namespace trifecta::storage
