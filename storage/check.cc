#include "storage/check.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "storage/base/text.h"
#include "storage/base_cursor.h"
#include "storage/base_file.h"
#include "storage/check_log.h"
#include "storage/check_node_files.h"
#include "storage/check_report.h"
#include "storage/file_names.h"
#include "storage/folder_lock.h"
#include "storage/manifest.h"
#include "storage/memtable.h"

namespace trifecta::storage {
namespace {

// The filter of the memtable that takes the log's entries, in bytes of entries: any size works.
constexpr uint64_t kLogBytesExpected = 16u << 20;

class FolderCheck {
 public:
  explicit FolderCheck(CheckReport* report) : report_(report), newer_(&epoch_, kLogBytesExpected) {}

  Status Run() {
    TRIFECTA_RETURN_IF_ERROR(SortNames());
    TRIFECTA_RETURN_IF_ERROR(CheckManifests());
    if (manifest_.has_log && logs_.empty()) {
      report_->AddFault(report_->folder(), 0, "the log is missing (no file log-*)");
    }
    TRIFECTA_RETURN_IF_ERROR(
        CheckLog(report_, logs_, manifest_.covered, [this](std::span<const Entry> entries) {
          for (const Entry& entry : entries) newer_.Apply(entry, {});
        }));
    TRIFECTA_RETURN_IF_ERROR(CheckTablets());
    if (has_node_) TRIFECTA_RETURN_IF_ERROR(CheckNodeFile(report_));
    if (has_clock_) TRIFECTA_RETURN_IF_ERROR(CheckClockFile(report_));
    if (has_incarnation_) TRIFECTA_RETURN_IF_ERROR(CheckIncarnationFile(report_));
    if (has_ring_) TRIFECTA_RETURN_IF_ERROR(CheckRingFile(report_));
    return Status::Ok();
  }

 private:
  std::string PathOf(std::string_view name) const { return PathIn(report_->folder(), name); }

  Status SortNames() {
    auto names = report_->file_system()->List(report_->folder());
    if (!names.ok()) return names.status();
    std::vector<std::string> unknown;
    bool any = false;
    for (const std::string& name : *names) {
      const auto parsed = ParseFileName(name);
      if (IsUnfinishedNodeFile(name)) {
        report_->AddNote(PathOf(name), "its writing was cut short; nothing needs it");
        continue;
      }
      if (!parsed && !IsNodeFile(name)) {
        unknown.push_back(name);
        continue;
      }
      any = true;
      has_node_ |= name == kNodeFile;
      has_clock_ |= name == kClockFile;
      has_incarnation_ |= name == kIncarnationFile;
      has_ring_ |= name == kRingFile;
      if (!parsed) continue;
      if (parsed->kind == FileKind::kLog) logs_.push_back(name);
      if (parsed->kind == FileKind::kManifest) manifests_.push_back(name);
      if (parsed->kind == FileKind::kBase) bases_.push_back(name);
      if (parsed->kind == FileKind::kDamaged) {
        report_->AddNote(
            PathOf(name),
            "a damaged base file that was given up, kept for people; nothing needs it");
      }
    }
    if (!any) {
      return {
          StatusCode::kNotFound,
          StrCat(report_->folder(), ": no data folder of Trifecta: it holds none of its files")};
    }
    for (const std::string& name : unknown) {
      report_->AddNote(PathOf(name), "not a file of Trifecta; it was not looked at");
    }
    return Status::Ok();
  }

  Status CheckManifests() {
    for (const std::string& name : manifests_) {
      auto bytes = report_->Read(PathOf(name));
      if (!bytes.ok()) return bytes.status();
      if (!bytes->has_value()) return Status::Ok();  // told; without it the rest says nothing
    }
    std::vector<std::string> skipped;
    auto manifest = ReadManifest(report_->file_system(), report_->folder(), &skipped);
    if (!manifest.ok()) {
      report_->AddFault(PathOf(manifests_.back()), manifest.status());
      return Status::Ok();
    }
    for (const std::string& name : skipped) {
      report_->AddNote(PathOf(name),
                       "a manifest that was cut short before it counted; the next "
                       "start removes it");
    }
    if (!manifest->has_value()) return CheckUnfounded();
    has_manifest_ = true;
    manifest_ = std::move(**manifest);
    for (const WordRange& range : manifest_.lost) {
      report_->AddFault(PathOf(ManifestName(manifest_.generation)), 0,
                        StrCat("words from '", range.low, "' up to '", range.end,
                               "' were lost with a damaged file and are not rebuilt yet"));
    }
    for (const std::string& name : manifests_) {
      if (ParseFileName(name)->number >= manifest_.generation) continue;
      report_->AddNote(PathOf(name), "the manifest of an earlier state; the next start removes it");
    }
    return Status::Ok();
  }

