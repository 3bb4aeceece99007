// A file system that holds chosen syncs until it is told to go on: for tests of what happens beside
// a write or a checkpoint that is under way.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/file_system.h"

namespace trifecta::test {

// Any thread.
class GateFileSystem : public FileSystem {
 public:
  explicit GateFileSystem(FileSystem* inner) : inner_(inner) {}

  // From now on a sync of a file whose name begins with `name` waits, before it reaches the disk.
  void Hold(std::string name);
  // Waits until a sync waits.
  void AwaitHeld();
  // Lets all of them go on, now and from now on.
  void Open();

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path) override;
  Result<std::string> ReadAll(const std::string& path) override { return inner_->ReadAll(path); }
  Result<uint64_t> Size(const std::string& path) override { return inner_->Size(path); }
  Result<std::vector<std::string>> List(const std::string& folder) override {
    return inner_->List(folder);
  }
  Status Remove(const std::string& path) override { return inner_->Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override {
    return inner_->Rename(from, to);
  }
  Status CreateFolder(const std::string& path) override { return inner_->CreateFolder(path); }
  Status SyncFolder(const std::string& path) override { return inner_->SyncFolder(path); }
  Result<uint64_t> FreeBytes(const std::string& folder) override {
    return inner_->FreeBytes(folder);
  }

 private:
  class File;
  Result<std::unique_ptr<WritableFile>> Wrap(const std::string& path,
                                             Result<std::unique_ptr<WritableFile>> file);
  void Pass(std::string_view name);

  FileSystem* const inner_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string held_;  // empty: nothing
  int waiting_ = 0;
};

}  // namespace trifecta::test
