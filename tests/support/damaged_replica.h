// What the tests of giving damage up share: the folder of a node that has replicas, to be damaged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/store.h"
#include "tests/support/entry_sets.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/folder_image.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {

// The range of all words.
inline const storage::WordRange kEverything;

// Tablets of several pages of entries; goes on beside damage.
storage::StoreOptions ReplicaStore(FileSystem* files, const std::string& folder);

// Two tablets of several pages, and a log with later entries for words in all of them: some new,
// some over what the base holds, some older than that. All versions differ.
struct Replica {
  static constexpr uint64_t kWords = 6'000;
  static std::string WordAt(uint64_t number);

  Replica();
  // To the store, and to `held`.
  void Add(storage::Store* store, const std::string& word, const Stored& entry);

  EntryMap held;
  FolderImage image;
};

// Such a folder, perhaps damaged, opened on a disk that can fail.
struct OpenedReplica {
  explicit OpenedReplica(const FolderImage& image);
  void Reopen();

  TempDir dir;
  FaultFileSystem files;
  std::unique_ptr<storage::Store> store;
};

// Changes every bit of a byte.
void FlipByte(std::string* bytes, size_t at);

uint64_t LiveIn(const EntryMap& entries);

// Those of the entries whose words lie in one of the ranges.
EntryMap EntriesIn(const std::vector<storage::WordRange>& ranges, const EntryMap& entries);

}  // namespace trifecta::test
