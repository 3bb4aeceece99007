// Short ways to name nodes and what is said of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "net/membership.h"

namespace trifecta::net {

// The id whose last bytes are `number`; ids are ordered as their numbers are.
inline NodeId IdOf(uint64_t number) {
  std::array<uint8_t, NodeId::kBytes> bytes{};
  for (size_t i = 0; i < sizeof number; ++i) {
    bytes[NodeId::kBytes - 1 - i] = static_cast<uint8_t>(number >> 8 * i);
  }
  return NodeId(bytes);
}

inline Address AddressOf(uint64_t number) { return "node-" + std::to_string(number) + ":8000"; }

// Accused by nobody in particular, for those who have to be.
inline NodeRecord RecordOf(uint64_t number, Liveness liveness, uint64_t incarnation) {
  NodeRecord record;
  record.id = IdOf(number);
  record.liveness = liveness;
  record.incarnation = incarnation;
  record.address = AddressOf(number);
  record.zone = "zone-" + std::to_string(number % 3);
  record.version = "0.1.0";
  if (liveness == Liveness::kSuspect || liveness == Liveness::kDead) record.accuser = IdOf(999);
  return record;
}

}  // namespace trifecta::net
