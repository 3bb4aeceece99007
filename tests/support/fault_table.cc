#include "tests/support/fault_table.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "storage/base/text.h"

namespace trifecta::test {
namespace {

std::array<std::atomic<uint64_t>, kFaults> counts;

struct Row {
  std::string_view fault, outcome;
};
constexpr std::array<Row, kFaults> kRows = {{
    {"power lost at a write, sync, create, rename or removal; what was not synced is gone",
     "all that was acknowledged is there"},
    {"the same, and any part of what was not synced survives, torn and out of order", "the same"},
    {"power lost again in the recovery", "the same"},
    {"disk full after so many bytes, or at a call",
     "refused whole; reads go on, writes when there is room"},
    {"a write fails", "refused whole, or no more writes until a restart that has it all"},
    {"a sync fails, of a file or a folder", "the same; never tried again"},
    {"creating, removing or renaming fails", "refused whole, or done later"},
    {"a file cut short at a byte", "a write under way is dropped; else damage, named"},
    {"a bit or byte changed in the manifest", "the start names file and offset"},
    {"a bit or byte changed in the log", "found at the start; the last frame counts as under way"},
    {"a bit or byte changed in a base file", "found when touched, never served"},
    {"a file that is missing, or another one", "found at the start"},
    {"damage or a failure in giving a damaged file up and filling it again",
     "what was lost is known, and nothing else is"},
    {"damage of any kind, for `trifecta check`", "named with file and offset"},
}};

}  // namespace

Fault FaultOf(FaultFileSystem::Operation kind, int errno_value) {
  if (errno_value == ENOSPC) return Fault::kDiskFull;
  switch (kind) {
    case FaultFileSystem::kWrite:
      return Fault::kWriteError;
    case FaultFileSystem::kSync:
    case FaultFileSystem::kSyncFolder:
      return Fault::kSyncError;
    default:
      return Fault::kOtherError;
  }
}

void CountFault(Fault fault, uint64_t tried) { counts[static_cast<size_t>(fault)] += tried; }

bool AllFaults() {
  const char* value = std::getenv("TRIFECTA_FAULTS");  // NOLINT(concurrency-mt-unsafe): reads only
  return value != nullptr && std::string_view(value) == "all";
}

std::string FaultTable() {
  const auto with_commas = [](uint64_t number) {
    std::string digits = std::to_string(number);
    for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
    return digits;
  };
  std::string table = "| fault | tried | outcome, each time |\n|---|---|---|\n";
  for (size_t i = 0; i < kRows.size(); ++i) {
    table += StrCat("| ", kRows[i].fault, " | ", with_commas(counts[i]), " | ", kRows[i].outcome,
                    " |\n");
  }
  return table;
}

}  // namespace trifecta::test
