#include "storage/base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "storage/base/text.h"

namespace trifecta {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kFolderMode = 0750;

Status Failed(std::string_view verb, std::string_view path, int error) {
  const std::string what = StrCat("cannot ", verb, " ", path);
  if (error == EMFILE || error == ENFILE) {
    return {StatusCode::kUnavailable,
            what + ": too many open files; raise the limit of open files"};
  }
  return ErrnoStatus(error, what);
}

// Calls a system call until it is not interrupted by a signal.
template <typename Call>
auto Uninterrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

int Open(const std::string& path, int flags) {
  return Uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
}

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(std::string path, int fd) : path_(std::move(path)), descriptor_(fd) {}

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = Uninterrupted([&] {
        return ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (written < 0) return Failed("write", path_, errno);
      bytes.remove_prefix(static_cast<size_t>(written));
      offset += static_cast<uint64_t>(written);
    }
    return Status::Ok();
  }

  Status Sync() override {
    if (Uninterrupted([&] { return ::fdatasync(descriptor_.get()); }) == 0) return Status::Ok();
    return Failed("sync", path_, errno);
  }

  Status Truncate(uint64_t size) override {
    const auto length = static_cast<off_t>(size);
    if (Uninterrupted([&] { return ::ftruncate(descriptor_.get(), length); }) == 0) {
      return Status::Ok();
    }
    return Failed("truncate", path_, errno);
  }

 private:
  const std::string path_;
  const Descriptor descriptor_;
};

Status SyncFolderAt(const std::string& path) {
  const Descriptor folder(Open(path, O_RDONLY | O_DIRECTORY));
  if (!folder.open()) return Failed("open folder", path, errno);
  if (Uninterrupted([&] { return ::fsync(folder.get()); }) == 0) return Status::Ok();
  return Failed("sync folder", path, errno);
}

std::string Parent(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool IsFolder(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// Makes one folder whose parent exists, and makes its name survive power loss. A parent that we may
// write but not read cannot be synced; the system then does so in its own time.
Status CreateOneFolder(const std::string& path) {
  if (::mkdir(path.c_str(), kFolderMode) != 0) {
    if (errno == EEXIST && IsFolder(path)) return Status::Ok();
    return Failed("create folder", path, errno);
  }
  const Status synced = SyncFolderAt(Parent(path));
  return synced.code() == StatusCode::kPermissionDenied ? Status::Ok() : synced;
}

class PosixFiles : public FileSystem {
 public:
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    return OpenWith(path, O_RDWR | O_CREAT | O_EXCL, "create");
  }

  Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path) override {
    return OpenWith(path, O_RDWR, "open");
  }

  Result<std::string> ReadAll(const std::string& path) override {
    const Descriptor file(Open(path, O_RDONLY));
    struct stat info;
    if (!file.open() || ::fstat(file.get(), &info) != 0) return Failed("open", path, errno);
    std::string bytes(static_cast<size_t>(info.st_size), '\0');
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count = Uninterrupted([&] {
        return ::pread(file.get(), bytes.data() + done, bytes.size() - done,
                       static_cast<off_t>(done));
      });
      if (count < 0) return Failed("read", path, errno);
      if (count == 0) break;  // cut by someone else meanwhile
      done += static_cast<size_t>(count);
    }
    bytes.resize(done);
    return bytes;
  }

  Result<uint64_t> Size(const std::string& path) override {
    struct stat info;
    if (::stat(path.c_str(), &info) != 0) return Failed("look up", path, errno);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<std::vector<std::string>> List(const std::string& folder) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), ::closedir);
    if (stream == nullptr) return Failed("open folder", folder, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* item = ::readdir(stream.get())) {  // NOLINT: each stream has one thread
      if (item->d_type != DT_DIR) names.emplace_back(item->d_name);
      errno = 0;
    }
    if (errno != 0) return Failed("list folder", folder, errno);
    std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
    std::sort(names.begin(), names.end());
    return names;
  }

  Status Remove(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 ? Status::Ok() : Failed("remove", path, errno);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    return ::rename(from.c_str(), to.c_str()) == 0 ? Status::Ok() : Failed("rename", from, errno);
  }

  Status CreateFolder(const std::string& path) override {
    for (size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const std::string parent = path.substr(0, slash);
      if (!IsFolder(parent)) TRIFECTA_RETURN_IF_ERROR(CreateOneFolder(parent));
    }
    return CreateOneFolder(path);
  }

  Status SyncFolder(const std::string& path) override { return SyncFolderAt(path); }

  Result<uint64_t> FreeBytes(const std::string& folder) override {
    struct statvfs info;
    if (::statvfs(folder.c_str(), &info) != 0) return Failed("look up", folder, errno);
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }

 private:
  static Result<std::unique_ptr<WritableFile>> OpenWith(const std::string& path, int flags,
                                                        std::string_view verb) {
    const int fd = Open(path, flags);
    if (fd < 0) return Failed(verb, path, errno);
    return std::unique_ptr<WritableFile>(std::make_unique<PosixWritableFile>(path, fd));
  }
};

}  // namespace

FileSystem* PosixFileSystem() {
  static PosixFiles files;
  return &files;
}

}  // namespace trifecta
