// One engine over one data set: loads, sizes, lookups, completions, scan, deletes.
#pragma once

#include <cstddef>
#include <string>

#include "tests/bench/common/word_list.h"
#include "tests/bench/common/work_folder.h"
#include "tests/bench/engines/engine.h"

namespace trifecta::bench {

// What every engine is asked, made once a data set.
struct Workload {
  const WordList* list;
  PackedWords sorted, shuffled;
  Queries queries;
};

// Negative: not measured, since the engine cannot do it.
struct EngineFigures {
  double bytes_per_key = -1;    // on disk, compacted and closed
  double hit_ns = -1;           // a lookup of a word that is there
  double miss_ns = -1;          // and of one that is not
  double prefix_us = -1;        // the first 10 words with a prefix of half a word
  double load_sorted = -1;      // keys/s in durable batches of kBatchWords
  double load_shuffled = -1;    // the same in random order
  double add_again = -1;        // all of them once more, in random order, into the full store
  double delete_shuffled = -1;  // all of them, in random order, from the full store
  double scan = -1;             // keys/s in order
  double open_ms = -1;          // of the compacted store, files cached
  double memory_mib = -1;       // anonymous memory after all reads
};

inline constexpr size_t kBatchWords = 10'000;

// Runs it in processes of their own. False when the engine failed; it has told why.
bool MeasureEngine(const NamedEngine& engine, const Workload& work, const WorkFolder& folder,
                   EngineFigures* figures);

}  // namespace trifecta::bench
