// The lock of a data folder: one process at a time, held by flock on the file LOCK, which holds the
// holder's process id for people. The kernel drops it however the process ends; the file stays.
#pragma once

#include <memory>
#include <string>

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

  // Gives it up.
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace trifecta::storage
