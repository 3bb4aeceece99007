#include "daemon/replication/shard_repair.h"

#include <algorithm>
#include <utility>

#include "daemon/replication/entry_comparison.h"
#include "daemon/replication/shard_range.h"

namespace trifecta::replication {
namespace {

// Entries asked for beyond what the peer said it has: some may have been added.
constexpr uint64_t kMoreEntries = 16;

}  // namespace

ShardRepair::ShardRepair(const storage::Store& store, unsigned k_factor, PartitionFence fence,
                         std::string root, const Digest& own, const Digest& theirs, std::string low)
    : store_(store),
      k_factor_(k_factor),
      fence_(fence),
      root_(std::move(root)),
      low_(std::move(low)) {
  if (own.entries > kLeafEntriesMax || !low_.empty()) return;
  // All of it is one range, and it is known to differ.
  runs_.push_back({"", "", std::max(own.entries, theirs.entries), theirs.entries});
  all_ = true;
}

const std::string& ShardRepair::position() const {
  return runs_.empty() ? low_ : runs_.front().low;
}

Result<std::optional<std::string>> ShardRepair::NextRequest() {
  if (!runs_.empty()) return std::optional(AskForEntries());
  if (all_) return std::optional<std::string>();
  if (const Status status = CutIntoRanges(); !status.ok()) return status;
  return std::optional(AskForDigests());
}

Status ShardRepair::OnReply(std::string_view bytes, ReplyHead* head, storage::Page* pull,
                            storage::Page* push) {
  if (!runs_.empty()) {
    ScanReply reply;
    TRIFECTA_RETURN_IF_ERROR(Decode(bytes, head, &reply));
    return head->refusal == Refusal::kNone ? OnEntries(reply, pull, push) : Status::Ok();
  }
  RangesReply reply;
  TRIFECTA_RETURN_IF_ERROR(Decode(bytes, head, &reply));
  return head->refusal == Refusal::kNone ? OnDigests(reply) : Status::Ok();
}

Status ShardRepair::CutIntoRanges() {
  ends_.clear();
  own_.clear();
  storage::Page page;
  std::string low = low_;
  bool end = false;
  while (!end && own_.size() < kRangesMax) {
    const ShardRange rest{root_, low, ""};
    TRIFECTA_RETURN_IF_ERROR(ReadRange(store_, k_factor_, rest, kLeafEntriesMax, &page, &end));
    own_.emplace_back();
    for (size_t i = 0; i < page.size(); ++i) {
      AddEntry(page.word(i), page.version(i), page.tombstone(i), &own_.back());
    }
    if (!end) low = page.word(page.size() - 1);
    ends_.push_back(end ? std::string() : low);
    scanned_ += page.size();
  }
  return Status::Ok();
}

std::string ShardRepair::AskForDigests() {
  RangesRequest request;
  request.fence = fence_;
  request.root = root_;
  request.low = low_;
  request.ends = ends_;
  return Encode(request);
}

Status ShardRepair::OnDigests(const RangesReply& reply) {
  if (reply.digests.size() > own_.size()) {
    return {StatusCode::kDataDamaged, "digests of more ranges than were asked for"};
  }
  for (size_t i = 0; i < reply.digests.size(); ++i) {
    const bool cut = reply.cut && i + 1 == reply.digests.size();
    if (cut || reply.digests[i] != own_[i]) AddRun(i, reply.digests[i], cut);
  }
  low_ = ends_[reply.digests.size() - 1];
  all_ = low_.empty();
  return Status::Ok();
}

void ShardRepair::AddRun(size_t range, const Digest& theirs, bool cut) {
  const std::string& low = range == 0 ? low_ : ends_[range - 1];
  const uint64_t entries = std::max(theirs.entries, own_[range].entries);
  const bool joins = !runs_.empty() && runs_.back().high == low && !cut &&
                     runs_.back().entries + entries <= kRepairBatchEntries;
  if (!joins) runs_.push_back({low, "", 0, 0});
  Run& run = runs_.back();
  run.high = ends_[range];
  run.entries += entries;
  run.theirs += theirs.entries;
}

std::string ShardRepair::AskForEntries() {
  const Run& run = runs_.front();
  ScanRequest request;
  request.fences = {fence_};
  request.prefix = root_;
  request.after = run.low;
  request.limit =
      static_cast<uint32_t>(std::min<uint64_t>(run.theirs + kMoreEntries, kRepairBatchEntries));
  request.one_shard = true;
  return Encode(request);
}

Status ShardRepair::OnEntries(const ScanReply& reply, storage::Page* pull, storage::Page* push) {
  Run& run = runs_.front();
  storage::Page theirs;
  bool beyond = reply.end;
  std::string_view before = run.low;
  for (size_t i = 0; i < reply.page.size(); ++i) {
    const std::string_view word = reply.page.word(i);
    if (word <= before || !IsOfShard(word, root_, k_factor_)) {
      return {StatusCode::kDataDamaged, "a page that is not in order, or of another shard"};
    }
    before = word;
    beyond = beyond || !IsUpTo(word, run.high);
    if (IsUpTo(word, run.high)) theirs.Add(word, reply.page.version(i), reply.page.tombstone(i));
  }
  fetched_ += theirs.size();
  const std::string upto = beyond ? run.high : std::string(before);
  TRIFECTA_RETURN_IF_ERROR(
      CompareWithOwn(store_, k_factor_, {root_, run.low, upto}, theirs, pull, push));
  if (upto == run.high) {
    runs_.pop_front();
    return Status::Ok();
  }
  run.low = upto;
  run.theirs -= std::min<uint64_t>(run.theirs, theirs.size());
  return Status::Ok();
}

}  // namespace trifecta::replication
