// What a load did, for people and for scripts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/load_job.h"
#include "cmd/rejects.h"

namespace trifecta::cmd {

struct LoadTotals {
  uint64_t lines = 0;      // done, all kinds
  uint64_t words = 0;      // of them taken; in a dry run, to be sent
  uint64_t changed = 0;    // added, or deleted
  uint64_t unchanged = 0;  // there already, or not there
  uint64_t rejected = 0;
  uint64_t empty = 0;
  double seconds = 0;
};

// Where to go on: the first line that is not known to be stored.
struct LoadPosition {
  size_t input = 0;
  uint64_t line = 1;
};

// "loaded 676,000 words in 1.21 s (558 k words/s): 675,000 added, 1,000 already there"; "added 3"
// and the like when terse.
std::string SummaryText(const LoadTotals& totals, const LoadOptions& options);

// One JSON object and a newline. `complete`: everything was read and sent.
std::string SummaryJson(const LoadTotals& totals, const LoadOptions& options,
                        const LoadPosition& position, const Rejects& rejects, bool complete);

// "What came before is stored up to line 4,999.", of an input that could not be read further.
std::string HowFarHint(const LoadOptions& options, const LoadPosition& position);

// "Stored up to line 4,999; go on with: trifecta load --start-line 5000 words.txt"; of add and del,
// which words to give again.
std::string GoOnHint(const LoadOptions& options, const LoadPosition& position);

}  // namespace trifecta::cmd
