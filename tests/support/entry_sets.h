// Random sets of entries that are hard on ordered structures, from a seed: tiny alphabets, words
// that are prefixes of others, characters at the ends of every UTF-8 length, long shared
// beginnings, words of 1,024 bytes; versions of every kind that a base file packs in its own way.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/entry.h"
#include "storage/base_file_builder.h"

namespace trifecta::test {

struct Stored {
  Version version;
  bool tombstone = false;
  bool operator==(const Stored&) const = default;
};
using EntryMap = std::map<std::string, Stored, std::less<>>;
using Random = std::mt19937_64;

// Below `bound`.
inline uint64_t Below(Random* random, uint64_t bound) { return (*random)() % bound; }

// Makes words of one kind; which one comes from the seed. All are valid.
class WordMaker {
 public:
  explicit WordMaker(Random* random);
  std::string Word();

 private:
  Random* const random_;
  std::vector<std::string> characters_;
  std::vector<std::string> beginnings_;
  size_t length_max_;  // in characters, behind the beginning
};

// Up to `count` words with versions and tombstones; never empty.
EntryMap RandomEntries(Random* random, size_t count);

// For BuildBaseFile; the words are the map's.
std::vector<storage::BaseEntry> BaseEntriesOf(const EntryMap& entries);

// Keys worth seeking: words, what lies just beside them, and strings that are no word.
std::vector<std::string> Probes(Random* random, const EntryMap& entries, size_t count);

// Of live words below `key`, counted one by one.
uint64_t RankIn(const EntryMap& entries, std::string_view key);

}  // namespace trifecta::test
