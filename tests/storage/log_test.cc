#include "storage/log.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "storage/file_names.h"
#include "storage/log_recovery.h"
#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/fault_table.h"
#include "tests/support/log_story.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::Append;
using test::AppendStory;
using test::FaultFileSystem;
using test::IsStory;
using test::OpenLog;
using test::StoryFrame;
using test::TempDir;

std::vector<std::string> Files(const TempDir& dir) { return *PosixFileSystem()->List(dir.path()); }

TEST_CASE("A new log is empty and makes no file until something is appended") {
  const TempDir dir;
  FaultFileSystem files;
  auto opened = OpenLog(&files, dir.path());
  REQUIRE(opened.status.ok());
  CHECK(opened.replayed.empty());
  CHECK(opened.log->last_sequence() == 0);
  CHECK(opened.log->segments() == 0);
  CHECK(Files(dir).empty());
}

TEST_CASE("What was appended is replayed in order, frame by frame, over many segments") {
  const TempDir dir;
  FaultFileSystem files;
  {
    auto opened = OpenLog(&files, dir.path());
    REQUIRE(AppendStory(opened.log.get(), 1, 60).ok());
    CHECK(opened.log->last_sequence() == 60);
    CHECK(opened.log->syncs() == 60);
    CHECK(opened.log->segments() > 3);
    CHECK(opened.log->bytes() == opened.log->segments() * 512);
    CHECK(opened.log->written_bytes() > opened.log->bytes());
  }
  auto opened = OpenLog(&files, dir.path());
  REQUIRE(opened.status.ok());
  CHECK(opened.replayed.size() == 60);
  CHECK(IsStory(opened.replayed));
  REQUIRE(AppendStory(opened.log.get(), 61, 61).ok());
  CHECK(OpenLog(&files, dir.path()).replayed.size() == 61);
}

TEST_CASE("Frames that base files cover are not replayed") {
  const TempDir dir;
  FaultFileSystem files;
  REQUIRE(AppendStory(OpenLog(&files, dir.path()).log.get(), 1, 30).ok());
  auto opened = OpenLog(&files, dir.path(), 25);
  CHECK(opened.first_replayed == 26);
  CHECK(IsStory(opened.replayed, 26));
  CHECK(opened.log->last_sequence() == 30);
}

TEST_CASE("A frame larger than a segment gets one of its own size") {
  const TempDir dir;
  FaultFileSystem files;
  {
    auto opened = OpenLog(&files, dir.path());
    REQUIRE(opened.log->PrepareSegment().ok());
    REQUIRE(Append(opened.log.get(), {{std::string(1024, 'w'), {1, 1}, false}}).ok());
    CHECK(opened.log->segments() == 1);
    CHECK(opened.log->bytes() > 1024);
    REQUIRE(AppendStory(opened.log.get(), 2, 5).ok());
  }
  CHECK(OpenLog(&files, dir.path()).replayed.size() == 5);
}

TEST_CASE("An append in a prepared segment changes neither size nor names, only bytes") {
  const TempDir dir;
  FaultFileSystem files;
  auto opened = OpenLog(&files, dir.path());
  REQUIRE(opened.log->PrepareSegment().ok());
  REQUIRE(opened.log->PrepareSegment().ok());  // one is enough
  CHECK(opened.log->segments() == 1);
  const auto names = Files(dir);
  const uint64_t before = files.operations();
  REQUIRE(AppendStory(opened.log.get(), 1, 1).ok());
  CHECK(files.operations() == before + 2);  // one write, one sync
  CHECK(Files(dir) == names);
  CHECK(*files.Size(dir.File(names[0])) == 512);
}

