#include "storage/base/file_system.h"

#include <sys/stat.h>

#include <string>
#include <vector>

#include "storage/file_names.h"
#include "storage/mapped_file.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta {
namespace {

using test::TempDir;

std::string Write(const std::string& path, std::string_view bytes) {
  auto file = PosixFileSystem()->Create(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->WriteAt(0, bytes).ok());
  return path;
}

TEST_CASE("Bytes are written at offsets, a gap reads as zeros, and all of it is read back") {
  const TempDir dir;
  FileSystem* files = PosixFileSystem();
  auto file = files->Create(dir.File("a"));
  REQUIRE(file.ok());
  CHECK((*file)->WriteAt(4, "fecta").ok());
  CHECK((*file)->WriteAt(0, "tri").ok());
  CHECK((*file)->Sync().ok());
  CHECK(*files->ReadAll(dir.File("a")) == std::string("tri\0fecta", 9));
  CHECK((*file)->Truncate(3).ok());
  CHECK(*files->Size(dir.File("a")) == 3);
}

TEST_CASE("An opened file keeps its contents; a created one must be new") {
  const TempDir dir;
  FileSystem* files = PosixFileSystem();
  Write(dir.File("a"), "trial");
  CHECK(files->Create(dir.File("a")).status().code() == StatusCode::kIoError);
  auto file = files->OpenForWriting(dir.File("a"));
  REQUIRE(file.ok());
  CHECK((*file)->WriteAt(3, "c").ok());
  CHECK(*files->ReadAll(dir.File("a")) == "tricl");
  CHECK(files->OpenForWriting(dir.File("b")).status().code() == StatusCode::kNotFound);
}

TEST_CASE("Errors name the path") {
  const TempDir dir;
  FileSystem* files = PosixFileSystem();
  const std::string path = dir.File("none");
  for (const Status& status :
       {files->ReadAll(path).status(), files->Size(path).status(), files->List(path).status(),
        files->Remove(path), files->Rename(path, path + "2"), files->SyncFolder(path),
        files->FreeBytes(path).status()}) {
    CHECK(status.code() == StatusCode::kNotFound);
    CHECK(status.message().find(path) != std::string::npos);
  }
}

TEST_CASE("A folder lists its files in order, without folders") {
  const TempDir dir;
  FileSystem* files = PosixFileSystem();
  for (const char* name : {"b", "a", "c"}) Write(dir.File(name), "x");
  CHECK(files->CreateFolder(dir.File("folder")).ok());
  CHECK(files->Remove(dir.File("c")).ok());
  CHECK(*files->List(dir.path()) == std::vector<std::string>{"a", "b"});
  CHECK(files->SyncFolder(dir.path()).ok());
}

TEST_CASE("A file that is renamed takes the place of one that had the name") {
  const TempDir dir;
  FileSystem* files = PosixFileSystem();
  Write(dir.File("a"), "of a");
  Write(dir.File("b"), "of b");
  CHECK(files->Rename(dir.File("a"), dir.File("b")).ok());
  CHECK(*files->List(dir.path()) == std::vector<std::string>{"b"});
  CHECK(*files->ReadAll(dir.File("b")) == "of a");
}

TEST_CASE("A folder is made with the parents that are missing, and may be there already") {
  const TempDir dir;
  FileSystem* files = PosixFileSystem();
  const std::string path = dir.File("var/lib/trifecta");
  CHECK(files->CreateFolder(path).ok());
  CHECK(files->CreateFolder(path).ok());
  CHECK(files->CreateFolder(path + "/").ok());
  struct stat info;
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07027) == 0);  // nothing for others
  Write(dir.File("file"), "x");
  CHECK_FALSE(files->CreateFolder(dir.File("file")).ok());
  CHECK_FALSE(files->CreateFolder(dir.File("file/below")).ok());
}

TEST_CASE("Free bytes are those of the disk") {
  const TempDir dir;
  const auto bytes = PosixFileSystem()->FreeBytes(dir.path());
  REQUIRE(bytes.ok());
  CHECK(*bytes > 0);
}

TEST_CASE("A mapped file shows the bytes of the file, even after its name is gone") {
  const TempDir dir;
  const std::string text = std::string(100'000, 'x') + "end";
  const auto mapped = storage::MappedFile::Open(Write(dir.File("a"), text));
  REQUIRE(mapped.ok());
  (*mapped)->WillNeed();
  CHECK((*mapped)->Populate().ok());
  CHECK(PosixFileSystem()->Remove(dir.File("a")).ok());
  CHECK((*mapped)->bytes() == text);
  CHECK((*mapped)->path() == dir.File("a"));
}

TEST_CASE("A missing file, an empty one and a folder cannot be mapped") {
  const TempDir dir;
  using storage::MappedFile;
  CHECK(MappedFile::Open(dir.File("none")).status().code() == StatusCode::kNotFound);
  const auto empty = MappedFile::Open(Write(dir.File("empty"), ""));
  CHECK(empty.status().code() == StatusCode::kDataDamaged);
  CHECK(empty.status().message().find(dir.File("empty")) != std::string::npos);
  CHECK_FALSE(MappedFile::Open(dir.path()).ok());
}

TEST_CASE("File names come back as what they stand for, and sort like their numbers") {
  using storage::FileKind;
  using storage::FileName;
  using storage::ParseFileName;
  for (const uint64_t number : {uint64_t{0}, uint64_t{255}, ~uint64_t{0}}) {
    CHECK(ParseFileName(storage::LogName(number)) == FileName{FileKind::kLog, number});
    CHECK(ParseFileName(storage::ManifestName(number)) == FileName{FileKind::kManifest, number});
    CHECK(ParseFileName(storage::BaseName(number)) == FileName{FileKind::kBase, number});
    CHECK(ParseFileName(storage::DamagedName(number)) == FileName{FileKind::kDamaged, number});
    CHECK(ParseFileName(storage::SpareName(number)) == FileName{FileKind::kSpare, number});
  }
  CHECK(storage::LogName(255) == "log-00000000000000ff");
  CHECK(ParseFileName("LOCK") == FileName{FileKind::kLock});
  CHECK(storage::LogName(9) < storage::LogName(16));
}

TEST_CASE("Names that are not spelt exactly like ours are not ours") {
  for (const char* name :
       {"", "LOCK~", "lock", "log", "log-", "log-1", "log-00000000000000FF", "log-00000000000000fg",
        "log-00000000000000ff0", "log-+0000000000000ff", "manifest-00000000000000ff.tmp", "core",
        "log-00000000000000ff.damaged", ".damaged"}) {
    CHECK_FALSE(storage::ParseFileName(name).has_value());
  }
}

}  // namespace
}  // namespace trifecta
