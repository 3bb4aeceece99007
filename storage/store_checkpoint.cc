// The store's checkpoints: freeze the memtable, merge it into the tablets range by range, publish.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "storage/base/text.h"
#include "storage/merge_batch.h"
#include "storage/store_impl.h"

namespace trifecta::storage {
namespace {

// Tablets of this many bytes are published together, a thread: a manifest costs two syncs.
constexpr uint64_t kBatchBytes = 16u << 20;

// Bytes of memtable that make a checkpoint worth it: 64 Ki entries, and a quarter of the base's, so
// that a word is rewritten about four times while the base doubles.
constexpr uint64_t kMemtableBytesMin = 16u << 20;
constexpr uint64_t kMemtableBytesPerEntry = 56;
constexpr uint64_t kMemtableShareOfBase = 4;

// Tablets that make a part of the memtables worth it, and how many parts there are at most: 16 have
// 15/16 of what more would save.
constexpr size_t kTabletsPerPart = 4;
constexpr size_t kPartsMax = 16;

// A checkpoint that failed (a full disk, mostly) is tried again after this.
constexpr std::chrono::seconds kRetryAfter{1};

// Background threads give way to those that serve.
void LowerPriority() {
  constexpr int kNice = 5;
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
}

}  // namespace

// Of all active memtables together. While one is merged that holds 2 / (parts + 1) of it, as even
// writes make it, both are at most twice what one memtable may hold.
uint64_t StoreImpl::MemtableLimit(size_t parts) const {
  const uint64_t share =
      base_entries_.load(std::memory_order_relaxed) / kMemtableShareOfBase * kMemtableBytesPerEntry;
  const uint64_t one = std::min(options_.memtable_bytes, std::max(share, kMemtableBytesMin));
  return 2 * one * (parts + 1) / (parts + 3);
}

// Of log files. What a start replays must not grow for the sake of a part that nobody writes to.
uint64_t StoreImpl::LogLimit() const {
  constexpr uint64_t kSegments = 12;  // those kept ready, and more than one checkpoint releases
  return std::max(2 * options_.memtable_bytes, kSegments * options_.log_segment_bytes);
}

bool StoreImpl::CheckpointIsDue(const MemtableSet& active) const {
  const uint64_t limit = MemtableLimit(active.size());
  uint64_t sum = 0, most = 0;
  for (const MemtableSet::Part& part : active.parts()) {
    sum += part.memtable->bytes();
    most = std::max(most, part.memtable->bytes());
  }
  // Where writes go to few parts, those need not wait for all memory to be full: their tablets are
  // few, too.
  return sum > limit || most > 4 * limit / (active.size() + 1) || log_->bytes() > LogLimit();
}

// How much of the memory that was free after the freeze has been filled since; 1: all of it.
double StoreImpl::FilledSinceFreeze(const View& view) const {
  const auto limit = static_cast<double>(MemtableLimit(view.active.size()));
  const auto before = static_cast<double>(view.bytes_at_freeze);
  if (before >= limit) return 1;
  return (static_cast<double>(view.active.bytes()) - before) / (limit - before);
}

// How much of the frozen memtable's range is merged.
double StoreImpl::MergedShare(const View& view) {
  if (view.tablets.empty()) return 0;
  const size_t begin = view.tablets.IndexFor(view.frozen_low);
  const size_t end =
      view.frozen_end.empty() ? view.tablets.size() : view.tablets.IndexFor(view.frozen_end);
  if (view.merged_tablets <= begin) return 0;
  return static_cast<double>(view.merged_tablets - begin) /
         static_cast<double>(std::max(end, view.merged_tablets) + 1 - begin);
}

// New memtables for the words from `low` on and below `end`, cut where tablets begin.
std::vector<MemtableSet::Part> StoreImpl::NewParts(const TabletMap& tablets, std::string_view low,
                                                   std::string_view end, uint64_t merged) {
  const size_t parts = std::clamp<size_t>(tablets.size() / kTabletsPerPart, 1, kPartsMax);
  const size_t first = tablets.empty() ? 0 : tablets.IndexFor(low);
  const size_t last = end.empty() || tablets.empty() ? tablets.size() : tablets.IndexFor(end);
  const size_t here = last > first ? last - first : 0;
  const size_t count = std::max<size_t>(1, here * parts / std::max<size_t>(1, tablets.size()));
  // A share of what is full at a checkpoint.
  const uint64_t expected = 2 * MemtableLimit(parts) / (parts + 1);
  std::vector<MemtableSet::Part> made;
  for (size_t i = 0; i < count; ++i) {
    const std::string part_low =
        i == 0 ? std::string(low) : tablets[first + here * i / count]->record.low;
    made.push_back({part_low, new Memtable(&epoch_, expected), merged});
  }
  return made;
}

// Makes `next` the view; the one before goes when no reader is left, and with it the tablets that
// only it held. Memtables are retired by their own rules.
void StoreImpl::SwapView(std::unique_ptr<View> next) {
  uint64_t entries = 0, bytes = 0;
  for (const TabletPtr& tablet : next->tablets.tablets()) {
    entries += tablet->record.live + tablet->record.tombstones;
    bytes += tablet->record.file_bytes;
  }
  base_entries_.store(entries, std::memory_order_relaxed);
  base_bytes_.store(bytes, std::memory_order_relaxed);
  const View* before = view_.exchange(next.release());
  if (before != nullptr) epoch_.Retire([before] { delete before; });
}

void StoreImpl::Freeze(Next choice) {
  auto next = std::make_unique<View>();
  std::lock_guard lock(queue_->apply_mutex());
  const MemtableSet& active = view().active;
  const auto comes_first = [&](const MemtableSet::Part& a, const MemtableSet::Part& b) {
    return choice == Next::kOldest ? a.merged < b.merged
                                   : a.memtable->bytes() > b.memtable->bytes();
  };
  const auto chosen = static_cast<size_t>(
      std::min_element(active.parts().begin(), active.parts().end(), comes_first) -
      active.parts().begin());
  next->frozen = active[chosen].memtable;
  next->frozen_low = active[chosen].low;
  next->frozen_end = active.EndOf(chosen);
  next->freezes = view().freezes + 1;
  next->tablets = view().tablets;
  std::vector<MemtableSet::Part> parts;
  frozen_sequence_ = applied_sequence_;
  for (size_t i = 0; i < active.size(); ++i) {
    if (i == chosen) {
      std::vector<MemtableSet::Part> fresh =
          NewParts(next->tablets, next->frozen_low, next->frozen_end, applied_sequence_);
      std::move(fresh.begin(), fresh.end(), std::back_inserter(parts));
      continue;
    }
    parts.push_back(active[i]);
    if (parts.back().memtable->empty()) parts.back().merged = applied_sequence_;
    frozen_sequence_ = std::min(frozen_sequence_, parts.back().merged);
  }
  next->active = MemtableSet(std::move(parts));
  next->bytes_at_freeze = next->active.bytes();
  SwapView(std::move(next));
}

// Publishes `tablets`, of which `made` may be new files; those go again when the disk is full.
Status StoreImpl::PublishTablets(const std::vector<TabletPtr>& tablets,
                                 std::span<const TabletPtr> made, uint64_t covered,
                                 std::span<const WordRange> lost) {
  const Status status = files_->Publish(tablets, covered, lost);
  if (status.ok()) return status;
  if (status.code() != StatusCode::kDiskFull && status.code() != StatusCode::kUnavailable) {
    Fail(status);
    return status;
  }
  const std::vector<TabletPtr>& before = view().tablets.tablets();
  for (const TabletPtr& tablet : made) {
    if (std::find(before.begin(), before.end(), tablet) == before.end()) {
      (void)options_.file_system->Remove(tablet->file->name());
    }
  }
  return status;
}

// Publishes outputs in the place of the tablets [begin, end) of the view. The last batch also says
// that the log is held up to the freeze.
Status StoreImpl::PublishBatch(size_t begin, size_t end, std::vector<TabletPtr> made, bool last) {
  const std::vector<TabletPtr>& before = view().tablets.tablets();
  const auto at = [&](size_t i) { return before.begin() + static_cast<ptrdiff_t>(i); };
  std::vector<TabletPtr> tablets(before.begin(), at(begin));
  tablets.insert(tablets.end(), made.begin(), made.end());
  const size_t merged = tablets.size();
  tablets.insert(tablets.end(), at(end), before.end());
  TRIFECTA_RETURN_IF_ERROR(
      PublishTablets(tablets, made, last ? frozen_sequence_ : files_->covered()));
  auto next = std::make_unique<View>(view());
  Memtable* const frozen = view().frozen;
  if (last) next->frozen = nullptr;
  next->tablets = TabletMap(std::move(tablets));
  next->merged_tablets = last ? 0 : merged;
  SwapView(std::move(next));
  if (last) epoch_.Retire([frozen] { delete frozen; });
  return Status::Ok();
}

// The ranges of the frozen words from tablet `begin` on, for as many bytes of tablets as are
// published at a time.
std::vector<MergeInput> StoreImpl::NextInputs(size_t begin, unsigned threads) const {
  const TabletMap& tablets = view().tablets;
  Memtable* const frozen = view().frozen;
  if (tablets.empty()) return {{nullptr, frozen, {}, {}}};
  std::vector<MergeInput> inputs;
  uint64_t bytes = 0;
  for (size_t i = begin; i < tablets.size() && bytes < threads * kBatchBytes; ++i) {
    inputs.push_back({tablets[i], frozen, tablets[i]->record.low, tablets.EndOf(i)});
    if (frozen->HasAny(inputs.back().low, inputs.back().end)) {
      bytes += tablets[i]->record.file_bytes;
    }
  }
  return inputs;
}

Status StoreImpl::MergeFrozen(unsigned threads) {
  // What is before the frozen words' tablets holds none of them.
  size_t begin = view().merged_tablets;
  if (!view().tablets.empty()) begin = std::max(begin, view().tablets.IndexFor(view().frozen_low));
  for (;;) {
    const std::vector<MergeInput> inputs = NextInputs(begin, threads);
    MergedBatch merged = MergeBatch({options_.file_system, options_.folder, options_.tablet_bytes,
                                     files_->next_file(), threads},
                                    inputs);
    checkpoint_bytes_.fetch_add(merged.written_bytes, std::memory_order_relaxed);
    // What was made of the ranges before one that failed is good: it is kept.
    if (merged.inputs == 0 && !merged.status.ok()) return merged.status;
    const size_t count = view().tablets.empty() ? 0 : merged.inputs;
    const bool last = merged.status.ok() && begin + count == view().tablets.size();
    const size_t next = begin + merged.made.size();
    TRIFECTA_RETURN_IF_ERROR(PublishBatch(begin, begin + count, std::move(merged.made), last));
    if (last || !merged.status.ok()) return merged.status;
    begin = next;
  }
}

bool StoreImpl::NothingToMerge() {
  std::lock_guard lock(queue_->apply_mutex());
  return view().active.empty() && files_->covered() == applied_sequence_;
}

// Merges one part, or the one of which an earlier checkpoint had to leave some.
Status StoreImpl::RunCheckpoint(Next next, unsigned threads) {
  std::lock_guard lock(checkpoint_mutex_);
  if (Status held = lock_->Check(); !held.ok()) {
    Fail(held);
    return held;
  }
  if (view().frozen == nullptr) {
    if (NothingToMerge()) return Status::Ok();
    Freeze(next);
  }
  const Status status = Note(MergeFrozen(threads));
  checkpoint_full_.store(status.code() == StatusCode::kDiskFull, std::memory_order_relaxed);
  if (status.ok()) {
    checkpoints_.fetch_add(1, std::memory_order_relaxed);
    if (Status released = log_->Release(frozen_sequence_); !released.ok()) {
      options_.logger->Warning(StrCat("old log segments stay for now: ", released.message()));
    }
  } else {
    checkpoint_failures_.fetch_add(1, std::memory_order_relaxed);
  }
  bool news;  // it is tried every second, and the same reason is told once
  {
    std::lock_guard state(mutex_);
    news = status.code() != checkpoint_status_.code();
    checkpoint_status_ = status;
  }
  if (news && !status.ok()) {
    options_.logger->Warning(
        StrCat("a checkpoint failed and is tried again every second: ", status.message()));
  }
  room_.notify_all();
  epoch_.Reclaim();
  return status;
}

// Merges everything that was written before the call.
Status StoreImpl::CheckpointAll(unsigned threads) {
  uint64_t written;
  {
    std::lock_guard lock(queue_->apply_mutex());
    written = applied_sequence_;
  }
  for (;;) {
    {
      std::lock_guard lock(checkpoint_mutex_);
      if (files_->covered() >= written) return Status::Ok();
    }
    TRIFECTA_RETURN_IF_ERROR(RunCheckpoint(Next::kOldest, threads));
  }
}

Status StoreImpl::Checkpoint() { return CheckpointAll(options_.merge_threads); }

Status StoreImpl::Close() {
  TRIFECTA_RETURN_IF_ERROR(CheckpointAll(std::max(options_.merge_threads, options_.close_threads)));
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (checkpoint_thread_.joinable()) checkpoint_thread_.join();
  if (prepare_thread_.joinable()) prepare_thread_.join();
  {
    std::lock_guard lock(checkpoint_mutex_);
    const Status status = files_->SetHasLog(false);
    if (status.code() == StatusCode::kDiskFull || status.code() == StatusCode::kUnavailable) {
      return status;
    }
    if (!status.ok()) {
      Fail(status);
      return status;
    }
  }
  return log_->Close();
}

void StoreImpl::CheckpointLoop() {
  LowerPriority();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!checkpoint_wanted_) {
      wake_.wait(lock);
      continue;
    }
    checkpoint_wanted_ = false;
    lock.unlock();
    const bool log_is_long = log_->bytes() > LogLimit();
    const Status status =
        RunCheckpoint(log_is_long ? Next::kOldest : Next::kFullest, options_.merge_threads);
    lock.lock();
    if (!status.ok()) {
      checkpoint_wanted_ = true;
      wake_.wait_for(lock, kRetryAfter, [&] { return stopping_; });
    }
  }
}

// Keeps a log segment ready ahead of use.
void StoreImpl::PrepareLoop() {
  LowerPriority();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!segment_wanted_) {
      wake_.wait(lock);
      continue;
    }
    segment_wanted_ = false;
    lock.unlock();
    const Status status = log_->PrepareSegment();
    if (status.ok()) log_full_.store(false, std::memory_order_relaxed);
    lock.lock();
    if (status.code() == StatusCode::kDiskFull) {
      // The next Append tries it itself, too, and tells its caller.
      segment_wanted_ = true;
      wake_.wait_for(lock, kRetryAfter, [&] { return stopping_; });
    }
  }
}

}  // namespace trifecta::storage
