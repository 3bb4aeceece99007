#include "daemon/replication/search_operation.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "storage/base/word.h"

namespace trifecta::replication {

SearchOperation::SearchOperation(const storage::SearchOptions& options, bool partial,
                                 Consistency consistency, Millis deadline, Millis hedge)
    : ReadOperation({consistency, deadline, hedge}), limit_(options.limit) {
  spec_.prefix = options.prefix;
  spec_.after = options.after;
  spec_.order = options.order;
  spec_.partial = partial;
  spec_.repairs_max = kSearchRepairsMax;
}

bool SearchOperation::IsInOne() const {
  return !ShardRoot(spec_.prefix, view().ring->k_factor).empty();
}

void SearchOperation::BeginScan() {
  if (IsInOne()) {
    spec_.partitions = {static_cast<uint32_t>(view().PartitionOfWord(spec_.prefix))};
  } else {
    spec_.partitions.resize(view().ring->partitions.size());
    std::iota(spec_.partitions.begin(), spec_.partitions.end(), 0);
  }
  scan_.emplace(spec_, &context(), static_cast<MergedScanSink*>(this));
}

void SearchOperation::Begin(Millis now, Actions* actions) {
  if (!scan_) BeginScan();
  if (!scan_->running()) return BeginNaming(now, actions);
  scan_->Begin(now, actions);
  Proceed(now, actions);
}

void SearchOperation::TakeReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                                Actions* actions) {
  if (naming_.erase(id) > 0) {
    TakeNames(reply);
    if (naming_.empty()) EndNaming(now, actions);
  } else if (scan_->OnReply(id, reply, now, actions)) {
    Proceed(now, actions);
  }
}

void SearchOperation::Tick(Millis now, Actions* actions) {
  if (now >= naming_due_) return EndNaming(now, actions);
  if (!scan_->running()) return;
  scan_->OnTick(now, actions);
  Proceed(now, actions);
}

Millis SearchOperation::due() const { return std::min(naming_due_, scan_->next_due()); }

bool SearchOperation::Take(std::string_view word, Version version, bool tombstone) {
  if (!tombstone) page_.Add(word, version, false);
  return page_.size() < limit_;
}

void SearchOperation::Proceed(Millis now, Actions* actions) {
  if (scan_->running()) return;
  if (!scan_->status().ok()) return Finish(scan_->status());
  if (scan_->missing().empty()) return Answer(now, actions);
  BeginNaming(now, actions);
}

void SearchOperation::Answer(Millis now, Actions* actions) {
  Finish(Status::Ok());
  Repair(now, actions);
}

// Missing shards ---------------------------------------------------------------------------------

void SearchOperation::BeginNaming(Millis now, Actions* actions) {
  naming_.clear();
  missing_.clear();
  unnamed_ = false;
  if (IsInOne()) {
    missing_ = {std::string(ShardRoot(spec_.prefix, view().ring->k_factor))};
    return Answer(now, actions);
  }
  std::map<NodeNumber, CountRequest> requests;
  for (const uint32_t partition : scan_->missing()) {
    const net::OwnerSets sets = net::OwnersFor(view().partition(partition));
    const std::vector<NodeNumber> nearest = view().NearestFirst(sets.read);
    if (nearest.empty() || !view().IsLive(nearest.front())) {
      unnamed_ = true;
    } else {
      requests[nearest.front()].fences.push_back({partition, sets.changed});
    }
  }
  if (unnamed_) return EndNaming(now, actions);
  naming_due_ = std::min(context().options().deadline, now + kNamingPatience);
  for (auto& [node, request] : requests) {
    request.prefix = spec_.prefix;
    naming_.insert(context().Send(node, CallClass::kRead, Encode(request), naming_due_, actions));
  }
}

void SearchOperation::TakeNames(const Result<std::string_view>& reply) {
  ReplyHead head;
  CountReply count;
  if (!reply.ok() || !Decode(*reply, &head, &count).ok() || head.refusal != Refusal::kNone) {
    unnamed_ = true;
    return;
  }
  for (ShardDigest& shard : count.shards) {
    if (shard.digest.entries > 0) missing_.push_back(std::move(shard.root));
  }
}

void SearchOperation::EndNaming(Millis now, Actions* actions) {
  unnamed_ = unnamed_ || !naming_.empty();
  naming_.clear();
  naming_due_ = kNever;
  if (unnamed_ || missing_.empty() || missing_.size() > kMissingRootsMax) {
    missing_ = {spec_.prefix};
  }
  std::sort(missing_.begin(), missing_.end());
  Answer(now, actions);
}

void SearchOperation::OnDeadline(Millis now, Actions* actions) {
  if (naming_due_ != kNever) EndNaming(now, actions);
}

// Repair -----------------------------------------------------------------------------------------

void SearchOperation::Repair(Millis now, Actions* actions) {
  struct Writes {
    std::set<uint32_t> partitions;
    WriteRequest request;
  };
  std::map<NodeNumber, Writes> by_node;
  for (const StaleOwner& stale : scan_->stale()) {
    Writes& writes = by_node[stale.node];
    writes.partitions.insert(stale.partition);
    writes.request.entries.push_back({stale.word, stale.version, stale.tombstone});
  }
  repairs_due_ = now + kSearchRepairPatience;
  for (auto& [node, writes] : by_node) {
    for (const uint32_t partition : writes.partitions) {
      writes.request.fences.push_back({partition, view().partition(partition).changed});
    }
    repairs_.insert(context().Send(node, CallClass::kBackground, Encode(writes.request),
                                   repairs_due_, actions));
  }
}

void SearchOperation::TakeLateReply(uint32_t id, Millis) { repairs_.erase(id); }

void SearchOperation::TickLate(Millis now) {
  if (now >= repairs_due_) repairs_.clear();
}

}  // namespace trifecta::replication
