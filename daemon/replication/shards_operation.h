// Lists the shards with live words that one node holds, by asking it for those of each of its
// partitions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"

namespace trifecta::replication {

class ShardsOperation : public Operation {
 public:
  ShardsOperation(NodeNumber node, Millis deadline) : node_(node), deadline_(deadline) {}

  void Start(ViewPtr view, Millis now, Actions* actions) override;
  void OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
               Actions* actions) override;
  void OnView(ViewPtr, Millis, Actions*) override {}
  void OnTick(Millis now, Actions* actions) override;
  Millis next_due() const override { return waiting_ == 0 ? kNever : deadline_; }
  bool answered() const override { return waiting_ == 0; }
  bool done() const override { return waiting_ == 0; }

  // Final once answered. kUnavailable when the node did not answer for each partition.
  const Status& status() const { return outcome_; }
  // Ascending.
  const std::vector<std::string>& roots() const { return roots_; }

 private:
  void Ask(uint32_t partition, std::string_view after, bool first, Actions* actions);
  void Fail(Status status);
  // Takes the shards of a reply; asks on where it was not the last of its partition.
  Status Take(uint32_t partition, std::string_view reply, Actions* actions);

  const NodeNumber node_;
  const Millis deadline_;
  ViewPtr view_;
  std::vector<uint32_t> asked_;  // partitions by call id
  size_t waiting_ = 0;
  Status outcome_;
  std::vector<std::string> roots_;
};

}  // namespace trifecta::replication
