#include "storage/store_files.h"

#include <set>

#include "storage/base/text.h"
#include "storage/file_names.h"

namespace trifecta::storage {

Result<std::unique_ptr<StoreFiles>> StoreFiles::Open(FileSystem* file_system, Logger* logger,
                                                     std::string folder, bool tolerate_damage) {
  std::unique_ptr<StoreFiles> files(new StoreFiles(file_system, logger, std::move(folder)));
  std::vector<std::string> skipped;
  Result<std::optional<Manifest>> manifest = ReadManifest(file_system, files->folder_, &skipped);
  if (!manifest.ok()) return manifest.status();
  for (const std::string& name : skipped) {
    logger->Warning(StrCat(name, " was cut short by a crash before it counted; it is removed"));
  }
  if (!manifest->has_value()) {
    TRIFECTA_RETURN_IF_ERROR(files->MakeFirst());
    return files;
  }
  files->manifest_ = **manifest;
  if (!files->lost().empty() && !tolerate_damage) return files->Incomplete();
  TRIFECTA_RETURN_IF_ERROR(files->OpenTablets(tolerate_damage));
  if (files->has_log()) TRIFECTA_RETURN_IF_ERROR(files->FindLog());
  TRIFECTA_RETURN_IF_ERROR(MendManifest(file_system, files->folder_, files->manifest_));
  TRIFECTA_RETURN_IF_ERROR(
      RemoveOldManifests(file_system, files->folder_, files->manifest_.generation));
  TRIFECTA_RETURN_IF_ERROR(files->RemoveStray());
  return files;
}

Status StoreFiles::MakeFirst() {
  Result<std::vector<std::string>> names = file_system_->List(folder_);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const std::optional<FileName> parsed = ParseFileName(name);
    if (parsed.has_value() && (parsed->kind == FileKind::kLog || parsed->kind == FileKind::kBase)) {
      return {StatusCode::kDataDamaged,
              StrCat(folder_, ": holds ", name, " but no manifest; restore the manifest from a ",
                     "backup, or move the folder away to begin with an empty one")};
    }
  }
  manifest_.generation = 1;
  TRIFECTA_RETURN_IF_ERROR(WriteManifest(file_system_, folder_, manifest_));
  return RemoveOldManifests(file_system_, folder_, manifest_.generation);
}

Status StoreFiles::OpenTablets(bool tolerate_damage) {
  for (const TabletRecord& record : manifest_.tablets) {
    Result<std::shared_ptr<const BaseFile>> file = OpenTablet(record);
    if (!file.ok()) {
      if (!tolerate_damage || file.status().code() != StatusCode::kDataDamaged) {
        return file.status();
      }
      file = BaseFile::Unreadable(PathIn(folder_, BaseName(record.file_number)), file.status());
    }
    tablets_.push_back(std::make_shared<Tablet>(Tablet{record, std::move(*file)}));
  }
  return Status::Ok();
}

Result<std::shared_ptr<const BaseFile>> StoreFiles::OpenTablet(const TabletRecord& record) const {
  const std::string path = PathIn(folder_, BaseName(record.file_number));
  Result<std::unique_ptr<BaseFile>> file = BaseFile::Open(path);
  if (!file.ok()) {
    if (file.status().code() != StatusCode::kNotFound) return file.status();
    return Status(StatusCode::kDataDamaged,
                  StrCat(path,
                         ": missing, though the manifest names it; restore it from a backup or "
                         "rebuild the node from its replicas"));
  }
  const BaseHeader& header = (*file)->header();
  if (header.file_number != record.file_number || header.header_crc != record.header_crc ||
      header.file_bytes != record.file_bytes) {
    return Status(StatusCode::kDataDamaged,
                  StrCat(path,
                         ": at offset 0: not the file that the manifest names; restore it from "
                         "a backup or rebuild the node from its replicas"));
  }
  return std::shared_ptr<const BaseFile>(std::move(*file));
}

Status StoreFiles::Incomplete() const {
  return {StatusCode::kDataDamaged,
          StrCat(PathIn(folder_, ManifestName(manifest_.generation)), ": at offset 0: words from '",
                 lost()[0].low,
                 "' on were lost with a damaged file and are not rebuilt yet; start the node with "
                 "its replicas, or restore the data folder from a backup")};
}