TEST_CASE(
    "Release removes the segments that hold nothing newer, but not the one being written, "
    "and keeps two to be used again") {
  const TempDir dir;
  FaultFileSystem files;
  auto opened = OpenLog(&files, dir.path());
  REQUIRE(AppendStory(opened.log.get(), 1, 40).ok());
  const uint64_t before = opened.log->segments();
  REQUIRE(opened.log->Release(25).ok());
  const uint64_t after = opened.log->segments();
  CHECK(after < before);
  CHECK(after > 3);
  REQUIRE(opened.log->Release(40).ok());
  CHECK(opened.log->segments() == 3);
  CHECK(opened.log->bytes() == 3 * 512);
  const std::vector<std::string> names = Files(dir);
  CHECK(names.size() == 3);
  CHECK(std::count_if(names.begin(), names.end(),
                      [](const std::string& name) { return name.ends_with(".spare"); }) == 2);
  REQUIRE(AppendStory(opened.log.get(), 41, 41).ok());
  CHECK(IsStory(OpenLog(&files, dir.path(), 40).replayed, 41));
}

TEST_CASE("A segment that could not be removed is removed by the next release") {
  const TempDir dir;
  FaultFileSystem files;
  auto opened = OpenLog(&files, dir.path());
  REQUIRE(AppendStory(opened.log.get(), 1, 40).ok());
  files.FailAt(FaultFileSystem::kRemove, 2, EIO);
  CHECK(opened.log->Release(40).code() == StatusCode::kIoError);
  CHECK(opened.log->segments() == Files(dir).size());
  CHECK(opened.log->Release(40).ok());
  CHECK(Files(dir).size() == 3);  // with the two that are kept
}

TEST_CASE("A segment is used again by writing its header") {
  const TempDir dir;
  FaultFileSystem files;
  auto opened = OpenLog(&files, dir.path());
  REQUIRE(AppendStory(opened.log.get(), 1, 40).ok());
  REQUIRE(opened.log->Release(40).ok());
  const uint64_t made = files.operations(FaultFileSystem::kCreate);
  for (int spare = 0; spare < 2; ++spare) {
    const uint64_t written = opened.log->written_bytes();
    REQUIRE_FALSE(opened.log->prepared());
    REQUIRE(opened.log->PrepareSegment().ok());
    CHECK(opened.log->prepared());
    CHECK(opened.log->written_bytes() == written + kSegmentHeaderBytes);
    CHECK(opened.log->segments() == 3);
    CHECK(*files.Size(dir.File(Files(dir)[1])) == 512);
    while (opened.log->prepared()) {
      const uint64_t next = opened.log->last_sequence() + 1;
      REQUIRE(AppendStory(opened.log.get(), next, next).ok());
    }
    CHECK(Files(dir).size() == 3);
    CHECK_FALSE(Files(dir).back().ends_with(".spare"));
  }
  CHECK(files.operations(FaultFileSystem::kCreate) == made);
  REQUIRE(opened.log->PrepareSegment().ok());  // none is left to be used again
  CHECK(files.operations(FaultFileSystem::kCreate) == made + 1);
}

TEST_CASE("Old frames of segments that are used again are never replayed, and Close removes all") {
  const TempDir dir;
  FaultFileSystem files;
  auto opened = OpenLog(&files, dir.path());
  uint64_t covered = 0;
  for (uint64_t n = 1; n <= 150; ++n) {
    REQUIRE(AppendStory(opened.log.get(), n, n).ok());
    if (n % 7 == 0) {
      covered = n - 3;
      REQUIRE(opened.log->Release(covered).ok());
    }
    if (n % 11 == 0) REQUIRE(opened.log->PrepareSegment().ok());
    std::vector<test::OwnedFrame> replayed;
    const auto last =
        ReadLog({.file_system = &files, .folder = dir.path()}, covered,
                [&](uint64_t, std::span<const Entry> entries) {
                  test::OwnedFrame frame;
                  for (const Entry& entry : entries) {
                    frame.push_back({std::string(entry.word), entry.version, entry.tombstone});
                  }
                  replayed.push_back(std::move(frame));
                  return Status::Ok();
                });
    INFO("frame " << n << " " << last.status().ToString());
    REQUIRE(last.ok());
    REQUIRE(*last == n);
    REQUIRE(replayed.size() == n - covered);
    REQUIRE(IsStory(replayed, covered + 1));
  }
  CHECK(files.operations(FaultFileSystem::kRename) > 20);
  REQUIRE(opened.log->Release(150).ok());
  REQUIRE(opened.log->Close().ok());
  CHECK(Files(dir).empty());
  CHECK(opened.log->bytes() == 0);
}

