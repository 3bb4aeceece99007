// Asks every live member what it knows of itself: for cluster-status. Nodes that do not answer
// until the deadline are left out.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"

namespace trifecta::replication {

class StatusOperation : public Operation {
 public:
  explicit StatusOperation(Millis deadline) : deadline_(deadline) {}

  void Start(ViewPtr view, Millis now, Actions* actions) override;
  void OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
               Actions* actions) override;
  void OnView(ViewPtr, Millis, Actions*) override {}
  void OnTick(Millis now, Actions* actions) override;
  Millis next_due() const override { return waiting_ == 0 ? kNever : deadline_; }
  bool answered() const override { return waiting_ == 0; }
  bool done() const override { return waiting_ == 0; }

  // By node; final once answered.
  const std::map<NodeNumber, StatusReply>& replies() const { return replies_; }

 private:
  const Millis deadline_;
  std::vector<NodeNumber> asked_;  // by call id
  size_t waiting_ = 0;
  std::map<NodeNumber, StatusReply> replies_;
};

}  // namespace trifecta::replication
