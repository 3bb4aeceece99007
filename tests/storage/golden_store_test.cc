// A base file and a whole folder in tests/golden/format-1, written by the first program of format
// version 1 and kept for ever: every later program must read them, and as long as it writes version
// 1 it must make the same base file of the same entries.
//
// `TRIFECTA_WRITE_GOLDEN=1 storage_tests "[write-golden]"` writes both anew: for use while a format
// is not released yet.
#include <cstdlib>
#include <string>

#include "storage/base_cursor.h"
#include "storage/base_file.h"
#include "storage/base_file_builder.h"
#include "storage/check.h"
#include "storage/file_names.h"
#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/folder_image.h"
#include "tests/support/small_store.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::EntryMap;

const std::string kGolden = std::string(TRIFECTA_SOURCE) + "/tests/golden/format-1";
const std::string kGoldenFolder = kGolden + "/folder";
constexpr uint64_t kFileNumber = 7;
constexpr uint64_t kTime = uint64_t{1'700'000'000'000} << 16;

// A trie with chains and nodes, words that end at nodes, every mode of versions, tombstones, the
// longest word, and enough for several pages.
EntryMap GoldenEntries() {
  EntryMap entries;
  for (uint64_t i = 0; i < 600; ++i) {
    const std::string number = std::to_string(100'000 + i * 91);
    entries["all the first version " + number] = {{kTime, 1}, false};
    entries["all of one " + number] = {{kTime + 1 + i / 100, 1}, i % 100 == 7};
    entries["some\xc3\xa9 versions " + number] = {{kTime + i % 3, 1}, i % 50 == 0};
    entries["each its own " + number] = {{kTime + i * i * i, static_cast<uint16_t>(i)}, false};
  }
  for (size_t length = 1; length <= 40; ++length) entries[std::string(length, 'x')] = {{kTime, 1}};
  entries[std::string(1'024, 'z')] = {{kTime + 5, 65'535}, false};
  entries["\xf4\x8f\xbf\xbf"] = {{kTime + 6, 2}, true};
  return entries;
}

// What the folder holds: tablets, and a log above them.
EntryMap WriteStory(Store* store) {
  EntryMap held;
  const auto write = [&](const EntryMap& entries) {
    REQUIRE(test::WriteAll(store, entries).ok());
    for (const auto& [word, stored] : entries) test::Merge(&held, word, stored);
  };
  EntryMap entries;
  for (uint64_t i = 0; i < 300; ++i) {
    entries["word " + std::to_string(1'000 + i)] = {{kTime + i, 1}, i % 9 == 0};
  }
  write(entries);
  REQUIRE(store->Checkpoint().ok());
  write({{"word 1000", {{kTime + 1'000, 2}, false}}, {"word 1001", {{kTime + 1'000, 2}, true}}});
  write({{"word 1002", {{kTime, 1}, true}}, {"trial", {{kTime + 1'001, 1}, false}}});
  return held;
}

TEST_CASE("The base file of format version 1 is read, and made byte for byte") {
  const EntryMap entries = GoldenEntries();
  const auto bytes = PosixFileSystem()->ReadAll(PathIn(kGolden, BaseName(kFileNumber)));
  REQUIRE(bytes.ok());
  const BuiltBaseFile built = BuildBaseFile(kFileNumber, test::BaseEntriesOf(entries));
  CHECK((built.bytes == *bytes));

  const auto file = BaseFile::Open(PathIn(kGolden, BaseName(kFileNumber)));
  REQUIRE(file.ok());
  EntryMap held;
  BaseCursor cursor(file->get());
  for (cursor.Seek(""); cursor.valid(); cursor.Next()) {
    held[std::string(cursor.word())] = {cursor.version(), cursor.tombstone()};
  }
  CHECK(cursor.status().ok());
  CHECK(test::Difference(held, entries) == "");
  for (const auto& [word, stored] : entries) {
    BaseFile::Found found;
    REQUIRE((*file)->Find(word, &found).ok());
    REQUIRE((found.known && found.version == stored.version));
  }
  (*file)->Verify([](uint64_t offset, const std::string& what) { FAIL_CHECK(offset << what); });
}

TEST_CASE("A folder of format version 1 is opened and holds what was written") {
  EntryMap expected;
  {
    const test::TempDir dir;
    expected = WriteStory(test::MustOpen(test::SmallStore(PosixFileSystem(), dir.path())).get());
  }
  const test::TempDir copy;
  test::WriteFolder(copy.path(), test::ReadFolder(kGoldenFolder));
  CheckSummary summary;
  const auto told = [](const Fault& fault) { FAIL_CHECK(fault.path << ": " << fault.what); };
  REQUIRE(CheckFolder(PosixFileSystem(), copy.path(), told, &summary).ok());
  CHECK(summary.words + summary.tombstones == expected.size());
  auto store = test::MustOpen(test::SmallStore(PosixFileSystem(), copy.path()));
  for (int round = 0; round < 2; ++round) {
    CHECK(test::Difference(*test::HeldBy(*store), expected) == "");
    REQUIRE(store->Checkpoint().ok());
  }
}

TEST_CASE("Writes the golden base file and folder anew", "[.][write-golden]") {
  // A pattern that names this test by chance must not replace what is kept for ever.
  if (std::getenv("TRIFECTA_WRITE_GOLDEN") == nullptr) return;
  test::FolderImage image = test::ReadFolder(kGolden);
  image[BaseName(kFileNumber)] =
      BuildBaseFile(kFileNumber, test::BaseEntriesOf(GoldenEntries())).bytes;
  test::WriteFolder(kGolden, image);

  const test::TempDir dir;
  {
    const auto store = test::MustOpen(test::SmallStore(PosixFileSystem(), dir.path()));
    (void)WriteStory(store.get());
  }
  image = test::ReadFolder(dir.path());
  image.erase(std::string(kLockName));
  REQUIRE(PosixFileSystem()->CreateFolder(kGoldenFolder).ok());
  test::WriteFolder(kGoldenFolder, image);
}

}  // namespace
}  // namespace trifecta::storage
