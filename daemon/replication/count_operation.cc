#include "daemon/replication/count_operation.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "net/preference.h"
#include "storage/base/limits.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

constexpr Digest kEmpty;

bool SameEntries(const Digest& a, const Digest& b) {
  return a.entries == b.entries && a.sum == b.sum;
}

}  // namespace

bool CountOperation::Scan::Take(std::string_view, Version, bool tombstone) {
  ++entries_;
  if (!tombstone) ++live_;
  return true;
}

size_t CountOperation::Scan::wanted() const { return kPageEntriesMax; }

CountOperation::CountOperation(std::string_view prefix, Consistency consistency, Millis deadline,
                               Millis hedge)
    : ReadOperation({consistency, deadline, hedge}), prefix_(prefix) {}

bool CountOperation::IsInOne() const { return !ShardRoot(prefix_, view().ring->k_factor).empty(); }

void CountOperation::Begin(Millis now, Actions* actions) {
  count_ = merged_ = 0;
  without_digests_.clear();
  waiting_.clear();
  scans_.clear();
  std::vector<uint32_t> partitions;
  if (IsInOne()) {
    partitions = {static_cast<uint32_t>(view().PartitionOfWord(prefix_))};
  } else {
    partitions.resize(view().ring->partitions.size());
    std::iota(partitions.begin(), partitions.end(), 0);
  }
  BeginStage(prefix_.empty() ? Stage::kPartitions : Stage::kShards, std::move(partitions), now,
             actions);
}

// Digests ----------------------------------------------------------------------------------------

void CountOperation::BeginStage(Stage stage, std::vector<uint32_t> partitions, Millis now,
                                Actions* actions) {
  stage_ = stage;
  refused_ = false;
  cover_.Begin(view(), partitions, context().options().consistency);
  digests_.assign(cover_.sources().size(), {});
  shards_.assign(cover_.sources().size(), {});
  const std::vector<size_t> lacking = cover_.Short();
  if (!lacking.empty()) return Finish(context().TooFew(cover_, lacking.front()));
  Go(now, actions);
}

void CountOperation::Go(Millis now, Actions* actions) {
  // A node that has no digests has entries all the same: rather those than wait for a late one.
  for (const size_t index : cover_.Short(!refused_)) {
    without_digests_.push_back(cover_.partitions()[index]);
    cover_.GiveUp(index);
  }
  if (cover_.IsAnswered()) return Compare(now, actions);
  for (const size_t source : cover_.Choose()) {
    context().Ask(&cover_, source, RequestTo(source), now, actions);
  }
}

std::string CountOperation::RequestTo(size_t source) const {
  if (stage_ == Stage::kPartitions) return Encode(DigestRequest{cover_.FencesOf(source)});
  return Encode(CountRequest{cover_.FencesOf(source), prefix_});
}

bool CountOperation::Accept(size_t source, const Result<std::string_view>& reply, Millis now,
                            Actions* actions) {
  if (stage_ == Stage::kShards) {
    return context().Accept(reply, &cover_, source, now, actions, &shards_[source]);
  }
  DigestReply& digests = digests_[source];
  if (!context().Accept(reply, &cover_, source, now, actions, &digests)) return false;
  if (digests.digests.size() == cover_.source(source).at.size()) return true;
  cover_.Lost(source);
  return false;
}

void CountOperation::TakeReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                               Actions* actions) {
  if (stage_ == Stage::kEntries) {
    for (const std::unique_ptr<Scan>& scan : scans_) {
      if ((*scan)->OnReply(id, reply, now, actions)) break;
    }
    if (!context().awaits_view()) Proceed(now, actions);
    return;
  }
  const size_t source = cover_.Find(id);
  if (source == ReadCover::kNone) return;
  if (!Accept(source, reply, now, actions) && reply.ok()) refused_ = true;
  if (!context().awaits_view()) Go(now, actions);
}

void CountOperation::Tick(Millis now, Actions* actions) {
  if (stage_ != Stage::kEntries) {
    if (cover_.OnTick(now)) Go(now, actions);
    return;
  }
  for (const std::unique_ptr<Scan>& scan : scans_) (*scan)->OnTick(now, actions);
  Proceed(now, actions);
}

Millis CountOperation::due() const {
  if (stage_ != Stage::kEntries) return cover_.next_due();
  Millis due = kNever;
  for (const std::unique_ptr<Scan>& scan : scans_) due = std::min(due, (*scan)->next_due());
  return due;
}

// Comparing --------------------------------------------------------------------------------------

template <typename DigestOf>
const Digest* CountOperation::Common(size_t index, DigestOf digest_of) const {
  std::vector<const Digest*> digests;
  for (size_t i = 0; i < cover_.sources().size(); ++i) {
    if (cover_.source(i).state != SourceState::kAnswered || !cover_.AnswersFor(i, index)) continue;
    digests.push_back(digest_of(i));
  }
  for (const Digest* digest : digests) {
    const auto same = std::count_if(digests.begin(), digests.end(), [&](const Digest* other) {
      return SameEntries(*digest, *other);
    });
    if (static_cast<size_t>(same) >= cover_.needed(index)) return digest;
  }
  return nullptr;
}

