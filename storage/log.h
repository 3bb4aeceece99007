// The write-ahead log of a node: where every write is made durable first.
//
// One log, not one a shard, because an fdatasync can only be shared within one file. It is a
// sequence of segments (storage/log_segment.h), each a header and frames; a frame holds the entries
// of all writers that shared one sync and is numbered by its sequence: 1, 2, 3 and so on, without
// gaps. Bytes and recovery: storage/FORMAT.md, "Log".
//
// Which writers share a frame is the caller's business, and so is the thread: Append is called by
// one at a time, and exactly one frame is ever unsynced. A bad frame with a valid one behind it is
// therefore damage, and one without is a write that nobody was told had succeeded.
//
// Threads: Append by one thread at a time; all other methods by any, beside it, except Close.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/base/entry.h"
#include "storage/base/file_system.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"
#include "storage/log_format.h"
#include "storage/log_segment.h"

namespace trifecta::storage {

struct LogOptions {
  FileSystem* file_system = PosixFileSystem();
  Logger* logger = NullLogger();
  std::string folder;
  // A segment of this size is made at a time; a larger one where a frame needs it.
  uint64_t segment_bytes = 16u << 20;
  // The salt of segments; one that is used again adds its number. 0: a random one for each. Fixed
  // only by tests that compare bytes.
  uint64_t salt = 0;
};

struct RecoveredLog;

class Log {
 public:
  // Takes the entries of a frame; they are valid during the call. An error ends Open with it.
  using Replay = std::function<Status(uint64_t sequence, std::span<const Entry> entries)>;

  // Replays every frame with a sequence above `covered`, in order, then is ready to append. The
  // folder must exist. kDataDamaged with file and offset when an acknowledged frame is damaged or
  // missing, or the format is unknown.
  static Result<std::unique_ptr<Log>> Open(LogOptions options, uint64_t covered,
                                           const Replay& replay);

  // Leaves the files as they are: what was appended is durable.
  ~Log();

  // Writes one frame with all entries of the groups, in order, and syncs it. Ok: it is durable, and
  // `sequence` is its number. kDiskFull, kUnavailable (too many open files), kTooLarge (above
  // kLogFrameBytesMax): nothing was stored, and the log goes on. Any other error: whether the frame
  // survives is unknown, the log is dead, and every later call gives the same error.
  Status Append(std::span<const std::span<const Entry>> groups, uint64_t* sequence);

  // Of the last durable frame.
  uint64_t last_sequence() const { return last_sequence_.load(std::memory_order_acquire); }

  // Says that base files hold every frame up to `sequence` durably: removes the segments that hold
  // nothing newer, but neither the one being written nor the only one, and keeps some of them to be
  // used again. What it could not remove it tries again the next time.
  Status Release(uint64_t sequence);

  // Makes the next segment if there is none ready, so that no Append has to (some 10 ms for 16
  // MiB, less for one that was used before). kDiskFull: try again later; Append does, too.
  Status PrepareSegment();
  // Whether one is ready.
  bool prepared() const;

  // Gives preallocated space back: removes what holds nothing above the released sequence, cuts the
  // last segment to its end otherwise. Neither Append nor PrepareSegment may follow.
  Status Close();

  // Of all segment files, preallocated space and those kept to be used again included.
  uint64_t bytes() const;
  uint64_t segments() const;
  // Since Open: frames synced, the time that took, bytes written including preallocation.
  uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }
  uint64_t sync_microseconds() const { return sync_microseconds_.load(std::memory_order_relaxed); }
  uint64_t written_bytes() const { return written_bytes_.load(std::memory_order_relaxed); }

 private:
  Log(LogOptions options, RecoveredLog recovered, uint64_t covered);

  Status failure() const;
  Status Die(const Status& status);
  Status Roll(size_t frame_bytes);
  Status Make(uint64_t bytes);
  Result<LogSegment> NewSegment(uint64_t number, uint64_t bytes);
  std::optional<std::string> TakeSpare();
  bool KeepSpare(uint64_t number, uint64_t bytes, const std::string& path);
  Status RemoveSpares();
  Status WriteFrame(std::string_view frame);
  enum class Last { kStays, kGoes };
  Status RemoveReleased(Last last);
  Status DropPrepared();

  const LogOptions options_;
  FrameEncoder encoder_;  // Append's thread only
  std::atomic<uint64_t> last_sequence_;
  std::atomic<uint64_t> syncs_{0}, sync_microseconds_{0}, written_bytes_{0};

  // Held while a segment is made, or segments are removed; taken before mutex_.
  std::mutex making_mutex_;
  uint64_t next_number_;  // under making_mutex_
  std::mutex removing_mutex_;

  // Guards what follows, never over I/O. Only Append's thread changes active_, and it alone reads
  // it without the mutex.
  mutable std::mutex mutex_;
  std::deque<LogSegment> full_;  // oldest first
  std::optional<LogSegment> active_;
  std::optional<LogSegment> prepared_;
  std::vector<std::string> spares_;  // paths of files of options_.segment_bytes
  uint64_t released_;
  Status failure_;
};

}  // namespace trifecta::storage
