#include "tests/support/small_store.h"

#include <stdexcept>

#include "storage/base/text.h"

namespace trifecta::test {

using storage::Order;
using storage::Store;

storage::StoreOptions SmallStore(FileSystem* files, const std::string& folder) {
  storage::StoreOptions options;
  options.folder = folder;
  options.file_system = files;
  options.memtable_bytes = 1u << 20;
  options.tablet_bytes = 600;
  options.log_segment_bytes = 4096;
  options.background = false;
  return options;
}

std::unique_ptr<Store> MustOpen(storage::StoreOptions options) {
  auto store = Store::Open(std::move(options));
  if (!store.ok()) throw std::runtime_error("cannot open: " + store.status().ToString());
  return std::move(*store);
}

Status WriteOne(Store* store, std::string_view word, Version version, bool tombstone) {
  const Entry entry{word, version, tombstone};
  return store->Write({&entry, 1}, {});
}

Status WriteAll(Store* store, const EntryMap& entries) {
  std::vector<Entry> list;
  for (const auto& [word, stored] : entries)
    list.push_back({word, stored.version, stored.tombstone});
  return store->Write(list, {});
}

Result<EntryMap> HeldBy(const Store& store, size_t limit, Order order) {
  EntryMap held;
  storage::Page page;
  std::string after;
  do {
    storage::SearchOptions search;
    search.after = after;
    search.limit = limit;
    search.order = order;
    search.tombstones = true;
    TRIFECTA_RETURN_IF_ERROR(store.Search(search, &page));
    for (size_t i = 0; i < page.size(); ++i) {
      const bool fresh =
          held.try_emplace(std::string(page.word(i)), Stored{page.version(i), page.tombstone(i)})
              .second;
      if (!fresh) return Status(StatusCode::kInternal, StrCat(page.word(i), " came twice"));
      after = page.word(i);
    }
  } while (page.size() == limit);
  return held;
}

std::string Difference(const EntryMap& held, const EntryMap& expected) {
  for (const auto& [word, stored] : expected) {
    const auto found = held.find(word);
    if (found == held.end()) return "missing: " + word;
    if (found->second != stored) return "another entry: " + word;
  }
  for (const auto& [word, stored] : held) {
    if (!expected.contains(word)) return "too many: " + word;
  }
  return "";
}

void Merge(EntryMap* into, const std::string& word, const Stored& entry) {
  const auto [at, inserted] = into->try_emplace(word, entry);
  if (inserted) return;
  Stored& here = at->second;
  if (Supersedes(entry.version, entry.tombstone, here.version, here.tombstone)) here = entry;
}

}  // namespace trifecta::test
