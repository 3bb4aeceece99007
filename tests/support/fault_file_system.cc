#include "tests/support/fault_file_system.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace trifecta::test {
namespace {

constexpr size_t kSectorBytes = 512;

std::string Folder(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

// A test cannot go on when the real disk fails.
void Must(const Status& status) {
  if (!status.ok()) throw std::runtime_error("fault_file_system: " + status.ToString());
}

// Drops a half of the unsynced pieces, or all of them where there is no seed.
class Coin {
 public:
  explicit Coin(std::optional<uint64_t> seed) : random_(seed.value_or(0)), all_lost_(!seed) {}
  bool Survives() { return !all_lost_ && (random_() & 1) != 0; }

 private:
  std::mt19937_64 random_;
  const bool all_lost_;
};

std::string AfterCrash(const std::string& now, const std::string& synced, Coin* coin) {
  std::string left = synced;
  if (now.size() != synced.size() && coin->Survives()) left.resize(now.size(), '\0');
  for (size_t at = 0; at < std::min(now.size(), left.size()); at += kSectorBytes) {
    const size_t size = std::min({kSectorBytes, now.size() - at, left.size() - at});
    if (left.compare(at, size, now, at, size) == 0 || !coin->Survives()) continue;
    left.replace(at, size, now, at, size);
  }
  return left;
}

}  // namespace

class FaultFileSystem::File : public WritableFile {
 public:
  File(FaultFileSystem* owner, std::string path, std::shared_ptr<Contents> contents,
       std::unique_ptr<WritableFile> real)
      : owner_(owner),
        path_(std::move(path)),
        contents_(std::move(contents)),
        real_(std::move(real)),
        crashes_(owner->crashes_) {}

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(owner_->mutex_);
    const bool had_power = !owner_->power_lost_;
    Status failure = Begin(kWrite);
    // A write that power loss cuts short may have reached the disk in part.
    const bool cut_short = had_power && owner_->power_lost_;
    if (failure.ok() || cut_short) {
      TRIFECTA_RETURN_IF_ERROR(owner_->Write(contents_.get(), real_.get(), offset, bytes));
    }
    return failure;
  }

  Status Sync() override {
    const std::lock_guard lock(owner_->mutex_);
    Status failure = Begin(kSync);
    if (failure.ok()) {
      owner_->Sync(contents_.get());
    } else {
      contents_->unsynced.clear();
    }
    return failure;
  }

  Status Truncate(uint64_t size) override {
    const std::lock_guard lock(owner_->mutex_);
    TRIFECTA_RETURN_IF_ERROR(Begin(kTruncate));
    TRIFECTA_RETURN_IF_ERROR(real_->Truncate(size));
    std::string& now = contents_->now;
    if (owner_->free_bytes_ && size < now.size()) *owner_->free_bytes_ += now.size() - size;
    contents_->unsynced.emplace_back(size, now.size() > size ? now.size() - size : 0);
    now.resize(size, '\0');
    return Status::Ok();
  }

 private:
  Status Begin(Operation kind) {
    if (crashes_ != owner_->crashes_) return {StatusCode::kIoError, path_ + ": lost in the crash"};
    return owner_->Begin(kind, path_);
  }

  FaultFileSystem* const owner_;
  const std::string path_;
  const std::shared_ptr<Contents> contents_;
  const std::unique_ptr<WritableFile> real_;
  const uint64_t crashes_;
};

uint64_t FaultFileSystem::operations() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

uint64_t FaultFileSystem::operations(Operation kind) const {
  const std::lock_guard lock(mutex_);
  return counts_[kind];
}

void FaultFileSystem::FailAt(Operation kind, uint64_t n, int errno_value, bool for_good) {
  const std::lock_guard lock(mutex_);
  failures_.push_back({kind, counts_[kind] + n, errno_value, for_good});
}

void FaultFileSystem::ForgetFailures() {
  const std::lock_guard lock(mutex_);
  failures_.clear();
}

void FaultFileSystem::LosePowerAt(uint64_t n) {
  const std::lock_guard lock(mutex_);
  power_lost_at_ = count_ + n;
}

bool FaultFileSystem::power_lost() const {
  const std::lock_guard lock(mutex_);
  return power_lost_;
}

void FaultFileSystem::SetFreeBytes(std::optional<uint64_t> bytes) {
  const std::lock_guard lock(mutex_);
  free_bytes_ = bytes;
}

void FaultFileSystem::CrashWith(std::optional<uint64_t> seed) {
  const std::lock_guard lock(mutex_);
  Coin coin(seed);
  Names left;
  std::set<std::string> paths;
  for (const auto& [path, contents] : now_) paths.insert(path);
  for (const auto& [path, contents] : synced_) paths.insert(path);
  for (const std::string& path : paths) {
    const auto now = now_.find(path), synced = synced_.find(path);
    const bool same = now != now_.end() && synced != synced_.end() && now->second == synced->second;
    const bool take_now = !same && coin.Survives();
    const auto& from = take_now ? now_ : synced_;
    const auto found = from.find(path);
    std::shared_ptr<Contents> contents;
    if (found != from.end()) {
      contents = std::make_shared<Contents>();
      contents->synced = AfterCrash(found->second->now, found->second->synced, &coin);
      contents->now = contents->synced;
      left[path] = contents;
    }
    PutBack(path, contents);
  }
  now_ = synced_ = left;
  failures_.clear();
  power_lost_at_ = 0;
  power_lost_ = false;
  ++crashes_;
}

