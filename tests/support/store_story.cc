#include "tests/support/store_story.h"

#include <algorithm>

#include "tests/support/fault_table.h"

namespace trifecta::test {
namespace {

// Words first, first + step, ... as "word-000123".
EntryMap Words(uint64_t first, uint64_t count, uint64_t step, uint64_t time, bool tombstones) {
  EntryMap entries;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string digits = std::to_string(1'000'000 + (first + i * step) % 1'000'000);
    entries["word-" + digits.substr(1)] = {{time, static_cast<uint16_t>(1 + i % 2)}, tombstones};
  }
  return entries;
}

uint64_t LiveOf(const EntryMap& entries) { return RankIn(entries, "\xff"); }

}  // namespace

std::vector<StoreStory::Part> StoreStory::Parts() {
  // The long story has enough tablets for several memtables.
  const uint64_t scale = AllFaults() ? 8 : 1;
  std::vector<Part> parts;
  parts.push_back({kOpen});
  for (uint64_t i = 0; i < 3; ++i) parts.push_back({kWrite, Words(i, 30, 10, 10 + i, false)});
  parts.push_back({kCheckpoint});
  parts.push_back({kWrite, Words(5, 150 * scale, 2, 20, false)});
  parts.push_back({kWrite, Words(0, 20, 10, 21, true)});
  parts.push_back({kCheckpoint});
  parts.push_back({kWrite, Words(1, 25, 3, 22, true)});
  parts.push_back({kWrite, {{"late and older", {{5, 1}, false}}}});
  parts.push_back({kKill});
  parts.push_back({kOpen});
  // Larger than a segment.
  EntryMap large;
  for (char c = 'a'; c <= 'h'; ++c) large[std::string(1'000, c)] = {{30, 1}, false};
  parts.push_back({kWrite, large});
  parts.push_back({kWrite, Words(0, 20, 10 * scale, 31, false)});
  parts.push_back({kWrite, Words(7, 20, 12 * scale, 32, true)});
  parts.push_back({kCheckpoint});
  parts.push_back({kClose});
  parts.push_back({kOpen});
  parts.push_back({kWrite, Words(500, 3, 1, 40, false)});
  parts.push_back({kCheckpoint});
  parts.push_back({kWrite, Words(500, 2, 1, 41, true)});
  parts.push_back({kClose});
  return parts;
}

StoreStory::StoreStory(FileSystem* files, std::string folder)
    : options_(SmallStore(files, folder)), steps_(Parts()) {}

Status StoreStory::Reopen() {
  auto opened = storage::Store::Open(options_);
  if (!opened.ok()) return opened.status();
  store_ = std::move(*opened);
  store_->OnFailure([this](const Status&) { ++failures_; });
  return Status::Ok();
}

Status StoreStory::Step() {
  if (done()) return Status::Ok();
  const Part& part = steps_[next_];
  Status status;
  // After a kill the store is open again before its step comes.
  if (part.kind != kOpen && part.kind != kKill && store_ == nullptr) status = Reopen();
  if (status.ok()) {
    switch (part.kind) {
      case kOpen:
        if (store_ == nullptr) status = Reopen();
        break;
      case kWrite:
        status = WriteAll(store_.get(), part.entries);
        break;
      case kCheckpoint:
        status = store_->Checkpoint();
        break;
      case kClose:
        status = store_->Close();
        if (status.ok()) store_.reset();
        break;
      case kKill:
        store_.reset();
        break;
    }
  }
  if (!status.ok()) return status;
  for (const auto& [word, stored] : part.entries) Merge(&acknowledged_, word, stored);
  ++next_;
  return status;
}

Status StoreStory::Run() {
  Status status;
  while (status.ok() && !done()) status = Step();
  return status;
}

EntryMap StoreStory::acknowledged_or_sent() const {
  EntryMap all = acknowledged_;
  if (done()) return all;
  for (const auto& [word, stored] : steps_[next_].entries) Merge(&all, word, stored);
  return all;
}

std::string StoreStory::Judge() {
  const auto held = HeldBy(*store_, 50);
  if (!held.ok()) return held.status().ToString();
  if (Difference(*held, acknowledged_) != "") {
    if (std::string difference = Difference(*held, acknowledged_or_sent()); difference != "") {
      return difference;
    }
  }
  const auto down = HeldBy(*store_, 50, storage::Order::kDescending);
  if (!down.ok() || *down != *held) return "another set in descending order";
  const auto count = store_->Count("");
  if (!count.ok() || *count != LiveOf(*held)) return "a wrong count";
  for (const auto& [word, stored] : *held) {
    const auto found = store_->Get(word);
    if (!found.ok()) return found.status().ToString();
    if (!found->known || found->live == stored.tombstone) return "a wrong answer for " + word;
  }
  return "";
}

}  // namespace trifecta::test
