#include "tests/sim/fixed_ring.h"

#include <memory>
#include <stdexcept>
#include <vector>

namespace trifecta::sim {
namespace {

using net::MoveStep;
using net::Ring;

constexpr MoveStep kSteps[] = {MoveStep::kWriteBothReadOld, MoveStep::kStreaming,
                               MoveStep::kWriteBothReadNew, MoveStep::kUseNew,
                               MoveStep::kCleanUp,          MoveStep::kNone};

Ring Must(Result<Ring> ring) {
  if (!ring.ok()) throw std::runtime_error(ring.status().ToString());
  return std::move(*ring);
}

std::vector<uint32_t> Moving(const Ring& ring) {
  std::vector<uint32_t> moving;
  for (uint32_t i = 0; i < ring.partitions.size(); ++i) {
    if (ring.partitions[i].step != MoveStep::kNone) moving.push_back(i);
  }
  return moving;
}

}  // namespace

net::RingPtr FixedRing(const net::RingConstants& constants,
                       std::span<const net::NewMember> members) {
  Ring ring = Must(FoundRing(constants, members.front()));
  for (const net::NewMember& member : members.subspan(1)) {
    ring = Must(BeginJoin(ring, member));
    const std::vector<uint32_t> moving = Moving(ring);
    for (const MoveStep step : kSteps) ring = Must(AdvanceMoves(ring, moving, step));
    ring = Must(FinishOperation(ring));
  }
  return std::make_shared<const Ring>(std::move(ring));
}

}  // namespace trifecta::sim
