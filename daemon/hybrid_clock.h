// The hybrid logical clock that stamps versions (storage/base/entry.h): 48 bits of milliseconds
// since 1970 and a 16-bit counter, read as one number that only grows.
//
// A reading is never given twice, also not after kill -9, power loss, or a wall clock set back:
// readings stay below a ceiling that is on disk before they are given, and a clock that opens
// starts at the ceiling it finds. The ceiling runs one to two seconds ahead, so a busy node syncs
// it about once a second, on whichever thread first comes within a second of it; other threads go
// on meanwhile, and wait only when the ceiling itself is reached.
//
// The file `clock` in the data folder: two slots, at byte 0 and at byte 4096, each
//   8 bytes  "TRIFCLK1"
//   8 bytes  ceiling, little-endian: every reading given was below it
//   4 bytes  CRC-32C of the 16 before
// Slots are written in turn, so one cut by a power loss leaves the other, which covers every
// reading given before; the higher valid one counts. It is overwritten in place: a full disk
// does not stop it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "storage/base/clock.h"
#include "storage/base/file_system.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

// Any thread may call any method.
class HybridClock {
 public:
  // Opens or makes the file `clock` in `folder`, which must exist. kDataDamaged when neither slot
  // can be read. `file_system` and `clock` outlive it.
  static Result<std::unique_ptr<HybridClock>> Open(const std::string& folder,
                                                   FileSystem* file_system, Clock* clock);

  // A reading greater than every one given or observed before, and at least the wall clock's.
  // kIoError when the ceiling could not be synced: then no reading is given any more. kDiskFull
  // where even overwriting needs room (copy-on-write file systems).
  Result<uint64_t> Now();

  // From now on readings are greater than `time`, which another node stamped.
  void Observe(uint64_t time);

  // The highest reading given or observed.
  uint64_t Latest() const;

  // Writes the exact end of what was given, so that a clock opened next starts there rather than
  // up to two seconds ahead. Call once, after the last Now().
  Status Close();

  // Called once, by a thread inside Now(), when the file cannot be synced: the daemon then ends
  // itself. It must not call this clock.
  void OnFailure(std::function<void(const Status&)> callback);

 private:
  HybridClock(std::unique_ptr<WritableFile> file, Clock* clock, uint64_t ceiling);

  // Make `ceiling` durable. Only for the one thread that raises; without the lock.
  Status WriteSlot(uint64_t ceiling);
  Status WriteBothSlots(uint64_t ceiling);
  // Makes `ceiling` the ceiling; gives the lock up meanwhile, with raising_ set.
  Status Raise(uint64_t ceiling, std::unique_lock<std::mutex>* lock);

  const std::unique_ptr<WritableFile> file_;  // of the thread that raises
  Clock* const clock_;
  int next_slot_ = 0;  // of the thread that raises

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable raised_;
  uint64_t last_;     // the highest reading given or observed
  uint64_t ceiling_;  // as on disk
  bool raising_ = false;
  Status failure_;  // the sync that failed
  std::function<void(const Status&)> on_failure_;
};

}  // namespace trifecta::daemon
