#include "storage/file_names.h"

#include <charconv>

#include "storage/base/text.h"

namespace trifecta::storage {
namespace {

constexpr size_t kDigits = 16;
constexpr std::string_view kDamagedSuffix = ".damaged";
constexpr std::string_view kSpareSuffix = ".spare";

struct Prefix {
  FileKind kind;
  std::string_view text;
};
constexpr Prefix kPrefixes[] = {
    {FileKind::kLog, "log-"}, {FileKind::kManifest, "manifest-"}, {FileKind::kBase, "base-"}};

std::string Name(FileKind kind, uint64_t number) {
  std::string name;
  for (const Prefix& prefix : kPrefixes) {
    if (prefix.kind == kind) name = prefix.text;
  }
  for (int shift = 60; shift >= 0; shift -= 4) {
    name.push_back("0123456789abcdef"[(number >> shift) & 15]);
  }
  return name;
}

// A name of `kind`, and `suffix` behind it.
std::optional<FileName> ParseWithSuffix(std::string_view name, std::string_view suffix,
                                        FileKind kind, FileKind meaning) {
  const auto parsed = ParseFileName(name.substr(0, name.size() - suffix.size()));
  if (!parsed || parsed->kind != kind) return std::nullopt;
  return FileName{meaning, parsed->number};
}

}  // namespace

std::string LogName(uint64_t segment) { return Name(FileKind::kLog, segment); }
std::string ManifestName(uint64_t generation) { return Name(FileKind::kManifest, generation); }
std::string BaseName(uint64_t file_number) { return Name(FileKind::kBase, file_number); }

std::string DamagedName(uint64_t file_number) {
  return StrCat(BaseName(file_number), kDamagedSuffix);
}
std::string SpareName(uint64_t segment) { return StrCat(LogName(segment), kSpareSuffix); }

std::optional<FileName> ParseFileName(std::string_view name) {
  if (name == kLockName) return FileName{FileKind::kLock};
  if (name.ends_with(kDamagedSuffix)) {
    return ParseWithSuffix(name, kDamagedSuffix, FileKind::kBase, FileKind::kDamaged);
  }
  if (name.ends_with(kSpareSuffix)) {
    return ParseWithSuffix(name, kSpareSuffix, FileKind::kLog, FileKind::kSpare);
  }
  for (const Prefix& prefix : kPrefixes) {
    if (!name.starts_with(prefix.text)) continue;
    const std::string_view digits = name.substr(prefix.text.size());
    if (digits.size() != kDigits) return std::nullopt;
    uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    if (Name(prefix.kind, number) != name) return std::nullopt;
    return FileName{prefix.kind, number};
  }
  return std::nullopt;
}

std::string PathIn(std::string_view folder, std::string_view name) {
  return StrCat(folder, folder.ends_with('/') ? "" : "/", name);
}

}  // namespace trifecta::storage
