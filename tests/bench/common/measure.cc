#include "tests/bench/common/measure.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

namespace trifecta::bench {
namespace fs = std::filesystem;

void Latencies::Add(std::chrono::nanoseconds duration) {
  constexpr int64_t max = std::numeric_limits<uint32_t>::max();
  nanoseconds_.push_back(static_cast<uint32_t>(std::clamp<int64_t>(duration.count(), 0, max)));
}

void Latencies::Add(const Latencies& other) {
  nanoseconds_.insert(nanoseconds_.end(), other.nanoseconds_.begin(), other.nanoseconds_.end());
}

double Latencies::Percentile(double fraction) const {
  if (nanoseconds_.empty()) return 0;
  std::vector<uint32_t> ordered = nanoseconds_;
  const size_t last = ordered.size() - 1;
  const auto at = static_cast<std::ptrdiff_t>(fraction * static_cast<double>(last) + 0.5);
  std::nth_element(ordered.begin(), ordered.begin() + at, ordered.end());
  return ordered[static_cast<size_t>(at)];
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

uint64_t AnonymousBytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("RssAnon:", 0) == 0) return std::stoull(line.substr(8)) * 1024;
  }
  return 0;
}

uint64_t AnonymousBytes() { return AnonymousBytes(getpid()); }

size_t MappingCount() {
  std::ifstream maps("/proc/self/maps");
  return static_cast<size_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
}

size_t DescriptorCount() {
  const fs::directory_iterator folder("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(folder), end(folder)));
}

FolderSize SizeOfFolder(const std::string& folder) {
  FolderSize size;
  std::error_code gone;  // a file may be removed while we look
  for (const fs::directory_entry& file : fs::recursive_directory_iterator(folder, gone)) {
    const uint64_t bytes = file.is_regular_file(gone) ? file.file_size(gone) : 0;
    if (gone || !file.is_regular_file(gone)) continue;
    size.bytes += bytes;
    ++size.files;
  }
  return size;
}

}  // namespace trifecta::bench
