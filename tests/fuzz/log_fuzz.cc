// The log: whatever a segment holds, opening it ends with frames or a Status, and what was read is
// read again the same, by the same reader and after today's writer wrote it once more.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/file_names.h"
#include "storage/log_format.h"
#include "storage/log_recovery.h"
#include "tests/support/memory_file_system.h"

namespace trifecta::storage {
namespace {

constexpr uint64_t kSalt = 1;

// Gives a segment the header and the checksums that it should have, so that the fuzzer gets past
// them: its frames are then as long as they say.
std::string Mended(std::string segment) {
  if (segment.size() < kSegmentHeaderBytes) return segment;
  const std::string header = EncodeSegmentHeader({.salt = kSalt, .number = 1});
  segment.replace(0, header.size(), header);
  for (size_t at = kSegmentHeaderBytes; at + kFrameHeaderBytes <= segment.size();) {
    const size_t length = LoadFixed<uint32_t>(segment.data() + at + 4);
    if (length > segment.size() - at - kFrameHeaderBytes) break;
    std::string checked;
    PutFixed(&checked, kSalt);
    checked += segment.substr(at + 4, kFrameHeaderBytes - 4 + length);
    StoreFixed(segment.data() + at, Crc32c(checked));
    at += (kFrameHeaderBytes + length + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
  }
  return segment;
}

struct Read {
  std::string text;  // every entry, spelt out
  uint64_t frames = 0;
};

void Add(std::span<const Entry> entries, Read* read) {
  ++read->frames;
  for (const Entry& entry : entries) {
    PutFixed(&read->text, entry.version.time);
    PutFixed(&read->text, entry.version.node);
    PutFixed(&read->text, entry.tombstone);
    PutVarint(&read->text, entry.word.size());
    read->text += entry.word;
  }
}

void MustReadBack(std::span<const Entry> entries) {
  FrameEncoder encoder;
  if (!encoder.Encode({&entries, 1}).ok()) std::abort();
  const std::string segment =
      EncodeSegmentHeader({.salt = kSalt, .number = 1}) + std::string(encoder.Seal(1, kSalt));
  SegmentReader reader(segment, kSalt);
  const auto frame = reader.Next();
  FrameDecoder decoder;
  const auto again = frame ? decoder.Decode(*frame) : Status(StatusCode::kInternal, "no frame");
  Read before, after;
  Add(entries, &before);
  if (again.ok()) Add(*again, &after);
  if (!again.ok() || before.text != after.text) std::abort();
}

void Open(std::string_view segment) {
  test::MemoryFileSystem disk;
  disk.Put(PathIn("/data", LogName(1)), segment);
  Read first, second;
  const auto log = Log::Open({.file_system = &disk, .folder = "/data"}, 0,
                             [&](uint64_t, std::span<const Entry> entries) {
                               MustReadBack(entries);
                               Add(entries, &first);
                               return Status::Ok();
                             });
  if (!log.ok()) return;
  const auto again = ReadLog({.file_system = &disk, .folder = "/data"}, 0,
                             [&](uint64_t, std::span<const Entry> entries) {
                               Add(entries, &second);
                               return Status::Ok();
                             });
  if (!again.ok() || *again != first.frames || first.text != second.text) std::abort();
}

}  // namespace
}  // namespace trifecta::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string segment(reinterpret_cast<const char*>(data), size);
  trifecta::storage::Open(segment);
  trifecta::storage::Open(trifecta::storage::Mended(segment));
  return 0;
}
