// The store against a map: random writes, reads, checkpoints, full disks, power losses and restarts
// from a seed, every answer compared. A failing seed names itself; TRIFECTA_SEED=N runs that one
// alone, TRIFECTA_SEEDS=N that many.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "storage/base/limits.h"
#include "storage/base/word.h"
#include "storage/check.h"
#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"
#include "tests/support/fake_store.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/sanitizers.h"
#include "tests/support/small_store.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::Below;
using test::EntryMap;
using test::Random;
using test::Stored;

// What a run did, so that the test can say that it went everywhere.
struct Coverage {
  uint64_t tablets_most = 0, partial_merges = 0, disk_full = 0, power_losses = 0, purged = 0;
};

class ModelRun {
 public:
  ModelRun(uint64_t seed, Coverage* coverage)
      : random_(seed), words_(&random_), coverage_(coverage) {
    options_ = test::SmallStore(&files_, dir_.path());
    options_.tablet_bytes = 300 + Below(&random_, 2'000);
    options_.merge_threads = 1 + static_cast<unsigned>(seed % 3);
    Open();
  }

  void Run() {
    for (uint64_t i = 0, steps = 20 + Below(&random_, 60); i < steps; ++i) Step();
    REQUIRE(store_->Checkpoint().ok());
    CompareAll();
    REQUIRE(store_->Close().ok());
    store_.reset();
    CheckSound();
  }

 private:
  void Open() { store_ = test::MustOpen(options_); }

  void Step() {
    if (Below(&random_, 40) == 0) return Purge();
    switch (Below(&random_, 16)) {
      case 0:
        return Checkpoint();
      case 1:
        return CheckpointOnNearlyFullDisk();
      case 2:
        return Restart();
      case 3:
        return CompareAll();
      case 4:
        return CompareRoots();
      case 5:
        return CompareCount();
      case 6:
        return CompareGet();
      case 7:
      case 8:
      case 9:
      case 10:
        return CompareSearch();
      default:
        return Write();
    }
  }

  std::string SomeWord() {
    if (known_.empty() || Below(&random_, 2) == 0) return words_.Word();
    return known_[Below(&random_, known_.size())];
  }

  // Time goes on; a third of the entries comes late, from other nodes.
  Version NextVersion() {
    ++time_;
    const bool late = Below(&random_, 3) == 0;
    return {late ? Below(&random_, time_ + 1) : time_, static_cast<uint16_t>(Below(&random_, 3))};
  }

  void Write() {
    const size_t count = 1 + Below(&random_, 1 + Below(&random_, 60));
    std::vector<std::string> words;
    std::vector<Entry> entries;
    for (size_t i = 0; i < count; ++i) words.push_back(SomeWord());
    // Words in order, as bulk loads bring them, are looked up in another way.
    if (Below(&random_, 2) == 0) std::sort(words.begin(), words.end());
    for (const std::string& word : words) {
      entries.push_back({word, NextVersion(), Below(&random_, 4) == 0});
    }
    std::vector<WriteOutcome> outcomes(count), expected(count);
    REQUIRE(store_->Write(entries, outcomes).ok());
    REQUIRE(model_.Write(entries, expected).ok());
    for (size_t i = 0; i < count; ++i) {
      INFO("word " << words[i]);
      REQUIRE(outcomes[i].existed == expected[i].existed);
      REQUIRE(outcomes[i].applied == expected[i].applied);
      REQUIRE(outcomes[i].newest == expected[i].newest);
    }
    known_.insert(known_.end(), words.begin(), words.end());
  }

  void Checkpoint() {
    REQUIRE(store_->Checkpoint().ok());
    coverage_->tablets_most = std::max(coverage_->tablets_most, store_->Stats().tablets);
  }

  // Some outputs fit, then the disk is full: what was made of the others stays, and reads go on
  // over both.
  void CheckpointOnNearlyFullDisk() {
    const uint64_t before = store_->Stats().base_entries;
    files_.SetFreeBytes(Below(&random_, 60'000));
    const Status status = store_->Checkpoint();
    files_.SetFreeBytes(std::nullopt);
    if (!status.ok()) {
      REQUIRE(status.code() == StatusCode::kDiskFull);
      ++coverage_->disk_full;
      if (store_->Stats().base_entries != before) ++coverage_->partial_merges;
    }
    CompareAll();
  }

  // A third of the words goes: scattered, or those of a range.
  void Purge() {
    const bool scattered = Below(&random_, 2) == 0;
    const std::string low = SomeWord(), high = SomeWord();
    const auto keep = [&](std::string_view word) {
      return scattered ? std::hash<std::string_view>()(word) % 3 != 0 : word < low || word >= high;
    };
    const uint64_t before = Model().size();
    REQUIRE(store_->Purge(keep).ok());
    REQUIRE(model_.Purge(keep).ok());
    coverage_->purged += before - Model().size();
    REQUIRE(store_->Stats().base_entries == Model().size());
    CompareAll();
  }

  void Restart() {
    const uint64_t how = Below(&random_, 4);
    if (how == 0) REQUIRE(store_->Close().ok());
    store_.reset();
    if (how >= 2) {
      how == 2 ? files_.Crash() : files_.Crash(random_());
      ++coverage_->power_losses;
    }
    if (Below(&random_, 4) == 0) CheckSound();
    Open();
    CompareAll();
  }

  void CheckSound() {
    std::string faults;
    CheckSummary summary;
    const Status status = CheckFolder(
        &files_, dir_.path(),
        [&](const Fault& fault) {
          faults += fault.path + ": " + std::to_string(fault.offset) + ": " + fault.what + "\n";
        },
        &summary);
    REQUIRE(status.ok());
    REQUIRE(faults == "");
    REQUIRE(summary.words == *model_.Count(""));
    REQUIRE(summary.words + summary.tombstones == Model().size());
  }

  EntryMap Model() { return *test::HeldBy(model_, kPageEntriesMax); }

  void CompareAll() {
    const EntryMap expected = Model();
    const Order order = Below(&random_, 2) == 0 ? Order::kAscending : Order::kDescending;
    const auto held = test::HeldBy(*store_, 1 + Below(&random_, 60), order);
    REQUIRE(held.ok());
    REQUIRE(test::Difference(*held, expected) == "");
    REQUIRE(store_->Stats().words == *model_.Count(""));
  }

  // A whole word, a part of one, or something else.
  std::string SomePrefix() {
    std::string prefix = SomeWord();
    if (Below(&random_, 2) == 0) prefix.resize(Below(&random_, prefix.size() + 1));
    if (Below(&random_, 8) == 0) prefix = "";
    return prefix;
  }

  void CompareSearch() {
    const std::string prefix = SomePrefix();
    const std::string after = Below(&random_, 2) == 0 ? "" : SomePrefix();
    SearchOptions search;
    search.prefix = prefix;
    search.after = after;
    search.limit = Below(&random_, 40);
    search.order = Below(&random_, 2) == 0 ? Order::kAscending : Order::kDescending;
    search.tombstones = Below(&random_, 3) == 0;
    Page page, expected;
    REQUIRE(store_->Search(search, &page).ok());
    REQUIRE(model_.Search(search, &expected).ok());
    INFO("prefix " << prefix << " after " << after << " limit " << search.limit);
    REQUIRE(page.size() == expected.size());
    for (size_t i = 0; i < page.size(); ++i) {
      REQUIRE(page.word(i) == expected.word(i));
      REQUIRE(page.version(i) == expected.version(i));
      REQUIRE(page.tombstone(i) == expected.tombstone(i));
    }
  }

  void CompareCount() {
    const std::string prefix = SomePrefix();
    INFO("prefix " << prefix);
    REQUIRE(*store_->Count(prefix) == *model_.Count(prefix));
  }

  void CompareGet() {
    const std::string word = SomePrefix();
    const Lookup found = *store_->Get(word), expected = *model_.Get(word);
    INFO("word " << word);
    REQUIRE(found.known == expected.known);
    REQUIRE(found.live == expected.live);
    REQUIRE(found.version == expected.version);
  }

  void CompareRoots() {
    const std::string prefix = Below(&random_, 2) == 0 ? "" : SomePrefix();
    const auto k_factor = static_cast<unsigned>(1 + Below(&random_, 4));
    std::set<std::string> expected;
    for (const auto& [word, stored] : Model()) {
      if (stored.tombstone || !word.starts_with(prefix)) continue;
      expected.emplace(ShardRoot(word, k_factor));
    }
    const auto roots = store_->ShardRoots(prefix, k_factor);
    INFO("prefix " << prefix << " k_factor " << k_factor);
    REQUIRE(roots.ok());
    REQUIRE(*roots == std::vector<std::string>(expected.begin(), expected.end()));
  }

  Random random_;
  test::WordMaker words_;
  Coverage* const coverage_;
  const test::TempDir dir_;
  test::FaultFileSystem files_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
  test::FakeStore model_;
  std::vector<std::string> known_;
  uint64_t time_ = 0;
};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST_CASE("A store answers as a map would, through checkpoints, full disks and restarts") {
  constexpr uint64_t kSeeds = test::Seeds(250);
  Coverage coverage;
  const uint64_t only = FromEnvironment("TRIFECTA_SEED", 0);
  const uint64_t first = only != 0 ? only : 1;
  const uint64_t last = only != 0 ? only : FromEnvironment("TRIFECTA_SEEDS", kSeeds);
  for (uint64_t seed = first; seed <= last; ++seed) {
    INFO("seed " << seed << ": repeat with TRIFECTA_SEED=" << seed);
    ModelRun(seed, &coverage).Run();
  }
  if (only != 0 || test::kSanitized) return;
  CHECK(coverage.tablets_most >= 10);
  CHECK(coverage.partial_merges >= 5);
  CHECK(coverage.disk_full >= 20);
  CHECK(coverage.power_losses >= 100);
  CHECK(coverage.purged >= 1'000);
}

}  // namespace
}  // namespace trifecta::storage
