#include "net/shard_map.h"

#include <algorithm>
#include <random>
#include <set>

#include "storage/base/word.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using Roots = std::vector<std::string>;

ShardMap MapOf(const Roots& roots, unsigned k_factor = 2) {
  ShardMap map(k_factor);
  for (const std::string& root : roots) REQUIRE(map.Carve(root).ok());
  return map;
}

// What the head of net/shard_map.h says, word for word.
std::string PlainRootOf(const Roots& roots, std::string_view word, unsigned k_factor) {
  std::string longest;
  for (const std::string& root : roots) {
    if (word.starts_with(root) && root.size() > longest.size()) longest = root;
  }
  return longest.empty() ? std::string(ShardRoot(word, k_factor)) : longest;
}

// Words over a few letters, one of them of two bytes, so that prefixes are shared a lot.
std::string RandomText(std::mt19937_64* random, size_t characters) {
  std::string text;
  for (size_t i = 0; i < characters; ++i) {
    text += std::vector<std::string>{"a", "b", "\xC3\xA9"}[(*random)() % 3];
  }
  return text;
}

TEST_CASE(
    "before anything is carved a shard is the first k characters, or empty for shorter words") {
  const ShardMap map(3);
  CHECK(map.RootOf("trial") == "tri");
  CHECK(map.RootOf("tri") == "tri");
  CHECK(map.RootOf("tr") == "");
  CHECK(map.RootOf("") == "");
  CHECK(map.RootOf("\xC3\xA9t\xC3\xA9s") == "\xC3\xA9t\xC3\xA9");  // characters, not bytes
  CHECK(map.RootOf("\xC3\xA9t") == "");
}

TEST_CASE("a word is in the shard of the longest carved root that is a prefix of it") {
  const ShardMap map = MapOf({"https://www.", "https://www.g", "https://w", "http"});
  CHECK(map.RootOf("https://www.gnu.org") == "https://www.g");
  CHECK(map.RootOf("https://www.g") == "https://www.g");
  CHECK(map.RootOf("https://www.debian.org") == "https://www.");
  CHECK(map.RootOf("https://wiki") == "https://w");
  CHECK(map.RootOf("https://") == "http");
  CHECK(map.RootOf("httq") == "ht");
  CHECK(map.RootOf("htm") == "ht");
  CHECK(map.RootOf("h") == "");
  CHECK(map.RootOf("zebra") == "ze");
}

TEST_CASE("for any roots and words the shard is the one that the rule names") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const unsigned k_factor = 1 + static_cast<unsigned>(random() % 3);
    ShardMap map(k_factor);
    for (int i = 0; i < 20; ++i) {
      map.Merge(Roots{RandomText(&random, k_factor + 1 + random() % 6)});
    }
    for (int i = 0; i < 50; ++i) {
      const std::string word = RandomText(&random, random() % 12);
      REQUIRE(map.RootOf(word) == PlainRootOf(map.Roots(), word, k_factor));
    }
  }
}

TEST_CASE("only text longer than k characters can be carved out") {
  ShardMap map(2);
  CHECK(map.Carve("").code() == StatusCode::kInvalidArgument);
  CHECK(map.Carve("t").code() == StatusCode::kInvalidArgument);
  CHECK(map.Carve("tr").code() == StatusCode::kInvalidArgument);
  CHECK(map.Carve("\xC3\xA9\xC3\xA9").code() == StatusCode::kInvalidArgument);
  CHECK(map.Carve("tri\xC3").code() == StatusCode::kInvalidWord);  // half a character
  CHECK(map.Carve("tr\n").code() == StatusCode::kInvalidWord);
  CHECK(map.Carve(std::string(1025, 'x')).code() == StatusCode::kInvalidWord);
  CHECK(map.size() == 0);
  CHECK(map.Carve("tri").ok());
  CHECK(map.Carve("tri").ok());
  CHECK(map.size() == 1);
}

TEST_CASE("maps that merge in any order, again and again, become one and the same") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 50; ++round) {
    Roots all;
    for (int i = 0; i < 30; ++i) all.push_back(RandomText(&random, 3 + random() % 4));
    ShardMap once(2), other(2);
    once.Merge(all);
    std::shuffle(all.begin(), all.end(), random);
    for (const std::string& root : all) other.Merge(Roots{root});
    CHECK(other.Merge(all) == 0);
    CHECK(once.Roots() == other.Roots());
    CHECK(once.Digest() == other.Digest());
  }
}

TEST_CASE("a digest tells maps apart, and is that of the set, not of its history") {
  CHECK(ShardMap(2).Digest() == ShardMap(3).Digest());
  CHECK_FALSE(MapOf({"abc"}).Digest() == ShardMap(2).Digest());
  CHECK_FALSE(MapOf({"abc"}).Digest() == MapOf({"abd"}).Digest());
  CHECK(MapOf({"abc", "abd"}).Digest() == MapOf({"abd", "abc"}).Digest());
}

TEST_CASE("what a peer sends that cannot be a root is left out") {
  ShardMap map(2);
  CHECK(map.Merge(Roots{"abc", "", "ab", "ab\xC3", "abc", "abd"}) == 2);
  CHECK(map.Roots() == Roots{"abc", "abd"});
}

