#include "storage/manifest.h"

#include <algorithm>
#include <utility>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/file_names.h"

namespace trifecta::storage {
namespace {

constexpr std::string_view kMagic = "TRIFMAN\n";
constexpr uint32_t kFormatVersion = 1;
// magic 8 | version 4 | crc 4 | body length 8
constexpr size_t kCrcOffset = 12;
constexpr size_t kCheckedOffset = 16;
constexpr size_t kHeaderBytes = 24;
// The flags byte after the tablets; left out when no flag is set.
constexpr uint8_t kHasLog = 1;
constexpr uint8_t kHasLost = 2;

Status Damaged(size_t offset, std::string_view what) {
  return {StatusCode::kDataDamaged, StrCat("offset ", offset, ": ", what)};
}

// The CRC covers the magic, the version, the length and the body: everything but itself.
uint32_t Checksum(std::string_view bytes) {
  return Crc32c(bytes.substr(kCheckedOffset), Crc32c(bytes.substr(0, kCrcOffset)));
}

void PutTablet(std::string* body, const TabletRecord& tablet) {
  PutVarint(body, tablet.file_number);
  PutVarint(body, tablet.file_bytes);
  PutFixed(body, tablet.header_crc);
  PutVarint(body, tablet.live);
  PutVarint(body, tablet.tombstones);
  PutVarint(body, tablet.low.size());
  body->append(tablet.low);
}

TabletRecord ReadTablet(Decoder* from) {
  TabletRecord tablet;
  tablet.file_number = from->Varint();
  tablet.file_bytes = from->Varint();
  tablet.header_crc = from->Fixed<uint32_t>();
  tablet.live = from->Varint();
  tablet.tombstones = from->Varint();
  tablet.low = from->LengthPrefixed();
  return tablet;
}

// What few manifests have: flags and what they announce.
void PutExtras(const Manifest& manifest, std::string* body) {
  const uint8_t flags = (manifest.has_log ? kHasLog : 0) | (manifest.lost.empty() ? 0 : kHasLost);
  if (flags == 0) return;
  PutFixed(body, flags);
  if (manifest.lost.empty()) return;
  PutVarint(body, manifest.lost.size());
  for (const WordRange& range : manifest.lost) {
    for (const std::string* word : {&range.low, &range.end}) {
      PutVarint(body, word->size());
      body->append(*word);
    }
  }
}

Status ReadExtras(Decoder* from, Manifest* manifest) {
  const auto flags = from->Fixed<uint8_t>();
  if (flags == 0 || (flags & ~(kHasLog | kHasLost)) != 0) {
    return Damaged(kHeaderBytes, "unknown flags");
  }
  manifest->has_log = (flags & kHasLog) != 0;
  if ((flags & kHasLost) == 0) return Status::Ok();
  for (uint64_t left = from->Varint(); left > 0 && from->ok(); --left) {
    WordRange range;
    range.low = from->LengthPrefixed();
    range.end = from->LengthPrefixed();
    manifest->lost.push_back(std::move(range));
  }
  return Status::Ok();
}

// The rules between fields, which a checksum cannot show broken: a writer's defect.
Status CheckRules(const Manifest& manifest) {
  const auto& tablets = manifest.tablets;
  if (!tablets.empty() && !tablets[0].low.empty()) {
    return Damaged(kHeaderBytes, "the first tablet does not begin at the empty word");
  }
  for (size_t i = 0; i < tablets.size(); ++i) {
    const TabletRecord& tablet = tablets[i];
    if (tablet.low.size() > kWordBytesMax || (i > 0 && tablet.low <= tablets[i - 1].low)) {
      return Damaged(kHeaderBytes, StrCat("tablet ", i, " is out of order"));
    }
    if (tablet.file_number >= manifest.next_file) {
      return Damaged(kHeaderBytes,
                     StrCat("tablet ", i, " has a file number that was not given out"));
    }
  }
  for (const WordRange& range : manifest.lost) {
    if (std::max(range.low.size(), range.end.size()) > kWordBytesMax) {
      return Damaged(kHeaderBytes, "a lost range begins or ends with more than a word");
    }
  }
  if (!IsRangeList(manifest.lost)) {
    return Damaged(kHeaderBytes, "the lost ranges are out of order");
  }
  return Status::Ok();
}

// Whether the bytes are what a writer wrote, whole: the only thing that a crash can break.
Status CheckWhole(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) {
    return Damaged(bytes.size(), "cut short inside the header of a manifest");
  }
  if (bytes.substr(0, kMagic.size()) != kMagic) return Damaged(0, "not a manifest of Trifecta");
  const auto length = LoadFixed<uint64_t>(bytes.data() + kCheckedOffset);
  if (length > bytes.size() - kHeaderBytes) return Damaged(bytes.size(), "cut short");
  if (length < bytes.size() - kHeaderBytes) {
    return Damaged(kHeaderBytes + length, "bytes after the end of the manifest");
  }
  if (LoadFixed<uint32_t>(bytes.data() + kCrcOffset) != Checksum(bytes)) {
    return Damaged(kCrcOffset, "wrong checksum");
  }
  return Status::Ok();
}

Status CheckVersion(std::string_view bytes) {
  const auto version = LoadFixed<uint32_t>(bytes.data() + kMagic.size());
  if (version == kFormatVersion) return Status::Ok();
  return Damaged(kMagic.size(), StrCat("format version ", version, "; this program reads version ",
                                       kFormatVersion));
}

struct FoundManifest {
  uint64_t generation;
  std::string name;
};

struct FolderView {
  std::vector<FoundManifest> manifests;  // highest first
  bool other_files = false;              // log segments or base files
};

Result<FolderView> Look(FileSystem* file_system, const std::string& folder) {
  auto names = file_system->List(folder);
  if (!names.ok()) return names.status();
  FolderView view;
  for (const std::string& name : *names) {
    const auto parsed = ParseFileName(name);
    if (!parsed) continue;
    if (parsed->kind == FileKind::kManifest) view.manifests.push_back({parsed->number, name});
    if (parsed->kind == FileKind::kLog || parsed->kind == FileKind::kBase) view.other_files = true;
  }
  std::reverse(view.manifests.begin(), view.manifests.end());
  return view;
}

// Nothing when the file is torn; then `why` says how.
Result<std::optional<Manifest>> ReadOne(FileSystem* file_system, const std::string& folder,
                                        const FoundManifest& found, Status* why) {
  const std::string path = PathIn(folder, found.name);
  auto bytes = file_system->ReadAll(path);
  if (!bytes.ok()) return bytes.status();
  if (Status torn = CheckWhole(*bytes); !torn.ok()) {
    *why = torn.WithContext(path);
    return std::optional<Manifest>();
  }
  auto manifest = DecodeManifest(*bytes);
  if (!manifest.ok()) return manifest.status().WithContext(path);
  if (manifest->generation != found.generation) {
    return Damaged(kHeaderBytes, StrCat("generation ", manifest->generation, " under another name"))
        .WithContext(path);
  }
  return std::optional<Manifest>(std::move(*manifest));
}

// Makes way for a manifest where a crash cut one of the same name short.
Status RemoveTorn(FileSystem* file_system, const std::string& path) {
  auto bytes = file_system->ReadAll(path);
  if (bytes.status().code() == StatusCode::kNotFound) return Status::Ok();
  if (!bytes.ok()) return bytes.status();
  if (!CheckWhole(*bytes).ok()) return file_system->Remove(path);
  return {StatusCode::kInternal, StrCat(path, ": exists already and would be written again")};
}

Status WriteSynced(WritableFile* file, std::string_view bytes) {
  TRIFECTA_RETURN_IF_ERROR(file->WriteAt(0, bytes));
  return file->Sync();
}

// True when the failed call has left nothing behind that could matter.
bool LeavesNothing(StatusCode code) {
  return code == StatusCode::kDiskFull || code == StatusCode::kUnavailable;
}

}  // namespace

