#include "tests/support/fault_file_system.h"

#include <cerrno>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {
namespace {

std::unique_ptr<WritableFile> Create(FaultFileSystem* files, const std::string& path,
                                     std::string_view bytes) {
  auto file = files->Create(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->WriteAt(0, bytes).ok());
  return std::move(*file);
}

TEST_CASE("A crash leaves what was synced: contents by the file, names by the folder") {
  const TempDir dir;
  FaultFileSystem files;
  auto kept = Create(&files, dir.File("kept"), "one");
  REQUIRE(kept->Sync().ok());
  auto unsynced = Create(&files, dir.File("unsynced"), "two");
  REQUIRE(files.SyncFolder(dir.path()).ok());
  auto nameless = Create(&files, dir.File("nameless"), "three");
  REQUIRE(nameless->Sync().ok());
  REQUIRE(kept->WriteAt(1, "XXXX").ok());
  CHECK(*files.ReadAll(dir.File("kept")) == "oXXXX");

  files.Crash();
  CHECK(*files.List(dir.path()) == std::vector<std::string>{"kept", "unsynced"});
  CHECK(*files.ReadAll(dir.File("kept")) == "one");
  CHECK(files.ReadAll(dir.File("unsynced"))->empty());
  CHECK_FALSE(kept->Sync().ok());
}

TEST_CASE("A removal that was not synced is undone by a crash, a synced one is not") {
  const TempDir dir;
  { (void)PosixFileSystem()->Create(dir.File("old")).ok(); }
  FaultFileSystem files;
  { (void)Create(&files, dir.File("new"), "x")->Sync().ok(); }
  REQUIRE(files.SyncFolder(dir.path()).ok());
  REQUIRE(files.Remove(dir.File("old")).ok());
  REQUIRE(files.Remove(dir.File("new")).ok());
  SECTION("undone") {
    files.Crash();
    CHECK(*files.List(dir.path()) == std::vector<std::string>{"new", "old"});
    CHECK(*files.ReadAll(dir.File("new")) == "x");
  }
  SECTION("durable") {
    REQUIRE(files.SyncFolder(dir.path()).ok());
    files.Crash();
    CHECK(files.List(dir.path())->empty());
  }
}

TEST_CASE("A renaming that was not synced is undone by a crash, a synced one is not") {
  const TempDir dir;
  FaultFileSystem files;
  { (void)Create(&files, dir.File("old"), "x")->Sync().ok(); }
  REQUIRE(files.SyncFolder(dir.path()).ok());
  REQUIRE(files.Rename(dir.File("old"), dir.File("new")).ok());
  CHECK(*files.List(dir.path()) == std::vector<std::string>{"new"});
  const bool synced = GENERATE(false, true);
  if (synced) REQUIRE(files.SyncFolder(dir.path()).ok());
  files.Crash();
  CHECK(*files.List(dir.path()) == std::vector<std::string>{synced ? "new" : "old"});
  CHECK(*files.ReadAll(dir.File(synced ? "new" : "old")) == "x");
  CHECK(files.operations(FaultFileSystem::kRename) == 1);
}

TEST_CASE("With a seed any part of what was not synced may survive, sector by sector") {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    const TempDir dir;
    FaultFileSystem files;
    auto file = Create(&files, dir.File("a"), std::string(1024, '.'));
    REQUIRE(file->Sync().ok());
    REQUIRE(files.SyncFolder(dir.path()).ok());
    REQUIRE(file->WriteAt(0, std::string(1024, '#')).ok());
    files.Crash(seed);
    const std::string left = *files.ReadAll(dir.File("a"));
    REQUIRE(left.size() == 1024);
    CHECK(left.substr(0, 512) == std::string(512, left[0]));
    CHECK(left.substr(512) == std::string(512, left[512]));
    seen.insert({left[0], left[512]});
  }
  CHECK(seen.size() == 4);
}

