#include "tests/sim/flaws.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/replication/messages.h"
#include "net/preference.h"

namespace trifecta::sim {
namespace {

class MachineStamper : public replication::Stamper {
 public:
  MachineStamper(Clock* clock, std::function<net::NodeNumber()> number)
      : clock_(clock), number_(std::move(number)) {}

  Result<Version> Stamp() override {
    last_ = std::max(last_ + 1, clock_->WallMilliseconds() << 16);
    return Version{last_, number_()};
  }
  void Observe(const Version& version) override { last_ = std::max(last_, version.time); }

 private:
  Clock* const clock_;
  const std::function<net::NodeNumber()> number_;
  uint64_t last_ = 0;
};

void SetFence(const net::Ring& ring, replication::PartitionFence* fence) {
  if (fence->partition < ring.partitions.size()) {
    fence->changed = ring.partitions[fence->partition].changed;
  }
}

template <typename Request>
std::string Fenced(const net::Ring& ring, const std::string& bytes) {
  Request request;
  if (!Decode(bytes, &request).ok()) return bytes;
  if constexpr (requires { request.fence; }) {
    SetFence(ring, &request.fence);
  } else {
    for (replication::PartitionFence& fence : request.fences) SetFence(ring, &fence);
  }
  return Encode(request);
}

}  // namespace

std::unique_ptr<replication::Stamper> ForgetfulStamper(Clock* clock,
                                                       std::function<net::NodeNumber()> number) {
  return std::make_unique<MachineStamper>(clock, std::move(number));
}

net::RingPtr OwningAll(const net::Ring& ring, net::NodeNumber self) {
  auto own = std::make_shared<net::Ring>(ring);
  for (net::Partition& partition : own->partitions) {
    if (!net::Holds(partition, self)) partition.owners.push_back(self);
  }
  return own;
}

std::string WithFencesOf(const net::Ring& ring, const std::string& request) {
  using replication::RequestKind;
  const Result<RequestKind> kind = replication::KindOf(request);
  if (!kind.ok()) return request;
  switch (*kind) {
    case RequestKind::kWrite:
      return Fenced<replication::WriteRequest>(ring, request);
    case RequestKind::kLookup:
      return Fenced<replication::LookupRequest>(ring, request);
    case RequestKind::kScan:
      return Fenced<replication::ScanRequest>(ring, request);
    case RequestKind::kCount:
      return Fenced<replication::CountRequest>(ring, request);
    default:
      return request;  // background work has its fences
  }
}

std::optional<std::string> PretendToStore(const std::string& request) {
  replication::WriteRequest write;
  const Result<replication::RequestKind> kind = replication::KindOf(request);
  if (!kind.ok() || *kind != replication::RequestKind::kWrite || !Decode(request, &write).ok()) {
    return std::nullopt;
  }
  replication::WriteReply reply;
  for (const Entry& entry : write.entries) {
    reply.outcomes.push_back({false, true, entry.version, {}});
  }
  return Encode(replication::ReplyHead{}, reply);
}

std::string WithLaterVersions(const storage::Store& store, const std::string& request) {
  replication::WriteRequest write;
  if (!Decode(request, &write).ok()) return request;
  for (Entry& entry : write.entries) {
    const Result<storage::Lookup> found = store.Get(entry.word);
    if (!found.ok() || !found->known || found->version <= entry.version) continue;
    entry.version = {found->version.time + 1, entry.version.node};
  }
  return Encode(write);
}

}  // namespace trifecta::sim
