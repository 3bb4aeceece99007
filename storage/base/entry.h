// An entry: a word, its version, and whether it is live or deleted (a tombstone).
//
// Entries, not words, are what replicas keep and exchange. Two entries of one word merge to the one
// with the higher version; at equal versions a tombstone wins. The order is total, so replicas
// that have seen the same entries in any order hold the same state (last writer wins, per word).
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace trifecta {

// A hybrid logical clock's reading (Kulkarni et al., 2014): 48 bits of milliseconds since 1970,
// then a 16-bit counter; and the short number of the node that stamped it, which makes versions of
// two nodes different. The zero version is older than every other and is never stamped.
struct Version {
  uint64_t time = 0;
  uint16_t node = 0;

  uint64_t milliseconds() const { return time >> 16; }
  auto operator<=>(const Version&) const = default;
};

// Bits of an entry's flags byte, in memory, in the log and in base files. DO NOT CHANGE: they are
// on disk (storage/FORMAT.md). Bits not named are zero; a reader refuses others.
enum EntryFlags : uint8_t {
  kTombstone = 1,  // the word was deleted
  kHasValue = 2,   // a value follows the word: room for weights and links, not written yet
  kKnownEntryFlags = kTombstone | kHasValue,
};

struct Entry {
  std::string_view word;  // not owned
  Version version;
  bool tombstone = false;
};

// True when an entry of (version, tombstone) `a` replaces one of `b`; false when they are equal.
inline bool Supersedes(Version a, bool a_tombstone, Version b, bool b_tombstone) {
  if (a != b) return a > b;
  return a_tombstone && !b_tombstone;
}

}  // namespace trifecta