TEST_CASE("Power can be lost at any operation; then everything fails until the crash is over") {
  const TempDir dir;
  FaultFileSystem files;
  files.LosePowerAt(3);
  auto file = Create(&files, dir.File("a"), "x");
  CHECK_FALSE(file->Sync().ok());
  CHECK(files.power_lost());
  CHECK(files.operations() == 3);
  CHECK_FALSE(file->WriteAt(0, "y").ok());
  CHECK_FALSE(files.ReadAll(dir.File("a")).ok());
  CHECK_FALSE(files.List(dir.path()).ok());
  files.Crash();
  CHECK_FALSE(files.power_lost());
  CHECK(files.List(dir.path())->empty());
}

TEST_CASE("The n-th call of a kind fails with the errno asked for, once or for good") {
  const TempDir dir;
  FaultFileSystem files;
  auto file = Create(&files, dir.File("a"), "x");
  files.FailAt(FaultFileSystem::kWrite, 2, EIO);
  CHECK(file->WriteAt(0, "1").ok());
  CHECK(file->WriteAt(0, "2").code() == StatusCode::kIoError);
  CHECK(file->WriteAt(0, "3").ok());
  files.FailAt(FaultFileSystem::kCreate, 1, ENOSPC, true);
  CHECK(files.Create(dir.File("b")).status().code() == StatusCode::kDiskFull);
  CHECK(files.Create(dir.File("b")).status().code() == StatusCode::kDiskFull);
  files.ForgetFailures();
  CHECK(files.Create(dir.File("b")).ok());
  CHECK(*files.ReadAll(dir.File("a")) == "3");
  CHECK(files.operations(FaultFileSystem::kWrite) == 4);
}

TEST_CASE("What a failed sync should have written is lost, though it reads back until the crash") {
  const TempDir dir;
  FaultFileSystem files;
  auto file = Create(&files, dir.File("a"), "old");
  REQUIRE(file->Sync().ok());
  REQUIRE(files.SyncFolder(dir.path()).ok());
  REQUIRE(file->WriteAt(0, "new").ok());
  files.FailAt(FaultFileSystem::kSync, 1, EIO);
  CHECK_FALSE(file->Sync().ok());
  CHECK(*files.ReadAll(dir.File("a")) == "new");
  CHECK(file->Sync().ok());
  files.Crash();
  CHECK(*files.ReadAll(dir.File("a")) == "old");
}

TEST_CASE("A full disk takes what fits, refuses the rest, and has room again after a removal") {
  const TempDir dir;
  FaultFileSystem files;
  files.SetFreeBytes(10);
  auto file = Create(&files, dir.File("a"), "1234567");
  CHECK(file->WriteAt(0, "7654321").ok());  // inside the file: no room needed
  CHECK(file->WriteAt(7, "89abc").code() == StatusCode::kDiskFull);
  CHECK(*files.ReadAll(dir.File("a")) == "765432189a");
  CHECK(*files.FreeBytes(dir.path()) == 0);
  CHECK(file->Truncate(9).ok());
  CHECK(*files.FreeBytes(dir.path()) == 1);
  CHECK(files.Remove(dir.File("a")).ok());
  CHECK(*files.FreeBytes(dir.path()) == 10);
}

TEST_CASE("Threads may use it together") {
  const TempDir dir;
  FaultFileSystem files;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      auto file = files.Create(dir.File(std::to_string(i)));
      for (uint64_t n = 0; file.ok() && n < 100; ++n) {
        (void)(*file)->WriteAt(n, "x").ok();
        (void)(*file)->Sync().ok();
      }
      (void)files.SyncFolder(dir.path()).ok();
    });
  }
  for (auto& thread : threads) thread.join();
  files.Crash();
  for (int i = 0; i < 4; ++i) CHECK(files.ReadAll(dir.File(std::to_string(i)))->size() == 100);
}

}  // namespace
}  // namespace trifecta::test