TEST_CASE("a map is full at its bound, and takes some more from others that carved meanwhile") {
  Roots many;
  for (size_t i = 0; i < kMergedRootsMax + 10; ++i) many.push_back("root" + std::to_string(i));
  ShardMap map(2);
  CHECK(map.Merge(std::span(many).first(kCarvedRootsMax)) == kCarvedRootsMax);
  CHECK(map.Carve("one more").code() == StatusCode::kTooLarge);
  CHECK(map.Carve("root7").ok());
  map.Merge(many);
  CHECK(map.size() == kMergedRootsMax);
  CHECK(map.Digest().count == kMergedRootsMax);
}

TEST_CASE("a query touches the shard of its prefix and those carved below it") {
  const ShardMap map = MapOf({"https://www.", "https://www.g", "https://w", "http"});
  CHECK(map.ShardsOf("https://ww").roots == Roots{"https://w", "https://www.", "https://www.g"});
  CHECK(map.ShardsOf("https://www.").roots == Roots{"https://www.", "https://www.g"});
  CHECK(map.ShardsOf("https://www.gnu").roots == Roots{"https://www.g"});
  CHECK(map.ShardsOf("ht").roots ==
        Roots{"ht", "http", "https://w", "https://www.", "https://www.g"});
  CHECK(map.ShardsOf("ze").roots == Roots{"ze"});
  for (const char* prefix : {"https://ww", "ht", "ze"}) CHECK_FALSE(map.ShardsOf(prefix).all_below);
}

TEST_CASE("a query shorter than k characters also touches every shard that begins with it") {
  const ShardMap map = MapOf({"trial", "zoo"});
  const ShardMap::Touched touched = map.ShardsOf("t");
  CHECK(touched.all_below);
  CHECK(touched.roots == Roots{"", "trial"});
  CHECK(map.ShardsOf("").all_below);
  CHECK(map.ShardsOf("").roots == Roots{"", "trial", "zoo"});
  CHECK(map.Touches("", "t"));
  CHECK(map.Touches("tr", "t"));
  CHECK(map.Touches("trial", "t"));
  CHECK_FALSE(map.Touches("zo", "t"));
}

TEST_CASE(
    "every word that begins with the prefix is in a shard that is touched, and no shard more") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 100; ++round) {
    const unsigned k_factor = 1 + static_cast<unsigned>(random() % 3);
    ShardMap map(k_factor);
    for (int i = 0; i < 10; ++i) {
      map.Merge(Roots{RandomText(&random, k_factor + 1 + random() % 4)});
    }
    const std::string prefix = RandomText(&random, random() % 6);
    const ShardMap::Touched touched = map.ShardsOf(prefix);
    const std::set<std::string> named(touched.roots.begin(), touched.roots.end());
    for (int i = 0; i < 100; ++i) {
      const std::string word = prefix + RandomText(&random, random() % 8);
      const std::string root(map.RootOf(word));
      CHECK(map.Touches(root, prefix));
      const bool below = touched.all_below && root.starts_with(prefix);
      CHECK((named.count(root) == 1 || below));
    }
    for (const std::string& root : touched.roots) CHECK(map.Touches(root, prefix));
  }
}

TEST_CASE("a map is sent in pages, each after the last root of the one before") {
  Roots many;
  for (int i = 0; i < 300; ++i)
    many.push_back(std::string(700, 'x') + std::to_string(i) + std::string(300, 'y'));
  ShardMap map(2), received(2);
  map.Merge(many);
  std::string after;
  int pages = 0;
  for (;; ++pages) {
    const std::string page = map.EncodePage(after);
    CHECK(page.size() <= kRootsPageBytesMax);
    const auto roots = DecodeRootsPage(page);
    REQUIRE(roots.ok());
    if (roots->empty()) break;
    received.Merge(*roots);
    after = roots->back();
  }
  CHECK(pages > 1);
  CHECK(received.Digest() == map.Digest());
  CHECK(received.Roots() == map.Roots());
}

TEST_CASE("the bytes of a page are those that net/PROTOCOL.md shows, and others are refused") {
  const std::string page = MapOf({"trial", "trident"}).EncodePage("");
  CHECK(page == std::string("\x01\x00\x05trial\x03\x04"
                            "dent",
                            14));
  CHECK(DecodeRootsPage(page).ok());
  CHECK(DecodeRootsPage("\x01")->empty());
  for (const std::string& bad :
       {std::string(), std::string("\x02"), page.substr(0, page.size() - 1), page.substr(0, 2),
        std::string("\x01\x01\x01x", 4),  // shares with nothing
        std::string("\x01\x00\x00", 3),   // an empty root
        std::string("\x01\x00\x01"
                    "b\x00\x01"
                    "a",
                    7),  // descending
        std::string("\x01\x00\x01"
                    "b\x01\x00",
                    6),  // the same again
        "\x01" + std::string(kRootsPageBytesMax, '\1')}) {
    CHECK(DecodeRootsPage(bad).status().code() == StatusCode::kDataDamaged);
  }
}

}  // namespace
}  // namespace trifecta::net
