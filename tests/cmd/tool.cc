#include "tests/cmd/tool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

#include "cmd/command.h"

namespace trifecta::cmd {
namespace {

// A file in memory, with `contents` to be read from its start.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& contents = {}) : fd_(memfd_create("test", MFD_CLOEXEC)) {
    const auto size = static_cast<ssize_t>(contents.size());
    if (fd_ < 0 || write(fd_, contents.data(), contents.size()) != size) {
      throw std::runtime_error("cannot make a file in memory");
    }
    lseek(fd_, 0, SEEK_SET);
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int fd() const { return fd_; }
  std::string Contents() const {
    std::string contents(static_cast<size_t>(lseek(fd_, 0, SEEK_END)), '\0');
    const ssize_t count = pread(fd_, contents.data(), contents.size(), 0);
    contents.resize(static_cast<size_t>(count));
    return contents;
  }

 private:
  const int fd_;
};

}  // namespace

ToolResult RunTool(std::vector<std::string> arguments, const ToolOptions& options) {
  const MemoryFile in(options.input), out, err;
  Process process;
  process.in_fd = in.fd();
  process.out_fd = out.fd();
  process.err_fd = err.fd();
  process.cancel_fd = options.cancel_fd;
  process.system_settings = options.system_settings;
  process.environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = options.environment.find(name);
    return found == options.environment.end() ? std::nullopt : std::optional(found->second);
  };
  const int status = RunProgram(process, arguments);
  return {status, out.Contents(), err.Contents()};
}

}  // namespace trifecta::cmd
