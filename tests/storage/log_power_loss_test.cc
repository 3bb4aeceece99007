// The log after power was lost at any of its operations.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"
#include "storage/file_names.h"
#include "storage/log_format.h"
#include "storage/log_recovery.h"
#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/fault_table.h"
#include "tests/support/log_story.h"
#include "tests/support/memory_file_system.h"

namespace trifecta::storage {
namespace {

using test::Append;
using test::AppendStory;
using test::FaultFileSystem;
using test::IsStory;
using test::MemoryFileSystem;
using test::OpenedLog;
using test::OpenLog;
using test::StoryFrame;

constexpr uint64_t kSegmentBytes = 512;

const std::string kFolder = "/data";

std::string PathOf(const std::string& name) { return PathIn(kFolder, name); }

// Ten minutes of a store's life: appends, checkpoints' releases, preparation, a clean end. Gives
// the number of the last frame that was acknowledged.
struct Life {
  uint64_t acknowledged = 0;
  uint64_t attempted = 0;
  uint64_t covered = 0;
};

constexpr uint64_t kFramesOfLife = 30;

Life Live(FaultFileSystem* files) {
  Life life;
  auto opened = OpenLog(files, kFolder);
  if (!opened.status.ok()) return life;
  for (uint64_t number = 1; number <= kFramesOfLife; ++number) {
    if (number == 5 || number == 17) (void)opened.log->PrepareSegment().ok();
    life.attempted = number;
    if (!Append(opened.log.get(), StoryFrame(number)).ok()) return life;
    life.acknowledged = number;
    if (number % 6 == 3) {
      life.covered = number - 2;
      (void)opened.log->Release(life.covered).ok();
    }
  }
  (void)opened.log->Close().ok();
  return life;
}

// A segment that has its header has all its blocks, however its making was cut short.
bool SegmentsAreWhole(FaultFileSystem* files) {
  const auto names = *files->List(kFolder);
  for (const std::string& name : names) {
    const std::string bytes = *files->ReadAll(PathOf(name));
    if (DecodeSegmentHeader(bytes) && bytes.size() != kSegmentBytes) return false;
  }
  return true;
}

void CheckSurvived(const Life& life, const OpenedLog& opened) {
  REQUIRE(opened.status.ToString() == "ok");
  CHECK((opened.first_replayed == 0 || opened.first_replayed == life.covered + 1));
  CHECK(IsStory(opened.replayed, life.covered + 1));
  const uint64_t last = opened.log->last_sequence();
  CHECK(last >= life.acknowledged);
  CHECK(last <= life.attempted);
  CHECK(last == life.covered + opened.replayed.size());
}

TEST_CASE("Power loss at any operation keeps what was acknowledged, whatever else the disk kept",
          "[faults]") {
  uint64_t operations = 0;
  {
    MemoryFileSystem disk;
    FaultFileSystem files(&disk);
    CHECK(Live(&files).acknowledged == kFramesOfLife);
    operations = files.operations();
    CHECK(files.operations(FaultFileSystem::kRename) >= 5);  // kept, and used again
  }
  REQUIRE(operations > 40);
  for (uint64_t n = 1; n <= operations; ++n) {
    for (uint64_t seed = 0; seed < 12; ++seed) {
      INFO("power lost at operation " << n << ", seed " << seed);
      MemoryFileSystem disk;
      FaultFileSystem files(&disk);
      files.LosePowerAt(n);
      const Life life = Live(&files);
      CHECK(files.power_lost());
      seed == 0 ? files.Crash() : files.Crash(n * 100 + seed);
      if (life.acknowledged < kFramesOfLife) CHECK(SegmentsAreWhole(&files));
      // Power is lost once more, during the recovery.
      files.LosePowerAt(seed + 1);
      (void)OpenLog(&files, kFolder, life.covered).status.ok();
      files.Crash(n * 100 + seed);
      auto opened = OpenLog(&files, kFolder, life.covered);
      CheckSurvived(life, opened);
      // And what was replayed once stays, with what comes after it.
      const uint64_t last = opened.log->last_sequence();
      REQUIRE(AppendStory(opened.log.get(), last + 1, last + 2).ok());
      files.Crash();
      const auto again = OpenLog(&files, kFolder, life.covered);
      REQUIRE(again.status.ToString() == "ok");
      CHECK(IsStory(again.replayed, life.covered + 1));
      CHECK(again.log->last_sequence() == last + 2);
      test::CountFault(test::Fault::kPowerLossTwice);
    }
  }
}

}  // namespace
}  // namespace trifecta::storage
