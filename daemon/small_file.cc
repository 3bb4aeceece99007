#include "daemon/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return ErrnoStatus(errno, path);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return Status::Ok();
}

Status WriteAndSync(const std::string& path, const std::string& bytes) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (file.get() < 0) return ErrnoStatus(errno, path);
  TRIFECTA_RETURN_IF_ERROR(WriteAll(file.get(), bytes, path));
  return fsync(file.get()) == 0 ? Status::Ok() : ErrnoStatus(errno, path);
}

Status SyncFolder(const std::string& path) {
  const Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || fsync(folder.get()) != 0) return ErrnoStatus(errno, path);
  return Status::Ok();
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path, size_t bytes_max) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return ErrnoStatus(errno, path);
  std::string bytes;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, path);
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(got));
    if (bytes.size() > bytes_max) {
      return Status(StatusCode::kTooLarge,
                    StrCat(path, ": larger than ", bytes_max, " bytes; is it the right file?"));
    }
  }
}

Status WriteSmallFile(const std::string& path, const std::string& bytes) {
  const std::string fresh = path + ".new";
  TRIFECTA_RETURN_IF_ERROR(WriteAndSync(fresh, bytes));
  if (rename(fresh.c_str(), path.c_str()) != 0) return ErrnoStatus(errno, path);
  return SyncFolder(FolderOf(path));
}

}  // namespace trifecta::daemon
