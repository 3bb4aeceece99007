#include "storage/folder_lock.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "storage/base/file_system.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::TempDir;

TEST_CASE("A second holder of a folder is told the folder and the process that has it") {
  const TempDir dir;
  const auto first = FolderLock::Acquire(dir.path());
  REQUIRE(first.ok());
  const auto second = FolderLock::Acquire(dir.path());
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().code() == StatusCode::kAlreadyInUse);
  CHECK(second.status().message().find(dir.path()) != std::string::npos);
  CHECK(second.status().message().find("process " + std::to_string(getpid())) != std::string::npos);
}

TEST_CASE("The lock is free again when its holder gives it up, though the file stays") {
  const TempDir dir;
  {
    const auto lock = FolderLock::Acquire(dir.path());
    REQUIRE(lock.ok());
  }
  CHECK(PosixFileSystem()->Size(dir.File("LOCK")).ok());
  CHECK(FolderLock::Acquire(dir.path()).ok());
}

TEST_CASE("Two folders have two locks") {
  const TempDir one, two;
  const auto first = FolderLock::Acquire(one.path());
  const auto second = FolderLock::Acquire(two.path());
  CHECK(first.ok());
  CHECK(second.ok());
}

TEST_CASE("Readers share a folder with each other and with no holder, and leave no trace") {
  const TempDir dir;
  const auto none = FolderLock::AcquireShared(dir.path());
  REQUIRE(none.ok());
  CHECK(*none == nullptr);
  CHECK_FALSE(PosixFileSystem()->Size(dir.File("LOCK")).ok());
  {
    const auto holder = FolderLock::Acquire(dir.path());
    const Status refused = FolderLock::AcquireShared(dir.path()).status();
    CHECK(refused.code() == StatusCode::kAlreadyInUse);
    CHECK(refused.message().find("process " + std::to_string(getpid())) != std::string::npos);
  }
  const auto first = FolderLock::AcquireShared(dir.path());
  const auto second = FolderLock::AcquireShared(dir.path());
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(*first != nullptr);
  CHECK(FolderLock::Acquire(dir.path()).status().code() == StatusCode::kAlreadyInUse);
}

TEST_CASE("A folder that is missing or not writable cannot be locked") {
  const TempDir dir;
  CHECK(FolderLock::Acquire(dir.File("none")).status().code() == StatusCode::kNotFound);

  // The superuser may write anywhere: become nobody for a moment.
  constexpr uid_t kNobody = 65534;
  REQUIRE(::chmod(dir.path().c_str(), 0555) == 0);
  const bool superuser = geteuid() == 0;
  if (superuser) REQUIRE(seteuid(kNobody) == 0);
  const Status status = FolderLock::Acquire(dir.path()).status();
  if (superuser) REQUIRE(seteuid(0) == 0);
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  CHECK(status.code() == StatusCode::kPermissionDenied);
  CHECK(status.message().find(dir.path()) != std::string::npos);
}

TEST_CASE("A lock that was removed, or taken by another file, is known to keep nobody out") {
  const TempDir dir;
  const auto lock = FolderLock::Acquire(dir.path());
  REQUIRE(lock.ok());
  CHECK((*lock)->Check().ok());
  REQUIRE(PosixFileSystem()->Remove(dir.File("LOCK")).ok());
  CHECK((*lock)->Check().code() == StatusCode::kAlreadyInUse);
  const auto other = FolderLock::Acquire(dir.path());
  REQUIRE(other.ok());
  CHECK((*lock)->Check().code() == StatusCode::kAlreadyInUse);
  CHECK((*other)->Check().ok());
}

}  // namespace
}  // namespace trifecta::storage
