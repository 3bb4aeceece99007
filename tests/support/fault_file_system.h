// A file system on real files that can lose power, fail any call, and fill up.
//
// It remembers what was synced: contents by Sync of the file, names by SyncFolder of the folder.
// Crash puts the real files into the state that a disk may show after power loss: what was synced,
// and of everything else nothing, or any part by a seed (sectors of 512 bytes, sizes, names, each
// for itself). A Sync that was made to fail loses what it should have written for good, as Linux
// does: it stays readable until the crash, and no later Sync brings it to the disk.
//
// Files are written through at once, so mapping them works. Files that were there before count as
// synced. Folders are durable as soon as they are made.
//
// Threads: any, all calls.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/file_system.h"

namespace trifecta::test {

class FaultFileSystem : public FileSystem {
 public:
  // The calls that change something; only they are counted and can be failed.
  enum Operation { kCreate, kWrite, kSync, kTruncate, kRemove, kRename, kSyncFolder, kOperations };

  explicit FaultFileSystem(FileSystem* real = PosixFileSystem()) : real_(real) {}

  // How many there were, of all kinds or of one: a test runs a story once to learn the number, then
  // once for each point to fail at.
  uint64_t operations() const;
  uint64_t operations(Operation kind) const;

  // Makes the n-th call of `kind` from now on fail (1: the next), and all later ones where
  // `for_good`.
  void FailAt(Operation kind, uint64_t n, int errno_value, bool for_good = false);
  void ForgetFailures();

  // At the n-th changing call from now on (1: the next) power is lost: it and every later call,
  // reads too, fail until Crash.
  void LosePowerAt(uint64_t n);
  bool power_lost() const;

  // What files may still grow by; nothing: without limit. Removing files gives their bytes back.
  void SetFreeBytes(std::optional<uint64_t> bytes);

  // Power loss and return. Files that are open stay unusable. With a seed each unsynced piece
  // survives or not by a coin.
  void Crash() { CrashWith(std::nullopt); }
  void Crash(uint64_t seed) { CrashWith(seed); }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path) override;
  Result<std::string> ReadAll(const std::string& path) override;
  Result<uint64_t> Size(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& folder) override;
  Status Remove(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status CreateFolder(const std::string& path) override;
  Status SyncFolder(const std::string& path) override;
  Result<uint64_t> FreeBytes(const std::string& folder) override;

 private:
  // A file's contents, whatever its names.
  struct Contents {
    std::string now;     // what reads give
    std::string synced;  // what power loss leaves
    std::vector<std::pair<uint64_t, uint64_t>>
        unsynced;  // offset and length of what Sync takes over
  };
  using Names = std::map<std::string, std::shared_ptr<Contents>>;
  struct Failure {
    Operation kind;
    uint64_t at;
    int errno_value;
    bool for_good;
  };
  class File;

  void CrashWith(std::optional<uint64_t> seed);
  Status Begin(Operation kind, std::string_view path);
  Status PowerStatus() const;
  std::shared_ptr<Contents> Adopt(const std::string& path);
  Status Write(Contents* contents, WritableFile* real, uint64_t offset, std::string_view bytes);
  void Sync(Contents* contents);
  void PutBack(const std::string& path, const std::shared_ptr<Contents>& contents);

  FileSystem* const real_;
  mutable std::mutex mutex_;  // guards everything below
  Names now_, synced_;
  std::array<uint64_t, kOperations> counts_{};
  uint64_t count_ = 0;
  std::vector<Failure> failures_;
  uint64_t power_lost_at_ = 0;  // 0: never
  bool power_lost_ = false;
  uint64_t crashes_ = 0;
  std::optional<uint64_t> free_bytes_;
};

}  // namespace trifecta::test
