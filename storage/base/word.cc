#include "storage/base/word.h"

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "storage/base/limits.h"

namespace trifecta {
namespace {

Status Invalid(std::string text) { return {StatusCode::kInvalidWord, std::move(text)}; }

// Length in bytes of the UTF-8 sequence at `at`, 0 when it is not valid (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
size_t SequenceLength(const uint8_t* at, size_t left) {
  const uint8_t lead = at[0];
  if (lead < 0x80) return 1;
  const auto tail = [&](size_t i) { return i < left && (at[i] & 0xc0) == 0x80; };
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xe0 && at[1] < 0xa0) return 0;
    if (lead == 0xed && at[1] > 0x9f) return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xf0 && at[1] < 0x90) return 0;
    if (lead == 0xf4 && at[1] > 0x8f) return 0;
    return 4;
  }
  return 0;
}

// Eight bytes at a time: true when all are printable ASCII (0x20..0x7e).
bool AllPrintableAscii(uint64_t bytes) {
  constexpr uint64_t kHigh = 0x8080808080808080;
  const uint64_t below_space = (bytes - 0x2020202020202020) & ~bytes;
  const uint64_t is_del = (bytes ^ 0x7f7f7f7f7f7f7f7f) - 0x0101010101010101;
  return ((bytes | below_space | (is_del & ~(bytes ^ 0x7f7f7f7f7f7f7f7f))) & kHigh) == 0;
}

Status ValidateCharacters(std::string_view text) {
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  size_t i = 0;
  while (i < text.size()) {
    if (text.size() - i >= 8) {
      uint64_t bytes;
      std::memcpy(&bytes, at + i, 8);
      if (AllPrintableAscii(bytes)) {
        i += 8;
        continue;
      }
    }
    if (at[i] < 0x20 || at[i] == 0x7f) {
      char name[8];
      std::snprintf(name, sizeof name, "U+%04X", at[i]);
      return Invalid(std::string("control character ") + name + " at byte " +
                     std::to_string(i + 1) + " (words may not contain control characters)");
    }
    const size_t length = SequenceLength(at + i, text.size() - i);
    if (length == 0) return Invalid("not valid UTF-8 at byte " + std::to_string(i + 1));
    i += length;
  }
  return Status::Ok();
}

}  // namespace

Status ValidatePrefix(std::string_view prefix) {
  if (prefix.size() > kWordBytesMax) {
    return Invalid("longer than " + std::to_string(kWordBytesMax) + " bytes (it has " +
                   std::to_string(prefix.size()) + ")");
  }
  return ValidateCharacters(prefix);
}

Status ValidateWord(std::string_view word) {
  if (word.empty()) return Invalid("empty (a word has 1 to 1024 bytes)");
  return ValidatePrefix(word);
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) ++end.back();
  return end;
}

std::string_view ShardRoot(std::string_view word, unsigned characters) {
  size_t i = 0;
  for (; characters > 0 && i < word.size(); --characters) {
    ++i;
    while (i < word.size() && (static_cast<uint8_t>(word[i]) & 0xc0) == 0x80) ++i;
  }
  return characters == 0 ? word.substr(0, i) : std::string_view();
}

}  // namespace trifecta
