#include "tests/support/entry_sets.h"

#include <algorithm>

#include "storage/base/limits.h"
#include "storage/base/word.h"

namespace trifecta::test {
namespace {

constexpr uint64_t kNow = uint64_t{1'700'000'000'000} << 16;

const std::vector<std::vector<std::string>>& Alphabets() {
  static const std::vector<std::vector<std::string>> alphabets = {
      {"a"},
      {"a", "b"},
      {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r"},
      {" ", "!", "~", "\xc2\x80"},
      // First and last characters of two, three and four bytes.
      {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
       "\xf4\x8f\xbf\xbf"},
      // Neighbours in the last byte, and one of another length between.
      {"\xef\xbf\xbd", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xee\x80\x80", "z"},
  };
  return alphabets;
}

// Versions as they come: one bulk load, some loads, one a word, wide apart.
Version RandomVersion(Random* random, unsigned kind) {
  const auto node = static_cast<uint16_t>(1 + Below(random, 3));
  switch (kind) {
    case 0:
      return {kNow, 1};
    case 1:
      return {kNow + Below(random, 4), 1};
    case 2:
      return {kNow + Below(random, 600), node};
    case 3:
      return {kNow + Below(random, 1ull << 40), node};
    case 4:
      return {(*random)(), static_cast<uint16_t>((*random)())};
    default:
      return {kNow + (Below(random, 8) == 0 ? Below(random, 1u << 20) : 0), node};
  }
}
constexpr unsigned kVersionKinds = 6;

}  // namespace

WordMaker::WordMaker(Random* random) : random_(random) {
  const auto& alphabets = Alphabets();
  characters_ = alphabets[Below(random, alphabets.size())];
  constexpr size_t kLengths[] = {3, 8, 20, 300};
  length_max_ = kLengths[Below(random, std::size(kLengths))];
  beginnings_.push_back("");
  if (Below(random, 2) == 0) beginnings_.push_back("https://www.example.org/path/to/");
  if (Below(random, 4) == 0) beginnings_.push_back(std::string(kWordBytesMax - 5, 'x'));
}

std::string WordMaker::Word() {
  std::string word = beginnings_[Below(random_, beginnings_.size())];
  // Short ones are as frequent as long ones, whatever the most.
  const size_t length = 1 + Below(random_, 1 + Below(random_, length_max_));
  for (size_t i = 0; i < length; ++i) {
    const std::string& next = characters_[Below(random_, characters_.size())];
    if (word.size() + next.size() > kWordBytesMax) break;
    word += next;
  }
  return word;
}

EntryMap RandomEntries(Random* random, size_t count) {
  WordMaker words(random);
  const auto kind = static_cast<unsigned>(Below(random, kVersionKinds));
  const uint64_t tombstone_in = Below(random, 2) == 0 ? 0 : 1 + Below(random, 5);
  EntryMap entries;
  for (size_t i = 0; i < count; ++i) {
    const bool tombstone = tombstone_in != 0 && Below(random, tombstone_in) == 0;
    entries[words.Word()] = {RandomVersion(random, kind), tombstone};
  }
  return entries;
}

std::vector<storage::BaseEntry> BaseEntriesOf(const EntryMap& entries) {
  std::vector<storage::BaseEntry> list;
  for (const auto& [word, stored] : entries) {
    list.push_back({word, stored.version, static_cast<uint8_t>(stored.tombstone ? kTombstone : 0)});
  }
  return list;
}

std::vector<std::string> Probes(Random* random, const EntryMap& entries, size_t count) {
  std::vector<std::string> words;
  for (const auto& [word, stored] : entries) words.push_back(word);
  std::vector<std::string> probes = {"", "\x01", "\xff", std::string(kWordBytesMax + 9, 'x'),
                                     std::string(kWordBytesMax, '\xff')};
  while (probes.size() < count) {
    std::string key = words[Below(random, words.size())];
    switch (Below(random, 6)) {
      case 0:
        break;
      case 1:
        key.pop_back();
        break;
      case 2:
        key.push_back(static_cast<char>(1 + Below(random, 255)));
        break;
      case 3:
        key = PrefixEnd(key);
        break;
      case 4:
        key.resize(Below(random, key.size() + 1));
        break;
      default:
        key[Below(random, key.size())] = static_cast<char>(1 + Below(random, 255));
        break;
    }
    probes.push_back(key);
  }
  return probes;
}

uint64_t RankIn(const EntryMap& entries, std::string_view key) {
  return static_cast<uint64_t>(
      std::count_if(entries.begin(), entries.lower_bound(key),
                    [](const auto& entry) { return !entry.second.tombstone; }));
}

}  // namespace trifecta::test
