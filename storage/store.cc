#include "storage/store.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "storage/base/hash.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/base/word.h"
#include "storage/base_probe.h"
#include "storage/older_lookup.h"
#include "storage/store_impl.h"
#include "storage/view_cursor.h"

namespace trifecta::storage {
namespace {

// The call changed nothing, and may go through later.
bool NoRoom(const Status& status) {
  return status.code() == StatusCode::kDiskFull || status.code() == StatusCode::kUnavailable;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(StoreOptions options) {
  return StoreImpl::Open(std::move(options));
}

StoreImpl::StoreImpl(StoreOptions options)
    : options_(std::move(options)), observer_(options_.observer) {
  queue_ = std::make_unique<CommitQueue>(
      [this](std::span<PendingWrite* const> group) { return Commit(group); },
      [this](std::span<PendingWrite* const> group) { Apply(group); });
}

Result<std::unique_ptr<Store>> StoreImpl::Open(StoreOptions options) {
  std::unique_ptr<StoreImpl> store(new StoreImpl(std::move(options)));
  TRIFECTA_RETURN_IF_ERROR(store->Recover());
  if (store->options_.background) {
    store->checkpoint_thread_ = std::thread([impl = store.get()] { impl->CheckpointLoop(); });
    store->prepare_thread_ = std::thread([impl = store.get()] { impl->PrepareLoop(); });
  }
  return std::unique_ptr<Store>(std::move(store));
}

Status StoreImpl::Recover() {
  TRIFECTA_RETURN_IF_ERROR(options_.file_system->CreateFolder(options_.folder));
  Result<std::unique_ptr<FolderLock>> lock = FolderLock::Acquire(options_.folder);
  if (!lock.ok()) return lock.status();
  lock_ = std::move(*lock);
  Result<std::unique_ptr<StoreFiles>> files = StoreFiles::Open(
      options_.file_system, options_.logger, options_.folder, options_.tolerate_damage);
  if (!files.ok()) return files.status();
  files_ = std::move(*files);

  auto bare = std::make_unique<View>();
  bare->tablets = TabletMap(files_->tablets());
  SwapView(std::move(bare));
  auto first = std::make_unique<View>(view());
  first->active = MemtableSet(NewParts(first->tablets, "", "", files_->covered()));
  SwapView(std::move(first));
  NoteDamagedFiles();
  TakeLost();

  // Recovery may remove every segment, and a crash in it must not look like a log that was lost. On
  // a full disk that risk is taken, and reads are served.
  const bool had_log = files_->has_log();
  if (Status status = files_->SetHasLog(false); !status.ok() && !NoRoom(status)) return status;
  std::vector<OlderEntry> older;
  const auto replay = [&](uint64_t, std::span<const Entry> entries) -> Status {
    TRIFECTA_RETURN_IF_ERROR(NoteReplay(LookUpOlder(view(), entries, &older)));
    ApplyEntries(view().active, entries, older, {}, nullptr);
    return Status::Ok();
  };
  Result<std::unique_ptr<Log>> log = Log::Open(
      {options_.file_system, options_.logger, options_.folder, options_.log_segment_bytes},
      files_->covered(), replay);
  if (!log.ok()) {
    (void)files_->SetHasLog(had_log);  // nothing was removed
    return log.status();
  }
  log_ = std::move(*log);
  // Without room for it the next write tries again.
  const Status status = files_->SetHasLog(log_->segments() > 0);
  if (!status.ok() && !NoRoom(status)) return status;
  has_log_.store(files_->has_log());
  applied_sequence_ = log_->last_sequence();
  checkpoint_wanted_ = CheckpointIsDue(view().active);
  segment_wanted_ = true;
  return Status::Ok();
}

StoreImpl::~StoreImpl() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  room_.notify_all();
  if (checkpoint_thread_.joinable()) checkpoint_thread_.join();
  if (prepare_thread_.joinable()) prepare_thread_.join();
  if (const View* last = view_.load(); last != nullptr) {
    for (const MemtableSet::Part& part : last->active.parts()) delete part.memtable;
    delete last->frozen;
    delete last;
  }
}

void StoreImpl::OnFailure(std::function<void(const Status&)> callback) {
  std::lock_guard lock(mutex_);
  on_failure_ = std::move(callback);
}

// Remembers the first damage met, so that the node can say that it is not whole.
Status StoreImpl::Note(Status status) const {
  if (status.code() == StatusCode::kDataDamaged) {
    std::lock_guard lock(mutex_);
    if (damage_.empty()) {
      damage_ = status.message();
      options_.logger->Error(StrCat("damage found: ", damage_));
    }
  }
  return status;
}

void StoreImpl::Fail(const Status& status) {
  std::function<void(const Status&)> callback;
  {
    std::lock_guard lock(mutex_);
    if (!failure_.ok()) return;
    failure_ = status;
    callback = on_failure_;
  }
  room_.notify_all();
  options_.logger->Error(StrCat("the store takes no more writes: ", status.message()));
  if (callback) callback(status);
}

// Writing ----------------------------------------------------------------------------------------

void StoreImpl::Observe(EntryObserver* observer) {
  std::lock_guard lock(queue_->apply_mutex());
  observer_ = observer;
}

void StoreImpl::BetweenWrites(const std::function<void()>& read) const {
  std::lock_guard lock(queue_->apply_mutex());
  read();
}

// Waits while the memtable is full and the one before it is not merged yet. Before it comes to
// that, writers are slowed down the more, the further the memtable's filling is ahead of the merge:
// many short waits instead of a long one.
Status StoreImpl::WaitForRoom() {
  constexpr double kFreeShare = 0.5;  // of the memtable: no pacing below it
  constexpr std::chrono::duration<double, std::milli> kPaceMax{10};
  const auto lag = [&]() -> double {
    Epoch::Guard guard(&epoch_);
    const View& now = view();
    if (now.frozen == nullptr) return 0;
    const double filled = FilledSinceFreeze(now);
    if (filled >= 1) return 1;
    return std::max(0.0, filled - std::max(kFreeShare, MergedShare(now)));
  };
  std::unique_lock lock(mutex_);
  if (!options_.background) return failure_;
  for (;;) {
    if (!failure_.ok()) return failure_;
    const double behind = lag();
    if (behind == 0) return Status::Ok();
    if (behind < 1) {
      room_.wait_for(lock, 2 * behind * kPaceMax);
      return failure_;
    }
    if (!checkpoint_status_.ok()) {
      return checkpoint_status_.WithContext("the memtable is full and cannot be merged");
    }
    if (stopping_) return {StatusCode::kCancelled, "the store is closing"};
    room_.wait(lock);
  }
}

// Looks up every entry, also behind one whose place is damaged; gives the first failure.
Status StoreImpl::LookUpOlder(const View& view, std::span<const Entry> entries,
                              std::vector<OlderEntry>* older) const {
  older->resize(entries.size());
  return OlderLookup(view).Find(entries, *older);
}

Status StoreImpl::Write(std::span<const Entry> entries, std::span<WriteOutcome> outcomes) {
  if (entries.empty()) return Status::Ok();
  if (entries.size() > kWriteEntriesMax) {
    return {StatusCode::kTooLarge, StrCat("a write of ", entries.size(), " words; at most ",
                                          kWriteEntriesMax, " go at once")};
  }
  TRIFECTA_RETURN_IF_ERROR(WaitForRoom());
  WriteContext context{outcomes, {}, 0, 0};
  {
    // In the writers' own threads, before they queue: the reads of many go side by side.
    Epoch::Guard guard(&epoch_);
    const View& now = view();
    context.freezes = now.freezes;
    TRIFECTA_RETURN_IF_ERROR(Note(LookUpOlder(now, entries, &context.older)));
  }
  PendingWrite write;
  write.entries = entries;
  for (const Entry& entry : entries) write.bytes += entry.word.size();
  write.context = &context;
  return queue_->Run(&write);
}

// After the first write, before it is acknowledged: from now on a folder without a log is a damaged
// one. On a full disk that is said after a later write: this one is durable all the same.
Status StoreImpl::NoteLog() {
  std::lock_guard lock(checkpoint_mutex_);
  const Status status = files_->SetHasLog(true);
  if (status.code() == StatusCode::kDiskFull) return Status::Ok();
  has_log_.store(status.ok());
  return status;
}

Status StoreImpl::Commit(std::span<PendingWrite* const> group) {
  std::vector<std::span<const Entry>> groups;
  groups.reserve(group.size());
  for (const PendingWrite* write : group) groups.push_back(write->entries);
  uint64_t sequence = 0;
  Status status = lock_->Check();
  if (status.ok()) status = log_->Append(groups, &sequence);
  static_cast<WriteContext*>(group.front()->context)->sequence = sequence;
  if (status.ok() && !has_log_.load()) status = NoteLog();
  log_full_.store(status.code() == StatusCode::kDiskFull, std::memory_order_relaxed);
  if (!status.ok() && status.code() != StatusCode::kDiskFull &&
      status.code() != StatusCode::kUnavailable && status.code() != StatusCode::kTooLarge) {
    Fail(status);
  }
  if (options_.background && !log_->prepared()) WantSegment();
  return status;
}

void StoreImpl::WantSegment() {
  std::lock_guard lock(mutex_);
  if (segment_wanted_) return;
  segment_wanted_ = true;
  wake_.notify_all();
}

// Under the apply mutex: nobody freezes a memtable meanwhile, so they outlive the guard.
void StoreImpl::Apply(std::span<PendingWrite* const> group) {
  MemtableSet active;
  uint64_t freezes;
  {
    Epoch::Guard guard(&epoch_);
    active = view().active;
    freezes = view().freezes;
  }
  std::vector<AppliedEntry> told;
  std::vector<AppliedEntry>* const applied = observer_ == nullptr ? nullptr : &told;
  for (PendingWrite* write : group) {
    auto* context = static_cast<WriteContext*>(write->context);
    if (context->freezes != freezes) {
      // What was active at the look-up is below now. The entries are durable, so damage met here
      // can only be noted; the word's older entry then counts as absent.
      Epoch::Guard guard(&epoch_);
      if (!Note(LookUpOlder(view(), write->entries, &context->older)).ok()) unsure_.store(true);
    }
    ApplyEntries(active, write->entries, context->older, context->outcomes, applied);
  }
  if (!told.empty()) observer_->OnApplied(told);
  // Not the log's last one: the next group may be durable already, but is applied after this one.
  applied_sequence_ = static_cast<const WriteContext*>(group.front()->context)->sequence;
  if (options_.background && CheckpointIsDue(active)) {
    std::lock_guard lock(mutex_);
    checkpoint_wanted_ = true;
    wake_.notify_all();
  }
}

void StoreImpl::ApplyEntries(const MemtableSet& active, std::span<const Entry> entries,
                             std::span<const OlderEntry> older, std::span<WriteOutcome> outcomes,
                             std::vector<AppliedEntry>* applied) {
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i % Memtable::kWarmEntries == 0) {
      active.Warm(entries.subspan(i, std::min(Memtable::kWarmEntries, entries.size() - i)));
    }
    const Entry& entry = entries[i];
    const auto [existed, took_effect, newest, before] =
        active.For(entry.word)->Apply(entry, older[i]);
    if (!outcomes.empty()) outcomes[i] = {existed, took_effect, newest, before.version};
    if (applied != nullptr && took_effect) {
      applied->push_back({entry.word, before.known, before.version, before.tombstone, entry.version,
                          entry.tombstone});
    }
  }
}

