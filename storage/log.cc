#include "storage/log.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "storage/file_names.h"
#include "storage/log_recovery.h"

namespace trifecta::storage {
namespace {

// Segments kept to be used again: with the one prepared, what most checkpoints use up between them.
constexpr size_t kSparesMax = 2;

// After these the log is as it was before the call.
bool NothingHappened(StatusCode code) {
  return code == StatusCode::kDiskFull || code == StatusCode::kUnavailable;
}

}  // namespace

Result<std::unique_ptr<Log>> Log::Open(LogOptions options, uint64_t covered, const Replay& replay) {
  auto recovered = RecoverLog(options, covered, replay);
  if (!recovered.ok()) return recovered.status();
  return std::unique_ptr<Log>(new Log(std::move(options), std::move(*recovered), covered));
}

Log::Log(LogOptions options, RecoveredLog recovered, uint64_t covered)
    : options_(std::move(options)),
      last_sequence_(recovered.last_sequence),
      next_number_(recovered.next_number),
      full_(std::make_move_iterator(recovered.full.begin()),
            std::make_move_iterator(recovered.full.end())),
      active_(std::move(recovered.active)),
      released_(covered) {}

Log::~Log() = default;

Status Log::Append(std::span<const std::span<const Entry>> groups, uint64_t* sequence) {
  TRIFECTA_RETURN_IF_ERROR(failure());
  TRIFECTA_RETURN_IF_ERROR(encoder_.Encode(groups));
  if (!active_ || active_->room() < encoder_.bytes()) {
    if (Status status = Roll(encoder_.bytes()); !status.ok()) {
      return NothingHappened(status.code()) ? status : Die(status);
    }
  }
  const uint64_t next = last_sequence() + 1;
  if (Status status = WriteFrame(encoder_.Seal(next, active_->salt)); !status.ok()) {
    return Die(status);
  }
  {
    const std::lock_guard lock(mutex_);
    active_->end += encoder_.bytes();
    active_->last = next;
  }
  last_sequence_.store(next, std::memory_order_release);
  *sequence = next;
  return Status::Ok();
}

Status Log::WriteFrame(std::string_view frame) {
  TRIFECTA_RETURN_IF_ERROR(active_->file->WriteAt(active_->end, frame));
  written_bytes_.fetch_add(frame.size(), std::memory_order_relaxed);
  const auto begin = std::chrono::steady_clock::now();
  TRIFECTA_RETURN_IF_ERROR(active_->file->Sync());
  const auto took = std::chrono::steady_clock::now() - begin;
  syncs_.fetch_add(1, std::memory_order_relaxed);
  sync_microseconds_.fetch_add(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()),
      std::memory_order_relaxed);
  return Status::Ok();
}

Status Log::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

// The first failure stays. Its code becomes kIoError whatever the system said: inside preallocated
// space even a full disk is a broken promise.
Status Log::Die(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (failure_.ok()) {
    failure_ = Status(StatusCode::kIoError, status.message() + "; the log takes no more writes");
    options_.logger->Error(failure_.message());
  }
  return failure_;
}

// Goes on in the prepared segment, or in a new one when there is none or it is too small.
Status Log::Roll(size_t frame_bytes) {
  const std::lock_guard making(making_mutex_);
  if (prepared_ && prepared_->room() < frame_bytes) TRIFECTA_RETURN_IF_ERROR(DropPrepared());
  if (!prepared_) {
    const uint64_t needed = kSegmentHeaderBytes + uint64_t{frame_bytes};
    TRIFECTA_RETURN_IF_ERROR(Make(std::max(options_.segment_bytes, needed)));
  }
  const std::lock_guard lock(mutex_);
  if (active_) {
    active_->file.reset();
    full_.push_back(std::move(*active_));
  }
  active_ = std::move(prepared_);
  prepared_.reset();
  return Status::Ok();
}

Status Log::PrepareSegment() {
  const std::lock_guard making(making_mutex_);
  TRIFECTA_RETURN_IF_ERROR(failure());
  return prepared_ ? Status::Ok() : Make(options_.segment_bytes);
}

bool Log::prepared() const {
  const std::lock_guard lock(mutex_);
  return prepared_.has_value();
}

// Under making_mutex_, which alone lets prepared_ change: so it may be read there without mutex_.
Status Log::Make(uint64_t bytes) {
  auto segment = NewSegment(next_number_++, bytes);
  if (!segment.ok()) return segment.status();
  const std::lock_guard lock(mutex_);
  prepared_ = std::move(*segment);
  return Status::Ok();
}

