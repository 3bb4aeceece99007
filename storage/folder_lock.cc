#include "storage/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "storage/base/text.h"
#include "storage/file_names.h"

namespace trifecta::storage {
namespace {

// " by process 4711" as the holder wrote it, or nothing when it cannot be read.
std::string Holder(int fd) {
  char digits[16];
  const ssize_t size = ::pread(fd, digits, sizeof digits, 0);
  std::string id;
  for (ssize_t i = 0; i < size && digits[i] >= '0' && digits[i] <= '9'; ++i) id += digits[i];
  return id.empty() ? "" : " by process " + id;
}

Status InUse(const std::string& folder, int fd) {
  return {StatusCode::kAlreadyInUse, StrCat("data folder ", folder, " is in use", Holder(fd),
                                            "; stop it or choose another folder")};
}

// For people only: a disk too full for it does not matter.
void WriteHolder(int fd) {
  const std::string line = StrCat(::getpid(), "\n");
  if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, line.data(), line.size(), 0);
}

}  // namespace

Result<std::unique_ptr<FolderLock>> FolderLock::Acquire(const std::string& folder) {
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return ErrnoStatus(errno, StrCat("data folder ", folder, " is not writable"));
  }
  const std::string path = PathIn(folder, kLockName);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return ErrnoStatus(errno, StrCat("cannot open ", path));
  std::unique_ptr<FolderLock> lock(new FolderLock(fd, path));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno, StrCat("cannot lock ", path));
    return InUse(folder, fd);
  }
  WriteHolder(fd);
  return lock;
}

Result<std::unique_ptr<FolderLock>> FolderLock::AcquireShared(const std::string& folder) {
  const std::string path = PathIn(folder, kLockName);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::unique_ptr<FolderLock>();
  if (fd < 0) return ErrnoStatus(errno, StrCat("cannot open ", path));
  std::unique_ptr<FolderLock> lock(new FolderLock(fd, path));
  if (::flock(fd, LOCK_SH | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return ErrnoStatus(errno, StrCat("cannot lock ", path));
  return InUse(folder, fd);
}

Status FolderLock::Check() const {
  struct stat ours {
  }, there{};
  if (::fstat(fd_, &ours) == 0 && ::stat(path_.c_str(), &there) == 0 &&
      ours.st_dev == there.st_dev && ours.st_ino == there.st_ino) {
    return Status::Ok();
  }
  return {StatusCode::kAlreadyInUse,
          StrCat(path_, " was removed or replaced, so another process may have the data folder; ",
                 "start again once it is known whose the folder is")};
}

FolderLock::~FolderLock() { ::close(fd_); }

}  // namespace trifecta::storage
