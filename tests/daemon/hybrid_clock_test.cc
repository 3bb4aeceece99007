#include "daemon/hybrid_clock.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {
namespace {

using daemon::HybridClock;
using Opened = std::unique_ptr<HybridClock>;

struct Setup {
  TempDir folder;
  FaultFileSystem disk;
  ManualClock wall;

  Result<Opened> Try() { return HybridClock::Open(folder.path(), &disk, &wall); }
  Opened Open() {
    auto opened = Try();
    INFO(opened.status().ToString());
    REQUIRE(opened.ok());
    return std::move(*opened);
  }
};

uint64_t Read(HybridClock* clock) {
  const Result<uint64_t> now = clock->Now();
  REQUIRE(now.ok());
  return *now;
}

uint64_t Milliseconds(uint64_t reading) { return reading >> 16; }

}  // namespace

TEST_CASE("Readings grow within a millisecond and follow the wall clock") {
  Setup setup;
  const Opened clock = setup.Open();
  const uint64_t first = Read(clock.get());
  CHECK(Milliseconds(first) == setup.wall.WallMilliseconds());
  CHECK(Read(clock.get()) == first + 1);
  setup.wall.Advance(std::chrono::milliseconds(5));
  CHECK(Read(clock.get()) == (setup.wall.WallMilliseconds() << 16));
}

TEST_CASE("A wall clock set back does not take readings back") {
  Setup setup;
  const Opened clock = setup.Open();
  const uint64_t before = Read(clock.get());
  setup.wall.SetWall(5);
  CHECK(Read(clock.get()) == before + 1);
}

TEST_CASE("After the counter of a millisecond is used up the next millisecond is taken") {
  Setup setup;
  const Opened clock = setup.Open();
  uint64_t last = Read(clock.get());
  for (int i = 0; i < 70'000; ++i) {
    const uint64_t next = Read(clock.get());
    REQUIRE(next > last);
    last = next;
  }
  CHECK(Milliseconds(last) == setup.wall.WallMilliseconds() + 1);
}

TEST_CASE("Readings are beyond what was observed, however far ahead") {
  Setup setup;
  const Opened clock = setup.Open();
  const uint64_t ahead = Read(clock.get()) + (uint64_t{3'600'000} << 16);
  clock->Observe(ahead);
  CHECK(clock->Latest() == ahead);
  CHECK(Read(clock.get()) == ahead + 1);
  clock->Observe(7);
  CHECK(Read(clock.get()) == ahead + 2);
}

TEST_CASE("No reading is given twice after power loss, whenever it comes and whatever it keeps") {
  for (uint64_t power_lost_at = 1; power_lost_at <= 12; ++power_lost_at) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      Setup setup;
      setup.disk.LosePowerAt(power_lost_at);
      uint64_t highest = 0;
      if (auto opened = setup.Try(); opened.ok()) {
        for (int i = 0; i < 10; ++i) {
          const Result<uint64_t> now = (*opened)->Now();
          if (now.ok()) highest = std::max(highest, *now);
          setup.wall.Advance(std::chrono::milliseconds(900));
        }
      }
      setup.disk.Crash(seed);
      setup.wall.SetWall(1'000);
      CHECK(Read(setup.Open().get()) > highest);
    }
  }
}

TEST_CASE("No reading is given twice after a kill with the clock set back") {
  Setup setup;
  std::set<uint64_t> given;
  for (int life = 0; life < 5; ++life) {
    const Opened clock = setup.Open();
    for (int i = 0; i < 100; ++i) {
      CHECK(given.insert(Read(clock.get())).second);
      setup.wall.Advance(std::chrono::milliseconds(37));
    }
    setup.wall.SetWall(1'600'000'000'000);
  }
}

TEST_CASE("A busy clock syncs its ceiling about once a second") {
  Setup setup;
  const Opened clock = setup.Open();
  const uint64_t before = setup.disk.operations(FaultFileSystem::kSync);
  for (int i = 0; i < 10'000; ++i) {
    Read(clock.get());
    setup.wall.Advance(std::chrono::milliseconds(1));
  }
  const uint64_t syncs = setup.disk.operations(FaultFileSystem::kSync) - before;
  CHECK(syncs >= 5);
  CHECK(syncs <= 11);
}

TEST_CASE("A clock that was closed goes on where it ended, not seconds ahead") {
  Setup setup;
  uint64_t last = 0;
  {
    const Opened clock = setup.Open();
    last = Read(clock.get());
    CHECK(clock->Close().ok());
  }
  const uint64_t next = Read(setup.Open().get());
  CHECK(next > last);
  CHECK(next <= last + 2);
}

TEST_CASE("A sync that fails ends the clock for good and is told once") {
  Setup setup;
  const Opened clock = setup.Open();
  Read(clock.get());
  int told = 0;
  clock->OnFailure([&](const Status& status) {
    CHECK(status.code() == StatusCode::kIoError);
    ++told;
  });
  setup.disk.FailAt(FaultFileSystem::kSync, 1, EIO);
  setup.wall.Advance(std::chrono::seconds(60));
  for (int i = 0; i < 3; ++i) CHECK(clock->Now().status().code() == StatusCode::kIoError);
  CHECK(told == 1);
  CHECK_FALSE(clock->Close().ok());
}

TEST_CASE("Where there is no room for the ceiling, readings are refused until there is") {
  Setup setup;
  const Opened clock = setup.Open();
  Read(clock.get());
  setup.disk.FailAt(FaultFileSystem::kWrite, 1, ENOSPC);
  setup.wall.Advance(std::chrono::seconds(60));
  CHECK(clock->Now().status().code() == StatusCode::kDiskFull);
  CHECK(clock->Now().ok());
}

TEST_CASE("A damaged clock file is refused with its name and what to do") {
  Setup setup;
  Read(setup.Open().get());
  auto file = setup.disk.OpenForWriting(setup.folder.File("clock"));
  REQUIRE(file.ok());
  REQUIRE((*file)->WriteAt(3, "x").ok());
  SECTION("one slot: the other counts") { CHECK(setup.Try().ok()); }
  SECTION("both slots") {
    REQUIRE((*file)->WriteAt(4096 + 10, "x").ok());
    const Status status = setup.Try().status();
    CHECK(status.code() == StatusCode::kDataDamaged);
    CHECK(status.message().find(setup.folder.File("clock")) == 0);
    CHECK(status.message().find("remove the file") != std::string::npos);
  }
}

TEST_CASE("Threads never get the same reading") {
  Setup setup;
  const Opened clock = setup.Open();
  std::vector<std::vector<uint64_t>> readings(4);
  std::vector<std::thread> threads;
  for (auto& mine : readings) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) {
        mine.push_back(clock->Now().ok() ? clock->Latest() : 0);
        setup.wall.Advance(std::chrono::milliseconds(1));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& mine : readings) CHECK(std::is_sorted(mine.begin(), mine.end()));
}

}  // namespace trifecta::test
