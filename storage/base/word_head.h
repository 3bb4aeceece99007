// The first eight bytes of a word as a number, so that most comparisons of words are of numbers.
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

}  // namespace trifecta