std::string EncodeManifest(const Manifest& manifest) {
  std::string body;
  PutFixed(&body, manifest.generation);
  PutFixed(&body, manifest.covered);
  PutFixed(&body, manifest.next_file);
  PutVarint(&body, manifest.tablets.size());
  for (const TabletRecord& tablet : manifest.tablets) PutTablet(&body, tablet);
  PutExtras(manifest, &body);

  std::string bytes(kMagic);
  PutFixed(&bytes, kFormatVersion);
  PutFixed(&bytes, uint32_t{0});
  PutFixed(&bytes, uint64_t{body.size()});
  bytes += body;
  StoreFixed(bytes.data() + kCrcOffset, Checksum(bytes));
  return bytes;
}

Result<Manifest> DecodeManifest(std::string_view bytes) {
  TRIFECTA_RETURN_IF_ERROR(CheckWhole(bytes));
  TRIFECTA_RETURN_IF_ERROR(CheckVersion(bytes));
  Decoder body(bytes.substr(kHeaderBytes));
  Manifest manifest;
  manifest.generation = body.Fixed<uint64_t>();
  manifest.covered = body.Fixed<uint64_t>();
  manifest.next_file = body.Fixed<uint64_t>();
  for (uint64_t left = body.Varint(); left > 0 && body.ok(); --left) {
    manifest.tablets.push_back(ReadTablet(&body));
  }
  if (body.ok() && !body.empty()) TRIFECTA_RETURN_IF_ERROR(ReadExtras(&body, &manifest));
  if (!body.ok()) return Damaged(kHeaderBytes, "fewer bytes than its tablets need");
  if (!body.empty()) return Damaged(kHeaderBytes, "more bytes than its tablets need");
  TRIFECTA_RETURN_IF_ERROR(CheckRules(manifest));
  return manifest;
}

