#include "storage/commit_queue.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/base/limits.h"
#include "tests/support/catch.h"

namespace trifecta::storage {
namespace {

using Group = std::span<PendingWrite* const>;

// A door that a test holds shut; whoever comes waits before it.
class Door {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void AwaitOne() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

TEST_CASE("A lone writer commits, then applies, in its own thread") {
  std::vector<std::string> steps;
  const auto self = std::this_thread::get_id();
  CommitQueue queue(
      [&](Group group) {
        CHECK(std::this_thread::get_id() == self);
        CHECK(group.size() == 1);
        steps.push_back("commit");
        return Status::Ok();
      },
      [&](Group) { steps.push_back("apply"); });
  PendingWrite write;
  CHECK(queue.Run(&write).ok());
  CHECK(steps == std::vector<std::string>{"commit", "apply"});
}

TEST_CASE("A group that fails is not applied, and all its writers are told") {
  bool fails = true;
  int applied = 0;
  CommitQueue queue(
      [&](Group) { return fails ? Status(StatusCode::kDiskFull, "full") : Status::Ok(); },
      [&](Group) { ++applied; });
  PendingWrite first, second;
  CHECK(queue.Run(&first).code() == StatusCode::kDiskFull);
  CHECK(applied == 0);
  fails = false;
  CHECK(queue.Run(&second).ok());
  CHECK(applied == 1);
}

TEST_CASE("Writers that come while one syncs share the next sync, or fail it together") {
  for (const bool fails : {false, true}) {
    constexpr size_t kOthers = 8;
    Door door;
    std::vector<size_t> groups;  // by the commits, which never run at the same time
    CommitQueue queue(
        [&](Group group) {
          groups.push_back(group.size());
          if (groups.size() == 1) door.Pass();
          return groups.size() > 1 && fails ? Status(StatusCode::kIoError, "lost") : Status::Ok();
        },
        [](Group) {});
    std::atomic<size_t> failed{0}, entered{0};
    std::thread first([&] {
      PendingWrite write;
      if (!queue.Run(&write).ok()) ++failed;
    });
    door.AwaitOne();
    std::vector<std::thread> others;
    for (size_t i = 0; i < kOthers; ++i) {
      others.emplace_back([&] {
        PendingWrite write;
        ++entered;
        if (!queue.Run(&write).ok()) ++failed;
      });
    }
    while (entered < kOthers) std::this_thread::yield();
    door.Open();
    first.join();
    for (std::thread& other : others) other.join();
    // Who had not reached the queue when the door opened makes a group of its own.
    size_t sum = 0;
    for (size_t size : groups) sum += size;
    CHECK(sum == kOthers + 1);
    CHECK(failed == (fails ? kOthers : 0));
  }
}

TEST_CASE("A group is bounded by its entries and bytes, though one write always fits") {
  const std::vector<Entry> large(kWriteEntriesMax), one(1);
  for (const bool by_bytes : {false, true}) {
    constexpr size_t kOthers = 12;
    Door door;
    std::vector<size_t> groups;
    CommitQueue queue(
        [&](Group group) {
          groups.push_back(group.size());
          if (groups.size() == 1) door.Pass();
          return Status::Ok();
        },
        [](Group) {});
    std::atomic<int> failed{0};
    std::vector<std::thread> writers;
    const auto start = [&] {
      writers.emplace_back([&] {
        PendingWrite write;
        write.entries = by_bytes ? std::span<const Entry>(one) : std::span<const Entry>(large);
        write.bytes = by_bytes ? 30u << 20 : 0;
        if (!queue.Run(&write).ok()) ++failed;
      });
    };
    start();
    door.AwaitOne();
    for (size_t i = 0; i < kOthers; ++i) start();
    door.Open();
    for (std::thread& writer : writers) writer.join();
    CHECK(failed == 0);
    for (size_t size : groups) CHECK(size <= (by_bytes ? 2 : 4));
  }
}

TEST_CASE("Groups are applied one at a time, in the order of their commits, each write once") {
  constexpr int kThreads = 6, kWrites = 2'000;
  std::vector<PendingWrite*> committed, applied;  // unguarded: the queue must order the calls
  std::atomic<int> applying{0}, overlaps{0};
  CommitQueue queue(
      [&](Group group) {
        committed.insert(committed.end(), group.begin(), group.end());
        return Status::Ok();
      },
      [&](Group group) {
        if (++applying != 1) ++overlaps;
        applied.insert(applied.end(), group.begin(), group.end());
        --applying;
      });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kWrites; ++i) {
        PendingWrite write;
        if (!queue.Run(&write).ok()) ++overlaps;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(overlaps == 0);
  CHECK(committed.size() == size_t{kThreads} * kWrites);
  CHECK(committed == applied);
}

TEST_CASE("A write returns only when it is applied") {
  constexpr int kThreads = 4, kWrites = 1'000;
  std::atomic<int> early{0};
  CommitQueue queue([](Group) { return Status::Ok(); },
                    [](Group group) {
                      for (PendingWrite* write : group) *static_cast<bool*>(write->context) = true;
                    });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kWrites; ++i) {
        bool applied = false;
        PendingWrite write;
        write.context = &applied;
        if (!queue.Run(&write).ok() || !applied) ++early;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(early == 0);
}

TEST_CASE("Who holds the apply mutex sees whole groups, and none changes under it") {
  std::vector<int> numbers;
  CommitQueue queue([](Group) { return Status::Ok(); },
                    [&](Group) {
                      numbers.push_back(1);
                      numbers.push_back(2);
                    });
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::thread writer([&] {
    while (!stop) {
      PendingWrite write;
      if (!queue.Run(&write).ok()) ++failed;
    }
  });
  for (int i = 0; i < 200; ++i) {
    std::lock_guard lock(queue.apply_mutex());
    if (numbers.size() % 2 != 0) FAIL("half a group");
  }
  stop = true;
  writer.join();
  CHECK(failed == 0);
}

}  // namespace
}  // namespace trifecta::storage