// Under a new inode each time: what is still mapped keeps its bytes.
void FaultFileSystem::PutBack(const std::string& path, const std::shared_ptr<Contents>& contents) {
  if (real_->Size(path).ok()) Must(real_->Remove(path));
  if (contents == nullptr) return;
  auto file = real_->Create(path);
  Must(file.status());
  Must((*file)->WriteAt(0, contents->now));
}

Status FaultFileSystem::PowerStatus() const {
  return power_lost_ ? Status(StatusCode::kIoError, "power lost") : Status::Ok();
}

// Counts a changing call and decides whether it fails.
Status FaultFileSystem::Begin(Operation kind, std::string_view path) {
  TRIFECTA_RETURN_IF_ERROR(PowerStatus());
  ++count_;
  ++counts_[kind];
  power_lost_ = count_ == power_lost_at_;
  TRIFECTA_RETURN_IF_ERROR(PowerStatus());
  for (const Failure& failure : failures_) {
    if (failure.kind != kind) continue;
    if (counts_[kind] == failure.at || (failure.for_good && counts_[kind] > failure.at)) {
      return ErrnoStatus(failure.errno_value, path);
    }
  }
  return Status::Ok();
}

// The contents of a file that is there; one that was there before this object counts as synced.
std::shared_ptr<FaultFileSystem::Contents> FaultFileSystem::Adopt(const std::string& path) {
  if (const auto found = now_.find(path); found != now_.end()) return found->second;
  auto bytes = real_->ReadAll(path);
  if (!bytes.ok()) return nullptr;
  auto contents = std::make_shared<Contents>();
  contents->now = contents->synced = std::move(*bytes);
  now_[path] = synced_[path] = contents;
  return contents;
}

Status FaultFileSystem::Write(Contents* contents, WritableFile* real, uint64_t offset,
                              std::string_view bytes) {
  Status status;
  const uint64_t size = contents->now.size();
  const uint64_t end = std::max<uint64_t>(size, offset + bytes.size());
  if (free_bytes_ && end - size > *free_bytes_) {
    status = ErrnoStatus(ENOSPC, "write");
    const uint64_t limit = size + *free_bytes_;
    bytes = bytes.substr(0, limit > offset ? limit - offset : 0);
  }
  TRIFECTA_RETURN_IF_ERROR(real->WriteAt(offset, bytes));
  if (bytes.empty()) return status;
  const uint64_t grown = std::max<uint64_t>(size, offset + bytes.size());
  if (free_bytes_) *free_bytes_ -= grown - size;
  contents->now.resize(grown, '\0');
  contents->now.replace(offset, bytes.size(), bytes);
  contents->unsynced.emplace_back(offset, bytes.size());
  return status;
}

void FaultFileSystem::Sync(Contents* contents) {
  const std::string& now = contents->now;
  std::string& synced = contents->synced;
  synced.resize(now.size(), '\0');
  for (const auto& [offset, length] : contents->unsynced) {
    if (offset < now.size()) synced.replace(offset, length, now, offset, length);
  }
  contents->unsynced.clear();
}

Result<std::unique_ptr<WritableFile>> FaultFileSystem::Create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(Begin(kCreate, path));
  auto file = real_->Create(path);
  if (!file.ok()) return file.status();
  auto contents = std::make_shared<Contents>();
  now_[path] = contents;
  return std::unique_ptr<WritableFile>(
      std::make_unique<File>(this, path, std::move(contents), std::move(*file)));
}

Result<std::unique_ptr<WritableFile>> FaultFileSystem::OpenForWriting(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(PowerStatus());
  auto file = real_->OpenForWriting(path);
  if (!file.ok()) return file.status();
  return std::unique_ptr<WritableFile>(
      std::make_unique<File>(this, path, Adopt(path), std::move(*file)));
}

Result<std::string> FaultFileSystem::ReadAll(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(PowerStatus());
  return real_->ReadAll(path);
}

Result<uint64_t> FaultFileSystem::Size(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(PowerStatus());
  return real_->Size(path);
}

Result<std::vector<std::string>> FaultFileSystem::List(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(PowerStatus());
  return real_->List(folder);
}

Status FaultFileSystem::Remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(Begin(kRemove, path));
  const auto contents = Adopt(path);
  TRIFECTA_RETURN_IF_ERROR(real_->Remove(path));
  if (free_bytes_ && contents != nullptr) *free_bytes_ += contents->now.size();
  now_.erase(path);
  return Status::Ok();
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(Begin(kRename, from));
  const auto contents = Adopt(from), replaced = Adopt(to);
  TRIFECTA_RETURN_IF_ERROR(real_->Rename(from, to));
  if (free_bytes_ && replaced != nullptr) *free_bytes_ += replaced->now.size();
  now_.erase(from);
  now_[to] = contents;
  return Status::Ok();
}

Status FaultFileSystem::CreateFolder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(PowerStatus());
  return real_->CreateFolder(path);
}

Status FaultFileSystem::SyncFolder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(Begin(kSyncFolder, path));
  std::erase_if(synced_, [&](const auto& item) {
    return Folder(item.first) == path && !now_.contains(item.first);
  });
  for (const auto& [name, contents] : now_) {
    if (Folder(name) == path) synced_[name] = contents;
  }
  return Status::Ok();
}

Result<uint64_t> FaultFileSystem::FreeBytes(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  TRIFECTA_RETURN_IF_ERROR(PowerStatus());
  if (free_bytes_) return *free_bytes_;
  return real_->FreeBytes(folder);
}

}  // namespace trifecta::test