Status WriteManifest(FileSystem* file_system, const std::string& folder, const Manifest& manifest) {
  const std::string path = PathIn(folder, ManifestName(manifest.generation));
  TRIFECTA_RETURN_IF_ERROR(RemoveTorn(file_system, path));
  auto file = file_system->Create(path);
  if (!file.ok()) return file.status();
  Status status = WriteSynced(file->get(), EncodeManifest(manifest));
  if (status.ok()) status = file_system->SyncFolder(folder);
  if (!LeavesNothing(status.code())) return status;
  // What could come back after power loss must not: it names files that the caller will remove.
  Status removed = file_system->Remove(path);
  if (removed.ok()) removed = file_system->SyncFolder(folder);
  if (removed.ok()) return status;
  return {StatusCode::kIoError, StrCat(status.message(), "; and then: ", removed.message())};
}

Status MendManifest(FileSystem* file_system, const std::string& folder, const Manifest& manifest) {
  auto file = file_system->OpenForWriting(PathIn(folder, ManifestName(manifest.generation)));
  if (!file.ok()) return file.status();
  TRIFECTA_RETURN_IF_ERROR(WriteSynced(file->get(), EncodeManifest(manifest)));
  return file_system->SyncFolder(folder);
}

Result<std::optional<Manifest>> ReadManifest(FileSystem* file_system, const std::string& folder,
                                             std::vector<std::string>* skipped) {
  auto view = Look(file_system, folder);
  if (!view.ok()) return view.status();
  Status highest_failure;
  std::vector<std::string> torn;
  std::optional<Manifest> valid;
  for (const FoundManifest& found : view->manifests) {
    Status why;
    auto manifest = ReadOne(file_system, folder, found, &why);
    if (!manifest.ok()) return manifest.status();
    valid = std::move(*manifest);
    if (valid) break;
    if (torn.empty()) highest_failure = why;
    torn.push_back(found.name);
  }
  const bool first_only = torn.size() == 1 && view->manifests[0].generation == 1;
  const bool cut_short_when_made = first_only && !view->other_files;
  if (!valid && !torn.empty() && !cut_short_when_made) return highest_failure;
  if (skipped != nullptr) skipped->insert(skipped->end(), torn.begin(), torn.end());
  return valid;
}

Status RemoveOldManifests(FileSystem* file_system, const std::string& folder,
                          uint64_t keep_generation) {
  auto view = Look(file_system, folder);
  if (!view.ok()) return view.status();
  for (const FoundManifest& found : view->manifests) {
    if (found.generation == keep_generation) continue;
    TRIFECTA_RETURN_IF_ERROR(file_system->Remove(PathIn(folder, found.name)));
  }
  return Status::Ok();
}

}  // namespace trifecta::storage
