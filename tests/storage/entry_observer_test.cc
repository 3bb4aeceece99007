#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/small_store.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::Difference;
using test::EntryMap;
using test::FaultFileSystem;
using test::HeldBy;
using test::MustOpen;
using test::SmallStore;
using test::Stored;
using test::TempDir;
using test::WriteOne;

// Keeps its own copy of what the store holds, from nothing but what it is told.
class Copy : public EntryObserver {
 public:
  void OnApplied(std::span<const AppliedEntry> entries) override {
    if (inside_.exchange(true)) Fault("two calls at once");
    if (entries.empty()) Fault("a call about nothing");
    for (const AppliedEntry& entry : entries) Take(entry);
    ++calls_;
    inside_ = false;
  }

  const EntryMap& held() const { return held_; }
  const std::string& fault() const { return fault_; }
  int calls() const { return calls_; }

 private:
  void Take(const AppliedEntry& entry) {
    const auto [at, fresh] = held_.try_emplace(std::string(entry.word));
    if (entry.known == fresh) Fault("known is wrong for " + at->first);
    if (entry.known && at->second != Stored{entry.old_version, entry.old_tombstone}) {
      Fault("the older entry is wrong for " + at->first);
    }
    at->second = {entry.version, entry.tombstone};
  }
  void Fault(const std::string& what) {
    if (fault_.empty()) fault_ = what;
  }

  std::atomic<bool> inside_ = false;
  EntryMap held_;
  std::string fault_;
  int calls_ = 0;
};

// One word through every kind of write; `settle` runs between them.
void WriteAllKinds(Store* store, const std::function<void()>& settle) {
  const Entry writes[] = {{"word", {5, 1}, false},
                          {"word", {4, 9}, true},
                          {"word", {5, 1}, false},
                          {"word", {5, 1}, true},
                          {"word", {5, 2}, false}};
  for (const Entry& entry : writes) {
    REQUIRE(store->Write({&entry, 1}, {}).ok());
    settle();
  }
}

TEST_CASE(
    "An observer is told what took effect and what it replaced, whichever layer that was in") {
  const bool checkpoints = GENERATE(false, true);
  const TempDir dir;
  FaultFileSystem files;
  Copy copy;
  StoreOptions options = SmallStore(&files, dir.path());
  options.observer = &copy;
  const auto store = MustOpen(options);
  WriteAllKinds(store.get(), [&] {
    if (checkpoints) REQUIRE(store->Checkpoint().ok());
  });
  CHECK(copy.fault() == "");
  CHECK(copy.held() == EntryMap{{"word", {{5, 2}, false}}});
  CHECK(copy.calls() == 3);  // two of the five changed nothing
}

TEST_CASE("The fake store tells its observer the same") {
  test::FakeStore store;
  Copy copy;
  store.Observe(&copy);
  WriteAllKinds(&store, [] {});
  CHECK(copy.fault() == "");
  CHECK(copy.held() == EntryMap{{"word", {{5, 2}, false}}});
  CHECK(copy.calls() == 3);
}

TEST_CASE("Entries of one word in one write are told in their order, in one call") {
  const TempDir dir;
  FaultFileSystem files;
  const auto store = MustOpen(SmallStore(&files, dir.path()));
  Copy copy;
  store->Observe(&copy);
  const Entry entries[] = {{"word", {1, 1}, false},
                           {"word", {2, 1}, true},
                           {"other", {2, 1}, true},
                           {"word", {3, 1}, false}};
  REQUIRE(store->Write(entries, {}).ok());
  CHECK(copy.fault() == "");
  CHECK(copy.calls() == 1);
  CHECK(Difference(copy.held(), *HeldBy(*store)) == "");
}

TEST_CASE("What a start replays is not told, and nothing is after the observing has ended") {
  const TempDir dir;
  FaultFileSystem files;
  CHECK(WriteOne(MustOpen(SmallStore(&files, dir.path())).get(), "replayed", {1, 1}).ok());
  Copy copy;
  StoreOptions options = SmallStore(&files, dir.path());
  options.observer = &copy;
  const auto store = MustOpen(options);
  CHECK(copy.calls() == 0);
  CHECK(WriteOne(store.get(), "told", {2, 1}).ok());
  store->Observe(nullptr);
  CHECK(WriteOne(store.get(), "untold", {3, 1}).ok());
  CHECK(copy.held() == EntryMap{{"told", {{2, 1}, false}}});
}

TEST_CASE("A write that the disk refuses is not told") {
  const TempDir dir;
  FaultFileSystem files;
  const auto store = MustOpen(SmallStore(&files, dir.path()));
  Copy copy;
  store->Observe(&copy);
  files.SetFreeBytes(0);
  CHECK(WriteOne(store.get(), "word", {1, 1}).code() == StatusCode::kDiskFull);
  CHECK(copy.calls() == 0);
}

