#include "tests/support/damaged_replica.h"

#include <stdexcept>

#include "tests/support/small_store.h"

namespace trifecta::test {
namespace {

void Must(const Status& status) {
  if (!status.ok()) throw std::runtime_error("damaged_replica: " + status.ToString());
}

}  // namespace

storage::StoreOptions ReplicaStore(FileSystem* files, const std::string& folder) {
  storage::StoreOptions options = SmallStore(files, folder);
  options.tablet_bytes = 30'000;
  options.log_segment_bytes = 64 * 1024;
  options.tolerate_damage = true;
  return options;
}

std::string Replica::WordAt(uint64_t number) { return std::to_string(100'000 + number * 83); }

Replica::Replica() {
  const TempDir dir;
  FaultFileSystem files;
  const auto store = MustOpen(ReplicaStore(&files, dir.path()));
  for (uint64_t i = 0; i < kWords; ++i) {
    held[WordAt(i)] = {{1'000 + i * i, static_cast<uint16_t>(i)}, i % 9 == 0};
  }
  Must(WriteAll(store.get(), held));
  Must(store->Checkpoint());
  if (store->Stats().tablets < 2) throw std::runtime_error("damaged_replica: one tablet only");
  for (uint64_t i = 0; i < kWords; i += 150) {
    Add(store.get(), WordAt(i) + "new", {{50, 1}, false});
    Add(store.get(), WordAt(i + 1), {{1u << 30, 2}, i % 4 == 0});
    Add(store.get(), WordAt(i + 2), {{1, 1}, true});  // too old
  }
  image = ReadFolder(dir.path());
}

void Replica::Add(storage::Store* store, const std::string& word, const Stored& entry) {
  Must(WriteOne(store, word, entry.version, entry.tombstone));
  Merge(&held, word, entry);
}

OpenedReplica::OpenedReplica(const FolderImage& image) {
  WriteFolder(dir.path(), image);
  Reopen();
}

void OpenedReplica::Reopen() {
  store.reset();
  store = MustOpen(ReplicaStore(&files, dir.path()));
}

void FlipByte(std::string* bytes, size_t at) { (*bytes)[at] = static_cast<char>(~(*bytes)[at]); }

uint64_t LiveIn(const EntryMap& entries) { return RankIn(entries, "\xff"); }

EntryMap EntriesIn(const std::vector<storage::WordRange>& ranges, const EntryMap& entries) {
  EntryMap inside;
  for (const storage::WordRange& range : ranges) {
    auto at = entries.lower_bound(range.low);
    for (; at != entries.end() && (range.end.empty() || at->first < range.end); ++at) {
      inside.insert(*at);
    }
  }
  return inside;
}

}  // namespace trifecta::test
