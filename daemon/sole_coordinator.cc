#include "daemon/sole_coordinator.h"

#include <algorithm>
#include <cassert>

#include "storage/base/limits.h"
#include "storage/base/word.h"

namespace trifecta::daemon {
namespace {

Status CheckDeadline(const CallOptions& options) {
  if (std::chrono::steady_clock::now() < options.deadline) return Status::Ok();
  return {StatusCode::kTimeout, "the request waited too long for its turn; nothing was done"};
}

uint64_t CountExisted(std::span<const storage::WriteOutcome> outcomes) {
  return std::count_if(outcomes.begin(), outcomes.end(), [](auto& one) { return one.existed; });
}

// Whether a search may go on without the shards that failed so.
bool IsUnreadable(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDataDamaged;
}

}  // namespace

SoleCoordinator::SoleCoordinator(storage::Store* store, HybridClock* clock, uint16_t node,
                                 unsigned k_factor)
    : store_(store), clock_(clock), node_(node), k_factor_(k_factor) {}

Result<uint64_t> SoleCoordinator::Write(Operation operation,
                                        std::span<const std::string_view> words,
                                        const CallOptions& options) {
  assert(words.size() <= kWriteEntriesMax);
  TRIFECTA_RETURN_IF_ERROR(CheckDeadline(options));
  static thread_local WriteBuffers buffers;
  buffers.entries.clear();
  for (std::string_view word : words) {
    buffers.entries.push_back({word, {}, operation == Operation::kDelete});
  }
  TRIFECTA_RETURN_IF_ERROR(StampAndWrite(&buffers));
  const uint64_t existed = TakeOutcomes(&buffers);
  if (buffers.entries.empty()) return existed;
  TRIFECTA_RETURN_IF_ERROR(StampAndWrite(&buffers));
  return existed + CountExisted(buffers.outcomes);
}

Status SoleCoordinator::StampAndWrite(WriteBuffers* buffers) {
  const Result<uint64_t> time = clock_->Now();
  if (!time.ok()) return time.status();
  for (Entry& entry : buffers->entries) entry.version = {*time, node_};
  buffers->outcomes.assign(buffers->entries.size(), {});
  return store_->Write(buffers->entries, buffers->outcomes);
}

uint64_t SoleCoordinator::TakeOutcomes(WriteBuffers* buffers) {
  const uint64_t given = clock_->Latest();
  uint64_t existed = 0, newest = 0;
  size_t lost = 0;
  for (size_t i = 0; i < buffers->entries.size(); ++i) {
    const storage::WriteOutcome& outcome = buffers->outcomes[i];
    const bool overtaken = outcome.newest.node == node_ && outcome.newest.time <= given;
    if (outcome.applied || overtaken) {
      existed += outcome.existed;
    } else {
      newest = std::max(newest, outcome.newest.time);
      buffers->entries[lost++] = buffers->entries[i];
    }
  }
  buffers->entries.resize(lost);
  clock_->Observe(newest);
  return existed;
}

Result<bool> SoleCoordinator::Contains(std::string_view word, const CallOptions& options) {
  TRIFECTA_RETURN_IF_ERROR(CheckDeadline(options));
  const Result<storage::Lookup> found = store_->Get(word);
  if (!found.ok()) return found.status();
  return found->known && found->live;
}

Status SoleCoordinator::Search(const storage::SearchOptions& search, bool partial,
                               const CallOptions& options, SearchAnswer* answer) {
  answer->missing.clear();
  TRIFECTA_RETURN_IF_ERROR(CheckDeadline(options));
  const Status searched = store_->Search(search, &answer->page);
  if (!partial || !IsUnreadable(searched)) return searched;
  SearchByShard(search, answer);
  return Status::Ok();
}

void SoleCoordinator::SearchByShard(const storage::SearchOptions& search,
                                    SearchAnswer* answer) const {
  answer->page.Clear();
  const std::string_view root = ShardRoot(search.prefix, k_factor_);
  Result<std::vector<std::string>> roots = store_->ShardRoots(search.prefix, k_factor_);
  if (!root.empty() || !roots.ok()) {
    answer->missing.emplace_back(root.empty() ? search.prefix : root);
    return;
  }
  // The words of the shard "", shorter than a root, lie between the others and cannot be read apart
  // from them.
  answer->missing.emplace_back();
  if (search.order == storage::Order::kDescending) std::reverse(roots->begin(), roots->end());
  storage::Page found;
  for (const std::string& shard : *roots) {
    if (shard.empty()) continue;
    storage::SearchOptions one = search;
    one.prefix = shard;
    one.limit = search.limit - answer->page.size();
    if (!store_->Search(one, &found).ok()) {
      answer->missing.push_back(shard);
      continue;
    }
    for (size_t i = 0; i < found.size(); ++i) {
      answer->page.Add(found.word(i), found.version(i), found.tombstone(i));
    }
    if (answer->page.size() == search.limit) break;
  }
}

Result<uint64_t> SoleCoordinator::Count(std::string_view prefix, const CallOptions& options) {
  TRIFECTA_RETURN_IF_ERROR(CheckDeadline(options));
  return store_->Count(prefix);
}

Result<std::vector<std::string>> SoleCoordinator::ShardRootsOf(net::NodeNumber,
                                                               const CallOptions&) {
  return store_->ShardRoots("", k_factor_);
}

}  // namespace trifecta::daemon
