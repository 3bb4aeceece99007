#include "tests/bench/common/disk_rate.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/bench/common/die.h"
#include "tests/bench/common/measure.h"

namespace trifecta::bench {
namespace {

constexpr size_t kWriteBytes = 4096;
// As large as a log segment.
constexpr size_t kFileBytes = 16u << 20;

}  // namespace

double SyncsPerSecond(const std::string& folder, double seconds) {
  const std::string path = folder + "/sync-rate";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) Die("cannot make " + path);
  unlink(path.c_str());
  const std::string zeros(kFileBytes, '\0'), block(kWriteBytes, 'x');
  if (write(fd, zeros.data(), kFileBytes) != static_cast<ssize_t>(kFileBytes) || fsync(fd) != 0) {
    Die("cannot write " + path);
  }
  size_t syncs = 0;
  const Timer timer;
  while (timer.Seconds() < seconds) {
    const auto offset = static_cast<off_t>(syncs * kWriteBytes % kFileBytes);
    if (pwrite(fd, block.data(), kWriteBytes, offset) != static_cast<ssize_t>(kWriteBytes) ||
        fdatasync(fd) != 0) {
      Die("cannot sync " + path);
    }
    ++syncs;
  }
  const double rate = static_cast<double>(syncs) / timer.Seconds();
  close(fd);
  return rate;
}

}  // namespace trifecta::bench
