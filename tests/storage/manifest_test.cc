#include "storage/manifest.h"

#include <cerrno>
#include <string>
#include <vector>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"
#include "storage/file_names.h"
#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/fault_table.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::FaultFileSystem;
using test::TempDir;

Manifest Sample(uint64_t generation = 7) {
  Manifest manifest{.generation = generation, .covered = 1'000'000, .next_file = 12, .tablets = {}};
  manifest.tablets.push_back({.file_number = 9,
                              .file_bytes = 8 << 20,
                              .header_crc = 0xdeadbeef,
                              .live = 400'000,
                              .tombstones = 3,
                              .low = ""});
  manifest.tablets.push_back({.file_number = 11,
                              .file_bytes = 4096,
                              .header_crc = 1,
                              .live = 1,
                              .tombstones = 0,
                              .low = "trial"});
  return manifest;
}

// A manifest with the checksum that its bytes ask for.
std::string Sealed(std::string bytes) {
  StoreFixed(bytes.data() + 12,
             Crc32c(std::string_view(bytes).substr(16), Crc32c(bytes.substr(0, 12))));
  return bytes;
}

void PutFile(const std::string& path, std::string_view bytes) {
  (void)PosixFileSystem()->Remove(path).ok();
  auto file = PosixFileSystem()->Create(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->WriteAt(0, bytes).ok());
}

TEST_CASE("A manifest comes back as it was, empty or not") {
  Manifest empty;
  empty.generation = 1;
  for (const Manifest& manifest : {Sample(), empty}) {
    const auto decoded = DecodeManifest(EncodeManifest(manifest));
    REQUIRE(decoded.ok());
    CHECK(*decoded == manifest);
  }
}

TEST_CASE("A manifest says whether there is a log") {
  Manifest manifest;
  manifest.generation = 1;
  manifest.has_log = true;
  const auto read = DecodeManifest(EncodeManifest(manifest));
  REQUIRE(read.ok());
  CHECK(*read == manifest);
}

TEST_CASE("A manifest says which ranges of words were lost") {
  Manifest manifest = Sample();
  manifest.has_log = GENERATE(false, true);
  manifest.lost = {{"", "abc"}, {"b", ""}};
  const auto read = DecodeManifest(EncodeManifest(manifest));
  REQUIRE(read.ok());
  CHECK(*read == manifest);
}

TEST_CASE("A manifest cut at any byte, or with any bit flipped, is damage with an offset",
          "[faults]") {
  const std::string whole = EncodeManifest(Sample());
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto decoded = DecodeManifest(std::string_view(whole).substr(0, size));
    CHECK(decoded.status().code() == StatusCode::kDataDamaged);
    CHECK(decoded.status().message().starts_with("offset "));
    test::CountFault(test::Fault::kCut);
  }
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    CHECK(DecodeManifest(bytes).status().code() == StatusCode::kDataDamaged);
    test::CountFault(test::Fault::kManifestByte);
  }
  CHECK(DecodeManifest(whole + "x").status().code() == StatusCode::kDataDamaged);
}

