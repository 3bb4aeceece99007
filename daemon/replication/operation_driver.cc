#include "daemon/replication/operation_driver.h"

#include <algorithm>

#include "net/ring_change.h"
#include "storage/base/text.h"

namespace trifecta::replication {

using net::MoveStep;
using net::NodeNumber;
using net::Partition;
using net::Ring;

namespace {

// The last first: what is nearly done does not wait for what has begun.
constexpr MoveStep kStepsBackwards[] = {MoveStep::kCleanUp,          MoveStep::kUseNew,
                                        MoveStep::kWriteBothReadNew, MoveStep::kStreaming,
                                        MoveStep::kWriteBothReadOld, MoveStep::kPlanned};

MoveStep After(MoveStep step) {
  return step == MoveStep::kCleanUp ? MoveStep::kNone
                                    : static_cast<MoveStep>(static_cast<uint8_t>(step) + 1);
}

bool Contains(std::span<const NodeNumber> nodes, NodeNumber node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

std::optional<Ring> Taken(Result<Ring> next) {
  if (!next.ok()) return std::nullopt;
  return std::move(*next);
}

std::string_view StepName(MoveStep step) {
  switch (step) {
    case MoveStep::kNone:
      return "done";
    case MoveStep::kPlanned:
      return "planned";
    case MoveStep::kWriteBothReadOld:
      return "written at both";
    case MoveStep::kStreaming:
      return "being copied";
    case MoveStep::kWriteBothReadNew:
      return "copied";
    case MoveStep::kUseNew:
      return "switched";
    case MoveStep::kCleanUp:
      return "cleaning up";
  }
  return "unknown";
}

}  // namespace

OperationDriver::OperationDriver(QuorumsOf quorums, net::Millis patience)
    : quorums_(std::move(quorums)), patience_(patience) {}

void OperationDriver::OnRing(net::RingPtr ring) {
  const net::Epoch before = ring_ ? ring_->epoch : 0;
  ring_ = std::move(ring);
  const net::Epoch session = ring_->operation ? ring_->operation->session : 0;
  if (session != session_) {
    session_ = session;
    giving_up_ = false;
    streamed_.clear();
    waiting_since_.clear();
    read_new_.clear();
    saw_all_ = ring_->epoch == session;
  } else if (ring_->epoch != before + 1) {
    saw_all_ = false;
  }
  for (uint32_t i = 0; i < ring_->partitions.size(); ++i) {
    if (ring_->partitions[i].step == MoveStep::kWriteBothReadNew) read_new_.insert(i);
  }
}

void OperationDriver::NoteRecorded(NodeNumber node, net::Epoch epoch) {
  net::Epoch& known = recorded_[node];
  known = std::max(known, epoch);
}

void OperationDriver::NoteStreamed(NodeNumber node, net::Epoch session,
                                   std::span<const uint32_t> partitions) {
  if (session == 0 || session != session_) return;
  streamed_[node].insert(partitions.begin(), partitions.end());
}

void OperationDriver::GiveUp(net::Epoch session) {
  if (session != 0 && session == session_) giving_up_ = true;
}

std::optional<Ring> OperationDriver::Next(net::Millis now) {
  if (!under_way()) return std::nullopt;
  if (giving_up_ && IsUndecided()) return StepTowardsGivingUp();
  if (std::optional<Ring> next = Advance(now)) return next;
  return Finish();
}

// Where every partition that moves has its new owners, all that is left is to finish.
bool OperationDriver::IsUndecided() const {
  return std::any_of(ring_->partitions.begin(), ring_->partitions.end(), [](const Partition& one) {
    return one.step > MoveStep::kNone && one.step < MoveStep::kUseNew;
  });
}

bool OperationDriver::Has(NodeNumber node, net::Epoch epoch) const {
  const auto known = recorded_.find(node);
  return known != recorded_.end() && known->second >= epoch;
}

bool OperationDriver::IsRecorded(const Partition& partition) const {
  std::vector<NodeNumber> recorded;
  for (const auto* nodes : {&partition.owners, &partition.targets}) {
    for (const NodeNumber node : *nodes) {
      if (Has(node, partition.changed)) recorded.push_back(node);
    }
  }
  return StepIsRecorded(partition, recorded, quorums_(partition.owners.size()),
                        quorums_(partition.targets.size()));
}

bool OperationDriver::IsRecordedByAll(const Partition& partition) const {
  const auto has = [&](NodeNumber node) { return Has(node, partition.changed); };
  return std::all_of(partition.owners.begin(), partition.owners.end(), has) &&
         std::all_of(partition.targets.begin(), partition.targets.end(), has);
}

bool OperationDriver::IsStreamed(uint32_t index) const {
  const Partition& partition = ring_->partitions[index];
  const net::Quorums of_owners = quorums_(partition.owners.size());
  const net::Quorums of_targets = quorums_(partition.targets.size());
  return std::all_of(partition.targets.begin(), partition.targets.end(), [&](NodeNumber target) {
    if (!net::HasToFetch(partition, target, of_owners, of_targets)) return true;
    const auto found = streamed_.find(target);
    return found != streamed_.end() && found->second.contains(index);
  });
}

bool OperationDriver::IsDone(uint32_t index) const {
  const Partition& partition = ring_->partitions[index];
  if (!IsRecorded(partition)) return false;
  if (partition.step == MoveStep::kStreaming) return IsStreamed(index);
  // Writes may need who joins from the next step on.
  const net::Member* node = ring_->Find(ring_->operation->node);
  return partition.step != MoveStep::kPlanned || !Contains(partition.targets, node->number) ||
         Has(node->number, partition.changed);
}

OperationDriver::Batch OperationDriver::ReadyAt(MoveStep step) const {
  Batch batch;
  for (uint32_t i = 0; i < ring_->partitions.size(); ++i) {
    if (ring_->partitions[i].step != step) continue;
    if (IsDone(i)) {
      batch.ready.push_back(i);
    } else {
      batch.all = false;
    }
    batch.smooth = batch.smooth && IsRecordedByAll(ring_->partitions[i]);
  }
  return batch;
}

std::optional<Ring> OperationDriver::Advance(net::Millis now) {
  for (const MoveStep step : kStepsBackwards) {
    const Batch batch = ReadyAt(step);
    if (batch.ready.empty()) {
      waiting_since_.erase(step);
      continue;
    }
    const net::Millis since = waiting_since_.emplace(step, now).first->second;
    const net::Millis wait = !batch.all ? patience_ : batch.smooth ? 0 : patience_ / 4;
    if (now >= since + wait) {
      waiting_since_.erase(step);
      return Taken(AdvanceMoves(*ring_, batch.ready, After(step)));
    }
  }
  return std::nullopt;
}

// First no partition may be read at its targets any more, and where one was, that has to be
// recorded; then all go back at once.
std::optional<Ring> OperationDriver::StepTowardsGivingUp() const {
  std::vector<uint32_t> read_new;
  for (uint32_t i = 0; i < ring_->partitions.size(); ++i) {
    const Partition& partition = ring_->partitions[i];
    if (partition.step == MoveStep::kWriteBothReadNew) read_new.push_back(i);
    const bool was_read = !saw_all_ || read_new_.contains(i);
    if (partition.step == MoveStep::kStreaming && was_read && !IsRecorded(partition)) {
      return std::nullopt;
    }
  }
  return Taken(read_new.empty() ? AbortOperation(*ring_) : StepBack(*ring_, read_new));
}

// A member that joins must have a document on disk before it is given a vote.
std::optional<Ring> OperationDriver::Finish() const {
  const net::Member* node = ring_->Find(ring_->operation->node);
  if (node != nullptr && node->state == net::MemberState::kJoining) {
    if (!Has(node->number, session_)) return std::nullopt;
  }
  return Taken(FinishOperation(*ring_));
}

std::string OperationDriver::Describe() const {
  if (!under_way()) return "";
  std::map<MoveStep, size_t> counts;
  for (const Partition& partition : ring_->partitions) ++counts[partition.step];
  const net::RingOperation& operation = *ring_->operation;
  const char* what = operation.kind == net::OperationKind::kJoin    ? "joins"
                     : operation.kind == net::OperationKind::kLeave ? "leaves"
                                                                    : "replaces another";
  std::string text = StrCat("node ", operation.node.ToString(), " ", what);
  for (const auto& [step, count] : counts) {
    if (step != MoveStep::kNone) {
      text += StrCat(", ", count, count == 1 ? " partition " : " partitions ", StepName(step));
    }
  }
  return text;
}

}  // namespace trifecta::replication
