#include "daemon/hybrid_clock.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

constexpr std::string_view kMagic = "TRIFCLK1";
constexpr size_t kRecordBytes = 20;
// Apart, so that no sector or page holds both slots.
constexpr uint64_t kSlotBytes = 4096;
constexpr int kCounterBits = 16;
// How far ahead of use the ceiling is set, and when it is set anew: a sync may take a second before
// anyone waits for it. More would push a node's versions further ahead of time after a crash.
constexpr uint64_t kAhead = uint64_t{2000} << kCounterBits;
constexpr uint64_t kRaiseBelow = uint64_t{1000} << kCounterBits;

std::string EncodeSlot(uint64_t ceiling) {
  std::string record(kMagic);
  PutFixed(&record, ceiling);
  PutFixed(&record, Crc32c(record));
  return record;
}

std::optional<uint64_t> DecodeSlot(std::string_view file, uint64_t offset) {
  if (offset + kRecordBytes > file.size()) return std::nullopt;
  Decoder record(file.substr(offset, kRecordBytes));
  const std::string_view covered = record.rest().substr(0, kRecordBytes - sizeof(uint32_t));
  const std::string_view magic = record.Bytes(kMagic.size());
  const auto ceiling = record.Fixed<uint64_t>();
  if (magic != kMagic || record.Fixed<uint32_t>() != Crc32c(covered)) return std::nullopt;
  return ceiling;
}

}  // namespace

Result<std::unique_ptr<HybridClock>> HybridClock::Open(const std::string& folder,
                                                       FileSystem* file_system, Clock* clock) {
  const std::string path = folder + "/clock";
  const Result<std::string> bytes = file_system->ReadAll(path);
  if (!bytes.ok() && bytes.status().code() != StatusCode::kNotFound) return bytes.status();

  Result<std::unique_ptr<WritableFile>> file =
      bytes.ok() ? file_system->OpenForWriting(path) : file_system->Create(path);
  if (!file.ok()) return file.status();

  const std::string_view found = bytes.ok() ? std::string_view(*bytes) : std::string_view();
  const auto first = DecodeSlot(found, 0), second = DecodeSlot(found, kSlotBytes);
  // A shorter file was cut while it was being made, before any reading was given.
  const bool complete = found.size() >= kSlotBytes + kRecordBytes;
  if (complete && !first && !second) {
    return Status(StatusCode::kDataDamaged,
                  StrCat(path, ": neither the slot at byte 0 nor that at byte ", kSlotBytes,
                         " is whole. If this machine's clock is right and was never ahead, remove "
                         "the file: versions then start at the present time"));
  }
  const uint64_t ceiling = std::max(first.value_or(0), second.value_or(0));
  std::unique_ptr<HybridClock> opened(new HybridClock(std::move(*file), clock, ceiling));
  if (complete) {
    opened->next_slot_ = first.value_or(0) == ceiling ? 1 : 0;
  } else {
    TRIFECTA_RETURN_IF_ERROR(opened->WriteBothSlots(ceiling));
    TRIFECTA_RETURN_IF_ERROR(file_system->SyncFolder(folder));
  }
  return opened;
}

HybridClock::HybridClock(std::unique_ptr<WritableFile> file, Clock* clock, uint64_t ceiling)
    : file_(std::move(file)), clock_(clock), last_(ceiling), ceiling_(ceiling) {}

Status HybridClock::WriteSlot(uint64_t ceiling) {
  TRIFECTA_RETURN_IF_ERROR(file_->WriteAt(next_slot_ * kSlotBytes, EncodeSlot(ceiling)));
  const Status synced = file_->Sync();
  // What a failed sync left on the disk is unknown, whatever the system calls the error.
  if (!synced.ok()) return {StatusCode::kIoError, synced.message()};
  next_slot_ = 1 - next_slot_;
  return Status::Ok();
}

Status HybridClock::WriteBothSlots(uint64_t ceiling) {
  TRIFECTA_RETURN_IF_ERROR(WriteSlot(ceiling));
  return WriteSlot(ceiling);
}

Result<uint64_t> HybridClock::Now() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (!failure_.ok()) return failure_;
    const uint64_t next = std::max(last_ + 1, clock_->WallMilliseconds() << kCounterBits);
    const bool usable = next < ceiling_;
    if (usable && (raising_ || ceiling_ - next >= kRaiseBelow)) return last_ = next;
    if (raising_) {
      raised_.wait(lock);
    } else {
      TRIFECTA_RETURN_IF_ERROR(Raise(next + kAhead, &lock));
    }
  }
}

Status HybridClock::Raise(uint64_t ceiling, std::unique_lock<std::mutex>* lock) {
  raising_ = true;
  lock->unlock();
  const Status written = WriteSlot(ceiling);
  lock->lock();
  raising_ = false;
  raised_.notify_all();
  if (written.ok()) {
    ceiling_ = ceiling;
  } else if (written.code() == StatusCode::kIoError) {
    failure_ = written;
    if (on_failure_) on_failure_(failure_);
  }
  return written;
}

void HybridClock::Observe(uint64_t time) {
  std::lock_guard lock(mutex_);
  last_ = std::max(last_, time);
}

uint64_t HybridClock::Latest() const {
  std::lock_guard lock(mutex_);
  return last_;
}

Status HybridClock::Close() {
  std::unique_lock lock(mutex_);
  raised_.wait(lock, [this] { return !raising_; });
  TRIFECTA_RETURN_IF_ERROR(failure_);
  return WriteBothSlots(last_ + 1);
}

void HybridClock::OnFailure(std::function<void(const Status&)> callback) {
  std::lock_guard lock(mutex_);
  on_failure_ = std::move(callback);
}

}  // namespace trifecta::daemon
