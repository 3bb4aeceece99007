// The lock of a data folder: one process at a time, held by flock on the file LOCK, which holds the
// holder's process id for people. The kernel drops it however the process ends; the file stays.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "storage/base/status.h"

namespace trifecta::storage {

class FolderLock {
 public:
  // Takes the lock of an existing folder, without waiting. kAlreadyInUse, naming the folder and the
  // process, when another holder has it (this process included); kPermissionDenied when files
  // cannot be made there. Locks are of no use on network file systems that do not know flock.
  static Result<std::unique_ptr<FolderLock>> Acquire(const std::string& folder);

  // For readers that change nothing, not even the file: while it is held nobody can Acquire, but
  // other readers may share it. Null when the folder has no file LOCK, so that nobody holds it.
  // kAlreadyInUse as above.
  static Result<std::unique_ptr<FolderLock>> AcquireShared(const std::string& folder);

  // Whether the lock is still where others look for it: one that was removed, or the whole folder,
  // keeps nobody out. kAlreadyInUse says what to do. A microsecond; any thread.
  Status Check() const;

  // Gives it up.
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  FolderLock(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  const int fd_;
  const std::string path_;
};

}  // namespace trifecta::storage