Result<LogSegment> Log::NewSegment(uint64_t number, uint64_t bytes) {
  const auto spare = bytes == options_.segment_bytes ? TakeSpare() : std::nullopt;
  if (spare) {
    const uint64_t salt = options_.salt != 0 ? options_.salt + number : RandomSalt();
    auto segment =
        ReuseLogSegment(options_.file_system, options_.folder, *spare, number, salt, bytes);
    if (segment.ok()) {
      written_bytes_.fetch_add(kSegmentHeaderBytes, std::memory_order_relaxed);
      return segment;
    }
    (void)options_.file_system->Remove(*spare);  // else the next start does
    if (!NothingHappened(segment.status().code())) return segment.status();
  }
  const uint64_t salt = options_.salt != 0 ? options_.salt : RandomSalt();
  auto segment = CreateLogSegment(options_.file_system, options_.folder, number, salt, bytes);
  if (segment.ok()) written_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return segment;
}

std::optional<std::string> Log::TakeSpare() {
  const std::lock_guard lock(mutex_);
  if (spares_.empty()) return std::nullopt;
  std::string spare = std::move(spares_.back());
  spares_.pop_back();
  return spare;
}

Status Log::DropPrepared() {
  const std::string path = prepared_->path;
  {
    const std::lock_guard lock(mutex_);
    prepared_.reset();
  }
  return options_.file_system->Remove(path);
}

Status Log::Release(uint64_t sequence) {
  {
    const std::lock_guard lock(mutex_);
    released_ = std::max(released_, sequence);
  }
  return RemoveReleased(Last::kStays);
}

// A file goes before its record does: what fails to be removed is tried again. The folder is not
// synced: a segment that comes back holds nothing that a start would replay. The only segment there
// is stays: a folder without one, where one should be, is damaged.
Status Log::RemoveReleased(Last last) {
  const std::lock_guard removing(removing_mutex_);
  while (true) {
    std::string path;
    uint64_t number, bytes;
    {
      const std::lock_guard lock(mutex_);
      if (full_.empty() || full_.front().last > released_) return Status::Ok();
      const bool only = full_.size() == 1 && !active_ && !prepared_;
      if (only && last == Last::kStays) return Status::Ok();
      path = full_.front().path;
      number = full_.front().number;
      bytes = full_.front().bytes;
    }
    if (!KeepSpare(number, bytes, path)) {
      TRIFECTA_RETURN_IF_ERROR(options_.file_system->Remove(path));
    }
    const std::lock_guard lock(mutex_);
    full_.pop_front();
  }
}

bool Log::KeepSpare(uint64_t number, uint64_t bytes, const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    if (bytes != options_.segment_bytes || spares_.size() == kSparesMax) return false;
  }
  std::string spare = PathIn(options_.folder, SpareName(number));
  if (!options_.file_system->Rename(path, spare).ok()) return false;
  const std::lock_guard lock(mutex_);
  spares_.push_back(std::move(spare));
  return true;
}

Status Log::RemoveSpares() {
  while (const auto spare = TakeSpare()) {
    TRIFECTA_RETURN_IF_ERROR(options_.file_system->Remove(*spare));
  }
  return Status::Ok();
}

Status Log::Close() {
  TRIFECTA_RETURN_IF_ERROR(failure());
  const std::lock_guard making(making_mutex_);
  if (prepared_) TRIFECTA_RETURN_IF_ERROR(DropPrepared());
  TRIFECTA_RETURN_IF_ERROR(RemoveReleased(Last::kGoes));
  TRIFECTA_RETURN_IF_ERROR(RemoveSpares());
  if (active_ && active_->last <= released_) {
    TRIFECTA_RETURN_IF_ERROR(options_.file_system->Remove(active_->path));
    const std::lock_guard lock(mutex_);
    active_.reset();
  } else if (active_) {
    TRIFECTA_RETURN_IF_ERROR(active_->file->Truncate(active_->end));
    TRIFECTA_RETURN_IF_ERROR(active_->file->Sync());
    const std::lock_guard lock(mutex_);
    active_->bytes = active_->end;
  }
  return options_.file_system->SyncFolder(options_.folder);
}

uint64_t Log::bytes() const {
  const std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const LogSegment& segment : full_) sum += segment.bytes;
  sum += spares_.size() * options_.segment_bytes;
  return sum + (active_ ? active_->bytes : 0) + (prepared_ ? prepared_->bytes : 0);
}

uint64_t Log::segments() const {
  const std::lock_guard lock(mutex_);
  return full_.size() + spares_.size() + (active_ ? 1 : 0) + (prepared_ ? 1 : 0);
}

}  // namespace trifecta::storage
