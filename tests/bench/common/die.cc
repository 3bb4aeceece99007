#include "tests/bench/common/die.h"

#include <cstdio>
#include <cstdlib>

namespace trifecta::bench {

void Die(const std::string& sentence) {
  std::fflush(stdout);
  std::fprintf(stderr, "bench: %s\n", sentence.c_str());
  std::_Exit(1);
}

void Must(const Status& status) {
  if (!status.ok()) Die(status.ToString());
}

}  // namespace trifecta::bench
