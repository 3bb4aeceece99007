#include "daemon/replication/status_operation.h"

#include <utility>

namespace trifecta::replication {

void StatusOperation::Start(ViewPtr view, Millis, Actions* actions) {
  for (const NodeView& node : view->nodes) {
    if (!node.live) continue;
    const auto id = static_cast<uint32_t>(asked_.size());
    asked_.push_back(node.number);
    actions->calls.push_back({id, node.number, CallClass::kRead, EncodeStatusRequest(), deadline_});
  }
  waiting_ = asked_.size();
}

void StatusOperation::OnReply(uint32_t id, const Result<std::string_view>& reply, Millis,
                              Actions*) {
  if (waiting_ == 0) return;
  --waiting_;
  if (!reply.ok()) return;
  ReplyHead head;
  StatusReply status;
  if (!Decode(*reply, &head, &status).ok() || head.refusal != Refusal::kNone) return;
  replies_[asked_.at(id)] = std::move(status);
}

void StatusOperation::OnTick(Millis now, Actions*) {
  if (now >= deadline_) waiting_ = 0;
}

}  // namespace trifecta::replication
