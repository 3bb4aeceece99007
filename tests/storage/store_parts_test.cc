// Stores whose memtables are several, merged in turn: everything reads as one meanwhile, and
// nothing is lost however far each of them is merged when the store ends.
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/fault_table.h"
#include "tests/support/sanitizers.h"
#include "tests/support/small_store.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::Below;
using test::EntryMap;
using test::FaultFileSystem;
using test::HeldBy;
using test::MustOpen;
using test::Random;
using test::Stored;
using test::TempDir;

constexpr uint64_t kWords = 20'000;

// Some 20 tablets, so some 5 memtables. Each is full after some thousand words.
StoreOptions StoreOfParts(FileSystem* files, const std::string& folder) {
  StoreOptions options;
  options.folder = folder;
  options.file_system = files;
  options.memtable_bytes = 1u << 20;
  options.tablet_bytes = 4u << 10;
  options.log_segment_bytes = 64u << 10;
  options.close_threads = 3;
  return options;
}

std::string WordAt(uint64_t number) {
  std::string word = std::to_string(10'000'000 + number * 7'919 % 1'000'003);
  return word.substr(1);
}

uint64_t LiveIn(const EntryMap& model, std::string_view prefix) {
  uint64_t live = 0;
  for (auto at = model.lower_bound(prefix); at != model.end(); ++at) {
    if (!at->first.starts_with(prefix)) break;
    live += !at->second.tombstone;
  }
  return live;
}

// A store and what it should hold.
class Pair {
 public:
  Pair(FileSystem* files, const std::string& folder, uint64_t seed)
      : options_(StoreOfParts(files, folder)), random_(seed) {}

  void Open() { store_ = MustOpen(options_); }
  void Kill() { store_.reset(); }
  Store& store() { return *store_; }
  const EntryMap& model() const { return model_; }
  const EntryMap& model_with_sent() const { return sent_; }
  Random* random() { return &random_; }

  Status Load() {
    for (uint64_t first = 0; first < kWords; first += 2'000) {
      TRIFECTA_RETURN_IF_ERROR(Write(2'000, [&](uint64_t i) { return first + i; }));
    }
    return store_->Checkpoint();
  }

  // Adds and deletes of old and new words.
  Status WriteSome(uint64_t count) {
    return Write(count, [&](uint64_t) { return Below(&random_, 2 * kWords); });
  }

  // A few of the store's answers against the model's.
  void Judge() {
    REQUIRE(*store_->Count("") == LiveIn(model_, ""));
    for (int i = 0; i < 5; ++i) {
      const std::string word = WordAt(Below(&random_, 2 * kWords));
      const auto found = store_->Get(word);
      REQUIRE(found.ok());
      const auto expected = model_.find(word);
      REQUIRE(found->known == (expected != model_.end()));
      if (found->known) REQUIRE(found->version == expected->second.version);
      const std::string prefix = word.substr(0, 1 + Below(&random_, 3));
      REQUIRE(*store_->Count(prefix) == LiveIn(model_, prefix));
      CheckPage(word, Order::kAscending);
      CheckPage(word, Order::kDescending);
    }
  }

 private:
  template <typename NumberOf>
  Status Write(uint64_t count, NumberOf number_of) {
    std::vector<std::string> words;
    std::vector<Entry> entries;
    const Version version{++time_, 1};
    for (uint64_t i = 0; i < count; ++i) words.push_back(WordAt(number_of(i)));
    sent_ = model_;
    for (const std::string& word : words) {
      const bool tombstone = Below(&random_, 4) == 0;
      entries.push_back({word, version, tombstone});
      test::Merge(&sent_, word, {version, tombstone});
    }
    const Status status = store_->Write(entries, {});
    if (status.ok()) model_ = sent_;
    return status;
  }

  // Pages that go over the bounds of parts, for there are few words in one.
  void CheckPage(const std::string& after, Order order) {
    Page page;
    SearchOptions options;
    options.after = after;
    options.order = order;
    options.tombstones = true;
    options.limit = 300;
    REQUIRE(store_->Search(options, &page).ok());
    const auto check = [&](auto at, auto end) {
      for (size_t i = 0; i < page.size(); ++i, ++at) {
        REQUIRE(at != end);
        REQUIRE(page.word(i) == at->first);
        REQUIRE(page.version(i) == at->second.version);
      }
      REQUIRE((page.size() == options.limit || at == end));
    };
    if (order == Order::kAscending) {
      check(model_.upper_bound(after), model_.end());
    } else {
      check(std::make_reverse_iterator(model_.lower_bound(after)), model_.rend());
    }
  }

  const StoreOptions options_;
  Random random_;
  std::unique_ptr<Store> store_;
  EntryMap model_, sent_;
  uint64_t time_ = 0;
};

TEST_CASE("Memtables that are merged in turn read as one, and are replayed after a kill") {
  const TempDir dir;
  Pair pair(PosixFileSystem(), dir.path(), 1);
  pair.Open();
  REQUIRE(pair.Load().ok());
  REQUIRE(pair.store().Stats().tablets >= 16);
  for (int life = 0; life < 3; ++life) {
    const uint64_t before = pair.store().Stats().checkpoints;
    while (pair.store().Stats().checkpoints < before + 8) {
      REQUIRE(pair.WriteSome(300).ok());
      pair.Judge();
    }
    // Only what one of them held was merged.
    REQUIRE(pair.store().Stats().memtable_entries > 0);
    pair.Kill();
    pair.Open();
    REQUIRE(Difference(*HeldBy(pair.store()), pair.model()) == "");
    pair.Judge();
  }
  REQUIRE(pair.store().Checkpoint().ok());
  REQUIRE(pair.store().Stats().memtable_entries == 0);
  REQUIRE(pair.store().Close().ok());
  pair.Kill();
  pair.Open();
  REQUIRE(Difference(*HeldBy(pair.store()), pair.model()) == "");
}

TEST_CASE("Power loss beside merges in turn keeps what was acknowledged", "[faults]") {
  const uint64_t seeds = test::AllFaults() ? 200 : test::Seeds(12);
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    const TempDir dir;
    FaultFileSystem files;
    Pair pair(&files, dir.path(), seed);
    pair.Open();
    REQUIRE(pair.Load().ok());
    files.LosePowerAt(1 + Below(pair.random(), 400));
    while (pair.WriteSome(300).ok()) {
    }
    REQUIRE(files.power_lost());
    pair.Kill();
    files.Crash(seed);
    pair.Open();
    const EntryMap held = *HeldBy(pair.store());
    if (Difference(held, pair.model_with_sent()) != "") {
      REQUIRE(Difference(held, pair.model()) == "");
    }
    REQUIRE(*pair.store().Count("") == LiveIn(held, ""));
    test::CountFault(test::Fault::kPowerLossTorn);
  }
}

TEST_CASE("A memtable that nobody writes to does not hold back the log for ever") {
  const TempDir dir;
  StoreOptions options = StoreOfParts(PosixFileSystem(), dir.path());
  Pair pair(PosixFileSystem(), dir.path(), 1);
  pair.Open();
  REQUIRE(pair.Load().ok());
  Store& store = pair.store();
  REQUIRE(test::WriteOne(&store, "~the last of all", {1, 1}).ok());
  // 12 MiB of log in the first part, where no memory fills up: always the same words.
  uint64_t time = 1'000'000;
  std::vector<Entry> entries;
  const std::string word(1'000, '!');
  while (store.Stats().written_bytes < 12u << 20) {
    entries.assign(20, {word, {++time, 1}, false});
    for (size_t i = 0; i < entries.size(); ++i) entries[i].version.node = static_cast<uint16_t>(i);
    REQUIRE(store.Write(entries, {}).ok());
  }
  const uint64_t bound = 2 * options.memtable_bytes + 8 * options.log_segment_bytes;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (store.Stats().log_bytes > bound && std::chrono::steady_clock::now() < deadline) {
    // A write wakes the checkpoints where they are due.
    REQUIRE(test::WriteOne(&store, word, {++time, 1}).ok());
    std::this_thread::yield();
  }
  CHECK(store.Stats().log_bytes <= bound);
  CHECK(store.Get("~the last of all")->live);
}

}  // namespace
}  // namespace trifecta::storage
