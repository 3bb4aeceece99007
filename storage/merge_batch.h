// Merges one memtable into several tablets, whose ranges do not meet, on one thread or side by side
// on some.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "storage/base/file_system.h"
#include "storage/base/status.h"
#include "storage/tablet_merger.h"

namespace trifecta::storage {

struct MergeBatchOptions {
  FileSystem* file_system;  // of any thread where there are several
  std::string folder;
  uint64_t tablet_bytes;
  uint64_t* next_file;  // nobody else uses it meanwhile
  unsigned threads;     // each holds the words of an output in memory (storage/tablet_merger.h)
};

struct MergedBatch {
  // How many of the inputs are merged, from the first one on; all of them where status is ok.
  size_t inputs = 0;
  std::vector<TabletPtr> made;  // of those, in order
  Status status;                // of the first input that could not be merged
  uint64_t written_bytes = 0;
};

// One thread: the caller's. What was made of inputs behind the one that failed is removed again.
MergedBatch MergeBatch(const MergeBatchOptions& options, std::span<const MergeInput> inputs);

}  // namespace trifecta::storage
