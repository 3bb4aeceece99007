// How many faults the tests of storage try, counted where they try them, for the table in
// README.md:
//
//   TRIFECTA_FAULTS=all build/dev/bin/storage_tests '[faults]'
//
// tries every byte and many seeds where the tests otherwise take a sample, and prints the table.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/fault_file_system.h"

namespace trifecta::test {

// One row each. A test counts a fault when everything that has to hold after it has been checked.
enum class Fault {
  kPowerLoss,       // at a call that changes the disk; nothing that was not synced survives
  kPowerLossTorn,   // the same; any part of it survives
  kPowerLossTwice,  // and once more while the store recovers from the first
  kDiskFull,        // after so many bytes, or at a call
  kWriteError,
  kSyncError,
  kOtherError,  // of creating, removing, renaming
  kCut,         // a file that ends at a byte
  kManifestByte,
  kLogByte,
  kBaseByte,
  kLostFile,
  kRebuilt,     // damage given up, and filled again
  kCheckFinds,  // damage that `trifecta check` has to find
};
inline constexpr int kFaults = 14;

// The row of a call that was made to fail.
Fault FaultOf(FaultFileSystem::Operation kind, int errno_value);

void CountFault(Fault fault, uint64_t tried = 1);

// Every fault rather than a sample: TRIFECTA_FAULTS=all.
bool AllFaults();

// In Markdown.
std::string FaultTable();

}  // namespace trifecta::test
