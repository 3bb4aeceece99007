// Purging: what is refused is gone for good, what is kept is untouched, whatever happens meanwhile.
#include <atomic>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/fault_table.h"
#include "tests/support/gate_file_system.h"
#include "tests/support/small_store.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::Difference;
using test::EntryMap;
using test::Fault;
using test::FaultFileSystem;
using test::GateFileSystem;
using test::HeldBy;
using test::MustOpen;
using test::SmallStore;
using test::TempDir;
using test::WriteAll;
using test::WriteOne;

// "aa-000" to "zz-...": several words and a tombstone in each of many shards.
EntryMap Shards() {
  EntryMap entries;
  for (char a = 'a'; a <= 'j'; ++a) {
    for (char b = 'a'; b <= 'e'; ++b) {
      for (uint64_t i = 0; i < 12; ++i) {
        const std::string word = std::string{a, b, '-'} + std::to_string(100 + i * 17);
        entries[word] = {{10 + i, 1}, i % 6 == 0};
      }
    }
  }
  return entries;
}

bool Moved(std::string_view word) { return word[0] <= 'c' || word[1] == 'd'; }
bool Stays(std::string_view word) { return !Moved(word); }

EntryMap Only(const EntryMap& entries, bool (*keep)(std::string_view)) {
  EntryMap kept;
  for (const auto& [word, stored] : entries) {
    if (keep(word)) kept.emplace(word, stored);
  }
  return kept;
}

uint64_t LiveOf(const EntryMap& entries) { return test::RankIn(entries, "\xff"); }

// Everything that is asked of the store says the same.
void CheckHolds(const Store& store, const EntryMap& expected) {
  REQUIRE(Difference(*HeldBy(store), expected) == "");
  REQUIRE(*HeldBy(store, 70, Order::kDescending) == expected);
  REQUIRE(*store.Count("") == LiveOf(expected));
  REQUIRE(store.Stats().words == LiveOf(expected));
  for (const char* prefix : {"a", "ab", "d", "dd", "j", "jd-1"}) {
    uint64_t count = 0;
    for (const auto& [word, stored] : expected) {
      count += word.starts_with(prefix) && !stored.tombstone;
    }
    REQUIRE(*store.Count(prefix) == count);
  }
}

TEST_CASE("A purge takes refused words out of every layer, tombstones too, and keeps the others") {
  const TempDir dir;
  FaultFileSystem files;
  auto store = MustOpen(SmallStore(&files, dir.path()));
  const EntryMap entries = Shards();
  REQUIRE(WriteAll(store.get(), entries).ok());
  if (GENERATE(false, true)) REQUIRE(store->Checkpoint().ok());
  EntryMap later = {{"aa-100", {{90, 1}, false}}, {"da-100", {{90, 1}, true}}};
  REQUIRE(WriteAll(store.get(), later).ok());
  EntryMap expected = Only(entries, Stays);
  expected["da-100"] = later["da-100"];

  REQUIRE(store->Purge(Stays).ok());
  CHECK(store->Stats().base_entries == expected.size());
  CHECK(store->Stats().memtable_entries == 0);
  CheckHolds(*store, expected);
  CHECK_FALSE(store->Get("aa-100")->known);
  store.reset();
  store = MustOpen(SmallStore(&files, dir.path()));
  CheckHolds(*store, expected);

  // What comes back later is a new word.
  const Entry again{"aa-100", {1, 1}, false};
  WriteOutcome outcome;
  REQUIRE(store->Write({&again, 1}, {&outcome, 1}).ok());
  CHECK((!outcome.existed && outcome.applied));
}