// Reading ----------------------------------------------------------------------------------------

Result<Lookup> StoreImpl::Get(std::string_view word) const {
  Epoch::Guard guard(&epoch_);
  const View& now = view();
  const Memtable* const memtables[] = {now.active.For(word), now.frozen};
  const uint64_t hash = HashBytes(word);
  for (const Memtable* memtable : memtables) {
    if (memtable != nullptr && !memtable->empty()) memtable->FetchFilter(hash);
  }
  // Down the trie while that is fetched: most words are in the base alone. For one that is not,
  // these pages are in memory all the same, since its write has looked up what it superseded.
  BaseProbe probe;
  const BaseFile* file = nullptr;
  if (!now.tablets.empty()) {
    file = now.tablets[now.tablets.IndexFor(word)]->file.get();
    if (file->index_in_use() && word.size() <= kWordBytesMax) probe = BaseProbe(file, word);
    probe.Descend();
  }
  for (const Memtable* memtable : memtables) {
    if (memtable == nullptr) continue;
    if (const MemtableRecord* record = memtable->Find(word, hash)) {
      if (unsure_.load(std::memory_order_relaxed)) [[unlikely]]
        return GetFromAll(now, word);
      return Lookup{true, !record->tombstone(), record->version()};
    }
  }
  if (file == nullptr) return Lookup{};
  BaseFile::Found found;
  Status status = probe.file() != nullptr ? file->Find(probe, &found) : file->Find(word, &found);
  if (!status.ok()) return Note(std::move(status));
  return Lookup{found.known, found.known && !found.tombstone, found.version};
}

