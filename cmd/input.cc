#include "cmd/input.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "cmd/gzip_reader.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

// A read from the file: large enough that a spinning disk streams.
constexpr size_t kReadBytes = 256 * 1024;

// Reads go through gzip here and through zstd and xz in libarchive, which finds out by itself
// whether there is anything to undo.
class ArchiveInput final : public Input {
 public:
  ArchiveInput(std::string name, int fd, bool owned, uint64_t size, int cancel_fd)
      : Input(std::move(name), fd, size),
        owned_(owned),
        cancel_fd_(cancel_fd),
        buffer_(kReadBytes),
        archive_(archive_read_new()) {
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
      if (archive_read_open(archive_, this, nullptr, Supply, nullptr) != ARCHIVE_OK) {
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
      // Filters may take a failure of their input for its end.
      if (read == ARCHIVE_EOF && failure_.ok()) return std::string_view();
      if (read != ARCHIVE_OK) return Failure();
    }
    return std::string_view(static_cast<const char*>(block), size);
  }

 private:
  // libarchive's callback: the next bytes for it, 0 of them at the end.
  static la_ssize_t Supply(archive*, void* self, const void** block) {
    auto* const input = static_cast<ArchiveInput*>(self);
    auto bytes = input->Next();
    if (bytes.ok()) {
      *block = bytes->data();
      return static_cast<la_ssize_t>(bytes->size());
    }
    input->failure_ = bytes.status();
    archive_set_error(input->archive_, EIO, "%s", "cannot be read");
    return ARCHIVE_FATAL;
  }

  Result<std::string_view> Next() {
    if (!begun_) {
      begun_ = true;
      TRIFECTA_RETURN_IF_ERROR(Begin());
    }
    for (;;) {
      if (pending_.empty()) TRIFECTA_RETURN_IF_ERROR(Refill(0));
      if (!gzip_) return std::exchange(pending_, {});
      if (pending_.empty()) {
        TRIFECTA_RETURN_IF_ERROR(gzip_->CheckEnd().WithContext(name_));
        return std::string_view();
      }
      auto bytes = gzip_->Take(&pending_);
      if (!bytes.ok()) return bytes.status().WithContext(name_);
      if (!bytes->empty()) return bytes;
    }
  }

  // Reads enough to know whether it is gzip.
  Status Begin() {
    size_t before = SIZE_MAX;
    while (pending_.size() < 2 && pending_.size() != before) {
      before = pending_.size();
      TRIFECTA_RETURN_IF_ERROR(Refill(before));
    }
    if (LooksLikeGzip(pending_)) gzip_.emplace();
    return Status::Ok();
  }

  // Reads once behind the first `kept` bytes of the buffer; pending_ is both. Nothing more at the
  // end.
  Status Refill(size_t kept) {
    for (;;) {
      pollfd fds[2] = {{fd_, POLLIN, 0}, {cancel_fd_, POLLIN, 0}};
      if (poll(fds, 2, -1) < 0 && errno != EINTR) return ErrnoStatus(errno, name_);
      if (fds[1].revents != 0) return {StatusCode::kCancelled, "interrupted"};
      if (fds[0].revents == 0) continue;
      const ssize_t count = read(fd_, buffer_.data() + kept, buffer_.size() - kept);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) return ErrnoStatus(errno, name_);
      consumed_.fetch_add(static_cast<uint64_t>(count), std::memory_order_relaxed);
      pending_ = std::string_view(buffer_.data(), kept + static_cast<size_t>(count));
      return Status::Ok();
    }
  }

  Status Failure() const {
    if (!failure_.ok()) return failure_;
    const char* const text = archive_error_string(archive_);
    return {StatusCode::kDataDamaged,
            StrCat(name_, ": ", text == nullptr ? "it cannot be read" : text, " (",
                   archive_filter_name(archive_, 0), " data, damaged or cut off)")};
  }

  const bool owned_;
  const int cancel_fd_;
  std::vector<char> buffer_;
  std::string_view pending_;  // of buffer_, read and not used yet
  std::optional<GzipReader> gzip_;
  archive* const archive_;
  bool opened_ = false, begun_ = false;
  Status failure_;  // of what libarchive was to be given
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
