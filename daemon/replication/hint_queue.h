// The hints for one node, on disk: segments of the log's format (storage/FORMAT.md, "Hints"), of
// which the oldest is read and the newest is written.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/node.h"
#include "storage/base/entry.h"
#include "storage/base/file_system.h"
#include "storage/base/logger.h"
#include "storage/base/random.h"
#include "storage/base/status.h"
#include "storage/log_format.h"
#include "storage/store.h"

namespace trifecta::replication {

// A segment: what is sent once more after a restart, at most, and the piece in which old hints go.
inline constexpr uint64_t kHintSegmentBytes = 1u << 20;
// Hints of one frame: what Next reads at least.
inline constexpr size_t kHintFrameEntries = 1024;

// Hints that were read, of one segment; they stay in the queue until Done.
struct HintBatch {
  net::NodeNumber node = net::kNoNodeNumber;
  storage::Page entries;  // empty: there are none
  uint64_t segment = 0;
  uint64_t begin = 0, end = 0;  // in it
  uint64_t passed = 0;          // hints in there, also those that were too old
};

// "hints-0003-00000000000000ff": for node 3, segment 255.
std::string HintFileName(net::NodeNumber node, uint64_t segment);
struct HintFile {
  net::NodeNumber node;
  uint64_t segment;
};
// Nothing for any other spelling.
std::optional<HintFile> ParseHintFileName(std::string_view name);

// One caller at a time.
class HintQueue {
 public:
  // `file_system` and `logger` outlive it.
  HintQueue(net::NodeNumber node, std::string folder, FileSystem* file_system, Logger* logger);

  // Takes in a segment of an earlier process; ascending numbers, before anything else.
  void Recover(uint64_t segment);

  // Never syncs. After a failure some of the entries may be in the queue, and it goes on. `wall` is
  // in milliseconds since 1970, `salts` for new segments.
  Status Append(std::span<const Entry> entries, uint64_t wall, Random* salts);

  // Fills `batch` with the oldest hints from `not_before` (wall) on: at least one frame, further
  // ones as long as there are no more than the two maxima.
  void Next(size_t entries_max, size_t bytes_max, uint64_t not_before, HintBatch* batch);
  // The hints of the batch are gone, unless others were meanwhile at their place.
  void Done(const HintBatch& batch);

  // Removes what was added before `not_before`, as far as whole segments go.
  void DropOlder(uint64_t not_before);
  void DropAll();

  bool empty() const { return segments_.empty(); }
  uint64_t hints() const;
  uint64_t bytes() const;  // of the files
  // When the oldest was added; 0 when there are none.
  uint64_t oldest() const { return empty() ? 0 : segments_.front().oldest; }

 private:
  struct Segment {
    uint64_t number = 0;
    uint64_t salt = 0;
    uint64_t size = storage::kSegmentHeaderBytes;  // where its frames end
    uint64_t read = storage::kSegmentHeaderBytes;  // up to here they are gone
    uint64_t hints = 0;                            // behind `read`
    uint64_t oldest = 0, newest = 0;               // when they were added
  };

  std::string PathOf(uint64_t segment) const;
  Status BeginSegment(Random* salts);
  // The bytes of the oldest segment; false when they cannot be read.
  bool LoadFront();
  // Reads on in the oldest segment; false when nothing of use is left there.
  bool ReadFront(size_t entries_max, size_t bytes_max, uint64_t not_before, HintBatch* batch);
  void DropFront();

  const net::NodeNumber node_;
  const std::string folder_;
  FileSystem* const file_system_;
  Logger* const logger_;

  std::deque<Segment> segments_;
  uint64_t next_number_ = 1;
  std::unique_ptr<WritableFile> file_;  // the last segment; null: it is not written to any more
  std::string loaded_;                  // of segment loaded_number_
  uint64_t loaded_number_ = 0;          // 0: none
  storage::FrameEncoder encoder_;
  storage::FrameDecoder decoder_;
};

}  // namespace trifecta::replication
