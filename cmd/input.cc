#include "cmd/input.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

// A read from the file: large enough that a spinning disk streams.
constexpr size_t kReadBytes = 256 * 1024;

class ArchiveInput final : public Input {
 public:
  ArchiveInput(std::string name, int fd, bool owned, uint64_t size, int cancel_fd)
      : Input(std::move(name), fd, size),
        owned_(owned),
        cancel_fd_(cancel_fd),
        buffer_(kReadBytes),
        archive_(archive_read_new()) {
    archive_read_support_filter_gzip(archive_);
    archive_read_support_filter_zstd(archive_);
    archive_read_support_filter_xz(archive_);
    archive_read_support_format_raw(archive_);
    archive_read_support_format_empty(archive_);
  }

  ~ArchiveInput() override {
    archive_read_free(archive_);
    if (owned_) close(fd_);
  }

  Result<std::string_view> Read() override {
    if (!opened_) {
      opened_ = true;
      archive_entry* entry = nullptr;
      if (archive_read_open(archive_, this, nullptr, ReadSome, nullptr) != ARCHIVE_OK) {
        return Failure();
      }
      const int header = archive_read_next_header(archive_, &entry);
      if (header == ARCHIVE_EOF) return std::string_view();
      if (header != ARCHIVE_OK) return Failure();
    }
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    while (size == 0) {
      const int read = archive_read_data_block(archive_, &block, &size, &offset);
      if (read == ARCHIVE_EOF) return CheckEnd();
      if (read != ARCHIVE_OK) return Failure();
    }
    return std::string_view(static_cast<const char*>(block), size);
  }

 private:
  static la_ssize_t ReadSome(archive*, void* self, const void** block) {
    auto* const input = static_cast<ArchiveInput*>(self);
    *block = input->buffer_.data();
    return input->ReadBlock();
  }

  la_ssize_t ReadBlock() {
    for (;;) {
      pollfd fds[2] = {{fd_, POLLIN, 0}, {cancel_fd_, POLLIN, 0}};
      if (poll(fds, 2, -1) < 0 && errno != EINTR) return Stop(ErrnoStatus(errno, name_));
      if (fds[1].revents != 0) return Stop({StatusCode::kCancelled, "interrupted"});
      if (fds[0].revents == 0) continue;
      const ssize_t count = read(fd_, buffer_.data(), buffer_.size());
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) return Stop(ErrnoStatus(errno, name_));
      consumed_.fetch_add(static_cast<uint64_t>(count), std::memory_order_relaxed);
      return count;
    }
  }

  la_ssize_t Stop(Status status) {
    failure_ = std::move(status);
    archive_set_error(archive_, EIO, "%s", "cannot be read");
    return ARCHIVE_FATAL;
  }

  Status Failure() {
    if (!failure_.ok()) return failure_;
    const char* const text = archive_error_string(archive_);
    const std::string_view reason = text == nullptr ? "it cannot be read" : text;
    return {StatusCode::kDataDamaged,
            StrCat(name_, ": ", reason, " (", archive_filter_name(archive_, 0),
                   " data, damaged or cut off, after ", consumed(), " bytes of it)")};
  }

  // Some filters take the end of their input for the end of the data.
  Result<std::string_view> CheckEnd() {
    if (!failure_.ok()) return failure_;
    return std::string_view();
  }

  const bool owned_;
  const int cancel_fd_;
  std::vector<char> buffer_;
  archive* const archive_;
  bool opened_ = false;
  Status failure_;
};

}  // namespace

Result<std::unique_ptr<Input>> Input::Open(const std::string& path, int in_fd, int cancel_fd) {
  const bool standard = path == "-";
  const std::string name = standard ? "standard input" : path;
  const int fd = standard ? in_fd : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat file = {};
  if (fd < 0 || fstat(fd, &file) != 0) return ErrnoStatus(errno, name);
  std::unique_ptr<Input> input = std::make_unique<ArchiveInput>(
      name, fd, !standard, S_ISREG(file.st_mode) ? static_cast<uint64_t>(file.st_size) : 0,
      cancel_fd);
  if (S_ISDIR(file.st_mode)) return ErrnoStatus(EISDIR, name);
  return input;
}

}  // namespace trifecta::cmd
