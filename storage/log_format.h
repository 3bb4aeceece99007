// The bytes of the log: segment headers, frames and records, encoded and decoded.
// storage/FORMAT.md, "Log", has the layout; numbers here are on disk: DO NOT CHANGE. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/entry.h"
#include "storage/base/limits.h"
#include "storage/base/status.h"

namespace trifecta::storage {

// The version of a segment's header says what stands behind its frames: zeros, or what is left of
// an earlier use of the file.
inline constexpr uint32_t kLogFormatVersion = 1;
inline constexpr uint32_t kLogFormatUsedBefore = 2;

// magic 8 | version 4 | crc 4 | salt 8 | segment number 8
inline constexpr size_t kSegmentHeaderBytes = 32;
// crc 4 | body length 4 | sequence 8 | record count 4, then the body, then zeros up to a multiple
// of kFrameAlignment.
inline constexpr size_t kFrameHeaderBytes = 20;
inline constexpr size_t kFrameAlignment = 8;

// A record's flags byte holds EntryFlags and this bit: the version is that of the record before and
// is left out.
inline constexpr uint8_t kSameVersion = 0x80;

struct SegmentHeader {
  uint32_t version = kLogFormatVersion;
  uint64_t salt = 0;
  uint64_t number = 0;

  bool known() const { return version == kLogFormatVersion || used_before(); }
  bool used_before() const { return version == kLogFormatUsedBefore; }
};

std::string EncodeSegmentHeader(const SegmentHeader& header);
// Nothing when magic or checksum are wrong. Later versions keep this layout.
std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view segment);

// Builds frames in one buffer that is reused.
class FrameEncoder {
 public:
  // Encodes the entries of all groups, in order. kTooLarge above kLogFrameBytesMax.
  Status Encode(std::span<const std::span<const Entry>> groups);
  // Bytes of the frame, padding included.
  size_t bytes() const { return bytes_; }
  // Completes the frame for a place in the log. The view is valid until the next Encode.
  std::string_view Seal(uint64_t sequence, uint64_t salt);

 private:
  void Reserve(size_t bytes);

  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t bytes_ = 0;
};

// A frame found in a segment, its checksum verified.
struct Frame {
  uint64_t sequence = 0;
  uint32_t count = 0;
  std::string_view body;
  size_t offset = 0;  // in the segment
  size_t end = 0;     // where the next one begins
};

// Turns a frame's records into entries. Reuses its memory from frame to frame.
class FrameDecoder {
 public:
  // The frame's entries, valid until the next call. kDataDamaged when the records break the rules:
  // since the checksum was right, a newer or defective program wrote them.
  Result<std::span<const Entry>> Decode(const Frame& frame);

 private:
  std::string words_;
  std::vector<Entry> entries_;
};

// Walks the frames of one segment, held in memory whole.
class SegmentReader {
 public:
  SegmentReader(std::string_view segment, uint64_t salt) : segment_(segment), salt_(salt) {}

  // The frame at the place reached, or nothing when there is no valid one; then the walk is over.
  std::optional<Frame> Next();
  // Where the valid frames end.
  size_t end() const { return end_; }
  // One past the last byte behind end() that is not zero; end() itself when there is none. Bytes
  // there are a frame that was not written whole, or damage.
  size_t DirtyEnd() const;
  // The same in a segment that was used before, where most bytes behind end() are none of its own:
  // one past the frame of sequence `next` that begins there but is not whole, so far as it can be
  // seen; end() where none does.
  size_t TornEnd(uint64_t next) const;
  // The sequence that a frame at end() would have by its header, whether it is whole or not.
  uint64_t SequenceAtEnd() const;
  // The first valid frame behind end() with a sequence of at least `lowest`: the proof of damage at
  // end(), since a frame is written only when the one before it is durable. The frame
  // that belongs at end() has a sequence of at most `next`.
  std::optional<Frame> FindBeyond(uint64_t lowest, uint64_t next) const;

 private:
  std::optional<Frame> At(size_t offset) const;

  const std::string_view segment_;
  const uint64_t salt_;
  size_t end_ = kSegmentHeaderBytes;
};

}  // namespace trifecta::storage