namespace {

template <typename Cursor>
Status FillPage(Cursor* cursor, const SearchOptions& options, size_t limit, Page* page) {
  for (; cursor->valid() && page->size() < limit; cursor->Next()) {
    const std::string_view word = cursor->word();
    // What shares as much with a word before it that had the prefix has it, too.
    if ((page->empty() || cursor->shared() < options.prefix.size()) &&
        !word.starts_with(options.prefix)) {
      break;
    }
    const bool tombstone = cursor->tombstone();
    if (tombstone && !options.tombstones) continue;
    page->Add(word, cursor->version(), tombstone);
  }
  return cursor->status();
}

Status SearchUp(const View& view, const SearchOptions& options, size_t limit, Page* page) {
  ViewCursor cursor(view);
  if (options.after.empty() || options.after < options.prefix) {
    cursor.Seek(options.prefix);
  } else {
    cursor.Seek(options.after);
    if (cursor.valid() && cursor.word() == options.after) cursor.Next();
  }
  return FillPage(&cursor, options, limit, page);
}

Status SearchDown(const View& view, const SearchOptions& options, size_t limit, Page* page) {
  ReverseViewCursor cursor(view);
  const std::string end = PrefixEnd(options.prefix);
  if (!options.after.empty() && (end.empty() || options.after < end)) {
    cursor.Seek(options.after);
  } else if (end.empty()) {
    cursor.Seek(std::nullopt);
  } else {
    cursor.Seek(end);
  }
  return FillPage(&cursor, options, limit, page);
}

}  // namespace

