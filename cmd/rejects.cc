#include "cmd/rejects.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "cmd/output.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

constexpr size_t kBufferBytes = 64 * 1024;

bool IsSameFile(int a, int b) {
  struct stat first = {}, second = {};
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && S_ISREG(first.st_mode) &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

Rejects::~Rejects() {
  if (fd_ >= 0) close(fd_);
}

Status Rejects::OpenFile(const std::string& path, const std::vector<const Input*>& inputs,
                         char terminator) {
  // Emptied only once it is known to be no input.
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) return ErrnoStatus(errno, path);
  path_ = path;
  terminator_ = terminator;
  for (const Input* input : inputs) {
    if (IsSameFile(fd_, input->fd())) {
      return {StatusCode::kInvalidArgument,
              StrCat("option --rejects: ", path, " is the input itself; name another file")};
    }
  }
  // Pipes and terminals cannot be emptied, nor need they be.
  if (ftruncate(fd_, 0) != 0 && errno != EINVAL) return ErrnoStatus(errno, path);
  return Status::Ok();
}

void Rejects::Take(const std::string& input, const RejectedLine& line) {
  if (count_++ < kToldMax) {
    told_.push_back({input, line.line, line.code, line.detail});
    tell_(StrCat(Escaped(input), ":", line.line, ": ", Escaped(line.detail)));
  } else if (count_ == kToldMax + 1) {
    tell_(has_file() ? StrCat("further rejected lines are in ", path_)
                     : "further rejected lines are not told; --rejects FILE keeps them all");
  }
  if (line.written) return;
  Write(line.bytes);
  Write(std::string_view(&terminator_, 1));
}

void Rejects::WritePiece(std::string_view piece) { Write(piece); }
void Rejects::EndPieces() { Write(std::string_view(&terminator_, 1)); }

void Rejects::Write(std::string_view bytes) {
  if (fd_ < 0) return;
  buffer_.append(bytes);
  if (buffer_.size() >= kBufferBytes) Flush();
}

void Rejects::Flush() {
  for (std::string_view left = buffer_; !left.empty() && status_.ok();) {
    const ssize_t written = write(fd_, left.data(), left.size());
    if (written >= 0) {
      left.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      status_ = ErrnoStatus(errno, path_);
    }
  }
  buffer_.clear();
}

Status Rejects::Finish() {
  if (fd_ >= 0) Flush();
  return status_;
}

}  // namespace trifecta::cmd
