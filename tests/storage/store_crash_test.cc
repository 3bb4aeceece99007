// Power loss and full or failing disks at every single call of the store's story
// (tests/support/store_story.h): nothing that was acknowledged is ever lost.
#include <cerrno>
#include <string>

#include "storage/check.h"
#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/fault_table.h"
#include "tests/support/store_story.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::Fault;
using test::FaultFileSystem;
using test::StoreStory;
using test::TempDir;

std::string FaultsIn(FileSystem* files, const std::string& folder) {
  std::string faults;
  CheckSummary summary;
  const Status status = CheckFolder(
      files, folder,
      [&](const storage::Fault& fault) { faults += fault.path + ": " + fault.what + "\n"; },
      &summary);
  // Power loss may leave nothing at all.
  return status.ok() || status.code() == StatusCode::kNotFound ? faults : status.ToString();
}

// How many changing calls the whole story makes, of all kinds or of one.
uint64_t CallsOfStory(FaultFileSystem::Operation kind = FaultFileSystem::kOperations) {
  const TempDir dir;
  FaultFileSystem files;
  StoreStory story(&files, dir.path());
  REQUIRE(story.Run().ok());
  return kind == FaultFileSystem::kOperations ? files.operations() : files.operations(kind);
}

TEST_CASE("The story goes through everything that it should") {
  const TempDir dir;
  FaultFileSystem files;
  StoreStory story(&files, dir.path());
  uint64_t tablets_most = 0, segments_most = 0;
  while (!story.done()) {
    REQUIRE(story.Step().ok());
    if (story.store() == nullptr) continue;
    tablets_most = std::max(tablets_most, story.store()->Stats().tablets);
    segments_most = std::max(segments_most, story.store()->Stats().log_segments);
    REQUIRE(story.Judge() == "");
  }
  CHECK(tablets_most >= (test::AllFaults() ? 8 : 3));  // for two memtables
  CHECK(segments_most >= 2);
  for (int kind = 0; kind < FaultFileSystem::kOperations; ++kind) {
    // Of a log that is not merged.
    if (kind == FaultFileSystem::kTruncate) continue;
    CHECK(files.operations(static_cast<FaultFileSystem::Operation>(kind)) > 0);
  }
}

// Tells the story until power is lost at its `n`-th call; then once more while it recovers, at call
// `again` (0: not), on a full disk perhaps; and goes on to the end.
void LosePower(uint64_t n, std::optional<uint64_t> seed, uint64_t again, bool full = false) {
  INFO("call " << n << " seed " << seed.value_or(0) << " again at " << again);
  const TempDir dir;
  FaultFileSystem files;
  const auto crash = [&] { seed ? files.Crash(*seed) : files.Crash(); };
  StoreStory story(&files, dir.path());
  files.LosePowerAt(n);
  // Removals that fail are no failure of a step, so the story may go on for some calls.
  (void)story.Run().ok();
  REQUIRE(files.power_lost());
  story.Kill();
  crash();
  REQUIRE(FaultsIn(&files, dir.path()) == "");
  if (again != 0) {
    files.LosePowerAt(again);
    if (full) files.SetFreeBytes(0);
    (void)story.Reopen().ok();
    story.Kill();
    crash();
    files.SetFreeBytes(std::nullopt);
  }
  const Status reopened = story.Reopen();
  INFO(reopened.ToString());
  REQUIRE(reopened.ok());
  REQUIRE(story.Judge() == "");
  const Status finished = story.Run();
  INFO(finished.ToString());
  REQUIRE(finished.ok());
  REQUIRE(story.Reopen().ok());
  REQUIRE(story.Judge() == "");
  story.Kill();
  REQUIRE(FaultsIn(&files, dir.path()) == "");
  test::CountFault(again != 0 ? Fault::kPowerLossTwice
                   : seed     ? Fault::kPowerLossTorn
                              : Fault::kPowerLoss);
}

// How many different remains of a crash are tried at each call.
uint64_t Remains() { return test::AllFaults() ? 8 : 1; }

TEST_CASE("Power loss at any call keeps what was acknowledged, where nothing unsynced survives",
          "[faults]") {
  const uint64_t calls = CallsOfStory();
  for (uint64_t n = 1; n <= calls; ++n) LosePower(n, std::nullopt, 0);
}

