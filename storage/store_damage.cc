// A store of which a part is damaged: what it still answers, and how it gives that part up.
#include <algorithm>
#include <utility>

#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/store_impl.h"

namespace trifecta::storage {

// Those that Open could not open.
void StoreImpl::NoteDamagedFiles() {
  for (const TabletPtr& tablet : files_->tablets()) {
    if (tablet->file->damaged()) (void)Note(tablet->file->UseIndex());
  }
}

// Of an entry that is replayed, but whose older one cannot be read.
Status StoreImpl::NoteReplay(Status status) {
  if (!options_.tolerate_damage || status.code() != StatusCode::kDataDamaged) return status;
  (void)Note(std::move(status));
  unsure_.store(true);
  return Status::Ok();
}

// A word that is in a memtable, when that may hold an entry that is not the newest.
Result<Lookup> StoreImpl::GetFromAll(const View& view, std::string_view word) const {
  Lookup newest;
  const auto take = [&](Version version, bool tombstone) {
    if (newest.known && !Supersedes(version, tombstone, newest.version, !newest.live)) return;
    newest = {true, !tombstone, version};
  };
  for (const Memtable* memtable : {view.active.For(word), view.frozen}) {
    const MemtableRecord* record = memtable == nullptr ? nullptr : memtable->Find(word);
    if (record != nullptr) take(record->version(), record->tombstone());
  }
  if (view.tablets.empty()) return newest;
  BaseFile::Found found;
  Status status = view.tablets[view.tablets.IndexFor(word)]->file->Find(word, &found);
  if (!status.ok()) return Note(std::move(status));
  if (found.known) take(found.version, found.tombstone);
  return newest;
}

Status StoreImpl::CheckCountable(const Tablet& tablet) const {
  if (!unsure_.load(std::memory_order_relaxed) || !tablet.file->damaged()) return Status::Ok();
  return {StatusCode::kDataDamaged,
          StrCat(tablet.file->name(), ": damaged, so that words written since cannot be counted; ",
                 "rebuild the node from its replicas")};
}

// Under mutex_.
std::string StoreImpl::DescribeDamage(bool any_tablet) const {
  if (any_tablet) return damage_;
  if (lost_.empty()) return "";
  return StrCat(options_.folder, ": words from '", lost_[0].low,
                "' on were lost with a damaged file and are not rebuilt yet");
}

void StoreImpl::TakeLost() {
  std::lock_guard lock(mutex_);
  lost_ = files_->lost();
}

Status StoreImpl::Discard(const WordRange& range) {
  std::lock_guard lock(checkpoint_mutex_);
  bool any_left = false;
  for (size_t i = 0; i < view().tablets.size();) {
    const TabletMap& tablets = view().tablets;
    const bool damaged = tablets[i]->file->damaged();
    if (!damaged || !Overlap(range, {tablets[i]->record.low, std::string(tablets.EndOf(i))})) {
      any_left |= damaged;
      ++i;
      continue;
    }
    size_t made = 0;
    TRIFECTA_RETURN_IF_ERROR(DiscardTablet(i, &made));
    i += made;
  }
  if (any_left) return Status::Ok();
  unsure_.store(false);
  std::lock_guard state(mutex_);
  damage_.clear();
  return Status::Ok();
}

Status StoreImpl::DiscardTablet(size_t index, size_t* made_count) {
  TabletMerger merger(options_.file_system, options_.folder, options_.tablet_bytes,
                      files_->next_file());
  const TabletPtr tablet = view().tablets[index];
  std::vector<TabletPtr> made;
  std::vector<WordRange> lost;
  const Status status = merger.Salvage(*tablet, view().tablets.EndOf(index), &made, &lost);
  checkpoint_bytes_.fetch_add(merger.written_bytes(), std::memory_order_relaxed);
  TRIFECTA_RETURN_IF_ERROR(status);
  uint64_t left = 0;
  for (const TabletPtr& part : made) left += part->file->entries();
  *made_count = made.size();
  TRIFECTA_RETURN_IF_ERROR(ReplaceTablets(index, index + 1, std::move(made), lost));
  TakeLost();
  const uint64_t held = tablet->record.live + tablet->record.tombstones;
  options_.logger->Warning(StrCat(tablet->file->name(), ": given up; ", left, " of its ", held,
                                  " entries could be read, the others have to come from replicas"));
  return Status::Ok();
}

Status StoreImpl::Refilled(const WordRange& range) {
  if (std::max(range.low.size(), range.end.size()) > kWordBytesMax) {
    return {StatusCode::kInvalidArgument, "a range begins or ends with more than a word"};
  }
  std::lock_guard lock(checkpoint_mutex_);
  const Status status = files_->Refill(range);
  if (!status.ok() && status.code() != StatusCode::kDiskFull &&
      status.code() != StatusCode::kUnavailable) {
    Fail(status);
  }
  TakeLost();
  return status;
}

}  // namespace trifecta::storage
