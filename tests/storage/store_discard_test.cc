// Giving up what is damaged, and filling it again from elsewhere: what a replica does.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "storage/base_format.h"
#include "storage/check.h"
#include "storage/file_names.h"
#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/damaged_replica.h"
#include "tests/support/fault_table.h"
#include "tests/support/folder_image.h"
#include "tests/support/small_store.h"

namespace trifecta::storage {
namespace {

using test::Difference;
using test::EntriesIn;
using test::EntryMap;
using test::FlipByte;
using test::FolderImage;
using test::HeldBy;
using test::kEverything;
using test::LiveIn;
using test::NameIn;
using test::OpenedReplica;
using test::Replica;
using test::ReplicaStore;
using test::Stored;

// Every answer is what the store held, or says that there is damage.
void CheckHonest(const Store& store, const EntryMap& held) {
  size_t refused = 0;
  for (const auto& [word, stored] : held) {
    const auto found = store.Get(word);
    if (!found.ok()) {
      REQUIRE(found.status().code() == StatusCode::kDataDamaged);
      ++refused;
      continue;
    }
    INFO(word);
    REQUIRE(found->known);
    REQUIRE(found->live == !stored.tombstone);
    REQUIRE(found->version == stored.version);
  }
  const auto all = HeldBy(store);
  REQUIRE(all.ok() == (refused == 0));
  if (all.ok()) REQUIRE(Difference(*all, held) == "");
  const auto count = store.Count("");
  if (count.ok()) REQUIRE(*count == LiveIn(held));
}

// After Discard: everything can be read, and what is missing is named.
void CheckDiscarded(const Store& store, const EntryMap& held) {
  const std::vector<WordRange> lost = store.Stats().lost_ranges;
  const EntryMap in_lost = EntriesIn(lost, held);
  const auto left = HeldBy(store);
  REQUIRE(left.ok());
  for (const auto& [word, stored] : held) {
    if (in_lost.contains(word)) continue;
    INFO(word);
    const auto found = left->find(word);
    REQUIRE(found != left->end());
    REQUIRE(found->second == stored);
  }
  for (const auto& [word, stored] : *left) REQUIRE(held.contains(word));
  REQUIRE(*store.Count("") == LiveIn(*left));
  REQUIRE(*HeldBy(store, 100, Order::kDescending) == *left);
  REQUIRE(store.Stats().damaged_ranges.empty());
  REQUIRE(store.Stats().damaged == !lost.empty());
}

// What anti-entropy does: every replica's entries of the lost ranges, written as they are.
void Refill(Store* store, const EntryMap& held) {
  const std::vector<WordRange> lost = store->Stats().lost_ranges;
  const EntryMap missing = EntriesIn(lost, held);
  if (!missing.empty()) REQUIRE(test::WriteAll(store, missing).ok());
  for (const WordRange& range : lost) REQUIRE(store->Refilled(range).ok());
  REQUIRE(store->Stats().lost_ranges.empty());
  REQUIRE_FALSE(store->Stats().damaged);
}

TEST_CASE("Whatever page is damaged: never served, given up with little else, and filled again",
          "[faults]") {
  Replica replica;
  size_t pages = 0, lost_little = 0;
  for (const auto& [name, bytes] : replica.image) {
    if (!name.starts_with("base-")) continue;
    for (size_t at = 7; at < bytes.size(); at += kBasePageBytes) {
      INFO(name << " offset " << at);
      FolderImage image = replica.image;
      FlipByte(&image[name], at);
      OpenedReplica fixture(image);
      CheckHonest(*fixture.store, replica.held);
      const StoreStats damaged = fixture.store->Stats();
      REQUIRE(damaged.damaged);
      REQUIRE(damaged.damage.find(name) != std::string::npos);
      REQUIRE(damaged.damaged_ranges.size() == 1);

      REQUIRE(fixture.store->Discard(damaged.damaged_ranges[0]).ok());
      CheckDiscarded(*fixture.store, replica.held);
      REQUIRE_FALSE(fixture.store->Stats().lost_ranges.empty());
      lost_little += HeldBy(*fixture.store)->size() > replica.held.size() * 3 / 4;
      REQUIRE(test::ReadFolder(fixture.dir.path())[name + ".damaged"] == image[name]);
      if (pages % 2 == 0) fixture.Reopen();
      CheckDiscarded(*fixture.store, replica.held);

      Refill(fixture.store.get(), replica.held);
      REQUIRE(Difference(*HeldBy(*fixture.store), replica.held) == "");
      REQUIRE(*fixture.store->Count("") == LiveIn(replica.held));
      REQUIRE(fixture.store->Checkpoint().ok());
      fixture.Reopen();
      REQUIRE(Difference(*HeldBy(*fixture.store), replica.held) == "");
      ++pages;
      test::CountFault(test::Fault::kRebuilt);
    }
  }
  CHECK(pages > 10);
  CHECK(lost_little > pages / 2);
}

// With writes, restarts and checkpoints that merge only a part between the steps.
TEST_CASE("Damage in many places at once is given up range by range, and filled again",
          "[faults]") {
  Replica replica;
  uint64_t several = 0;
  const uint64_t seeds = test::AllFaults() ? 600 : 40;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    test::Random random(seed);
    EntryMap held = replica.held;
    FolderImage image = replica.image;
    for (auto& [name, bytes] : image) {
      if (!name.starts_with("base-")) continue;
      for (uint64_t flips = test::Below(&random, 5); flips > 0; --flips) {
        FlipByte(&bytes, test::Below(&random, bytes.size()));
      }
    }
    OpenedReplica fixture(image);
    const auto write = [&] {
      for (int i = 0; i < 20; ++i) {
        const std::string word = Replica::WordAt(test::Below(&random, 2 * Replica::kWords));
        const Stored entry{{(1ull << 33) + i + test::Below(&random, 1'000), 7}, i % 3 == 0};
        // Refused where the word's place is damaged.
        if (test::WriteOne(fixture.store.get(), word, entry.version, entry.tombstone).ok()) {
          test::Merge(&held, word, entry);
        }
      }
    };
    write();
    (void)fixture.store->Checkpoint().ok();
    write();
    if (seed % 3 == 0) fixture.Reopen();
    CheckHonest(*fixture.store, held);
    std::vector<WordRange> damaged = fixture.store->Stats().damaged_ranges;
    several += damaged.size() > 1;
    std::shuffle(damaged.begin(), damaged.end(), random);
    for (const WordRange& range : damaged) {
      REQUIRE(fixture.store->Discard(range).ok());
      write();
      if (test::Below(&random, 3) == 0) (void)fixture.store->Checkpoint().ok();
      if (test::Below(&random, 3) == 0) fixture.Reopen();
    }
    // A restart forgets what was met, not what is there.
    (void)HeldBy(*fixture.store).ok();
    REQUIRE(fixture.store->Discard(kEverything).ok());
    CheckDiscarded(*fixture.store, held);
    Refill(fixture.store.get(), held);
    if (seed % 2 == 0) REQUIRE(fixture.store->Checkpoint().ok());
    REQUIRE(Difference(*HeldBy(*fixture.store), held) == "");
    REQUIRE(*fixture.store->Count("") == LiveIn(held));
    test::CountFault(test::Fault::kRebuilt);
  }
  CHECK(several > 5);
}

TEST_CASE("A base file that is missing, cut short or another one costs its own words alone") {
  Replica replica;
  const std::string name = NameIn(replica.image, "base-");
  FolderImage image = replica.image;
  SECTION("missing") { image.erase(name); }
  SECTION("empty") { image[name].clear(); }
  SECTION("cut short") { image[name].resize(image[name].size() / 2); }
  SECTION("another one") { image[name] = std::next(image.find(name))->second; }
  OpenedReplica fixture(image);
  const StoreStats stats = fixture.store->Stats();
  CHECK(stats.damaged);
  CHECK(stats.damage.find(name) != std::string::npos);
  REQUIRE(stats.damaged_ranges.size() == 1);
  CheckHonest(*fixture.store, replica.held);
  CHECK(fixture.store->Get(replica.held.rbegin()->first).ok());

  REQUIRE(fixture.store->Discard(stats.damaged_ranges[0]).ok());
  CHECK(fixture.store->Stats().lost_ranges == stats.damaged_ranges);
  CheckDiscarded(*fixture.store, replica.held);
  Refill(fixture.store.get(), replica.held);
  fixture.Reopen();
  CHECK(Difference(*HeldBy(*fixture.store), replica.held) == "");
}

TEST_CASE(
    "Without other replicas a start ends at damage below what it replays, and at lost words") {
  Replica replica;
  const std::string name = NameIn(replica.image, "base-");
  FolderImage image = replica.image;
  FlipByte(&image[name], kBasePageBytes);
  OpenedReplica fixture(image);
  const auto open_alone = [&] {
    fixture.store.reset();
    StoreOptions options = ReplicaStore(&fixture.files, fixture.dir.path());
    options.tolerate_damage = false;
    return Store::Open(options).status();
  };
  Status status = open_alone();
  CHECK(status.code() == StatusCode::kDataDamaged);
  CHECK(status.message().find(name + ": at offset 4096") != std::string::npos);

  fixture.Reopen();
  CHECK(fixture.store->Stats().damaged);
  REQUIRE(fixture.store->Discard(kEverything).ok());
  status = open_alone();
  CHECK(status.code() == StatusCode::kDataDamaged);
  CHECK(status.message().find("manifest-") != std::string::npos);

  fixture.Reopen();
  Refill(fixture.store.get(), replica.held);
  CHECK(open_alone().ok());
}

TEST_CASE("Discard leaves alone what is sound, and damage outside of its range") {
  Replica replica;
  FolderImage image = replica.image;
  const std::string name = NameIn(replica.image, "base-");
  FlipByte(&image[name], kBasePageBytes);
  OpenedReplica fixture(image);
  const WordRange damaged = fixture.store->Stats().damaged_ranges.at(0);
  REQUIRE_FALSE(damaged.end.empty());
  const uint64_t calls = fixture.files.operations();
  REQUIRE(fixture.store->Discard({damaged.end, ""}).ok());
  CHECK(fixture.files.operations() == calls);
  CHECK(fixture.store->Stats().damaged);
  REQUIRE(fixture.store->Discard({replica.held.begin()->first, damaged.end}).ok());
  const uint64_t after = fixture.files.operations();
  CHECK(after > calls);
  REQUIRE(fixture.store->Discard(kEverything).ok());
  CHECK(fixture.files.operations() == after);
}

TEST_CASE(
    "A checkpoint that damage had stopped goes through after Discard, and counts stay right") {
  Replica replica;
  FolderImage image = replica.image;
  FlipByte(&image[NameIn(image, "base-")], 3 * kBasePageBytes);
  OpenedReplica fixture(image);
  CHECK(fixture.store->Checkpoint().code() == StatusCode::kDataDamaged);
  // Beside what is frozen now: over it, and new.
  replica.Add(fixture.store.get(), Replica::WordAt(1), {{1u << 31, 1}, false});
  replica.Add(fixture.store.get(), "0 new", {{5, 1}, false});
  REQUIRE(fixture.store->Discard(kEverything).ok());
  CheckDiscarded(*fixture.store, replica.held);
  REQUIRE(fixture.store->Checkpoint().ok());
  CheckDiscarded(*fixture.store, replica.held);
  CHECK(fixture.store->Stats().memtable_entries == 0);
  Refill(fixture.store.get(), replica.held);
  CHECK(*fixture.store->Count("") == LiveIn(replica.held));
  REQUIRE(fixture.store->Checkpoint().ok());
  CHECK(Difference(*HeldBy(*fixture.store), replica.held) == "");
  CHECK(*fixture.store->Count("") == LiveIn(replica.held));
}

TEST_CASE("Refilled takes back what it covers, for good, and refuses ends that are no words") {
  Replica replica;
  FolderImage image = replica.image;
  image.erase(NameIn(image, "base-"));
  OpenedReplica fixture(image);
  REQUIRE(fixture.store->Discard(kEverything).ok());
  const WordRange lost = fixture.store->Stats().lost_ranges.at(0);
  REQUIRE(fixture.store->Refilled({"2", "3"}).ok());
  const std::vector<WordRange> rest = {{lost.low, "2"}, {"3", lost.end}};
  const bool cut = "3" < lost.end;
  CHECK(fixture.store->Stats().lost_ranges == (cut ? rest : std::vector{WordRange{lost.low, "2"}}));
  fixture.Reopen();
  CHECK(fixture.store->Stats().lost_ranges[0] == WordRange{lost.low, "2"});
  CHECK(fixture.store->Refilled({std::string(1'025, 'x'), ""}).code() ==
        StatusCode::kInvalidArgument);
  const uint64_t calls = fixture.files.operations();
  CHECK(fixture.store->Refilled({"x", "y"}).ok());
  CHECK(fixture.files.operations() == calls);
}

TEST_CASE("The offline check tells lost words, and what is kept of a damaged file is no fault") {
  Replica replica;
  FolderImage image = replica.image;
  const std::string name = NameIn(image, "base-");
  FlipByte(&image[name], kBasePageBytes);
  OpenedReplica fixture(image);
  REQUIRE(fixture.store->Discard(kEverything).ok());
  const auto faults = [&] {
    fixture.store.reset();
    std::vector<Fault> found;
    CheckSummary summary;
    REQUIRE(CheckFolder(
                &fixture.files, fixture.dir.path(),
                [&](const Fault& fault) { found.push_back(fault); }, &summary)
                .ok());
    CHECK(summary.notes.size() == 1);
    CHECK(summary.notes[0].find(name + ".damaged: ") != std::string::npos);
    fixture.Reopen();
    return found;
  };
  const auto lost = faults();
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].path.find("manifest-") != std::string::npos);
  CHECK(lost[0].what.find("lost") != std::string::npos);
  Refill(fixture.store.get(), replica.held);
  CHECK(faults().empty());
}

TEST_CASE("Readers and writers beside a Discard get right answers or the word that it is damaged") {
  Replica replica;
  FolderImage image = replica.image;
  FlipByte(&image[NameIn(image, "base-")], 2 * kBasePageBytes);
  OpenedReplica fixture(image);
  (void)HeldBy(*fixture.store).ok();
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  const std::string first = Replica::WordAt(3), last = Replica::WordAt(Replica::kWords - 1);
  std::thread reader([&] {
    while (!done) {
      for (const std::string& word : {first, last}) {
        const auto found = fixture.store->Get(word);
        if (!found.ok() || found->version < replica.held.at(word).version) ++wrong;
      }
      Page page;
      SearchOptions search;
      search.prefix = "1";
      const Status status = fixture.store->Search(search, &page);
      if (!status.ok() && status.code() != StatusCode::kDataDamaged) ++wrong;
    }
  });
  std::thread writer([&] {
    for (uint64_t time = 1ull << 40; !done; ++time) {
      if (!test::WriteOne(fixture.store.get(), last, {time, 1}).ok()) ++wrong;
    }
  });
  const Status status = fixture.store->Discard(kEverything);
  done = true;
  reader.join();
  writer.join();
  CHECK(status.ok());
  CHECK(wrong == 0);
  replica.held[last] = HeldBy(*fixture.store)->at(last);
  CheckDiscarded(*fixture.store, replica.held);
}

}  // namespace
}  // namespace trifecta::storage
