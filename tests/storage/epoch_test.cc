#include "storage/epoch.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace trifecta::storage {
namespace {

TEST_CASE("What is retired while nobody reads is freed at once") {
  Epoch epoch;
  bool freed = false;
  epoch.Retire([&] { freed = true; });
  CHECK(freed);
}

TEST_CASE("What a reader may still see is freed only when it has left") {
  Epoch epoch;
  bool freed = false;
  {
    const Epoch::Guard reader(&epoch);
    epoch.Retire([&] { freed = true; });
    CHECK_FALSE(freed);
    epoch.Reclaim();
    CHECK_FALSE(freed);
  }
  epoch.Reclaim();
  CHECK(freed);
}

TEST_CASE("A reader that came later does not hold back what it cannot see") {
  Epoch epoch;
  bool freed = false;
  auto before = std::make_unique<Epoch::Guard>(&epoch);
  epoch.Retire([&] { freed = true; });
  const Epoch::Guard after(&epoch);
  before.reset();
  epoch.Reclaim();
  CHECK(freed);
}

TEST_CASE("A reader inside another one's guard keeps the older view alive") {
  bool freed = false;  // outlives the epoch, whose end frees what is left
  Epoch epoch;
  const Epoch::Guard outer(&epoch);
  {
    const Epoch::Guard inner(&epoch);
    epoch.Retire([&] { freed = true; });
  }
  epoch.Reclaim();
  CHECK_FALSE(freed);
}

TEST_CASE("Oldest tells a mark that readers may see from one that they cannot") {
  Epoch epoch;
  const uint64_t first = epoch.Mark();
  CHECK(epoch.Oldest() > first);
  const auto reader = std::make_unique<Epoch::Guard>(&epoch);
  const uint64_t second = epoch.Mark();
  CHECK(epoch.Oldest() > first);
  CHECK_FALSE(epoch.Oldest() > second);
}

TEST_CASE("Everything is freed at the end, in the order of retirement") {
  std::vector<int> freed;
  {
    Epoch epoch;
    {
      const Epoch::Guard reader(&epoch);
      for (int i = 0; i < 3; ++i) epoch.Retire([&freed, i] { freed.push_back(i); });
    }
  }
  CHECK(freed == std::vector<int>{0, 1, 2});
}

TEST_CASE("Readers in threads never see a freed object") {
  struct Object {
    std::atomic<bool> alive{true};
  };
  Epoch epoch;
  std::atomic<Object*> shared{new Object};
  std::atomic<bool> stop{false};
  std::atomic<int> dead{0}, reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const Epoch::Guard guard(&epoch);
        if (!shared.load()->alive.load()) ++dead;
        ++reads;
      }
    });
  }
  while (reads < 100) std::this_thread::yield();
  for (int i = 0; i < 3'000; ++i) {
    Object* before = shared.exchange(new Object);
    epoch.Retire([before] {
      before->alive = false;
      delete before;
    });
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  delete shared.load();
  CHECK(dead == 0);
}

TEST_CASE("More readers than slots take turns") {
  Epoch epoch;
  std::atomic<int> done{0};
  std::vector<std::unique_ptr<Epoch::Guard>> all;
  for (size_t i = 0; i < Epoch::kSlots; ++i) all.push_back(std::make_unique<Epoch::Guard>(&epoch));
  std::thread late([&] {
    const Epoch::Guard guard(&epoch);
    ++done;
  });
  CHECK(done == 0);
  all.pop_back();
  late.join();
  CHECK(done == 1);
}

}  // namespace
}  // namespace trifecta::storage
