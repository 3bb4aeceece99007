// What a reader reads: the layers of a store at one moment, newest first. Immutable; swapped by one
// pointer, and freed by the epoch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "storage/memtable.h"
#include "storage/memtable_set.h"
#include "storage/tablet_map.h"

namespace trifecta::storage {

struct View {
  MemtableSet active;  // takes the writes
  // How often entries moved or went from where a write looks up what is older than its own: an
  // answer from another count is out of date.
  uint64_t freezes = 0;
  // One that was active, being merged into the tablets; null when there is none.
  Memtable* frozen = nullptr;
  std::string frozen_low, frozen_end;  // its words are from this on and below that ("": no bound)
  uint64_t bytes_at_freeze = 0;        // of the active ones, just after it
  TabletMap tablets;
  // The tablets before this one hold the frozen entries of their ranges already. All ranges are
  // still in `frozen` too, with the same versions, so only counting needs to know.
  size_t merged_tablets = 0;
};

}  // namespace trifecta::storage