TEST_CASE("Close with everything released leaves no file; numbers go on behind it") {
  const TempDir dir;
  FaultFileSystem files;
  {
    auto opened = OpenLog(&files, dir.path());
    REQUIRE(AppendStory(opened.log.get(), 1, 40).ok());
    REQUIRE(opened.log->PrepareSegment().ok());
    REQUIRE(opened.log->Release(40).ok());
    REQUIRE(opened.log->Close().ok());
    CHECK(opened.log->bytes() == 0);
  }
  files.Crash();
  CHECK(Files(dir).empty());
  auto opened = OpenLog(&files, dir.path(), 40);
  CHECK(opened.log->last_sequence() == 40);
  REQUIRE(AppendStory(opened.log.get(), 41, 42).ok());
  CHECK(IsStory(OpenLog(&files, dir.path(), 40).replayed, 41));
}

TEST_CASE("Close with frames still needed gives back only the space behind them") {
  const TempDir dir;
  FaultFileSystem files;
  {
    auto opened = OpenLog(&files, dir.path(), 0, 64 << 10);
    REQUIRE(AppendStory(opened.log.get(), 1, 10).ok());
    REQUIRE(opened.log->Close().ok());
    CHECK(opened.log->bytes() < 2000);
  }
  files.Crash();
  auto opened = OpenLog(&files, dir.path());
  CHECK(opened.replayed.size() == 10);
  REQUIRE(AppendStory(opened.log.get(), 11, 12).ok());
  const auto again = OpenLog(&files, dir.path());
  CHECK(again.replayed.size() == 12);
  CHECK(IsStory(again.replayed));
}

TEST_CASE("Each segment has a salt of its own") {
  const TempDir dir;
  std::vector<uint64_t> salts;
  for (int i = 0; i < 8; ++i) salts.push_back(RandomSalt());
  std::sort(salts.begin(), salts.end());
  CHECK(std::unique(salts.begin(), salts.end()) == salts.end());
}

TEST_CASE("An error of replay ends the opening with it") {
  const TempDir dir;
  FaultFileSystem files;
  REQUIRE(AppendStory(OpenLog(&files, dir.path()).log.get(), 1, 3).ok());
  const auto log =
      Log::Open({.file_system = &files, .folder = dir.path()}, 0,
                [](uint64_t sequence, std::span<const Entry>) {
                  return sequence < 2 ? Status::Ok() : Status(StatusCode::kCancelled, "enough");
                });
  CHECK(log.status().code() == StatusCode::kCancelled);
}

TEST_CASE("On a full disk an append is refused whole, and goes on when there is room") {
  for (uint64_t room = 0; room < 1600; room += 100) {
    const TempDir dir;
    FaultFileSystem files;
    files.SetFreeBytes(room);
    auto opened = OpenLog(&files, dir.path());
    uint64_t stored = 0;
    Status status;
    while (status.ok()) {
      status = Append(opened.log.get(), StoryFrame(stored + 1));
      if (status.ok()) ++stored;
    }
    CHECK(status.code() == StatusCode::kDiskFull);
    CHECK(opened.log->PrepareSegment().code() == StatusCode::kDiskFull);
    CHECK(opened.log->bytes() == opened.log->segments() * 512);
    CHECK(*files.FreeBytes(dir.path()) == room - opened.log->bytes());
    CHECK(opened.log->last_sequence() == stored);

    files.SetFreeBytes(std::nullopt);
    REQUIRE(AppendStory(opened.log.get(), stored + 1, stored + 5).ok());
    const auto again = OpenLog(&files, dir.path());
    CHECK(again.replayed.size() == stored + 5);
    CHECK(IsStory(again.replayed));
  }
}

