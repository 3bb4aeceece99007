// Taking entries out of a store for good: the words that others hold now.
#include <algorithm>
#include <optional>
#include <utility>

#include "storage/store_impl.h"

namespace trifecta::storage {
namespace {

// Bytes of base files that are read, and perhaps rewritten, before checkpoints have their turn:
// some 0.5 s.
constexpr uint64_t kStepBytes = 16u << 20;

}  // namespace

Status StoreImpl::Purge(const std::function<bool(std::string_view word)>& keep) {
  TRIFECTA_RETURN_IF_ERROR(Checkpoint());
  for (std::optional<std::string> from = ""; from.has_value();) {
    std::unique_lock lock(checkpoint_mutex_);
    if (view().frozen == nullptr) {
      TRIFECTA_RETURN_IF_ERROR(Note(PurgeFrom(keep, &from)));
    } else {
      // A checkpoint has failed since, and has to be finished before tablets may change.
      lock.unlock();
      TRIFECTA_RETURN_IF_ERROR(Checkpoint());
    }
  }
  epoch_.Reclaim();
  return Status::Ok();
}

// Purges some tablets from the one that holds `*from` on, and moves that past them; nothing when
// those were the last.
Status StoreImpl::PurgeFrom(const TabletMerger::Keep& keep, std::optional<std::string>* from) {
  const TabletMap& tablets = view().tablets;
  const size_t start = tablets.empty() ? 0 : tablets.IndexFor(**from);
  // Neighbours that hold refused entries become one run, so that small rests do not stay alone.
  size_t begin = start, end = start;
  double bytes = 0;
  size_t i = start;
  for (uint64_t read = 0; i < tablets.size() && read < kStepBytes; ++i) {
    const Result<TabletMerger::Survey> survey = TabletMerger::SurveyTablet(*tablets[i], keep);
    if (!survey.ok()) return survey.status();
    read += tablets[i]->record.file_bytes;
    if (survey->refused == 0) {
      if (begin < end) break;
      continue;
    }
    if (begin == end) begin = i;
    end = i + 1;
    bytes += survey->bytes;
  }
  std::optional<std::string> next;
  if (i < tablets.size()) next = tablets[i]->record.low;
  if (begin < end) TRIFECTA_RETURN_IF_ERROR(PurgeRun(keep, begin, end, bytes));
  *from = std::move(next);
  return Status::Ok();
}

Status StoreImpl::PurgeRun(const TabletMerger::Keep& keep, size_t begin, size_t end, double bytes) {
  TabletMerger merger(options_.file_system, options_.folder, options_.tablet_bytes,
                      files_->next_file());
  std::vector<TabletPtr> made;
  const std::span<const TabletPtr> run =
      std::span(view().tablets.tablets()).subspan(begin, end - begin);
  const Status status = merger.Filter(run, keep, bytes, &made);
  checkpoint_bytes_.fetch_add(merger.written_bytes(), std::memory_order_relaxed);
  TRIFECTA_RETURN_IF_ERROR(status);
  return ReplaceTablets(begin, end, std::move(made), {});
}

// Publishes `made` in the place of the tablets [begin, end) of the view, which held more than it
// does: also what is lost. What was looked up in those counts no more.
Status StoreImpl::ReplaceTablets(size_t begin, size_t end, std::vector<TabletPtr> made,
                                 std::span<const WordRange> lost) {
  const TabletMap before = view().tablets;
  const auto at = [&](size_t i) { return before.tablets().begin() + static_cast<ptrdiff_t>(i); };
  std::vector<TabletPtr> tablets(at(0), at(begin));
  tablets.insert(tablets.end(), made.begin(), made.end());
  tablets.insert(tablets.end(), at(end), at(before.size()));
  std::string_view low = before[begin]->record.low;
  // What a checkpoint under way has merged from here on is merged once more, which changes nothing.
  const std::string_view beyond = before.EndOf(std::max(end, view().merged_tablets) - 1);
  size_t merged = std::min(begin, view().merged_tablets);
  // Where nothing is left, the range goes to the tablet behind it, or else to the one before.
  if (made.empty() && end < before.size()) {
    tablets[begin] = WithLow(tablets[begin], low);
  } else if (made.empty() && begin > 0) {
    low = before[begin - 1]->record.low;
    merged = std::min(merged, begin - 1);
  }
  TRIFECTA_RETURN_IF_ERROR(PublishTablets(tablets, made, files_->covered(), lost));

  std::lock_guard lock(queue_->apply_mutex());
  auto next = std::make_unique<View>(view());
  ++next->freezes;
  next->tablets = TabletMap(std::move(tablets));
  next->merged_tablets = merged;
  SwapView(std::move(next));
  View below_frozen;
  below_frozen.tablets = view().tablets;
  if (view().frozen != nullptr) Rebase(view().frozen, below_frozen, low, beyond);
  for (const MemtableSet::Part& part : view().active.parts()) {
    Rebase(part.memtable, view(), low, beyond);
  }
  return Status::Ok();
}

// Tells a memtable what the layers below it hold now of its words from `low` on and below `end`.
void StoreImpl::Rebase(Memtable* memtable, const View& below, std::string_view low,
                       std::string_view end) {
  constexpr size_t kBatch = 1'024;
  Epoch::Guard guard(&epoch_);
  std::vector<Entry> entries;
  std::vector<OlderEntry> older;
  MemtableCursor cursor(memtable);
  cursor.Seek(low);
  do {
    entries.clear();
    for (; cursor.valid() && (end.empty() || cursor.word() < end) && entries.size() < kBatch;
         cursor.Next()) {
      entries.push_back({cursor.word(), cursor.version(), cursor.tombstone()});
    }
    (void)Note(LookUpOlder(below, entries, &older));
    for (size_t i = 0; i < entries.size(); ++i) memtable->Rebase(entries[i].word, older[i]);
  } while (entries.size() == kBatch);
}

}  // namespace trifecta::storage
