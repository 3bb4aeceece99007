// Manifests: whatever the bytes, decoding ends with a manifest or a Status, and what was understood
// is the same after it was written again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/manifest.h"

namespace {

using trifecta::Crc32c;
using trifecta::StoreFixed;

void Decode(std::string_view bytes) {
  const auto manifest = trifecta::storage::DecodeManifest(bytes);
  if (!manifest.ok()) return;
  const auto again =
      trifecta::storage::DecodeManifest(trifecta::storage::EncodeManifest(*manifest));
  if (!again.ok() || *again != *manifest) std::abort();
}

// Gives the bytes the length and the checksum that they should have, so that the fuzzer gets past
// them.
std::string Mended(std::string bytes) {
  if (bytes.size() < 24) return bytes;
  StoreFixed(bytes.data() + 16, uint64_t{bytes.size() - 24});
  StoreFixed(bytes.data() + 12, Crc32c(bytes.substr(16), Crc32c(bytes.substr(0, 12))));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  Decode(bytes);
  Decode(Mended(bytes));
  return 0;
}
