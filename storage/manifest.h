// The manifest: which base files make up the store, and how much of the log they hold. A checkpoint
// becomes real when the manifest that names its files is durable, and not before.
//
// Each manifest is a new file, manifest-<generation>, written whole, checksummed and synced, and
// never touched again; the highest valid one counts. So a crash leaves either the old one alone, or
// the old one beside a torn new one, or both whole: no rename and no append whose order a file
// system could change. One of 1,000 tablets is some 40 KB. Bytes: storage/FORMAT.md, "Manifest".
//
// The order that keeps every crash recoverable:
//   base files written and synced, folder synced; WriteManifest; RemoveOldManifests; and only then
//   Log::Release and removal of the base files that it no longer names.
// A new store writes generation 1, without tablets, before its first log segment: that is how
// ReadManifest tells a crash of that very moment from damage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/file_system.h"
#include "storage/base/status.h"
#include "storage/word_range.h"

namespace trifecta::storage {

struct TabletRecord {
  uint64_t file_number = 0;
  uint64_t file_bytes = 0;
  uint32_t header_crc = 0;
  uint64_t live = 0, tombstones = 0;
  std::string low;  // the smallest word that the tablet may hold, inclusive; "" for the first
  bool operator==(const TabletRecord&) const = default;
};

struct Manifest {
  uint64_t generation = 0;
  uint64_t covered = 0;               // the log sequence up to which the base files hold everything
  uint64_t next_file = 1;             // base file numbers from here on were never used
  std::vector<TabletRecord> tablets;  // in order of `low`
  // At least one log segment is in the folder, and belongs there: its absence is damage. False from
  // a clean stop to the next write.
  bool has_log = false;
  // Where entries were given up with damaged files (Store::Discard) and have not been written anew.
  std::vector<WordRange> lost;
  bool operator==(const Manifest&) const = default;
};

// The bytes of a manifest file, and back. DecodeManifest gives kDataDamaged with the offset for
// bytes that fail their checksum or break a rule of FORMAT.md, or a format version that is not
// known.
std::string EncodeManifest(const Manifest& manifest);
Result<Manifest> DecodeManifest(std::string_view bytes);

// Publishes a manifest: after ok it survives power loss. A valid one of its generation must not
// exist (kInternal); a torn one is replaced. kDiskFull or kUnavailable: it does not exist and never
// will (the file of that generation was removed for good; the same generation may be tried again).
// Any other error: which manifest a later start finds is unknown, so remove no file that either of
// them names.
Status WriteManifest(FileSystem* file_system, const std::string& folder, const Manifest& manifest);

// Writes a manifest that a start has read over itself and syncs it, so that it is durable: it may
// have been read from memory that an fdatasync had failed to write. Needs no room.
Status MendManifest(FileSystem* file_system, const std::string& folder, const Manifest& manifest);

// The highest valid manifest; nothing when the folder has none: a new store. Names of files above
// it that are torn, which only a crash inside WriteManifest leaves, are added to `skipped` (may be
// null); RemoveOldManifests removes them. kDataDamaged, with file and offset, when there are
// manifests and none is valid; but a torn first one beside no log and no base file is a store whose
// making was cut short: nothing.
Result<std::optional<Manifest>> ReadManifest(FileSystem* file_system, const std::string& folder,
                                             std::vector<std::string>* skipped = nullptr);

// Removes every manifest but that of `keep_generation`, torn ones above it too.
Status RemoveOldManifests(FileSystem* file_system, const std::string& folder,
                          uint64_t keep_generation);

}  // namespace trifecta::storage
