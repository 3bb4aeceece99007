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

enum class Packing { kNone, kGzip, kZstd, kXz };

// Enough to tell them apart.
constexpr size_t kMagicBytes = 6;

Packing PackingOf(std::string_view begin) {
  if (LooksLikeGzip(begin)) return Packing::kGzip;
  if (begin.starts_with("\x28\xb5\x2f\xfd")) return Packing::kZstd;
  if (begin.starts_with(std::string_view("\xfd"
                                         "7zXZ\0",
                                         kMagicBytes)))
    return Packing::kXz;
  return Packing::kNone;
}

// zstd and xz go through libarchive, gzip through our own reader, anything else as it is. The
// filter is named to libarchive instead of found out by it: while it looks for one it reads ahead,
// and what it has read is lost when the data turns out to be damaged.
class PackedInput final : public Input {
 public:
  PackedInput(std::string name, int fd, bool owned, uint64_t size, int cancel_fd)
      : Input(std::move(name), fd, size),
        owned_(owned),
        cancel_fd_(cancel_fd),
        buffer_(kReadBytes) {}

  ~PackedInput() override {
    archive_read_free(archive_);
    if (owned_) close(fd_);
  }

  Result<std::string_view> Read() override {
    if (!begun_) {
      begun_ = true;
      TRIFECTA_RETURN_IF_ERROR(Begin());
    }
    if (archive_ != nullptr) return ReadArchive();
    return gzip_ ? ReadGzip() : ReadPlain();
  }

 private:
  // libarchive's callback: the next bytes for it, 0 of them at the end.
  static la_ssize_t Supply(archive*, void* self, const void** block) {
    auto* const input = static_cast<PackedInput*>(self);
    auto bytes = input->ReadPlain();
    if (bytes.ok()) {
      *block = bytes->data();
      return static_cast<la_ssize_t>(bytes->size());
    }
    input->failure_ = bytes.status();
    archive_set_error(input->archive_, EIO, "%s", "cannot be read");
    return ARCHIVE_FATAL;
  }

  Result<std::string_view> ReadPlain() {
    if (pending_.empty()) TRIFECTA_RETURN_IF_ERROR(Refill(0));
    return std::exchange(pending_, {});
  }

  Result<std::string_view> ReadGzip() {
    for (;;) {
      if (pending_.empty()) TRIFECTA_RETURN_IF_ERROR(Refill(0));
      if (pending_.empty()) {
        TRIFECTA_RETURN_IF_ERROR(gzip_->CheckEnd().WithContext(name_));
        return std::string_view();
      }
      auto bytes = gzip_->Take(&pending_);
      if (!bytes.ok()) return bytes.status().WithContext(name_);
      if (!bytes->empty()) return bytes;
    }
  }

  Result<std::string_view> ReadArchive() {
    if (!opened_) {
      opened_ = true;
      archive_entry* entry = nullptr;
      // Damage before the first byte of text passes for an empty file; the error number tells.
      if (archive_read_open(archive_, this, nullptr, Supply, nullptr) != ARCHIVE_OK ||
          archive_errno(archive_) != 0) {
        return Failure();
      }
      const int header = archive_read_next_header(archive_, &entry);
      if (header == ARCHIVE_EOF && failure_.ok()) return std::string_view();
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

  // Reads enough to know how it is packed.
  Status Begin() {
    size_t before = SIZE_MAX;
    while (pending_.size() < kMagicBytes && pending_.size() != before) {
      before = pending_.size();
      TRIFECTA_RETURN_IF_ERROR(Refill(before));
    }
    switch (PackingOf(pending_)) {
      case Packing::kNone:
        break;
      case Packing::kGzip:
        gzip_.emplace();
        break;
      case Packing::kZstd:
        BeginArchive("zstd", ARCHIVE_FILTER_ZSTD);
        break;
      case Packing::kXz:
        BeginArchive("xz", ARCHIVE_FILTER_XZ);
        break;
    }
    return Status::Ok();
  }

  void BeginArchive(const char* packing, int filter) {
    packing_ = packing;
    archive_ = archive_read_new();
    archive_read_append_filter(archive_, filter);
    archive_read_support_format_raw(archive_);
    archive_read_support_format_empty(archive_);
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
    // libarchive names no reason when it fails before it knows what the data is.
    const char* const text = archive_error_string(archive_);
    return {StatusCode::kDataDamaged,
            StrCat(name_, ": ", text == nullptr ? "it cannot be read" : text, " (", packing_,
                   " data, damaged or cut off)")};
  }

  const bool owned_;
  const int cancel_fd_;
  std::vector<char> buffer_;
  std::string_view pending_;  // of buffer_, read and not used yet
  std::optional<GzipReader> gzip_;
  archive* archive_ = nullptr;  // of zstd and xz
  const char* packing_ = "";    // its name
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
  std::unique_ptr<Input> input = std::make_unique<PackedInput>(
      name, fd, !standard, S_ISREG(file.st_mode) ? static_cast<uint64_t>(file.st_size) : 0,
      cancel_fd);
  if (S_ISDIR(file.st_mode)) return ErrnoStatus(EISDIR, name);
  return input;
}

}  // namespace trifecta::cmd