// Reads each word that it is told of, as a digest may.
class Reader : public EntryObserver {
 public:
  explicit Reader(const Store* store) : store_(store) {}
  void OnApplied(std::span<const AppliedEntry> entries) override {
    for (const AppliedEntry& entry : entries) {
      const auto found = store_->Get(entry.word);
      seen_ = seen_ && found.ok() && found->version >= entry.version;
    }
  }
  bool seen() const { return seen_; }

 private:
  const Store* const store_;
  bool seen_ = true;
};

TEST_CASE("Entries are there for readers when the observer hears of them") {
  const TempDir dir;
  FaultFileSystem files;
  const auto store = MustOpen(SmallStore(&files, dir.path()));
  Reader reader(store.get());
  store->Observe(&reader);
  WriteAllKinds(store.get(), [] {});
  CHECK(reader.seen());
}

// Takes in what a store holds while it is written to: what was read, and what is told of it since.
class Follower : public EntryObserver {
 public:
  void OnApplied(std::span<const AppliedEntry> entries) override {
    for (const AppliedEntry& entry : entries) {
      if (all_read_ || entry.word <= read_to_) Add(entry.word, entry.known);
    }
  }
  void ReadPage(const Store& store) {
    Page page;
    store.BetweenWrites([&] {
      SearchOptions search;
      search.after = read_to_;
      search.tombstones = true;
      if (!store.Search(search, &page).ok()) return;
      for (size_t i = 0; i < page.size(); ++i) Add(page.word(i), false);
      if (page.size() < search.limit) all_read_ = true;
      if (!page.empty()) read_to_ = page.word(page.size() - 1);
    });
  }
  bool all_read() const { return all_read_; }
  const std::map<std::string, int, std::less<>>& words() const { return words_; }

 private:
  void Add(std::string_view word, bool known) {
    if (!known) ++words_[std::string(word)];
  }
  std::string read_to_;
  bool all_read_ = false;
  std::map<std::string, int, std::less<>> words_;  // how often each was added as a new one
};

TEST_CASE("What is read between writes is what the observer was told of, no more and no less") {
  const TempDir dir;
  FaultFileSystem files;
  StoreOptions options = SmallStore(&files, dir.path());
  options.log_segment_bytes = 64 * 1024;
  const auto store = MustOpen(options);
  Follower follower;
  store->Observe(&follower);
  std::atomic<int> failures = 0;
  std::vector<std::thread> writers;
  for (uint64_t writer = 1; writer <= 2; ++writer) {
    writers.emplace_back([&, writer] {
      test::Random random(writer);
      for (uint64_t i = 0; i < 400; ++i) {
        const std::string word = "w" + std::to_string(test::Below(&random, 1'000));
        if (!WriteOne(store.get(), word, {i + 1, 1}, false).ok()) ++failures;
      }
    });
  }
  while (!follower.all_read()) follower.ReadPage(*store);
  for (std::thread& writer : writers) writer.join();
  CHECK(failures == 0);
  const EntryMap held = *HeldBy(*store);
  CHECK(follower.words().size() == held.size());
  for (const auto& [word, times] : follower.words()) {
    INFO(word);
    REQUIRE(times == 1);
    REQUIRE(held.contains(word));
  }
}

TEST_CASE("Beside many writers and checkpoints an observer can follow what the store holds") {
  constexpr uint64_t kWriters = 3, kRounds = 300, kWords = 60;
  const TempDir dir;
  FaultFileSystem files;
  StoreOptions options = SmallStore(&files, dir.path());
  options.log_segment_bytes = 64 * 1024;
  Copy copy;
  options.observer = &copy;
  const auto store = MustOpen(options);
  std::atomic<bool> done = false;
  std::atomic<int> failures = 0;
  std::vector<std::thread> writers;
  for (uint64_t writer = 1; writer <= kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      test::Random random(writer);
      for (uint64_t i = 0; i < kRounds; ++i) {
        const std::string word = "w" + std::to_string(test::Below(&random, kWords));
        const Version version{test::Below(&random, 100), static_cast<uint16_t>(writer)};
        if (!WriteOne(store.get(), word, version, i % 3 == 0).ok()) ++failures;
      }
    });
  }
  std::thread checkpoints([&] {
    while (!done) {
      if (!store->Checkpoint().ok()) ++failures;
    }
  });
  for (std::thread& writer : writers) writer.join();
  done = true;
  checkpoints.join();
  CHECK(failures == 0);
  CHECK(copy.fault() == "");
  CHECK(Difference(copy.held(), *HeldBy(*store)) == "");
}

}  // namespace
}  // namespace trifecta::storage
