// Small rings for tests, and operations taken through all of their steps.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "net/ring.h"
#include "net/ring_change.h"
#include "storage/base/text.h"

namespace trifecta::net {

// Id `n` of as many as a test needs: ...-0000-00000000000n, in hexadecimal.
inline NodeId SampleId(uint16_t n) {
  std::array<uint8_t, NodeId::kBytes> bytes{};
  bytes[14] = static_cast<uint8_t>(n >> 8);
  bytes[15] = static_cast<uint8_t>(n);
  return NodeId(bytes);
}

// Node `n` in zone "a", "b" or "c".
inline NewMember SampleMember(uint16_t n) {
  return {SampleId(n), StrCat("10.0.0.", n, ":8000"),
          std::string(1, static_cast<char>('a' + n % 3))};
}

inline RingConstants SampleConstants(unsigned partitions = 8) {
  return {"sample", SampleId(0xffff), partitions, 3, 2};
}

inline Ring SampleFounding(unsigned partitions = 8, unsigned copies = 3) {
  RingConstants constants = SampleConstants(partitions);
  constants.replication_factor = copies;
  return *FoundRing(constants, SampleMember(1));
}

// The partitions whose move is at `step`.
inline std::vector<uint32_t> MovesAt(const Ring& ring, MoveStep step) {
  std::vector<uint32_t> moves;
  for (uint32_t i = 0; i < ring.partitions.size(); ++i) {
    if (ring.partitions[i].step == step) moves.push_back(i);
  }
  return moves;
}

// The document after the operation under way has done everything; every one on the way is shown to
// `seen`.
inline Ring RunOperation(
    Ring ring, const std::function<void(const Ring&)>& seen = [](const Ring&) {}) {
  for (const MoveStep to :
       {MoveStep::kWriteBothReadOld, MoveStep::kStreaming, MoveStep::kWriteBothReadNew,
        MoveStep::kUseNew, MoveStep::kCleanUp, MoveStep::kNone}) {
    const MoveStep from = to == MoveStep::kNone
                              ? MoveStep::kCleanUp
                              : static_cast<MoveStep>(static_cast<uint8_t>(to) - 1);
    const std::vector<uint32_t> moves = MovesAt(ring, from);
    if (moves.empty()) continue;
    ring = *AdvanceMoves(ring, moves, to);
    seen(ring);
  }
  ring = *FinishOperation(ring);
  seen(ring);
  return ring;
}

// Nodes 1 to `members`, all active.
inline Ring SampleRing(uint16_t members, unsigned partitions = 8, unsigned copies = 3) {
  Ring ring = SampleFounding(partitions, copies);
  for (uint16_t n = 2; n <= members; ++n) ring = RunOperation(*BeginJoin(ring, SampleMember(n)));
  return ring;
}

}  // namespace trifecta::net
