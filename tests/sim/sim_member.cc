#include "tests/sim/sim_member.h"

#include <utility>

#include "net/incarnation.h"
#include "net/ring_register.h"

namespace trifecta::sim {
namespace {

// To write and sync a small file.
constexpr Millis kPersistMax = 20;
// After a full disk.
constexpr Millis kPersistAgain = 1'000;

}  // namespace

SimMember::SimMember(Parts parts, replication::TopologyOptions options)
    : parts_(std::move(parts)),
      topology_(std::move(options), parts_.network->random()->Next(), &outbox_) {}

Status SimMember::Start(bool has_words) {
  const replication::SavedState saved{parts_.disk->Read(std::string(net::kIncarnationFileName)),
                                      parts_.disk->Read(std::string(net::RingRegister::kFileName)),
                                      has_words};
  TRIFECTA_RETURN_IF_ERROR(topology_.Start(saved, parts_.clock->WallMilliseconds(), now()));
  Pump();
  return Status::Ok();
}

void SimMember::Receive(const SimMessage& message) {
  topology_.Receive(message.protocol, parts_.id_of(message.from), message.bytes, now());
  Pump();
}

void SimMember::PullFrom(NodeIndex node, net::Epoch epoch) {
  topology_.PullFrom(parts_.id_of(node), epoch, now());
  Pump();
}

void SimMember::RingInUse(net::Epoch epoch) {
  topology_.RingInUse(epoch, now());
  Pump();
}

void SimMember::StreamDone(net::Epoch session, std::span<const uint32_t> partitions) {
  topology_.StreamDone(session, partitions, now());
  Pump();
}

Status SimMember::BeginLeave(const net::NodeId& node) {
  Status status = topology_.BeginLeave(node, now());
  Pump();
  return status;
}

void SimMember::Pump() {
  for (const replication::TopologyEvent& event : topology_.TakeEvents()) parts_.take(event);
  net::Outbox outbox = std::exchange(outbox_, {});
  for (net::OutgoingMessage& message : outbox.messages) Send(std::move(message));
  for (const net::PersistRequest& request : outbox.persists) Persist(request);
  ScheduleWake();
}

// A machine that is up, but not the process, refuses the connection.
void SimMember::Send(net::OutgoingMessage message) {
  const auto target = parts_.network->Listener(message.address);
  const bool refused =
      target && !parts_.network->running(*target) && !parts_.network->is_cut(parts_.node, *target);
  if (refused) {
    parts_.network->After(parts_.node, 1, [this, address = message.address] {
      topology_.OnRefused(address, now());
      Pump();
    });
  }
  parts_.network->Send(parts_.node, message.address, message.protocol, std::move(message.bytes));
}

void SimMember::Persist(const net::PersistRequest& request) {
  const Millis delay = 1 + parts_.network->random()->Below(kPersistMax);
  parts_.network->After(parts_.node, delay, [this, request] {
    // A later one of the same name may have been faster.
    uint64_t& newest = persisted_[request.name];
    if (newest < request.token) {
      const Status status = parts_.disk->Replace(request.name, request.bytes);
      if (!parts_.survived()) return;
      if (!status.ok()) {
        parts_.network->After(parts_.node, kPersistAgain, [this, request] { Persist(request); });
        return;
      }
      newest = request.token;
    }
    topology_.OnPersisted(request.token, now());
    Pump();
  });
}

void SimMember::ScheduleWake() {
  const Millis due = topology_.next_due();
  if (due >= wake_at_) return;
  wake_at_ = due;
  parts_.network->After(parts_.node, due > now() ? due - now() : 0, [this, due] {
    if (wake_at_ == due) Wake();
  });
}

void SimMember::Wake() {
  wake_at_ = replication::kNever;
  topology_.SetClock(parts_.clock->WallMilliseconds(), now());
  topology_.Tick(now());
  Pump();
}

}  // namespace trifecta::sim