CountOperation::Comparison CountOperation::ComparePartitions() const {
  Comparison result;
  result.live.resize(cover_.partitions().size());
  for (size_t index = 0; index < result.live.size(); ++index) {
    if (cover_.IsGivenUp(index)) continue;
    const Digest* common = Common(index, [&](size_t source) {
      const std::vector<uint32_t>& at = cover_.source(source).at;
      const auto place = std::lower_bound(at.begin(), at.end(), index) - at.begin();
      return &digests_[source].digests[static_cast<size_t>(place)];
    });
    if (common == nullptr) {
      result.different.push_back(index);
    } else {
      result.live[index] = common->live;
    }
  }
  return result;
}

CountOperation::Comparison CountOperation::CompareShards() const {
  Comparison result;
  result.live.resize(cover_.partitions().size());
  std::vector<size_t> next(shards_.size());
  for (;;) {
    const std::string* least = nullptr;
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (next[i] == shards_[i].shards.size()) continue;
      const std::string& root = shards_[i].shards[next[i]].root;
      if (least == nullptr || root < *least) least = &root;
    }
    if (least == nullptr) break;
    CompareShard(*least, next, &result);
    const std::string root = *least;
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (next[i] < shards_[i].shards.size() && shards_[i].shards[next[i]].root == root) ++next[i];
    }
  }
  std::sort(result.different.begin(), result.different.end());
  result.different.erase(std::unique(result.different.begin(), result.different.end()),
                         result.different.end());
  return result;
}

// `next`: of each source, its first shard that is not below the root.
void CountOperation::CompareShard(std::string_view root, std::span<const size_t> next,
                                  Comparison* result) const {
  const size_t partitions = view().ring->partitions.size();
  const auto partition = static_cast<uint32_t>(net::PartitionOf(root, partitions));
  const auto all = cover_.partitions();
  const auto at = std::lower_bound(all.begin(), all.end(), partition);
  if (at == all.end() || *at != partition) return;
  const auto index = static_cast<size_t>(at - all.begin());
  if (cover_.IsGivenUp(index)) return;
  const Digest* common = Common(index, [&](size_t source) {
    const std::vector<ShardDigest>& shards = shards_[source].shards;
    const bool has = next[source] < shards.size() && shards[next[source]].root == root;
    return has ? &shards[next[source]].digest : &kEmpty;
  });
  if (common != nullptr) {
    result->live[index] += common->live;
    return;
  }
  result->different.push_back(index);
  MergedScanSpec& spec = result->apart.emplace_back();
  spec.partitions = {partition};
  spec.one_shard = !IsInOne();
  spec.prefix = spec.one_shard && !root.empty() ? std::string(root) : prefix_;
}

MergedScanSpec CountOperation::Whole(std::vector<uint32_t> partitions) const {
  MergedScanSpec spec;
  spec.prefix = prefix_;
  std::sort(partitions.begin(), partitions.end());
  spec.partitions = std::move(partitions);
  return spec;
}

void CountOperation::Compare(Millis now, Actions* actions) {
  if (stage_ == Stage::kShards) return BeginScans(RestOf(CompareShards()), now, actions);
  const Comparison comparison = ComparePartitions();
  count_ = std::accumulate(comparison.live.begin(), comparison.live.end(), uint64_t{0});
  if (comparison.different.empty()) return BeginScans(RestOf({}), now, actions);
  std::vector<uint32_t> partitions;
  for (const size_t index : comparison.different) {
    partitions.push_back(cover_.partitions()[index]);
  }
  BeginStage(Stage::kShards, std::move(partitions), now, actions);
}

// Counts the shards that are equal; gives the scans that count the others.
std::vector<MergedScanSpec> CountOperation::RestOf(Comparison comparison) {
  std::vector<MergedScanSpec> scans = std::move(comparison.apart);
  if (scans.size() > kCountShardsApartMax) {
    scans.clear();
    for (const size_t index : comparison.different) {
      comparison.live[index] = 0;
      without_digests_.push_back(cover_.partitions()[index]);
    }
  }
  count_ += std::accumulate(comparison.live.begin(), comparison.live.end(), uint64_t{0});
  if (!without_digests_.empty()) scans.push_back(Whole(without_digests_));
  return scans;
}

// Entries ----------------------------------------------------------------------------------------

void CountOperation::BeginScans(std::vector<MergedScanSpec> specs, Millis now, Actions* actions) {
  stage_ = Stage::kEntries;
  waiting_ = std::move(specs);
  Proceed(now, actions);
}

void CountOperation::Proceed(Millis now, Actions* actions) {
  for (;;) {
    for (const std::unique_ptr<Scan>& scan : scans_) {
      if ((*scan)->running()) continue;
      if (!(*scan)->status().ok()) return Finish((*scan)->status());
      count_ += scan->live();
      merged_ += scan->entries();
    }
    std::erase_if(scans_, [](const std::unique_ptr<Scan>& scan) { return !(*scan)->running(); });
    if (waiting_.empty() || scans_.size() >= kCountScansAtOnce) break;
    scans_.push_back(std::make_unique<Scan>(std::move(waiting_.back()), &context()));
    waiting_.pop_back();
    (*scans_.back())->Begin(now, actions);
  }
  if (scans_.empty()) Finish(Status::Ok());
}

}  // namespace trifecta::replication
