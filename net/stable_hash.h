// The hash that places words: part of the protocol, so it never changes (net/PROTOCOL.md).
#pragma once

#include <cstdint>
#include <string_view>

namespace trifecta::net {

// The finisher of MurmurHash3: every bit of `value` reaches every bit of the result.
constexpr uint64_t StableMix(uint64_t value) {
  value = (value ^ value >> 33) * 0xff51afd7ed558ccd;
  value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53;
  return value ^ value >> 33;
}

// FNV-1a of 64 bits, then StableMix: FNV alone leaves the high bits of short keys alike, and the
// high bits choose the partition. Chosen over faster ones because ten lines in any language make
// it, and shard roots are short: 2 ns for two bytes.
constexpr uint64_t StableHash(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return StableMix(hash);
}

}  // namespace trifecta::net
