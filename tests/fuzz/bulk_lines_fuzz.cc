// Bulk bodies: whatever arrives, in whatever pieces, gives the same lines, and reading ends.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/bulk_reader.h"
#include "daemon/inflating_reader.h"

namespace {

using trifecta::Result;
using trifecta::daemon::BulkFormat;
using trifecta::daemon::BulkReader;

class Pieces : public trifecta::net::BodyReader {
 public:
  Pieces(std::string_view bytes, size_t piece) : rest_(bytes), piece_(piece) {}
  Result<size_t> Read(std::span<char> buffer) override {
    const size_t size = std::min({rest_.size(), piece_, buffer.size()});
    std::copy_n(rest_.data(), size, buffer.data());
    rest_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view rest_;
  const size_t piece_;
};

// The lines found; a body that inflates to more than this is not worth the fuzzer's time.
constexpr uint64_t kLinesMax = 100'000;

std::vector<std::string> Lines(trifecta::net::BodyReader* body, BulkFormat format) {
  std::vector<std::string> lines;
  BulkReader reader(body, format);
  while (reader.line() < kLinesMax) {
    const Result<bool> more = reader.Next();
    if (!more.ok()) lines.push_back("broken off: " + more.status().message());
    if (!more.ok() || !*more) break;
    lines.push_back(std::to_string(reader.line()) + ":");
    lines.back() += reader.problem().ok() ? reader.word() : reader.problem().message();
  }
  return lines;
}

std::vector<std::string> LinesOf(std::string_view bytes, size_t piece, BulkFormat format,
                                 bool gzip) {
  Pieces body(bytes, piece);
  if (!gzip) return Lines(&body, format);
  trifecta::daemon::InflatingReader inflated(&body);
  return Lines(&inflated, format);
}

}  // namespace

// The first byte says how the rest is read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const BulkFormat format = (data[0] & 1) != 0 ? BulkFormat::kNdjson : BulkFormat::kLines;
  const bool gzip = (data[0] & 2) != 0;
  const size_t piece = 1 + (data[0] >> 2);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (LinesOf(bytes, piece, format, gzip) != LinesOf(bytes, SIZE_MAX, format, gzip)) std::abort();
  return 0;
}
