#include "tests/bench/common/searches.h"

#include <algorithm>
#include <random>

#include "net/url.h"

namespace trifecta::bench {
namespace {

constexpr size_t kPrefixes = 100'000;

// The longest prefix of half the word or less that so many words begin with.
std::string PrefixWithResults(const std::vector<std::string_view>& words, std::string_view word) {
  for (size_t length = (word.size() + 1) / 2; length > 0; --length) {
    const std::string_view prefix = word.substr(0, length);
    const auto first = std::lower_bound(words.begin(), words.end(), prefix);
    const auto left = static_cast<size_t>(words.end() - first);
    const bool whole = (static_cast<unsigned char>(word[length]) & 0xC0) != 0x80;
    if (whole && left >= kSearchResults && first[kSearchResults - 1].starts_with(prefix)) {
      return std::string(prefix);
    }
  }
  return "";
}

}  // namespace

std::vector<std::string> DrawPrefixes(const WordList& list) {
  std::mt19937_64 random(1);
  std::vector<std::string> prefixes;
  for (size_t i = 0; i < kPrefixes; ++i) {
    const std::string_view word = list.words()[random() % list.size()];
    prefixes.push_back(PrefixWithResults(list.words(), word));
  }
  return prefixes;
}

std::vector<std::string> DrawSearches(const WordList& list) {
  std::vector<std::string> targets = DrawPrefixes(list);
  for (std::string& target : targets) target = "/search?q=" + net::PercentEncode(target);
  return targets;
}

}  // namespace trifecta::bench
