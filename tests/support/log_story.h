// What the tests of the log share: frames that own their words, and a log that remembers what it
// acknowledged.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/log.h"

namespace trifecta::test {

struct OwnedEntry {
  std::string word;
  Version version;
  bool tombstone = false;
  bool operator==(const OwnedEntry&) const = default;
};
using OwnedFrame = std::vector<OwnedEntry>;

// The entries of a frame, as views of it.
std::vector<Entry> Views(const OwnedFrame& frame);

// Frame `number` of the story that most tests tell: 1 to 4 entries, of every kind.
OwnedFrame StoryFrame(uint64_t number);

// A log opened in a folder, with what it replayed.
struct OpenedLog {
  Status status;
  std::unique_ptr<storage::Log> log;  // when the status is ok
  std::vector<OwnedFrame> replayed;   // one element a frame
  uint64_t first_replayed = 0;        // its sequence; 0: none
};
OpenedLog OpenLog(FileSystem* files, const std::string& folder, uint64_t covered = 0,
                  uint64_t segment_bytes = 512, Logger* logger = NullLogger());

// Appends one frame of one group.
Status Append(storage::Log* log, const OwnedFrame& frame);
// Appends frames `first` to `last` of the story; they must be the next ones. Stops at a failure.
Status AppendStory(storage::Log* log, uint64_t first, uint64_t last);

// True when `frames` are the story's frames from `first` on.
bool IsStory(const std::vector<OwnedFrame>& frames, uint64_t first = 1);

}  // namespace trifecta::test
