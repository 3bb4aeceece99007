// What a start does with the log: reads the segments in order, replays, tells a torn tail from
// damage, and leaves files that can be appended to.
//
// The rule (storage/FORMAT.md, "Recovery"): frames are numbered without gaps, and one is written
// only when the one before it is durable. So a place that holds no valid frame is the end of the
// log if no valid frame comes after it: what stands there was never acknowledged. If one does come
// after it, an acknowledged frame is damaged or missing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "storage/base/entry.h"
#include "storage/base/status.h"
#include "storage/log.h"
#include "storage/log_segment.h"

namespace trifecta::storage {

struct RecoveredLog {
  std::vector<LogSegment> full;      // closed, oldest first; all hold frames above `covered`
  std::optional<LogSegment> active;  // open, where appends go on, when there is room in the newest
  uint64_t last_sequence = 0;
  uint64_t next_number = 1;  // of the next segment to be made
};

// Leaves the folder so that appends may follow, durably: the last frame is rewritten and synced (it
// may have been read from memory that an fdatasync had failed to write), a torn tail behind it is
// wiped, and segments that hold nothing above `covered` are removed, prepared ones included. Where
// damage is found nothing is changed.
Result<RecoveredLog> RecoverLog(const LogOptions& options, uint64_t covered,
                                const Log::Replay& replay);

// Replays and judges like RecoverLog, but changes nothing: for looking at a folder offline. Gives
// the last sequence.
Result<uint64_t> ReadLog(const LogOptions& options, uint64_t covered, const Log::Replay& replay);

}  // namespace trifecta::storage
