#include "daemon/data_folder.h"

#include <filesystem>
#include <fstream>

#include "storage/file_names.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::daemon {
namespace {

void Touch(const std::string& path) { std::ofstream(path) << "x"; }

TEST_CASE("a data folder may be missing or empty, or hold what no store is needed for") {
  const test::TempDir folder;
  CHECK(CheckDataFolder(folder.path()).ok());
  CHECK(CheckDataFolder(folder.File("a/b/c")).ok());
  CHECK(CheckDataFolder(folder.path() + "/").ok());
  std::filesystem::create_directory(folder.File("lost+found"));
  for (const char* name : {"LOCK", "node", "clock.new"}) Touch(folder.File(name));
  CHECK(CheckDataFolder(folder.path()).ok());
}

TEST_CASE("a folder of foreign files is no data folder, hidden files and folders included") {
  for (const char* name : {"words.txt", ".profile", "base-7", "home/"}) {
    const test::TempDir folder;
    if (std::string_view(name).ends_with('/')) {
      std::filesystem::create_directory(folder.File(name));
    } else {
      Touch(folder.File(name));
    }
    INFO(name);
    const Status status = CheckDataFolder(folder.path());
    CHECK(status.code() == StatusCode::kAlreadyInUse);
    CHECK(status.message().find("empty folder") != std::string::npos);
  }
}

TEST_CASE("where there is a store, other files beside it do not matter") {
  for (const std::string& name :
       {storage::ManifestName(3), storage::LogName(1), storage::BaseName(2)}) {
    const test::TempDir folder;
    for (const char* foreign : {"a", ".b", "zz"}) Touch(folder.File(foreign));
    Touch(folder.File(name));
    INFO(name);
    CHECK(CheckDataFolder(folder.path()).ok());
  }
}

TEST_CASE("what is no folder, or lies below one that is none, is told so") {
  const test::TempDir folder;
  Touch(folder.File("file"));
  std::filesystem::create_symlink(folder.File("nothing"), folder.File("dangling"));
  std::filesystem::create_symlink(folder.File("loop"), folder.File("loop"));
  for (const char* path : {"file", "file/x", "file/x/y", "dangling", "dangling/x", "loop/x"}) {
    INFO(path);
    CHECK(CheckDataFolder(folder.File(path)).code() == StatusCode::kNotFound);
  }
  CHECK(CheckDataFolder(folder.File(std::string(300, 'a'))).code() == StatusCode::kNotFound);
  CHECK(CheckDataFolder(folder.File("file/x")).message() ==
        "data folder " + folder.File("file/x") + ": " + folder.File("file") +
            " is not a folder; choose another folder");
}

}  // namespace
}  // namespace trifecta::daemon
