// A measurement in a process of its own: fresh memory, nothing left over from the one before, and
// an engine that fails takes nothing else with it.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <type_traits>

namespace trifecta::bench {

// Forks, calls `run` in the child with the writing end of a pipe, ends the child, and reads
// `length` bytes into `result`. False when the child failed. No other thread may run.
bool RunInChild(const std::function<void(int pipe)>& run, void* result, size_t length);

// What `measure` returned in a forked child; nothing when it died, which it has told by itself.
template <typename T>
std::optional<T> InChild(const std::function<T()>& measure) {
  static_assert(std::is_trivially_copyable_v<T>);
  T result;
  const auto run = [&](int pipe) {
    const T measured = measure();
    if (write(pipe, &measured, sizeof measured) != sizeof measured) std::_Exit(1);
  };
  if (!RunInChild(run, &result, sizeof result)) return std::nullopt;
  return result;
}

}  // namespace trifecta::bench
