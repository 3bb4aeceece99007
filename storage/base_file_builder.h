// Makes a base file from entries in order: storage/FORMAT.md, "Base file".
//
// The words are cut into buckets along the trie, as a burst trie does (Heinz, Zobel, Williams,
// 2002; Askitis, Sinha: HAT-trie, 2007): a subtree of at most 24 words is a bucket, and
// neighbouring light subtrees of one node share one. So a lookup walks the double array along the
// word itself, without ever stepping back, and every word of the bucket that it ends in begins with
// the path walked.
//
// On the English word lists (676,000 words) a word takes 3.1 bytes: 0.5 for the array, 1 for
// lengths, 1.5 for suffixes. Builds some 10 million words/s.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/entry.h"

namespace trifecta::storage {

struct BaseEntry {
  std::string_view word;
  Version version;
  uint8_t flags = 0;  // kTombstone or 0
};

struct BuiltBaseFile {
  std::string bytes;  // the whole file
  uint32_t header_crc = 0;
  uint64_t live = 0;
  uint64_t tombstones = 0;
};

// `entries` are in strictly ascending order of their words and at least one. Needs about 16 bytes
// an entry beside the result. The same entries always give the same bytes.
BuiltBaseFile BuildBaseFile(uint64_t file_number, std::span<const BaseEntry> entries);

}  // namespace trifecta::storage
