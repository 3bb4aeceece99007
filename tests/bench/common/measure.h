// Time, latencies, memory and disk: what the benchmarks measure.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace trifecta::bench {

class Timer {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  double Milliseconds() const { return Seconds() * 1e3; }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Durations of single operations, each kept, so that no percentile is a guess: 4 bytes a piece,
// 4.3 s at most.
class Latencies {
 public:
  void Add(std::chrono::nanoseconds duration);
  void Add(const Latencies& other);
  size_t size() const { return nanoseconds_.size(); }
  // In nanoseconds; 0.5 is the median. 0 when there is none.
  double Percentile(double fraction) const;

 private:
  std::vector<uint32_t> nanoseconds_;
};

// Keeps the results of what is measured alive.
inline void Use(uint64_t value) { asm volatile("" : : "r"(value) : "memory"); }

// The middle one; of an even number the mean of the middle two. 0 when there is none.
double Median(std::vector<double> values);

// Anonymous memory that a process holds (RssAnon): what is its own, without mapped files.
uint64_t AnonymousBytes(pid_t pid);
uint64_t AnonymousBytes();

// Lines of /proc/self/maps and open descriptors.
size_t MappingCount();
size_t DescriptorCount();

// Of all files in and below a folder.
struct FolderSize {
  uint64_t bytes = 0;
  size_t files = 0;
};
FolderSize SizeOfFolder(const std::string& folder);

}  // namespace trifecta::bench
