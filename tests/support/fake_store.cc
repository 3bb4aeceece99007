#include "tests/support/fake_store.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <set>

#include "storage/base/limits.h"
#include "storage/base/word.h"

namespace trifecta::test {

using storage::AppliedEntry;
using storage::Lookup;
using storage::Order;
using storage::Page;
using storage::SearchOptions;
using storage::StoreStats;
using storage::WriteOutcome;

void FakeStore::Put(std::initializer_list<std::string_view> words) {
  std::lock_guard lock(mutex_);
  for (std::string_view word : words) Apply({word, Version{1, 0}, false}, nullptr);
}

void FakeStore::FailWrites(Status status) {
  std::lock_guard lock(mutex_);
  write_failure_ = std::move(status);
}

void FakeStore::FailReads(Status status) {
  std::lock_guard lock(mutex_);
  read_failure_ = std::move(status);
}

void FakeStore::FailCheckpoints(Status status) {
  std::lock_guard lock(mutex_);
  checkpoint_failure_ = std::move(status);
}

void FakeStore::FailLog(Status status) {
  std::function<void(const Status&)> callback;
  {
    std::lock_guard lock(mutex_);
    if (!log_failure_.ok()) return;
    log_failure_ = status;
    callback = on_failure_;
  }
  if (callback) callback(status);
}

void FakeStore::BeforeWrite(std::function<void()> hook) {
  std::lock_guard lock(mutex_);
  before_write_ = std::move(hook);
}

Status FakeStore::Write(std::span<const Entry> entries, std::span<WriteOutcome> outcomes) {
  assert(entries.size() <= kWriteEntriesMax);
  assert(outcomes.empty() || outcomes.size() == entries.size());
  std::function<void()> hook;
  {
    std::lock_guard lock(mutex_);
    hook = before_write_;
  }
  if (hook) hook();
  std::lock_guard apply_lock(apply_mutex_);
  std::vector<AppliedEntry> applied;
  {
    std::lock_guard lock(mutex_);
    TRIFECTA_RETURN_IF_ERROR(log_failure_);
    TRIFECTA_RETURN_IF_ERROR(write_failure_);
    for (size_t i = 0; i < entries.size(); ++i) {
      assert(ValidateWord(entries[i].word).ok());
      const WriteOutcome outcome = Apply(entries[i], &applied);
      if (!outcomes.empty()) outcomes[i] = outcome;
    }
  }
  if (observer_ != nullptr && !applied.empty()) observer_->OnApplied(applied);
  return Status::Ok();
}

WriteOutcome FakeStore::Apply(const Entry& entry, std::vector<AppliedEntry>* applied) {
  written_bytes_ += entry.word.size();
  auto [at, inserted] = words_.try_emplace(std::string(entry.word));
  Stamp& stamp = at->second;
  WriteOutcome outcome;
  outcome.existed = !inserted && !stamp.tombstone;
  outcome.before = stamp.version;
  outcome.applied =
      inserted || Supersedes(entry.version, entry.tombstone, stamp.version, stamp.tombstone);
  if (outcome.applied) {
    if (applied != nullptr) {
      applied->push_back(
          {entry.word, !inserted, stamp.version, stamp.tombstone, entry.version, entry.tombstone});
    }
    stamp = {entry.version, entry.tombstone};
  }
  outcome.newest = stamp.version;
  return outcome;
}

void FakeStore::BetweenWrites(const std::function<void()>& read) const {
  std::lock_guard lock(apply_mutex_);
  read();
}

void FakeStore::Observe(storage::EntryObserver* observer) {
  std::lock_guard lock(apply_mutex_);
  observer_ = observer;
}

Result<Lookup> FakeStore::Get(std::string_view word) const {
  std::lock_guard lock(mutex_);
  if (!read_failure_.ok()) return read_failure_;
  const auto at = words_.find(word);
  if (at == words_.end()) return Lookup{};
  return Lookup{true, !at->second.tombstone, at->second.version};
}

std::pair<FakeStore::Words::const_iterator, FakeStore::Words::const_iterator> FakeStore::Range(
    std::string_view prefix) const {
  const std::string end = PrefixEnd(prefix);
  return {words_.lower_bound(prefix), end.empty() ? words_.end() : words_.lower_bound(end)};
}

Status FakeStore::Search(const SearchOptions& options, Page* page) const {
  assert(options.limit <= kPageEntriesMax);
  std::lock_guard lock(mutex_);
  page->Clear();
  TRIFECTA_RETURN_IF_ERROR(read_failure_);
  const auto [begin, end] = Range(options.prefix);
  const auto take = [&](const Words::value_type& word) {
    if (page->size() == options.limit) return false;
    if (!word.second.tombstone || options.tombstones) {
      page->Add(word.first, word.second.version, word.second.tombstone);
    }
    return true;
  };
  const std::string_view after = options.after;
  const bool beyond = !after.empty() && begin != end;
  if (options.order == Order::kAscending) {
    auto at = beyond && begin->first <= after ? words_.upper_bound(after) : begin;
    const bool past = beyond && std::prev(end)->first <= after;
    for (; !past && at != end && take(*at); ++at) {
    }
  } else {
    auto at = beyond && std::prev(end)->first >= after ? words_.lower_bound(after) : end;
    const bool past = beyond && begin->first >= after;
    while (!past && at != begin && take(*std::prev(at))) --at;
  }
  return Status::Ok();
}

Result<uint64_t> FakeStore::Count(std::string_view prefix) const {
  std::lock_guard lock(mutex_);
  if (!read_failure_.ok()) return read_failure_;
  const auto [begin, end] = Range(prefix);
  return static_cast<uint64_t>(
      std::count_if(begin, end, [](const auto& word) { return !word.second.tombstone; }));
}

Result<std::vector<std::string>> FakeStore::ShardRoots(std::string_view prefix,
                                                       unsigned k_factor) const {
  std::lock_guard lock(mutex_);
  if (!read_failure_.ok()) return read_failure_;
  std::set<std::string> roots;
  for (const auto& [word, stamp] : words_) {
    const std::string_view root = ShardRoot(word, k_factor);
    if (!stamp.tombstone && root.starts_with(prefix)) roots.emplace(root);
  }
  return std::vector<std::string>(roots.begin(), roots.end());
}

Status FakeStore::Checkpoint() {
  std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(checkpoint_failure_);
  ++checkpoints_;
  return Status::Ok();
}

Status FakeStore::Purge(const std::function<bool(std::string_view word)>& keep) {
  TRIFECTA_RETURN_IF_ERROR(Checkpoint());
  std::lock_guard lock(mutex_);
  std::erase_if(words_, [&](const auto& word) { return !keep(word.first); });
  return Status::Ok();
}

Status FakeStore::Close() {
  TRIFECTA_RETURN_IF_ERROR(Checkpoint());
  closed_ = true;
  return Status::Ok();
}

StoreStats FakeStore::Stats() const {
  std::lock_guard lock(mutex_);
  StoreStats stats;
  stats.words = static_cast<uint64_t>(std::count_if(
      words_.begin(), words_.end(), [](const auto& word) { return !word.second.tombstone; }));
  stats.memtable_entries = words_.size();
  stats.checkpoints = static_cast<uint64_t>(checkpoints_.load());
  stats.written_bytes = written_bytes_;
  stats.disk_full = write_failure_.code() == StatusCode::kDiskFull;
  return stats;
}

void FakeStore::OnFailure(std::function<void(const Status&)> callback) {
  std::lock_guard lock(mutex_);
  on_failure_ = std::move(callback);
}

}  // namespace trifecta::test