Status StoreImpl::Search(const SearchOptions& options, Page* page) const {
  page->Clear();
  const size_t limit = std::min(options.limit, kPageEntriesMax);
  Epoch::Guard guard(&epoch_);
  return Note(options.order == Order::kAscending ? SearchUp(view(), options, limit, page)
                                                 : SearchDown(view(), options, limit, page));
}

Result<uint64_t> StoreImpl::Count(std::string_view prefix) const {
  const std::string end = PrefixEnd(prefix);
  Epoch::Guard guard(&epoch_);
  const View& now = view();
  int64_t count = now.active.LiveChange(prefix, end);
  // Of the frozen entries, those of tablets that do not hold them yet.
  std::string_view frozen_from = prefix;
  if (!now.tablets.empty()) {
    const size_t first = now.tablets.IndexFor(prefix);
    for (size_t i = first; i < now.tablets.size(); ++i) {
      const Tablet& tablet = *now.tablets[i];
      if (i > first && !end.empty() && tablet.record.low >= end) break;
      if (Status status = CheckCountable(tablet); !status.ok()) return Note(std::move(status));
      const std::string_view tablet_end = now.tablets.EndOf(i);
      const bool whole_end = end.empty() || (!tablet_end.empty() && tablet_end <= end);
      Result<uint64_t> upto =
          whole_end ? Result<uint64_t>(tablet.record.live) : tablet.file->Rank(end);
      if (!upto.ok()) return Note(upto.status());
      Result<uint64_t> below =
          i > first || prefix.empty() ? Result<uint64_t>(uint64_t{0}) : tablet.file->Rank(prefix);
      if (!below.ok()) return Note(below.status());
      count += static_cast<int64_t>(*upto - *below);
    }
    if (now.merged_tablets > 0) {
      if (now.merged_tablets == now.tablets.size()) return static_cast<uint64_t>(count);
      frozen_from = std::max<std::string_view>(prefix, now.tablets[now.merged_tablets]->record.low);
    }
  }
  if (now.frozen != nullptr && (end.empty() || frozen_from < end)) {
    count += now.frozen->LiveChange(frozen_from, end);
  }
  return static_cast<uint64_t>(count);
}

