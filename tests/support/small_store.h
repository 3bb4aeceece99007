// What the tests of the store share: a store of small parts, and all that it holds.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store.h"
#include "tests/support/entry_sets.h"

namespace trifecta::test {

// Small enough that some hundred words make several tablets, checkpoints split them, and the log
// has several segments. No background threads: checkpoints come when they are called.
storage::StoreOptions SmallStore(FileSystem* files, const std::string& folder);

// Throws when it cannot be opened: the test is over then.
std::unique_ptr<storage::Store> MustOpen(storage::StoreOptions options);

// Writes one entry a call.
Status WriteOne(storage::Store* store, std::string_view word, Version version,
                bool tombstone = false);
// Writes all of them in one call.
Status WriteAll(storage::Store* store, const EntryMap& entries);

// Every entry, tombstones too, by pages of `limit` in the order asked for.
Result<EntryMap> HeldBy(const storage::Store& store, size_t limit = 1'000,
                        storage::Order order = storage::Order::kAscending);

// The first difference, for people; "" when there is none.
std::string Difference(const EntryMap& held, const EntryMap& expected);

// Takes the entry if it supersedes what is there.
void Merge(EntryMap* into, const std::string& word, const Stored& entry);

}  // namespace trifecta::test
