// How a benchmark fails: at once, with one sentence. A figure from a run that went wrong is worse
// than none.
#pragma once

#include <string>
#include <utility>

#include "storage/base/status.h"

namespace trifecta::bench {

// Prints the sentence to standard error and ends the process with status 1, without destructors:
// it may be called in a forked child.
[[noreturn]] void Die(const std::string& sentence);

// Dies unless it is ok.
void Must(const Status& status);

template <typename T>
T Must(Result<T> result) {
  Must(result.status());
  return std::move(*result);
}

}  // namespace trifecta::bench
