#include "storage/base/suggest.h"

#include "tests/support/catch.h"

namespace trifecta {
namespace {

constexpr std::string_view kNames[] = {"add", "del", "get", "search", "segment_bytes", "listen"};

TEST_CASE("edits are insertions, removals, replacements and swaps of neighbours") {
  CHECK(EditDistance("", "") == 0);
  CHECK(EditDistance("", "abc") == 3);
  CHECK(EditDistance("abc", "") == 3);
  CHECK(EditDistance("search", "search") == 0);
  CHECK(EditDistance("serch", "search") == 1);
  CHECK(EditDistance("seacrh", "search") == 1);
  CHECK(EditDistance("kitten", "sitting") == 3);
}

TEST_CASE("a misspelt name finds the one that was meant") {
  CHECK(Nearest("serch", kNames) == "search");
  CHECK(Nearest("segmnt_bytes", kNames) == "segment_bytes");
  CHECK(Nearest("lisetn", kNames) == "listen");
  CHECK(Nearest("dle", kNames) == "del");
}

TEST_CASE("a name unlike all others finds nothing") {
  CHECK(Nearest("frobnicate", kNames).empty());
  CHECK(Nearest("xyz", kNames).empty());
  CHECK(Nearest("", kNames).empty());
  CHECK(Nearest(std::string(100'000, 's'), kNames).empty());
}

TEST_CASE("the suggestion ends a sentence") {
  CHECK(DidYouMean("serch", kNames) == "; did you mean 'search'?");
  CHECK(DidYouMean("frobnicate", kNames).empty());
}

}  // namespace
}  // namespace trifecta
