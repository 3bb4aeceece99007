// The names of the files in a data folder, built and parsed in this one place, so that recovery and
// `trifecta check` share one view of it. storage/FORMAT.md, "The folder".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trifecta::storage {

enum class FileKind {
  kLock,      // LOCK
  kLog,       // log-<segment number>
  kManifest,  // manifest-<generation>
  kBase,      // base-<file number>
  kDamaged,   // base-<file number>.damaged
  kSpare,     // log-<segment number>.spare
};

struct FileName {
  FileKind kind;
  uint64_t number = 0;  // 0 for the lock
  bool operator==(const FileName&) const = default;
};

inline constexpr std::string_view kLockName = "LOCK";

// "log-00000000000000ff": numbers are 16 lower-case hexadecimal digits, so that names sort like
// numbers.
std::string LogName(uint64_t segment);
std::string ManifestName(uint64_t generation);
std::string BaseName(uint64_t file_number);
// What becomes of a base file that is given up: kept for people, used by nobody.
std::string DamagedName(uint64_t file_number);

// What becomes of a segment of the log that is kept to be used again, under another number.
std::string SpareName(uint64_t segment);

// What a name (not a path) stands for; nothing for a file that is not ours. Only the exact spelling
// that the functions above give is ours.
std::optional<FileName> ParseFileName(std::string_view name);

// folder + "/" + name.
std::string PathIn(std::string_view folder, std::string_view name);

}  // namespace trifecta::storage
