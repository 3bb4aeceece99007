// What a member does for the operation under way: reports how far it is, asks for streams and
// purges, and drives it, or tells who does.
#include <algorithm>
#include <utility>

#include "daemon/replication/topology.h"
#include "net/preference.h"
#include "storage/base/text.h"

namespace trifecta::replication {

using net::Member;
using net::MoveStep;
using net::NodeNumber;
using net::Partition;
using net::Ring;

namespace {

// Intervals for a proposal: agreement takes two round trips and two syncs; this is for disks and
// links in trouble.
constexpr Millis kProposalIntervals = 10;
// Reports of an unchanged progress, which may have been lost, in an interval.
constexpr Millis kReports = 2;

bool Contains(const std::vector<NodeNumber>& nodes, NodeNumber node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

bool Concerns(const Partition& partition, NodeNumber node) {
  return Contains(partition.owners, node) || Contains(partition.targets, node);
}

size_t QuorumOf(size_t copies, unsigned configured) {
  return configured == 0 ? net::Majority(copies) : std::min<size_t>(configured, copies);
}

}  // namespace

void Topology::StreamDone(net::Epoch session, std::span<const uint32_t> partitions, Millis now) {
  now_ = now;
  if (session == 0 || session != session_) return;
  const size_t before = streamed_.size();
  streamed_.insert(partitions.begin(), partitions.end());
  if (streamed_.size() > before) ReportProgress(now);
  Finish(now);
}

Status Topology::BeginLeave(const NodeId& node, Millis now) {
  now_ = now;
  if (!ring_) return {StatusCode::kUnavailable, Waiting()};
  if (ring_->operation && ring_->operation->node == node &&
      ring_->operation->kind != net::OperationKind::kLeave) {
    Emit({.kind = Event::Kind::kOutcome});
    return GiveUpOperation(now);
  }
  const Status proposed = Propose(net::BeginLeave(*ring_, node), now);
  if (proposed.ok()) leave_proposed_ = true;
  Finish(now);
  return proposed;
}

Status Topology::GiveUpOperation(Millis now) {
  now_ = now;
  if (session_ == 0) {
    return {StatusCode::kNotFound, "no change of the cluster's members is under way"};
  }
  giving_up_ = session_;
  Drive(now);
  Finish(now);
  return Status::Ok();
}

void Topology::TakeSession() {
  const net::Epoch session = ring_->operation ? ring_->operation->session : 0;
  if (std::exchange(session_, session) == session) return;
  streams_.clear();
  streamed_.clear();
  giving_up_ = 0;
}

// What this node has been given and does not have yet.
void Topology::AskForStreams() {
  const Member* own = OwnMember();
  if (own == nullptr || session_ == 0) return;
  Event event{.kind = Event::Kind::kStream, .ring = ring_, .session = session_};
  for (uint32_t i = 0; i < ring_->partitions.size(); ++i) {
    const Partition& partition = ring_->partitions[i];
    if (partition.step != MoveStep::kStreaming ||
        !net::HasToFetch(partition, own->number, QuorumsOf(partition.owners.size()),
                         QuorumsOf(partition.targets.size()))) {
      continue;
    }
    if (streams_.insert(i).second) event.partitions.push_back(i);
  }
  if (!event.partitions.empty()) Emit(std::move(event));
}

// Not while anything moves, when it might come back at once.
void Topology::AskForPurges() {
  const Member* own = OwnMember();
  if (own == nullptr || session_ != 0) return;
  Event event{.kind = Event::Kind::kPurge, .ring = ring_};
  for (uint32_t i = 0; i < ring_->partitions.size(); ++i) {
    const bool gone = !Concerns(ring_->partitions[i], own->number);
    if (gone && !purged_[i]) event.partitions.push_back(i);
    purged_[i] = gone;
  }
  if (!event.partitions.empty()) Emit(std::move(event));
}

bool Topology::IsConcerned() const {
  const Member* own = OwnMember();
  if (own == nullptr || !ring_->operation) return false;
  if (ring_->operation->node == options_.self) return true;
  return std::any_of(ring_->partitions.begin(), ring_->partitions.end(),
                     [own](const Partition& one) {
                       return one.step != MoveStep::kNone && Concerns(one, own->number);
                     });
}

void Topology::ReportProgress(Millis now) {
  report_due_ = now + options_.interval / kReports;
  const Member* own = OwnMember();
  if (own == nullptr || !IsConcerned()) return;
  TopologyMessage message;
  message.kind = TopologyKind::kProgress;
  message.epoch = in_use_;
  message.session = session_;
  message.streamed.assign(streamed_.begin(), streamed_.end());
  // In any case: another node may take this one for the driver.
  driver_.NoteRecorded(own->number, in_use_);
  driver_.NoteStreamed(own->number, session_, message.streamed);
  const Member* driver = Driver();
  if (driver == nullptr) return;
  if (driver->id == options_.self) return Drive(now);
  Send(driver->id, "", std::move(message));
}

void Topology::OnProgress(const NodeId& from, const TopologyMessage& message, Millis now) {
  const Member* member = ring_ ? ring_->Find(from) : nullptr;
  if (member == nullptr || message.cluster != ring_->cluster_id) return;
  driver_.NoteRecorded(member->number, message.epoch);
  driver_.NoteStreamed(member->number, message.session, message.streamed);
  Drive(now);
}

void Topology::OnGiveUp(const TopologyMessage& message, Millis now) {
  if (!ring_ || message.cluster != ring_->cluster_id || message.session != session_) return;
  giving_up_ = session_;
  Drive(now);
}

void Topology::Drive(Millis now) {
  if (session_ == 0 || over_) return;
  const Member* driver = Driver();
  if (driver == nullptr) return;
  if (driver->id != options_.self) {
    if (giving_up_ == 0 || now < give_up_due_) return;
    give_up_due_ = now + options_.interval / kReports;
    TopologyMessage message;
    message.kind = TopologyKind::kGiveUp;
    message.session = session_;
    return Send(driver->id, "", std::move(message));
  }
  if (giving_up_ == 0 && IsJoinerGone(now)) {
    giving_up_ = session_;
    inner_.Log(LogLevel::kWarning, StrCat("node ", ring_->operation->node.ToString(),
                                          " has been gone for too long in "
                                          "the middle of its join, which is given up"));
  }
  driver_.GiveUp(giving_up_);
  if (register_.proposing()) return;
  if (std::optional<Ring> next = driver_.Next(now)) TryPropose(std::move(*next), now);
}

bool Topology::IsJoinerGone(Millis now) const {
  if (ring_->operation->kind != net::OperationKind::kJoin) return false;
  const net::KnownNode* joiner = members().Find(ring_->operation->node);
  return joiner != nullptr && !net::IsLive(joiner->record.liveness) &&
         joiner->GoneFor(detector_.CorrectedTime(now)) > kJoinerIntervals * options_.interval;
}

Status Topology::Propose(const Result<Ring>& next, Millis now) {
  if (!next.ok()) return next.status();
  const Millis deadline = now + kProposalIntervals * options_.interval;
  return register_.Propose(*next, deadline, now);
}

void Topology::TryPropose(const Result<Ring>& next, Millis now) {
  const Status proposed = Propose(next, now);
  if (!proposed.ok()) {
    inner_.Log(LogLevel::kDebug, StrCat("no change of the ring is proposed: ", proposed.message()));
  }
}

void Topology::TakeResult() {
  const std::optional<net::ProposalResult> result = register_.TakeResult();
  if (!result) return;
  const bool agreed = result->outcome == net::ProposalOutcome::kAgreed;
  if (!agreed) {
    inner_.Log(LogLevel::kDebug, StrCat("the ring of epoch ", result->proposed->epoch,
                                        " was not agreed on: ", result->reason));
  }
  if (!std::exchange(leave_proposed_, false)) return;
  Emit({.kind = Event::Kind::kOutcome,
        .status = agreed ? Status::Ok() : Status(StatusCode::kUnavailable, result->reason)});
}

const Member* Topology::Driver() const {
  for (const Member& member : ring_->members) {
    if (net::Votes(member) && IsLive(member.id)) return &member;
  }
  return nullptr;
}

net::Quorums Topology::QuorumsOf(size_t copies) const {
  return {QuorumOf(copies, options_.read_quorum), QuorumOf(copies, options_.write_quorum)};
}

}  // namespace trifecta::replication
