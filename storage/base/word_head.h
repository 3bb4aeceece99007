// Words compared eight bytes at a time, as numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace trifecta {

// The first `count` bytes from `at`, eight at most, the first one lowest, zeros above. Reads none
// beyond them; three loads that overlap rather than a call of memcpy, which takes 5 ns.
inline uint64_t LoadAtMost8(const char* at, size_t count) {
  const auto load = [at]<typename T>(size_t from, T) -> uint64_t {
    T value;
    std::memcpy(&value, at + from, sizeof value);
    return value;
  };
  if (count >= 8) return load(0, uint64_t{});
  if (count >= 4) return load(0, uint32_t{}) | load(count - 4, uint32_t{}) << 8 * (count - 4);
  if (count == 0) return 0;
  return load(0, uint8_t{}) | load(count / 2, uint8_t{}) << 8 * (count / 2) |
         load(count - 1, uint8_t{}) << 8 * (count - 1);
}

// A number whose order is that of the words' first eight bytes. Zeros stand for bytes that are not
// there: no word holds U+0000.
inline uint64_t WordHead(std::string_view word) {
  return __builtin_bswap64(LoadAtMost8(word.data(), word.size()));
}

// How many bytes two words share from the start, of which `known` are known to be equal.
inline size_t SharedLength(std::string_view a, std::string_view b, size_t known = 0) {
  const size_t most = a.size() < b.size() ? a.size() : b.size();
  for (size_t at = known; at < most; at += 8) {
    const size_t count = most - at < 8 ? most - at : 8;
    const uint64_t differ = LoadAtMost8(a.data() + at, count) ^ LoadAtMost8(b.data() + at, count);
    if (differ != 0) return at + static_cast<size_t>(__builtin_ctzll(differ)) / 8;
  }
  return most;
}

}  // namespace trifecta
