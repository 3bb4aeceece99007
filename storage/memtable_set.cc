#include "storage/memtable_set.h"

#include <algorithm>
#include <utility>

namespace trifecta::storage {
namespace {

RangeIndex RangesOf(const std::vector<MemtableSet::Part>& parts) {
  std::vector<std::string> lows;
  for (size_t i = 1; i < parts.size(); ++i) lows.push_back(parts[i].low);
  return RangeIndex(std::move(lows));
}

}  // namespace

MemtableSet::MemtableSet(std::vector<Part> parts) {
  RangeIndex ranges = RangesOf(parts);
  state_ = std::make_shared<const State>(State{std::move(parts), std::move(ranges)});
}

bool MemtableSet::empty() const {
  return std::all_of(parts().begin(), parts().end(), [](const Part& part) {
    return part.memtable == nullptr || part.memtable->empty();
  });
}

uint64_t MemtableSet::entries() const {
  uint64_t sum = 0;
  for (const Part& part : parts()) sum += part.memtable->entries();
  return sum;
}

uint64_t MemtableSet::bytes() const {
  uint64_t sum = 0;
  for (const Part& part : parts()) sum += part.memtable->bytes();
  return sum;
}

int64_t MemtableSet::LiveChange(std::string_view begin, std::string_view end) const {
  int64_t change = 0;
  for (size_t i = IndexFor(begin); i < size(); ++i) {
    if (!end.empty() && (*this)[i].low >= end) break;
    change += (*this)[i].memtable->LiveChange(begin, end);
  }
  return change;
}

void MemtableSet::Warm(std::span<const Entry> entries) const {
  const Memtable* memtables[Memtable::kWarmEntries];
  for (size_t i = 0; i < entries.size(); ++i) memtables[i] = For(entries[i].word);
  Memtable::Warm(entries, memtables);
}

void MemtableSetCursor::Enter(size_t part) {
  if (part == part_) return;
  part_ = part;
  cursor_ = MemtableCursor((*set_)[part].memtable);
}

void MemtableSetCursor::SkipForward() {
  while (!cursor_.valid() && part_ + 1 < set_->size()) {
    Enter(part_ + 1);
    cursor_.Seek("");
  }
}

void MemtableSetCursor::SkipBackward() {
  while (!cursor_.valid() && part_ > 0) {
    Enter(part_ - 1);
    cursor_.SeekToLast();
  }
}

void MemtableSetCursor::Seek(std::string_view key) {
  BeginSeek(key);
  while (StepSeek(key)) {
  }
  FinishSeek(key);
}

void MemtableSetCursor::BeginSeek(std::string_view key) {
  Enter(set_->IndexFor(key));
  cursor_.BeginSeek();
}

void MemtableSetCursor::FinishSeek(std::string_view key) {
  cursor_.FinishSeek(key);
  SkipForward();
}

void MemtableSetCursor::SeekBefore(std::string_view key) {
  Enter(set_->IndexFor(key));
  cursor_.SeekBefore(key);
  SkipBackward();
}

void MemtableSetCursor::SeekToLast() {
  Enter(set_->size() - 1);
  cursor_.SeekToLast();
  SkipBackward();
}

void MemtableSetCursor::Next() {
  cursor_.Next();
  if (!cursor_.valid()) [[unlikely]]
    SkipForward();
}

void MemtableSetCursor::Previous() {
  cursor_.Previous();
  if (!cursor_.valid()) [[unlikely]]
    SkipBackward();
}

}  // namespace trifecta::storage
