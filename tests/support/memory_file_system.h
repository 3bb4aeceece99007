// A file system in memory: for tests that open thousands of small logs, and for fuzzing. Folders
// are not kept track of: every folder exists. Under FaultFileSystem it can lose power, too.
#pragma once

#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/file_system.h"

namespace trifecta::test {

// Any thread.
class MemoryFileSystem : public FileSystem {
 public:
  // Puts a file there, or replaces it.
  void Put(const std::string& path, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    files_[path] = std::make_shared<std::string>(bytes);
  }
  void Clear() {
    const std::lock_guard lock(mutex_);
    files_.clear();
  }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    auto& bytes = files_[path];
    if (bytes != nullptr) return ErrnoStatus(EEXIST, path);
    bytes = std::make_shared<std::string>();
    return std::unique_ptr<WritableFile>(std::make_unique<File>(this, bytes));
  }
  Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(path);
    if (found == files_.end()) return ErrnoStatus(ENOENT, path);
    return std::unique_ptr<WritableFile>(std::make_unique<File>(this, found->second));
  }
  Result<std::string> ReadAll(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(path);
    if (found == files_.end()) return ErrnoStatus(ENOENT, path);
    return *found->second;
  }
  Result<uint64_t> Size(const std::string& path) override {
    const auto bytes = ReadAll(path);
    if (!bytes.ok()) return bytes.status();
    return uint64_t{bytes->size()};
  }
  Result<std::vector<std::string>> List(const std::string& folder) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [path, bytes] : files_) {
      const size_t slash = path.find_last_of('/');
      if (path.substr(0, slash) == folder) names.push_back(path.substr(slash + 1));
    }
    return names;
  }
  Status Remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    return files_.erase(path) == 1 ? Status::Ok() : ErrnoStatus(ENOENT, path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(from);
    if (found == files_.end()) return ErrnoStatus(ENOENT, from);
    files_[to] = found->second;
    files_.erase(from);
    return Status::Ok();
  }
  Status CreateFolder(const std::string&) override { return Status::Ok(); }
  Status SyncFolder(const std::string&) override { return Status::Ok(); }
  Result<uint64_t> FreeBytes(const std::string&) override { return uint64_t{1} << 40; }

 private:
  class File : public WritableFile {
   public:
    File(MemoryFileSystem* owner, std::shared_ptr<std::string> bytes)
        : owner_(owner), bytes_(std::move(bytes)) {}
    Status WriteAt(uint64_t offset, std::string_view bytes) override {
      const std::lock_guard lock(owner_->mutex_);
      if (bytes_->size() < offset + bytes.size()) bytes_->resize(offset + bytes.size(), '\0');
      bytes_->replace(offset, bytes.size(), bytes);
      return Status::Ok();
    }
    Status Sync() override { return Status::Ok(); }
    Status Truncate(uint64_t size) override {
      const std::lock_guard lock(owner_->mutex_);
      bytes_->resize(size, '\0');
      return Status::Ok();
    }

   private:
    MemoryFileSystem* const owner_;
    const std::shared_ptr<std::string> bytes_;
  };

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<std::string>> files_;
};

}  // namespace trifecta::test