TEST_CASE("A failed call during an append leaves the log whole or dead, at every call",
          "[faults]") {
  for (const auto kind : {FaultFileSystem::kCreate, FaultFileSystem::kWrite, FaultFileSystem::kSync,
                          FaultFileSystem::kSyncFolder}) {
    for (const int error : {ENOSPC, EIO, EMFILE}) {
      for (uint64_t n = 1;; ++n) {
        const TempDir dir;
        FaultFileSystem files;
        auto opened = OpenLog(&files, dir.path());
        files.FailAt(kind, n, error);
        uint64_t stored = 0;
        Status status;
        while (status.ok() && stored < 25) {
          status = Append(opened.log.get(), StoryFrame(stored + 1));
          if (status.ok()) ++stored;
        }
        const bool reached = !status.ok();
        INFO("operation " << kind << " errno " << error << " call " << n << " "
                          << status.ToString());
        if (status.code() == StatusCode::kIoError) {
          const Status again = Append(opened.log.get(), StoryFrame(stored + 1));
          CHECK(again.message() == status.message());
          CHECK(opened.log->PrepareSegment().code() == StatusCode::kIoError);
          CHECK(opened.log->Close().code() == StatusCode::kIoError);
        } else if (reached) {
          CHECK(status.code() == StatusCode::kDiskFull);
          CHECK(AppendStory(opened.log.get(), stored + 1, stored + 1).ok());
          ++stored;
        }
        CHECK(opened.log->last_sequence() == stored);
        files.Crash(n);
        const auto after = OpenLog(&files, dir.path());
        REQUIRE(after.status.ok());
        CHECK(IsStory(after.replayed));
        CHECK(after.replayed.size() >= stored);
        CHECK(after.replayed.size() <= stored + 1);
        test::CountFault(test::FaultOf(kind, error));
        if (!reached) break;
      }
    }
  }
}

TEST_CASE("A frame that a failed sync lost is durable once a restart has replayed it") {
  const TempDir dir;
  FaultFileSystem files;
  auto opened = OpenLog(&files, dir.path());
  REQUIRE(AppendStory(opened.log.get(), 1, 3).ok());
  files.FailAt(FaultFileSystem::kSync, 1, EIO);
  CHECK(Append(opened.log.get(), StoryFrame(4)).code() == StatusCode::kIoError);
  CHECK(OpenLog(&files, dir.path()).replayed.size() == 4);  // it is still in memory
  files.Crash();
  CHECK(OpenLog(&files, dir.path()).replayed.size() == 4);
}

TEST_CASE("Appends, preparation, releases and questions go on beside each other") {
  const TempDir dir;
  auto opened = OpenLog(PosixFileSystem(), dir.path(), 0, 2048);
  Log* log = opened.log.get();
  std::atomic<bool> done = false;
  std::atomic<bool> failed = false;
  const auto loop = [&](auto action) {
    return std::thread([&, action] {
      while (!done) {
        if (!action()) failed = true;
        std::this_thread::yield();
      }
    });
  };
  std::thread threads[] = {
      loop([&] { return log->PrepareSegment().ok(); }),
      loop([&] { return log->Release(log->last_sequence()).ok(); }),
      loop([&] { return log->bytes() % 2048 == 0 && log->segments() < 500; }),
  };
  const Status status = AppendStory(log, 1, 200);
  done = true;
  for (auto& thread : threads) thread.join();
  CHECK(status.ok());
  CHECK_FALSE(failed);
  CHECK(IsStory(OpenLog(PosixFileSystem(), dir.path(), 190, 2048).replayed, 191));
}

}  // namespace
}  // namespace trifecta::storage
