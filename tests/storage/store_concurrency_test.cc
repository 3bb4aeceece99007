// Writers, readers and checkpoints at once: what was acknowledged is never missed, whichever layer
// it is in at the moment. Worth most under the thread sanitizer.
#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/small_store.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::Below;
using test::Random;

constexpr size_t kAdders = 2;
constexpr uint64_t kWordsOfAdder = 4'000;
constexpr uint64_t kToggled = 40;
constexpr uint64_t kToggles = 2'000;  // at least
constexpr uint64_t kCheckpoints = 4;  // at least

// Of one length, so that none begins with another.
std::string AddedWord(size_t adder, uint64_t i) {
  return std::string(1, static_cast<char>('a' + adder)) + "-" +
         std::to_string(100'000 + i * 7'919 % kWordsOfAdder);
}
std::string ToggledWord(uint64_t i) { return "t-" + std::to_string(100 + i); }

class Turmoil {
 public:
  Turmoil() {
    StoreOptions options = test::SmallStore(&files_, dir_.path());
    options.background = true;
    options.memtable_bytes = 160 * 1024;
    options.tablet_bytes = 4'000;
    options.log_segment_bytes = 32 * 1024;
    store_ = test::MustOpen(options);
  }

  void Run() {
    std::vector<std::thread> writers, others;
    for (size_t adder = 0; adder < kAdders; ++adder) {
      writers.emplace_back([this, adder] { Add(adder); });
    }
    writers.emplace_back([this] { Toggle(); });
    for (uint64_t seed = 1; seed <= 2; ++seed) {
      others.emplace_back([this, seed] { Read(seed); });
    }
    others.emplace_back([this] {
      while (!done_) Must(store_->Checkpoint().ok(), "checkpoint");
    });
    for (std::thread& writer : writers) writer.join();
    done_ = true;
    for (std::thread& other : others) other.join();

    CHECK(fault_ == "");
    CheckAll();
    CHECK(store_->Close().ok());
    store_.reset();
    store_ = test::MustOpen(test::SmallStore(&files_, dir_.path()));
    CheckAll();
  }

 private:
  // The test framework is for one thread: others leave the first fault here.
  void Must(bool good, const std::string& what) {
    if (good) return;
    std::lock_guard lock(mutex_);
    if (fault_.empty()) fault_ = what;
  }

  void Add(size_t adder) {
    Random random(adder);
    for (uint64_t i = 0; i < kWordsOfAdder;) {
      std::vector<std::string> words;
      std::vector<Entry> entries;
      for (uint64_t n = 1 + Below(&random, 8); n > 0 && i < kWordsOfAdder; --n, ++i) {
        words.push_back(AddedWord(adder, i));
      }
      for (const std::string& word : words) entries.push_back({word, {i, 1}, false});
      std::vector<WriteOutcome> outcomes(entries.size());
      sent_[adder] = i;
      Must(store_->Write(entries, outcomes).ok(), "write");
      for (const WriteOutcome& outcome : outcomes) {
        Must(!outcome.existed && outcome.applied, "the outcome of adding");
      }
      acknowledged_[adder] = i;
    }
  }

  // Goes on until there were some checkpoints, however busy the machine is.
  void Toggle() {
    for (uint64_t i = 0; i < kToggles || store_->Stats().checkpoints < kCheckpoints; ++i) {
      const uint64_t which = i % kToggled, time = 1 + i / kToggled;
      const std::string word = ToggledWord(which);
      const Entry entry{word, {time, 1}, time % 2 == 0};
      WriteOutcome outcome;
      Must(store_->Write({&entry, 1}, {&outcome, 1}).ok(), "write");
      Must(outcome.applied && outcome.existed == (time % 2 == 0), "the outcome of toggling");
      toggled_[which] = time;
    }
  }

  void Read(uint64_t seed) {
    Random random(seed);
    while (!done_) {
      const size_t adder = Below(&random, kAdders);
      const uint64_t known = acknowledged_[adder];
      if (known == 0) continue;
      for (int i = 0; i < 10; ++i) FindOne(AddedWord(adder, Below(&random, known)));
      Count(adder);
      ReadToggled(Below(&random, kToggled));
      if (Below(&random, 4) == 0) ScanAll(adder, Below(&random, 2) == 0);
    }
  }

  void FindOne(const std::string& word) {
    const auto found = store_->Get(word);
    Must(found.ok() && found->live, "get misses " + word);
    Page page;
    for (Order order : {Order::kAscending, Order::kDescending}) {
      SearchOptions search;
      search.prefix = word;
      search.order = order;
      const bool ok = store_->Search(search, &page).ok();
      Must(ok && page.size() == 1 && page.word(0) == word, "search misses " + word);
    }
  }