Result<std::vector<std::string>> StoreImpl::ShardRoots(std::string_view prefix,
                                                       unsigned k_factor) const {
  std::vector<std::string> roots;
  bool has_short = false;
  std::string from(prefix);
  bool inclusive = true;
  for (;;) {
    // A guard a step: 10,000 shards must not hold back what was retired.
    Epoch::Guard guard(&epoch_);
    ViewCursor cursor(view());
    cursor.Seek(from);
    if (!inclusive && cursor.valid() && cursor.word() == from) cursor.Next();
    while (cursor.valid() && cursor.tombstone()) cursor.Next();
    if (!cursor.status().ok()) return Note(cursor.status());
    if (!cursor.valid() || !cursor.word().starts_with(prefix)) break;
    const std::string_view root = ShardRoot(cursor.word(), k_factor);
    if (root.empty()) {
      has_short = true;
      from = cursor.word();
      inclusive = false;
    } else {
      roots.emplace_back(root);
      from = PrefixEnd(root);
      inclusive = true;
      if (from.empty()) break;
    }
  }
  if (has_short) roots.insert(roots.begin(), std::string());
  return roots;
}

StoreStats StoreImpl::Stats() const {
  StoreStats stats;
  if (Result<uint64_t> words = Count(""); words.ok()) stats.words = *words;
  {
    Epoch::Guard guard(&epoch_);
    const View& now = view();
    stats.memtable_entries = now.active.entries();
    stats.memtable_bytes = now.active.bytes();
    if (now.frozen != nullptr) {
      stats.memtable_entries += now.frozen->entries();
      stats.memtable_bytes += now.frozen->bytes();
    }
    stats.tablets = now.tablets.size();
    for (size_t i = 0; i < now.tablets.size(); ++i) {
      const Tablet& tablet = *now.tablets[i];
      if (!tablet.file->damaged()) continue;
      stats.damaged_ranges.push_back({tablet.record.low, std::string(now.tablets.EndOf(i))});
    }
    stats.base_bytes = base_bytes_.load(std::memory_order_relaxed);
    stats.base_entries = base_entries_.load(std::memory_order_relaxed);
  }
  stats.log_bytes = log_->bytes();
  stats.log_segments = log_->segments();
  stats.checkpoints = checkpoints_.load(std::memory_order_relaxed);
  stats.checkpoint_failures = checkpoint_failures_.load(std::memory_order_relaxed);
  stats.syncs = log_->syncs();
  stats.sync_seconds_e6 = log_->sync_microseconds();
  stats.written_bytes = log_->written_bytes() + checkpoint_bytes_.load(std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  stats.damage = DescribeDamage(!stats.damaged_ranges.empty());
  stats.damaged = !stats.damage.empty();
  stats.lost_ranges = lost_;
  stats.disk_full =
      log_full_.load(std::memory_order_relaxed) || checkpoint_full_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace trifecta::storage