  // A folder without a manifest: before the store's making, nothing else is there.
  Status CheckUnfounded() {
    if (logs_.empty() && bases_.empty()) {
      report_->AddNote(report_->folder(), "no store was made here yet");
    } else {
      report_->AddFault(report_->folder(), 0, "log segments or base files, but no manifest");
    }
    return Status::Ok();
  }

  Status CheckTablets() {
    if (!has_manifest_) return Status::Ok();
    std::set<uint64_t> named;
    for (size_t i = 0; i < manifest_.tablets.size(); ++i) {
      named.insert(manifest_.tablets[i].file_number);
      TRIFECTA_RETURN_IF_ERROR(CheckTablet(i));
    }
    if (manifest_.tablets.empty()) CountWords(nullptr, "", "");
    for (const std::string& name : bases_) {
      if (named.contains(ParseFileName(name)->number)) continue;
      report_->AddNote(PathOf(name),
                       "a base file that no manifest names: left by a checkpoint that "
                       "was cut short; the next start removes it");
    }
    return Status::Ok();
  }

  std::string_view EndOf(size_t i) const {
    return i + 1 < manifest_.tablets.size() ? std::string_view(manifest_.tablets[i + 1].low) : "";
  }

  Status CheckTablet(size_t i) {
    const TabletRecord& record = manifest_.tablets[i];
    ++report_->summary().tablets;
    const std::string name = BaseName(record.file_number);
    const std::string path = PathOf(name);
    if (!std::binary_search(bases_.begin(), bases_.end(), name)) {
      report_->AddFault(path, 0, "missing, though the manifest names it");
      CountWords(nullptr, record.low, EndOf(i));
      return Status::Ok();
    }
    auto bytes = report_->Read(path);
    if (!bytes.ok()) return bytes.status();
    if (!bytes->has_value()) return Status::Ok();
    auto file = BaseFile::FromBytes(path, **bytes);
    if (!file.ok()) {
      report_->AddFault(path, file.status());
      return Status::Ok();
    }
    CheckAgainst(record, path, (*file)->header());
    (*file)->Verify(
        [&](uint64_t offset, const std::string& what) { report_->AddFault(path, offset, what); });
    CheckRange(**file, path, record.low, EndOf(i));
    CountWords(file->get(), record.low, EndOf(i));
    return Status::Ok();
  }

  void CheckAgainst(const TabletRecord& record, const std::string& path, const BaseHeader& header) {
    if (header.file_number != record.file_number || header.header_crc != record.header_crc ||
        header.file_bytes != record.file_bytes) {
      report_->AddFault(path, 0, "not the file that the manifest names");
    } else if (header.live != record.live || header.tombstones != record.tombstones) {
      report_->AddFault(path, 0, "the manifest counts other words in it than its header");
    }
  }

  void CheckRange(const BaseFile& file, const std::string& path, std::string_view low,
                  std::string_view end) {
    BaseCursor cursor(&file);
    cursor.Seek("");
    const bool below = cursor.valid() && cursor.word() < low;
    bool beyond = false;
    if (!end.empty()) {
      cursor.Seek(end);
      beyond = cursor.valid();
    }
    if (below || beyond) report_->AddFault(path, 0, "words outside of the tablet's range");
  }

  // What a node would hold of the range: the newest entry of each word, from the log or the file.
  void CountWords(const BaseFile* file, std::string_view low, std::string_view end) {
    MemtableCursor newer(&newer_);
    newer.Seek(low);
    const auto newer_valid = [&] { return newer.valid() && (end.empty() || newer.word() < end); };
    std::optional<BaseCursor> older;
    if (file != nullptr) older.emplace(file);
    if (older) older->Seek("");
    while (newer_valid() || (older && older->valid())) {
      const bool from_older =
          older && older->valid() && (!newer_valid() || older->word() <= newer.word());
      const bool from_newer = newer_valid() && (!from_older || older->word() == newer.word());
      const bool newer_counts =
          from_newer && (!from_older || Supersedes(newer.version(), newer.tombstone(),
                                                   older->version(), older->tombstone()));
      const bool tombstone = newer_counts ? newer.tombstone() : older->tombstone();
      ++(tombstone ? report_->summary().tombstones : report_->summary().words);
      if (from_newer) newer.Next();
      if (from_older) older->Next();
    }
  }

  CheckReport* const report_;
  std::vector<std::string> manifests_, logs_, bases_;  // names, sorted
  bool has_node_ = false, has_clock_ = false, has_incarnation_ = false, has_ring_ = false;
  bool has_manifest_ = false;
  Manifest manifest_;
  Epoch epoch_;
  Memtable newer_;  // what the log holds above the base files
};

}  // namespace

Status CheckFolder(FileSystem* file_system, const std::string& folder,
                   const std::function<void(const Fault&)>& report, CheckSummary* summary) {
  *summary = {};
  const Result<std::unique_ptr<FolderLock>> lock = FolderLock::AcquireShared(folder);
  if (!lock.ok()) return lock.status();
  CheckReport check(file_system, folder, report, summary);
  return FolderCheck(&check).Run();
}

}  // namespace trifecta::storage