  void Count(size_t adder) {
    const uint64_t before = acknowledged_[adder];
    const std::string prefix = AddedWord(adder, 0).substr(0, 2);
    const auto count = store_->Count(prefix);
    const uint64_t after = sent_[adder];
    Must(count.ok() && *count >= before && *count <= after, "counts " + std::to_string(*count) +
                                                                ", not " + std::to_string(before) +
                                                                " to " + std::to_string(after));
  }

  void ReadToggled(uint64_t which) {
    const uint64_t known = toggled_[which];
    const auto found = store_->Get(ToggledWord(which));
    if (known == 0 || !found.ok()) return;
    Must(found->version.time >= known, "an older entry of " + ToggledWord(which));
    Must(found->live == (found->version.time % 2 == 1), "an entry that was never written");
  }

  void ScanAll(size_t adder, bool ascending) {
    const uint64_t known = acknowledged_[adder];
    const std::string prefix = AddedWord(adder, 0).substr(0, 2);
    std::string after;
    uint64_t seen = 0;
    Page page;
    do {
      SearchOptions search;
      search.prefix = prefix;
      search.after = after;
      search.limit = 500;
      search.order = ascending ? Order::kAscending : Order::kDescending;
      Must(store_->Search(search, &page).ok(), "scan");
      for (size_t i = 0; i < page.size(); ++i, ++seen) {
        const bool ordered =
            after.empty() || (ascending ? page.word(i) > after : page.word(i) < after);
        Must(ordered, "out of order");
        after = page.word(i);
      }
    } while (page.size() == 500);
    Must(seen >= known, "a scan misses words");
  }

  void CheckAll() {
    const auto held = test::HeldBy(*store_);
    REQUIRE(held.ok());
    CHECK(held->size() == kAdders * kWordsOfAdder + kToggled);
    for (size_t adder = 0; adder < kAdders; ++adder) {
      for (uint64_t i = 0; i < kWordsOfAdder; ++i) {
        if (!held->contains(AddedWord(adder, i))) FAIL(AddedWord(adder, i));
      }
    }
    uint64_t live = kAdders * kWordsOfAdder;
    for (const auto& time : toggled_) live += time % 2;
    CHECK(*store_->Count("") == live);
  }

  const test::TempDir dir_;
  test::FaultFileSystem files_;  // spares the disk the syncs
  std::unique_ptr<Store> store_;
  std::array<std::atomic<uint64_t>, kAdders> sent_{}, acknowledged_{};
  std::array<std::atomic<uint64_t>, kToggled> toggled_{};
  std::atomic<bool> done_{false};
  std::mutex mutex_;  // guards fault_
  std::string fault_;
};

// Holds the thread that has applied a write until the log has synced another one.
class SlowObserver : public EntryObserver {
 public:
  void Arm(const Store* store) {
    syncs_wanted_ = store->Stats().syncs + 2;
    store_ = store;
  }
  void OnApplied(std::span<const AppliedEntry>) override {
    const Store* store = store_.exchange(nullptr);
    if (store == nullptr) return;
    waiting_ = true;
    while (store->Stats().syncs < syncs_wanted_) std::this_thread::yield();
    waiting_ = false;
  }
  void AwaitWaiting() const {
    while (!waiting_) std::this_thread::yield();
  }

 private:
  uint64_t syncs_wanted_ = 0;
  std::atomic<const Store*> store_{nullptr};
  std::atomic<bool> waiting_{false};
};

// A group is written to the log while the one before it is still being applied. A checkpoint that
// begins between the two must not take the later one for merged: nothing but the log holds it.
TEST_CASE("What is durable but not applied yet when a memtable is frozen stays in the log") {
  const test::TempDir dir;
  test::FaultFileSystem files;
  SlowObserver observer;
  StoreOptions options = test::SmallStore(&files, dir.path());
  options.observer = &observer;
  for (int round = 0; round < 60; ++round) {
    auto store = test::MustOpen(options);
    observer.Arm(store.get());
    const std::string number = std::to_string(round), first = "1-" + number, second = "2-" + number;
    std::atomic<bool> good = true;
    const auto write = [&](const std::string& word) {
      if (!test::WriteOne(store.get(), word, {1, 1}).ok()) good = false;
    };
    std::thread applies([&] { write(first); });
    observer.AwaitWaiting();
    // Waits for the first write, and then comes before the second one, or after.
    std::thread checkpoint([&] {
      if (!store->Checkpoint().ok()) good = false;
    });
    std::thread follows([&] { write(second); });
    applies.join();
    checkpoint.join();
    follows.join();
    REQUIRE(good);
    store.reset();
    store = test::MustOpen(options);
    INFO("round " << round);
    REQUIRE(store->Get(first)->live);
    REQUIRE(store->Get(second)->live);
  }
}

TEST_CASE("Readers never miss an acknowledged word while writers write and checkpoints merge") {
  Turmoil().Run();
}

}  // namespace
}  // namespace trifecta::storage
