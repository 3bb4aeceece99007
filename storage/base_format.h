// Constants of the base file, shared by its writer and its reader: storage/FORMAT.md, "Base file".
// DO NOT CHANGE: files with them exist.
#pragma once

#include <cstddef>
#include <cstdint>

namespace trifecta::storage {

inline constexpr uint64_t kBaseMagic = 0x3145534142495254;  // "TRIBASE1"
inline constexpr uint32_t kBaseFormat = 1;

// A checksum covers a page, the unit in which the system reads a mapped file.
inline constexpr size_t kBasePageBytes = 4096;
// Zeros after each section's bytes, so that a reader may load 16 bytes at any offset in it.
inline constexpr size_t kSectionSlack = 16;

enum BaseSection : uint32_t {
  kEntries,    // buckets of front-coded entries, in order of their words
  kLabels,     // the double array: a label a unit
  kValues,     // the double array: a value a unit
  kChains,     // strings of single children, and what follows them
  kSymbols,    // symbol table of the suffixes
  kVersions,   // dictionary of versions
  kRanks,      // for each page of entries: its first bucket, and the live words before it
  kChecksums,  // CRC-32C of each page of the file before this section, the header's excepted
  kSectionCount,
};

struct SectionExtent {
  uint64_t offset;  // from the start of the file
  uint64_t bytes;   // without slack and padding
};

struct BaseHeader {
  uint64_t magic;
  uint32_t format;
  uint32_t header_crc;  // CRC-32C of the header's page with this field zero
  uint64_t file_bytes;
  uint64_t file_number;
  uint64_t live;
  uint64_t tombstones;
  uint64_t buckets;
  uint64_t min_time;  // what raw versions are relative to
  uint64_t max_time;
  uint32_t root;           // TrieValue
  uint32_t checksums_crc;  // CRC-32C of the checksum section
  SectionExtent sections[kSectionCount];
};
static_assert(sizeof(BaseHeader) <= kBasePageBytes);

// A bucket's first byte.
inline constexpr uint8_t kBucketCountMask = 0x1f;   // entries, less one
inline constexpr unsigned kBucketVersionShift = 5;  // two bits: VersionMode
inline constexpr uint8_t kBucketHasFlags = 0x80;    // each entry has a flags byte

inline constexpr size_t kBucketEntriesMax = 32;

enum class VersionMode : uint8_t {
  kFirst = 0,   // all entries have the dictionary's first version
  kShared = 1,  // all have one version: varint dictionary code
  kCodes = 2,   // u8 width (1 to 3), then a code of that width for each entry
  kRaw = 3,     // u8 width (1..8), then for each: time - min_time in that width, u16 node
};

// Lengths that fill their four bits go on in a varint.
inline constexpr uint8_t kNibbleEscape = 15;

struct RankSample {
  uint32_t bucket;  // offset of the first bucket that starts in the page or after it
  uint32_t live;    // live words before that bucket
};

inline constexpr size_t kVersionBytes = 10;  // u64 time, u16 node
// Codes of at most three bytes; a file holds about as many entries.
inline constexpr size_t kVersionDictionaryMax = 1u << 18;

}  // namespace trifecta::storage
