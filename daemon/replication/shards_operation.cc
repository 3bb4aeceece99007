#include "daemon/replication/shards_operation.h"

#include <algorithm>
#include <utility>

namespace trifecta::replication {

void ShardsOperation::Start(ViewPtr view, Millis, Actions* actions) {
  view_ = std::move(view);
  const auto partitions = static_cast<uint32_t>(view_->ring->partitions.size());
  for (uint32_t partition = 0; partition < partitions; ++partition) {
    if (net::Holds(view_->partition(partition), node_)) Ask(partition, "", true, actions);
  }
}

void ShardsOperation::Ask(uint32_t partition, std::string_view after, bool first,
                          Actions* actions) {
  const auto id = static_cast<uint32_t>(asked_.size());
  asked_.push_back(partition);
  ++waiting_;
  const PartitionFence fence{partition, view_->partition(partition).changed};
  actions->calls.push_back(
      {id, node_, CallClass::kRead, Encode(ShardsRequest{fence, after, first}), deadline_});
}

void ShardsOperation::OnReply(uint32_t id, const Result<std::string_view>& reply, Millis,
                              Actions* actions) {
  if (waiting_ == 0) return;
  Status taken = reply.ok() ? Take(asked_.at(id), *reply, actions) : reply.status();
  if (!taken.ok()) return Fail(std::move(taken));
  if (--waiting_ == 0) std::sort(roots_.begin(), roots_.end());
}

Status ShardsOperation::Take(uint32_t partition, std::string_view reply, Actions* actions) {
  ReplyHead head;
  ShardsReply shards;
  TRIFECTA_RETURN_IF_ERROR(Decode(reply, &head, &shards));
  if (head.refusal != Refusal::kNone) return {StatusCode::kUnavailable, std::move(head.text)};
  for (const ShardDigest& shard : shards.shards) {
    if (shard.digest.live > 0) roots_.push_back(shard.root);
  }
  if (!shards.end && !shards.shards.empty()) {
    Ask(partition, shards.shards.back().root, false, actions);
  }
  return Status::Ok();
}

void ShardsOperation::OnTick(Millis now, Actions*) {
  if (waiting_ > 0 && now >= deadline_) {
    Fail({StatusCode::kTimeout, "the node did not list its shards in time"});
  }
}

void ShardsOperation::Fail(Status status) {
  outcome_ = std::move(status);
  waiting_ = 0;
}

}  // namespace trifecta::replication