TEST_CASE("A manifest that breaks a rule is refused although its checksum is right") {
  const auto refused = [](const Manifest& manifest) {
    return DecodeManifest(EncodeManifest(manifest)).status().code() == StatusCode::kDataDamaged;
  };
  Manifest gap = Sample();
  gap.tablets[0].low = "a";
  CHECK(refused(gap));
  Manifest order = Sample();
  order.tablets[1].low = "";
  CHECK(refused(order));
  Manifest number = Sample();
  number.tablets[1].file_number = number.next_file;
  CHECK(refused(number));
  Manifest word = Sample();
  word.tablets[1].low = std::string(1025, 'x');
  CHECK(refused(word));
  for (const std::vector<WordRange>& lost : {std::vector<WordRange>{{"b", "c"}, {"a", "b"}},
                                             {{"b", "a"}},
                                             {{std::string(1'025, 'x'), ""}}}) {
    Manifest ranges = Sample();
    ranges.lost = lost;
    CHECK(refused(ranges));
  }

  std::string version = EncodeManifest(Sample());
  version[8] = 2;
  CHECK(DecodeManifest(Sealed(version)).status().message() ==
        "offset 8: format version 2; this program reads version 1");
  std::string fewer = EncodeManifest(Sample());
  fewer[24 + 24] = 3;  // three tablets, it says
  CHECK(DecodeManifest(Sealed(fewer)).status().code() == StatusCode::kDataDamaged);
  fewer[24 + 24] = 1;
  CHECK(DecodeManifest(Sealed(fewer)).status().code() == StatusCode::kDataDamaged);
}

TEST_CASE("A folder without a manifest is a new store") {
  const TempDir dir;
  const auto manifest = ReadManifest(PosixFileSystem(), dir.path());
  REQUIRE(manifest.ok());
  CHECK_FALSE(manifest->has_value());
}

TEST_CASE("The highest manifest counts, and the others are removed when asked") {
  const TempDir dir;
  FaultFileSystem files;
  for (const uint64_t generation : {9, 10, 11}) {
    REQUIRE(WriteManifest(&files, dir.path(), Sample(generation)).ok());
  }
  CHECK((*ReadManifest(&files, dir.path()))->generation == 11);
  PutFile(dir.File(ManifestName(12)), "torn");
  REQUIRE(RemoveOldManifests(&files, dir.path(), 11).ok());
  CHECK(*files.List(dir.path()) == std::vector<std::string>{ManifestName(11)});
}

TEST_CASE("A torn manifest above a valid one is skipped, named, and may be written again") {
  const TempDir dir;
  FaultFileSystem files;
  REQUIRE(WriteManifest(&files, dir.path(), Sample(3)).ok());
  const std::string whole = EncodeManifest(Sample(4));
  for (size_t size = 0; size < whole.size(); ++size) {
    PutFile(dir.File(ManifestName(4)), whole.substr(0, size));
    std::vector<std::string> skipped;
    const auto manifest = ReadManifest(&files, dir.path(), &skipped);
    REQUIRE(manifest.ok());
    CHECK((*manifest)->generation == 3);
    CHECK(skipped == std::vector<std::string>{ManifestName(4)});
  }
  REQUIRE(WriteManifest(&files, dir.path(), Sample(4)).ok());
  CHECK((*ReadManifest(&files, dir.path()))->generation == 4);
  CHECK(WriteManifest(&files, dir.path(), Sample(4)).code() == StatusCode::kInternal);
}

TEST_CASE("Manifests of which none is valid are damage, with file and offset") {
  const TempDir dir;
  PutFile(dir.File(ManifestName(8)), "damaged");
  const auto one = ReadManifest(PosixFileSystem(), dir.path());
  CHECK(one.status().code() == StatusCode::kDataDamaged);
  CHECK(one.status().message().starts_with(dir.File(ManifestName(8)) + ": offset 7: "));
}

TEST_CASE("A torn first manifest is a store whose making was cut short, if nothing else is there") {
  const TempDir dir;
  PutFile(dir.File(ManifestName(1)), "");
  PutFile(dir.File("LOCK"), "");
  std::vector<std::string> skipped;
  const auto manifest = ReadManifest(PosixFileSystem(), dir.path(), &skipped);
  REQUIRE(manifest.ok());
  CHECK_FALSE(manifest->has_value());
  CHECK(skipped.size() == 1);
  PutFile(dir.File(LogName(1)), "");
  CHECK(ReadManifest(PosixFileSystem(), dir.path()).status().code() == StatusCode::kDataDamaged);
}

TEST_CASE("A whole manifest of a later format is refused, not taken for a torn one") {
  const TempDir dir;
  FaultFileSystem files;
  REQUIRE(WriteManifest(&files, dir.path(), Sample(3)).ok());
  std::string bytes = EncodeManifest(Sample(4));
  bytes[8] = 2;
  PutFile(dir.File(ManifestName(4)), Sealed(bytes));
  CHECK(ReadManifest(&files, dir.path()).status().code() == StatusCode::kDataDamaged);
  PutFile(dir.File(ManifestName(4)), EncodeManifest(Sample(5)));  // under another one's name
  CHECK(ReadManifest(&files, dir.path()).status().code() == StatusCode::kDataDamaged);
}

TEST_CASE("Power loss while a manifest is written leaves the old one or the new one", "[faults]") {
  for (uint64_t n = 1; n <= 6; ++n) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const TempDir dir;
      FaultFileSystem files;
      REQUIRE(WriteManifest(&files, dir.path(), Sample(1)).ok());
      files.LosePowerAt(n);
      const bool published = WriteManifest(&files, dir.path(), Sample(2)).ok();
      if (published) (void)RemoveOldManifests(&files, dir.path(), 2).ok();
      files.Crash(seed);
      const auto manifest = ReadManifest(&files, dir.path());
      REQUIRE(manifest.ok());
      REQUIRE(manifest->has_value());
      CHECK(((*manifest)->generation == 2 || !published));
      CHECK(**manifest == Sample((*manifest)->generation));
      test::CountFault(test::Fault::kPowerLossTorn);
    }
  }
}

TEST_CASE("On a full disk a manifest is as if it had never been written, and can be tried again") {
  for (const auto kind :
       {FaultFileSystem::kCreate, FaultFileSystem::kWrite, FaultFileSystem::kSync}) {
    const TempDir dir;
    FaultFileSystem files;
    REQUIRE(WriteManifest(&files, dir.path(), Sample(1)).ok());
    files.FailAt(kind, 1, ENOSPC);
    CHECK(WriteManifest(&files, dir.path(), Sample(2)).code() == StatusCode::kDiskFull);
    CHECK(files.List(dir.path())->size() == 1);
    files.Crash(5);
    CHECK((*ReadManifest(&files, dir.path()))->generation == 1);
    CHECK(WriteManifest(&files, dir.path(), Sample(2)).ok());
  }
}

TEST_CASE("An I/O error while a manifest is written is passed on as such") {
  for (const auto kind :
       {FaultFileSystem::kWrite, FaultFileSystem::kSync, FaultFileSystem::kSyncFolder}) {
    const TempDir dir;
    FaultFileSystem files;
    files.FailAt(kind, 1, EIO);
    CHECK(WriteManifest(&files, dir.path(), Sample(2)).code() == StatusCode::kIoError);
  }
  // A full disk, and then what was written cannot be taken back either.
  const TempDir dir;
  FaultFileSystem files;
  files.FailAt(FaultFileSystem::kSync, 1, ENOSPC);
  files.FailAt(FaultFileSystem::kRemove, 1, EIO);
  CHECK(WriteManifest(&files, dir.path(), Sample(2)).code() == StatusCode::kIoError);
}

}  // namespace
}  // namespace trifecta::storage
