#include "daemon/replication/read_operation.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace trifecta::replication {

void ReadOperation::Start(ViewPtr view, Millis now, Actions* actions) {
  context_.SetView(std::move(view));
  Begin(now, actions);
}

void ReadOperation::OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                            Actions* actions) {
  if (answered_) return TakeLateReply(id, now);
  if (!context_.awaits_view()) TakeReply(id, reply, now, actions);
}

void ReadOperation::OnView(ViewPtr view, Millis now, Actions* actions) {
  const net::Epoch wanted = std::max(context_.awaited(), context_.view().ring->epoch + 1);
  if (answered_ || view->ring->epoch < wanted) return;
  context_.SetView(std::move(view));
  Begin(now, actions);
}

void ReadOperation::OnTick(Millis now, Actions* actions) {
  if (answered_) return TickLate(now);
  if (now >= context_.options().deadline) {
    OnDeadline(now, actions);
    if (!answered_) {
      Finish({StatusCode::kTimeout, "too few replicas have answered before the deadline"});
    }
    return;
  }
  if (!context_.awaits_view()) Tick(now, actions);
}

Millis ReadOperation::next_due() const {
  if (answered_) return late_due();
  const Millis deadline = context_.options().deadline;
  return context_.awaits_view() ? deadline : std::min(deadline, due());
}

void ReadOperation::Finish(Status status) {
  assert(!answered_);
  answered_ = true;
  status_ = std::move(status);
}

}  // namespace trifecta::replication