Status StoreFiles::FindLog() const {
  Result<std::vector<std::string>> names = file_system_->List(folder_);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const std::optional<FileName> parsed = ParseFileName(name);
    if (parsed.has_value() && parsed->kind == FileKind::kLog) return Status::Ok();
  }
  return {StatusCode::kDataDamaged,
          StrCat(folder_, ": the log is missing (no file log-*), though the manifest says that ",
                 "there is one; restore the data folder from a replica or a backup")};
}

// Makes `next`, which lacks its generation, the manifest.
Status StoreFiles::PublishManifest(Manifest next) {
  next.generation = manifest_.generation + 1;
  TRIFECTA_RETURN_IF_ERROR(WriteManifest(file_system_, folder_, next));
  manifest_ = std::move(next);
  written_bytes_ += EncodeManifest(manifest_).size();
  return Status::Ok();
}

Status StoreFiles::SetHasLog(bool has_log) {
  if (manifest_.has_log == has_log) return Status::Ok();
  Manifest next = manifest_;
  next.has_log = has_log;
  TRIFECTA_RETURN_IF_ERROR(PublishManifest(std::move(next)));
  RemoveOld();
  return Status::Ok();
}

Status StoreFiles::Refill(const WordRange& range) {
  Manifest next = manifest_;
  SubtractRange(&next.lost, range);
  if (next.lost == manifest_.lost) return Status::Ok();
  TRIFECTA_RETURN_IF_ERROR(PublishManifest(std::move(next)));
  RemoveOld();
  return Status::Ok();
}

Status StoreFiles::RemoveStray() {
  std::set<uint64_t> named;
  for (const TabletRecord& record : manifest_.tablets) named.insert(record.file_number);
  Result<std::vector<std::string>> names = file_system_->List(folder_);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const std::optional<FileName> parsed = ParseFileName(name);
    if (!parsed.has_value() || parsed->kind != FileKind::kBase || named.contains(parsed->number)) {
      continue;
    }
    // A number that was used must not be used again, even if its removal is lost with the power.
    manifest_.next_file = std::max(manifest_.next_file, parsed->number + 1);
    TRIFECTA_RETURN_IF_ERROR(file_system_->Remove(PathIn(folder_, name)));
  }
  return Status::Ok();
}

Status StoreFiles::Publish(std::vector<TabletPtr> tablets, uint64_t covered,
                           std::span<const WordRange> lost) {
  Manifest next = manifest_;
  next.covered = covered;
  next.tablets.clear();
  std::set<uint64_t> named;
  for (const TabletPtr& tablet : tablets) {
    next.tablets.push_back(tablet->record);
    named.insert(tablet->record.file_number);
  }
  for (const WordRange& range : lost) AddRange(&next.lost, range);
  TRIFECTA_RETURN_IF_ERROR(file_system_->SyncFolder(folder_));
  TRIFECTA_RETURN_IF_ERROR(PublishManifest(std::move(next)));
  const std::vector<TabletPtr> before = std::move(tablets_);
  tablets_ = std::move(tablets);
  if (!RemoveOld()) return Status::Ok();  // an old manifest may still name them
  for (const TabletPtr& tablet : before) {
    if (!named.contains(tablet->record.file_number) && !GiveUp(*tablet)) break;
  }
  return Status::Ok();
}

bool StoreFiles::RemoveOld() {
  return Told(RemoveOldManifests(file_system_, folder_, manifest_.generation));
}

// Removes a base file that no manifest names; a damaged one stays under another name, for people.
bool StoreFiles::GiveUp(const Tablet& tablet) {
  const std::string& path = tablet.file->name();
  if (!tablet.file->damaged()) return Told(file_system_->Remove(path));
  const std::string aside = DamagedName(tablet.record.file_number);
  const Status status = file_system_->Rename(path, PathIn(folder_, aside));
  if (status.code() == StatusCode::kNotFound) return true;  // that was the damage
  if (status.ok()) {
    logger_->Warning(StrCat(path, " is damaged and given up; it is kept as ", aside,
                            " for who wants to look into it"));
  }
  return Told(status);
}

// Says what stays where it need not be; true when there is nothing to say.
bool StoreFiles::Told(const Status& status) const {
  if (status.ok()) return true;
  logger_->Warning(
      StrCat("files of an earlier state stay until the next start: ", status.message()));
  return false;
}

}  // namespace trifecta::storage
