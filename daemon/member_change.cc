#include "daemon/member_change.h"

#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using Clock = std::chrono::steady_clock;

// Between two proposals, where another node's was agreed on instead or is about to be: as long as
// an agreement takes on a quick network.
constexpr std::chrono::milliseconds kPause{50};

bool IsLeaving(const net::RingPtr& ring, const net::NodeId& node) {
  return ring != nullptr && ring->operation &&
         ring->operation->kind == net::OperationKind::kLeave && ring->operation->node == node;
}

}  // namespace

Status MemberChange::BeginLeave(const net::NodeId& node, Clock::time_point deadline) {
  Status last(StatusCode::kTimeout, "another change of the members is being agreed on");
  const std::unique_lock turn(turn_, deadline);
  while (turn.owns_lock() && Clock::now() < deadline) {
    std::optional<Status> result = Propose(node);
    if (!result) {
      result.emplace();
      if (!AwaitOutcome(deadline, &*result)) {
        return {StatusCode::kTimeout,
                "the members have not agreed on it in time; it may still begin"};
      }
      // Whether it was agreed on after all, the ring says at the next turn.
      if (result->ok()) return *result;
    }
    if (result->code() != StatusCode::kUnavailable) return *result;
    last = *result;
    Status ignored;
    AwaitOutcome(std::min(deadline, Clock::now() + kPause), &ignored);
  }
  return last;
}

std::optional<Status> MemberChange::Propose(const net::NodeId& node) {
  {
    std::lock_guard lock(mutex_);
    outcome_.reset();
  }
  std::optional<Status> result;
  const bool ran = protocol_->PostAndWait([&](replication::Topology* topology, net::Millis now) {
    if (IsLeaving(topology->ring(), node)) {
      result = Status::Ok();
      return;
    }
    const Status proposed = topology->BeginLeave(node, now);
    if (!proposed.ok()) result = proposed;
  });
  if (!ran) return Status(StatusCode::kUnavailable, "the node stops");
  return result;
}

bool MemberChange::AwaitOutcome(Clock::time_point until, Status* outcome) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_until(lock, until, [this] { return outcome_.has_value(); })) return false;
  *outcome = *std::exchange(outcome_, std::nullopt);
  return true;
}

void MemberChange::OnOutcome(const Status& status) {
  std::lock_guard lock(mutex_);
  outcome_ = status;
  changed_.notify_all();
}

}  // namespace trifecta::daemon