TEST_CASE("A purge gives space back, and leaves no crumbs of tablets") {
  const TempDir dir;
  FaultFileSystem files;
  const auto store = MustOpen(SmallStore(&files, dir.path()));
  EntryMap entries;
  for (uint64_t i = 0; i < 2'000; ++i)
    entries[std::to_string(1'000'000 + i * 37)] = {{i, 1}, false};
  REQUIRE(WriteAll(store.get(), entries).ok());
  REQUIRE(store->Checkpoint().ok());
  const StoreStats before = store->Stats();
  REQUIRE(before.tablets >= 8);
  const auto one_in_ten = [](std::string_view word) { return word.ends_with('0'); };
  REQUIRE(store->Purge(one_in_ten).ok());
  const StoreStats after = store->Stats();
  CHECK(after.base_entries == before.base_entries / 10);
  CHECK(after.tablets <= before.tablets / 4);
  CHECK(after.base_bytes < before.base_bytes / 2);
  uint64_t bytes = 0;
  const auto names = *files.List(dir.path());
  for (const std::string& name : names) {
    if (name.starts_with("base-")) bytes += *files.Size(dir.File(name));
  }
  CHECK(bytes == after.base_bytes);
}

TEST_CASE("A purge of everything leaves a store that is empty and can be used") {
  const TempDir dir;
  FaultFileSystem files;
  auto store = MustOpen(SmallStore(&files, dir.path()));
  REQUIRE(WriteAll(store.get(), Shards()).ok());
  REQUIRE(store->Purge([](std::string_view) { return false; }).ok());
  CHECK(store->Stats().tablets == 0);
  CheckHolds(*store, {});
  store.reset();
  store = MustOpen(SmallStore(&files, dir.path()));
  CheckHolds(*store, {});
  REQUIRE(WriteAll(store.get(), Shards()).ok());
  CheckHolds(*store, Shards());
}

TEST_CASE("A purge that refuses nothing writes no base file") {
  const TempDir dir;
  FaultFileSystem files;
  const auto store = MustOpen(SmallStore(&files, dir.path()));
  REQUIRE(WriteAll(store.get(), Shards()).ok());
  REQUIRE(store->Checkpoint().ok());
  const uint64_t calls = files.operations();
  REQUIRE(store->Purge([](std::string_view) { return true; }).ok());
  CHECK(files.operations() == calls);
}

TEST_CASE("Words written while a purge writes its files stay, and are counted once") {
  const TempDir dir;
  FaultFileSystem disk;
  GateFileSystem files(&disk);
  auto store = MustOpen(SmallStore(&files, dir.path()));
  EntryMap expected = Shards();
  REQUIRE(WriteAll(store.get(), expected).ok());
  REQUIRE(store->Checkpoint().ok());
  expected = Only(expected, Stays);

  files.Hold("base-");
  Status purged;
  std::thread purge([&] { purged = store->Purge(Stays); });
  files.AwaitHeld();
  const EntryMap meanwhile = {
      {"aa-117", {{90, 1}, false}},  // refused, and live below
      {"aa-134", {{90, 1}, true}},   // refused, and live below
      {"ab-100", {{90, 1}, false}},  // refused, a tombstone below
      {"da-117", {{90, 1}, true}},   // kept
      {"zz-100", {{90, 1}, false}},  // kept and new
  };
  REQUIRE(WriteAll(store.get(), meanwhile).ok());
  for (const auto& [word, stored] : meanwhile) expected[word] = stored;
  files.Open();
  purge.join();
  REQUIRE(purged.ok());
  for (int round = 0; round < 3; ++round) {
    CheckHolds(*store, expected);
    if (round == 0) REQUIRE(store->Checkpoint().ok());
    if (round == 1) {
      store.reset();
      store = MustOpen(SmallStore(&files, dir.path()));
    }
  }
}

TEST_CASE("A write that waits for its sync sees that a purge has taken the older entry away") {
  const TempDir dir;
  FaultFileSystem disk;
  GateFileSystem files(&disk);
  const auto store = MustOpen(SmallStore(&files, dir.path()));
  EntryMap expected = Shards();
  REQUIRE(WriteAll(store.get(), expected).ok());
  REQUIRE(store->Checkpoint().ok());
  expected = Only(expected, Stays);

  files.Hold("log-");
  WriteOutcome outcome;
  std::atomic<bool> written{false};
  std::thread writer([&] {
    const Entry entry{"aa-117", {1, 1}, false};  // older than what was there
    written = store->Write({&entry, 1}, {&outcome, 1}).ok();
  });
  files.AwaitHeld();
  REQUIRE(store->Purge(Stays).ok());
  files.Open();
  writer.join();
  REQUIRE(written);
  CHECK((!outcome.existed && outcome.applied && outcome.newest == Version{1, 1}));
  expected["aa-117"] = {{1, 1}, false};
  CheckHolds(*store, expected);
}

TEST_CASE(
    "A purge beside writers, readers and checkpoints ends with exactly what should be there") {
  const TempDir dir;
  FaultFileSystem files;
  StoreOptions options = SmallStore(&files, dir.path());
  options.log_segment_bytes = 64 * 1024;
  const auto store = MustOpen(options);
  EntryMap expected = Shards();
  REQUIRE(WriteAll(store.get(), expected).ok());
  std::atomic<bool> done = false;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  threads.emplace_back([&] {  // rewrites kept words
    for (uint64_t time = 100; !done; ++time) {
      if (!WriteOne(store.get(), time % 2 == 0 ? "da-117" : "je-134", {time, 1}).ok()) ++failures;
    }
  });
  threads.emplace_back([&] {
    while (!done) {
      if (!store->Checkpoint().ok()) ++failures;
    }
  });
  threads.emplace_back([&] {
    while (!done) {
      if (!store->Get("da-117")->live || !store->Get("ea-117")->live) ++failures;
    }
  });
  for (int round = 0; round < 10; ++round) {
    REQUIRE(WriteAll(store.get(), Shards()).ok());
    REQUIRE(store->Purge(Stays).ok());
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  const EntryMap held = *HeldBy(*store);
  expected = Only(expected, Stays);
  for (const char* word : {"da-117", "je-134"}) expected[word] = held.at(word);
  CheckHolds(*store, expected);
}

// Every kept entry is there, and of the others none that is not as it was.
void CheckBetween(const Store& store, const EntryMap& before) {
  const EntryMap held = *HeldBy(store);
  for (const auto& [word, stored] : before) {
    const auto found = held.find(word);
    if (Stays(word)) REQUIRE(found != held.end());
    if (found != held.end()) REQUIRE(found->second == stored);
  }
  REQUIRE(*store.Count("") == LiveOf(held));
  for (const auto& [word, stored] : held) REQUIRE(before.contains(word));
}

uint64_t CallsOfPurge(const EntryMap& entries, FaultFileSystem::Operation kind) {
  const TempDir dir;
  FaultFileSystem files;
  const auto store = MustOpen(SmallStore(&files, dir.path()));
  REQUIRE(WriteAll(store.get(), entries).ok());
  const auto calls = [&] {
    return kind == FaultFileSystem::kOperations ? files.operations() : files.operations(kind);
  };
  const uint64_t before = calls();
  REQUIRE(store->Purge(Stays).ok());
  return calls() - before;
}

TEST_CASE("Power loss at any call of a purge leaves each word as it was or gone, kept ones always",
          "[faults]") {
  const EntryMap entries = Shards();
  const uint64_t calls = CallsOfPurge(entries, FaultFileSystem::kOperations);
  CHECK(calls > 20);
  for (uint64_t n = 1; n <= calls; ++n) {
    for (const bool any_part : {false, true}) {
      INFO("call " << n << ", any part survives: " << any_part);
      const TempDir dir;
      FaultFileSystem files;
      auto store = MustOpen(SmallStore(&files, dir.path()));
      REQUIRE(WriteAll(store.get(), entries).ok());
      files.LosePowerAt(n);
      (void)store->Purge(Stays).ok();
      store.reset();
      any_part ? files.Crash(n * 7'919) : files.Crash();
      store = MustOpen(SmallStore(&files, dir.path()));
      CheckBetween(*store, entries);
      REQUIRE(store->Purge(Stays).ok());
      CheckHolds(*store, Only(entries, Stays));
      test::CountFault(any_part ? Fault::kPowerLossTorn : Fault::kPowerLoss);
    }
  }
}

TEST_CASE("A disk that fills up anywhere in a purge leaves it to be done again", "[faults]") {
  const EntryMap entries = Shards();
  uint64_t refused = 0;
  for (uint64_t room = 0;; room += 997) {
    INFO("room " << room);
    const TempDir dir;
    FaultFileSystem files;
    const auto store = MustOpen(SmallStore(&files, dir.path()));
    REQUIRE(WriteAll(store.get(), entries).ok());
    files.SetFreeBytes(room);
    const Status status = store->Purge(Stays);
    if (status.ok()) break;
    ++refused;
    REQUIRE(status.code() == StatusCode::kDiskFull);
    CheckBetween(*store, entries);
    files.SetFreeBytes(std::nullopt);
    REQUIRE(WriteOne(store.get(), "da-117", entries.at("da-117").version).ok());
    REQUIRE(store->Purge(Stays).ok());
    CheckHolds(*store, Only(entries, Stays));
    test::CountFault(Fault::kDiskFull);
  }
  CHECK(refused > 10);
}

TEST_CASE("A call of a purge that fails costs no kept word", "[faults]") {
  const auto kind = GENERATE(FaultFileSystem::kCreate, FaultFileSystem::kWrite,
                             FaultFileSystem::kSync, FaultFileSystem::kSyncFolder);
  const EntryMap entries = Shards();
  const uint64_t calls = CallsOfPurge(entries, kind);
  CHECK(calls > 2);
  for (uint64_t n = 1; n <= calls; ++n) {
    INFO("kind " << kind << " call " << n);
    const TempDir dir;
    FaultFileSystem files;
    auto store = MustOpen(SmallStore(&files, dir.path()));
    REQUIRE(WriteAll(store.get(), entries).ok());
    files.FailAt(kind, n, EIO);
    REQUIRE_FALSE(store->Purge(Stays).ok());
    CheckBetween(*store, entries);
    store.reset();
    files.ForgetFailures();
    store = MustOpen(SmallStore(&files, dir.path()));
    CheckBetween(*store, entries);
    REQUIRE(store->Purge(Stays).ok());
    CheckHolds(*store, Only(entries, Stays));
    test::CountFault(test::FaultOf(kind, EIO));
  }
}

}  // namespace
}  // namespace trifecta::storage
