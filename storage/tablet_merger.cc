#include "storage/tablet_merger.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>

#include "storage/base_cursor.h"
#include "storage/base_file_builder.h"
#include "storage/base_salvage.h"
#include "storage/file_names.h"

namespace trifecta::storage {
namespace {

// What an entry is expected to take: its lengths and share of the index, and its suffix after
// symbol coding. Good to some 20%, which is all that cutting files needs.
constexpr double kEntryBytes = 1.7;
constexpr double kSuffixShrinks = 0.55;

// What a word takes behind the word `before`.
double EstimateEntry(std::string_view before, std::string_view word) {
  const auto suffix = static_cast<double>(word.size() - SharedLength(before, word));
  return kEntryBytes + kSuffixShrinks * suffix;
}

uint64_t CountRange(const Memtable& memtable, std::string_view low, std::string_view end) {
  uint64_t count = 0;
  MemtableCursor cursor(&memtable);
  for (cursor.Seek(low); cursor.valid() && (end.empty() || cursor.word() < end); cursor.Next()) {
    ++count;
  }
  return count;
}

}  // namespace

void TabletMerger::Gather(std::string_view word, bool tombstone, Version version) {
  std::string_view before;
  if (!gathered_.empty()) {
    before = std::string_view(bytes_).substr(gathered_.back().begin, gathered_.back().length);
  }
  estimate_ += EstimateEntry(before, word);
  gathered_.push_back({static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(word.size()),
                       static_cast<uint8_t>(tombstone ? kTombstone : 0), version});
  bytes_.append(word);
}

Status TabletMerger::Emit(std::string_view low, std::vector<TabletPtr>* made) {
  std::vector<BaseEntry> entries;
  entries.reserve(gathered_.size());
  for (const Gathered& item : gathered_) {
    entries.push_back(
        {std::string_view(bytes_).substr(item.begin, item.length), item.version, item.flags});
  }
  const uint64_t number = std::atomic_ref<uint64_t>(*next_file_)++;
  const BuiltBaseFile built = BuildBaseFile(number, entries);
  const std::string path = PathIn(folder_, BaseName(number));

  auto tablet = std::make_shared<Tablet>();
  tablet->record = {number,     built.bytes.size(), built.header_crc,
                    built.live, built.tombstones,   std::string(low)};
  Result<std::unique_ptr<WritableFile>> file = file_system_->Create(path);
  if (!file.ok()) return file.status();
  Status status = (*file)->WriteAt(0, built.bytes);
  if (status.ok()) status = (*file)->Sync();
  if (status.ok()) {
    written_bytes_ += built.bytes.size();
    Result<std::unique_ptr<BaseFile>> opened = BaseFile::Open(path);
    if (opened.ok()) tablet->file = std::move(*opened);
    status = opened.status();
  }
  if (!status.ok()) {
    (void)file_system_->Remove(path);  // if this fails too, the next start removes it
    return status;
  }
  made->push_back(std::move(tablet));
  bytes_.clear();
  gathered_.clear();
  estimate_ = 0;
  return Status::Ok();
}

void TabletMerger::Begin() {
  bytes_.clear();
  gathered_.clear();
  estimate_ = 0;
}

// Outputs of equal size, rather than full ones and a rest.
double TabletMerger::PartBytes(double bytes) const {
  const double parts = std::max(1.0, std::ceil(bytes / static_cast<double>(tablet_bytes_)));
  return std::min(bytes / parts, static_cast<double>(tablet_bytes_));
}

// Writes the last output; after a failure, removes those before it.
Status TabletMerger::Finish(Status status, std::string_view low, size_t made_before,
                            std::vector<TabletPtr>* made) {
  if (status.ok() && !gathered_.empty()) status = Emit(low, made);
  if (status.ok()) return status;
  for (size_t i = made_before; i < made->size(); ++i) {
    (void)file_system_->Remove((*made)[i]->file->name());
  }
  made->resize(made_before);
  return status;
}

Status TabletMerger::Merge(const MergeInput& input, std::vector<TabletPtr>* made) {
  Begin();
  const size_t made_before = made->size();
  const uint64_t newer_count = CountRange(*input.memtable, input.low, input.end);
  if (newer_count == 0) {
    if (input.tablet != nullptr) made->push_back(input.tablet);
    return Status::Ok();
  }
  double expected = kEntryBytes * 3 * static_cast<double>(newer_count);
  if (input.tablet != nullptr) expected += static_cast<double>(input.tablet->record.file_bytes);
  const double part_bytes = PartBytes(expected);

  MemtableCursor newer(input.memtable);
  newer.Seek(input.low);
  const auto newer_valid = [&] {
    return newer.valid() && (input.end.empty() || newer.word() < input.end);
  };
  std::optional<BaseCursor> older;
  if (input.tablet != nullptr) {
    older.emplace(input.tablet->file.get());
    older->Seek("");
  }
  const auto older_valid = [&] { return older.has_value() && older->valid(); };

  std::string low(input.low);
  Status status;
  while (status.ok() && (newer_valid() || older_valid())) {
    const int order = !newer_valid()   ? 1
                      : !older_valid() ? -1
                                       : newer.word().compare(older->word());
    if (estimate_ > part_bytes) {
      status = Emit(low, made);
      low = order <= 0 ? newer.word() : older->word();
    }
    // The memtable's entry is the newer one, unless the file was not readable when it came.
    const bool from_memtable =
        order < 0 || (order == 0 && !Supersedes(older->version(), older->tombstone(),
                                                newer.version(), newer.tombstone()));
    if (from_memtable) {
      Gather(newer.word(), newer.tombstone(), newer.version());
    } else {
      Gather(older->word(), older->tombstone(), older->version());
    }
    if (order <= 0) newer.Next();
    if (order >= 0) older->Next();
  }
  if (status.ok() && older.has_value()) status = older->status();
  if (status.ok() && older.has_value()) status = input.tablet->file->CheckAgain();
  return Finish(std::move(status), low, made_before, made);
}

Result<TabletMerger::Survey> TabletMerger::SurveyTablet(const Tablet& tablet, const Keep& keep) {
  Survey survey;
  std::string before;
  BaseCursor cursor(tablet.file.get());
  for (cursor.Seek(""); cursor.valid(); cursor.Next()) {
    if (!keep(cursor.word())) {
      ++survey.refused;
      continue;
    }
    survey.bytes += EstimateEntry(before, cursor.word());
    before = cursor.word();
  }
  if (!cursor.status().ok()) return cursor.status();
  return survey;
}

Status TabletMerger::Filter(std::span<const TabletPtr> tablets, const Keep& keep, double bytes,
                            std::vector<TabletPtr>* made) {
  Begin();
  const size_t made_before = made->size();
  const double part_bytes = PartBytes(bytes);
  std::string low = tablets.front()->record.low;
  Status status;
  for (const TabletPtr& tablet : tablets) {
    BaseCursor cursor(tablet->file.get());
    for (cursor.Seek(""); cursor.valid() && status.ok(); cursor.Next()) {
      if (!keep(cursor.word())) continue;
      if (estimate_ > part_bytes) {
        status = Emit(low, made);
        low = cursor.word();
      }
      Gather(cursor.word(), cursor.tombstone(), cursor.version());
    }
    if (status.ok()) status = cursor.status();
    if (status.ok()) status = tablet->file->CheckAgain();
    if (!status.ok()) break;
  }
  return Finish(std::move(status), low, made_before, made);
}

Status TabletMerger::Salvage(const Tablet& tablet, std::string_view end,
                             std::vector<TabletPtr>* made, std::vector<WordRange>* lost) {
  Begin();
  (void)tablet.file->CheckAgain();  // what of it is damaged is what this is for
  const size_t made_before = made->size();
  // Between the words before and behind; the former is there twice then, which does no harm.
  std::string before = tablet.record.low;
  bool in_gap = false;
  const auto end_gap = [&](std::string_view word) {
    if (in_gap) AddRange(lost, {before, std::string(word)});
    in_gap = false;
  };
  BaseSalvage salvage(
      tablet.file.get(),
      [&](const BaseCursor& cursor) {
        end_gap(cursor.word());
        before = cursor.word();
        Gather(cursor.word(), cursor.tombstone(), cursor.version());
      },
      [&] { in_gap = true; });
  salvage.Run();
  end_gap(end);
  return Finish(Status::Ok(), tablet.record.low, made_before, made);
}

}  // namespace trifecta::storage
