#include "storage/older_lookup.h"

#include <algorithm>

#include "storage/base_probe.h"

namespace trifecta::storage {
namespace {

// Entries read on for, before a descent is quicker: some 15 ns each.
constexpr int kStepsMax = 12;
// Words that descend at once: more would be more than the fetches that a core has under way.
constexpr size_t kAtOnce = 16;
// Words that are looked at to see whether they come in order.
constexpr size_t kRun = 64;

bool InOrder(std::span<const Entry> entries) {
  return std::is_sorted(entries.begin(), entries.end(),
                        [](const Entry& a, const Entry& b) { return a.word < b.word; });
}

}  // namespace

Status OlderLookup::Find(std::span<const Entry> entries, std::span<OlderEntry> older) {
  std::fill(older.begin(), older.end(), OlderEntry());
  if (view_.frozen == nullptr && view_.tablets.empty()) return Status::Ok();
  for (size_t begin = 0; begin < entries.size(); begin += kRun) {
    const size_t count = std::min(kRun, entries.size() - begin);
    const auto run = entries.subspan(begin, count);
    if (!sparse_ && count == kRun && InOrder(run)) {
      FindInOrder(run, older.subspan(begin, count));
      continue;
    }
    for (size_t i = 0; i < count; i += kAtOnce) {
      const size_t some = std::min(kAtOnce, count - i);
      FindAtOnce(run.subspan(i, some), older.subspan(begin + i, some));
    }
  }
  return status_;
}

bool OlderLookup::Good(const Status& status) {
  if (status.ok()) [[likely]]
    return true;
  if (status_.ok()) status_ = status;
  return false;
}

bool OlderLookup::FindInFrozen(std::string_view word, OlderEntry* older) const {
  if (view_.frozen == nullptr) return false;
  const MemtableRecord* record = view_.frozen->Find(word);
  if (record == nullptr) return false;
  *older = {true, record->tombstone(), record->version()};
  return true;
}

BaseCursor* OlderLookup::CursorOf(const BaseFile* file) {
  if (file_ != file) cursor_.emplace(file);
  file_ = file;
  return &*cursor_;
}

void OlderLookup::Take(OlderEntry* older) const {
  *older = {true, cursor_->tombstone(), cursor_->version()};
}

// True when the cursor came to the first entry not below `word` without a descent.
bool OlderLookup::ReadOn(std::string_view word) {
  for (int steps = 0; steps < kStepsMax && cursor_->valid(); ++steps) {
    if (cursor_->word() >= word) return true;
    cursor_->Next();
  }
  return false;
}

void OlderLookup::FindInOrder(std::span<const Entry> entries, std::span<OlderEntry> older) {
  size_t descents = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string_view word = entries[i].word;
    if (FindInFrozen(word, &older[i]) || view_.tablets.empty()) continue;
    const BaseFile* file = view_.tablets[view_.tablets.IndexFor(word)]->file.get();
    const bool here = file == file_ && word >= last_;
    BaseCursor* cursor = CursorOf(file);
    if (!here || !ReadOn(word)) {
      cursor->Seek(word);
      ++descents;
    }
    last_ = word;
    if (!cursor->valid()) {
      (void)Good(cursor->status());
    } else if (cursor->word() == word) {
      Take(&older[i]);
    }
  }
  sparse_ = descents > entries.size() / 2;
}

void OlderLookup::FindAtOnce(std::span<const Entry> entries, std::span<OlderEntry> older) {
  BaseProbe probes[kAtOnce];
  uint8_t places[kAtOnce];
  size_t count = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string_view word = entries[i].word;
    if (FindInFrozen(word, &older[i]) || view_.tablets.empty()) continue;
    const BaseFile* file = view_.tablets[view_.tablets.IndexFor(word)]->file.get();
    if (!Good(file->UseIndex()) || word.size() > kWordBytesMax) continue;
    places[count] = static_cast<uint8_t>(i);
    probes[count++] = BaseProbe(file, word);
  }
  for (bool descending = count > 0; descending;) {
    descending = false;
    for (size_t i = 0; i < count; ++i) {
      if (probes[i].state() != BaseProbe::State::kDescends) continue;
      probes[i].Step();
      descending = true;
    }
  }
  for (size_t i = 0; i < count; ++i) {
    BaseCursor* cursor = CursorOf(probes[i].file());
    cursor->Find(probes[i]);
    if (cursor->valid()) {
      Take(&older[places[i]]);
    } else {
      (void)Good(cursor->status());
    }
  }
  last_ = {};
  file_ = nullptr;  // the cursor is nowhere that reading on could begin
}

}  // namespace trifecta::storage
