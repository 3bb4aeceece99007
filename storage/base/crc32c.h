// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of every byte on disk.
#pragma once

#include <cstdint>
#include <string_view>

namespace trifecta {

// The CRC of `bytes`, or of what `crc` covers followed by `bytes`. Uses the SSE4.2 instruction
// where the processor has it (about 10 GB/s over long runs), a table where not.
uint32_t Crc32c(std::string_view bytes, uint32_t crc = 0);

}  // namespace trifecta
