#include "net/incarnation.h"

#include <algorithm>
#include <charconv>

#include "net/membership.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

constexpr std::string_view kStart = "trifecta-incarnation 1\nincarnation ";

std::string Hex(uint32_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[number >> shift & 0xf];
  return text;
}

}  // namespace

std::string FormatIncarnation(uint64_t incarnation) {
  std::string text = StrCat(kStart, incarnation, "\n");
  return StrCat(text, "crc32c ", Hex(Crc32c(text)), "\n");
}

Result<uint64_t> ParseIncarnation(std::string_view bytes) {
  if (bytes.empty()) return uint64_t{0};
  uint64_t incarnation = 0;
  if (bytes.starts_with(kStart)) {
    const char* const digits = bytes.data() + kStart.size();
    std::from_chars(digits, bytes.data() + bytes.size(), incarnation);
  }
  // There is one way to write a number, so this checks everything else.
  if (FormatIncarnation(incarnation) == bytes && incarnation <= kIncarnationMax) {
    return incarnation;
  }
  return Status(StatusCode::kDataDamaged, "the number of the node's life is not as it was written");
}

uint64_t FirstIncarnation(uint64_t saved, uint64_t unix_seconds) {
  return std::max(saved + 1, std::min(unix_seconds, kIncarnationMax / 2));
}

}  // namespace trifecta::net
