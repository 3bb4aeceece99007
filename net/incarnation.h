// The incarnation of this node on disk: it must never be used twice, or an accusation of an earlier
// life would count in a later one. So it is written before it is used. The file `incarnation`:
//
//   trifecta-incarnation 1
//   incarnation 1767225600
//   crc32c 9ab4e01d
//
// The checksum is of all bytes before its line; a file that was edited or torn is damage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace trifecta::net {

inline constexpr std::string_view kIncarnationFileName = "incarnation";

std::string FormatIncarnation(uint64_t incarnation);

// From the file's bytes; 0 where there is no file yet (no bytes). kDataDamaged for any that
// FormatIncarnation did not write.
Result<uint64_t> ParseIncarnation(std::string_view bytes);

// The one to begin a life with: above the saved one; and at least the seconds since 1970, so that a
// node whose folder was restored from an old backup still begins above its earlier lives.
uint64_t FirstIncarnation(uint64_t saved, uint64_t unix_seconds);

}  // namespace trifecta::net
