#include "tests/support/log_story.h"

#include <utility>

namespace trifecta::test {

std::vector<Entry> Views(const OwnedFrame& frame) {
  std::vector<Entry> views;
  for (const OwnedEntry& entry : frame) {
    views.push_back({entry.word, entry.version, entry.tombstone});
  }
  return views;
}

OwnedFrame StoryFrame(uint64_t number) {
  OwnedFrame frame;
  const std::string name = "frame" + std::to_string(number);
  frame.push_back({name, {number << 16, 1}, false});
  if (number % 2 == 0) frame.push_back({name + "-deleted", {number << 16, 1}, true});
  if (number % 3 == 0) frame.push_back({std::string(number % 200 + 1, 'x'), {number, 2}, false});
  if (number % 5 == 0) frame.push_back({"\xc3\xa9", {number << 16, 1}, false});
  return frame;
}

OpenedLog OpenLog(FileSystem* files, const std::string& folder, uint64_t covered,
                  uint64_t segment_bytes, Logger* logger) {
  OpenedLog opened;
  const auto replay = [&](uint64_t sequence, std::span<const Entry> entries) {
    if (opened.first_replayed == 0) opened.first_replayed = sequence;
    OwnedFrame frame;
    for (const Entry& entry : entries) {
      frame.push_back({std::string(entry.word), entry.version, entry.tombstone});
    }
    opened.replayed.push_back(std::move(frame));
    return sequence == opened.first_replayed + opened.replayed.size() - 1
               ? Status::Ok()
               : Status(StatusCode::kInternal, "replayed out of order");
  };
  auto log = storage::Log::Open({.file_system = files,
                                 .logger = logger,
                                 .folder = folder,
                                 .segment_bytes = segment_bytes,
                                 .salt = 0x5a17},
                                covered, replay);
  opened.status = log.status();
  if (log.ok()) opened.log = std::move(*log);
  return opened;
}

Status Append(storage::Log* log, const OwnedFrame& frame) {
  const std::vector<Entry> views = Views(frame);
  const std::span<const Entry> group(views);
  uint64_t sequence = 0;
  return log->Append({&group, 1}, &sequence);
}

Status AppendStory(storage::Log* log, uint64_t first, uint64_t last) {
  for (uint64_t number = first; number <= last; ++number) {
    TRIFECTA_RETURN_IF_ERROR(Append(log, StoryFrame(number)));
  }
  return Status::Ok();
}

bool IsStory(const std::vector<OwnedFrame>& frames, uint64_t first) {
  for (size_t i = 0; i < frames.size(); ++i) {
    if (frames[i] != StoryFrame(first + i)) return false;
  }
  return true;
}

}  // namespace trifecta::test