TEST_CASE("Power loss at any call keeps what was acknowledged, where any part survives",
          "[faults]") {
  const uint64_t calls = CallsOfStory();
  for (uint64_t n = 1; n <= calls; ++n) {
    for (uint64_t i = 0; i < Remains(); ++i) LosePower(n, n * 7'919 + i, 0);
  }
}

TEST_CASE("Power loss while the store is made leaves nothing or a store, whatever survives",
          "[faults]") {
  constexpr uint64_t kCallsOfMaking = 12;  // and of the first write
  for (uint64_t n = 1; n <= kCallsOfMaking; ++n) {
    for (uint64_t seed = 1; seed <= 12; ++seed) LosePower(n, seed, seed % 3 * n);
  }
}

TEST_CASE("Power loss at any call, and again in the recovery, keeps what was acknowledged",
          "[faults]") {
  const uint64_t calls = CallsOfStory();
  for (uint64_t n = 1; n <= calls; ++n) {
    for (uint64_t i = 0; i < Remains(); ++i) {
      LosePower(n, n * 104'729 + 1 + i, 1 + (n * 31 + i) % 12);
    }
  }
}

TEST_CASE(
    "Power loss at any call, and again in a recovery on a full disk, leaves a store that starts",
    "[faults]") {
  const uint64_t calls = CallsOfStory();
  for (uint64_t n = 1; n <= calls; ++n) {
    for (uint64_t i = 0; i < Remains(); ++i) {
      LosePower(n, n * 15'485'863 + 1 + i, 1 + (n * 31 + i) % 12, true);
    }
  }
}

TEST_CASE("A disk that fills up anywhere refuses, serves on, and takes all when it has room",
          "[faults]") {
  uint64_t needed;
  {
    const TempDir dir;
    FaultFileSystem files;
    constexpr uint64_t kPlenty = 1u << 30;
    files.SetFreeBytes(kPlenty);
    StoreStory story(&files, dir.path());
    uint64_t least = kPlenty;
    while (!story.done()) {
      REQUIRE(story.Step().ok());
      least = std::min(least, *files.FreeBytes(dir.path()));
    }
    needed = kPlenty - least;
  }
  // Odd, so that every place in a sector comes.
  const uint64_t step = test::AllFaults() ? 131 : 331;
  uint64_t refused = 0;
  for (uint64_t room = 0; room < needed; room += step) {
    INFO("room " << room);
    const TempDir dir;
    FaultFileSystem files;
    files.SetFreeBytes(room);
    StoreStory story(&files, dir.path());
    while (!story.done()) {
      const Status status = story.Step();
      if (status.ok()) continue;
      ++refused;
      INFO(status.ToString());
      REQUIRE(status.code() == StatusCode::kDiskFull);
      if (story.store() != nullptr) {
        REQUIRE(story.Judge() == "");
        REQUIRE(test::Difference(*test::HeldBy(*story.store()), story.acknowledged()) == "");
      }
      files.SetFreeBytes(std::nullopt);
    }
    REQUIRE(story.failures() == 0);
    REQUIRE(story.Reopen().ok());
    REQUIRE(story.Judge() == "");
    test::CountFault(Fault::kDiskFull);
  }
  CHECK(refused > 10);
}

// Fails the `n`-th call of a kind. Either the store goes on, perhaps after the step is repeated, or
// it says once that it has failed, takes no more writes, and serves reads until it is restarted.
void FailCall(FaultFileSystem::Operation kind, uint64_t n, int error, bool power_lost_after) {
  INFO("kind " << kind << " call " << n << " errno " << error << " power lost "
               << power_lost_after);
  const TempDir dir;
  FaultFileSystem files;
  StoreStory story(&files, dir.path());
  files.FailAt(kind, n, error);
  int restarts = 0;
  for (int refused = 0; !story.done();) {
    if (story.Step().ok()) continue;
    REQUIRE(++refused <= 3);
    if (story.store() != nullptr) REQUIRE(story.Judge() == "");
    if (story.store() != nullptr && story.failures() == 0) continue;
    if (story.store() != nullptr) {
      REQUIRE_FALSE(test::WriteOne(story.store(), "more", {99, 1}).ok());
    }
    REQUIRE(story.failures() <= 1);
    story.Kill();
    ++restarts;
    if (power_lost_after) files.Crash(n);
    files.ForgetFailures();
    const Status reopened = story.Reopen();
    INFO(reopened.ToString());
    REQUIRE(reopened.ok());
    REQUIRE(story.Judge() == "");
  }
  REQUIRE(restarts <= 1);
  REQUIRE(story.Reopen().ok());
  REQUIRE(story.Judge() == "");
  story.Kill();
  files.Crash();
  REQUIRE(FaultsIn(&files, dir.path()) == "");
  test::CountFault(test::FaultOf(kind, error));
}

TEST_CASE("Any call that fails costs nothing that was acknowledged", "[faults]") {
  const auto [kind, error] = GENERATE(
      std::pair(FaultFileSystem::kCreate, EIO), std::pair(FaultFileSystem::kCreate, EMFILE),
      std::pair(FaultFileSystem::kCreate, ENOSPC), std::pair(FaultFileSystem::kWrite, EIO),
      std::pair(FaultFileSystem::kWrite, ENOSPC), std::pair(FaultFileSystem::kSync, EIO),
      std::pair(FaultFileSystem::kSync, ENOSPC), std::pair(FaultFileSystem::kRemove, EIO),
      std::pair(FaultFileSystem::kRename, EIO), std::pair(FaultFileSystem::kSyncFolder, EIO));
  const uint64_t calls = CallsOfStory(kind);
  for (uint64_t n = 1; n <= calls; ++n) FailCall(kind, n, error, n % 2 == 0);
}

}  // namespace
}  // namespace trifecta::storage
