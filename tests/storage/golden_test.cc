// The files in tests/golden/format-1 were written by the first program of format version 1 and are
// kept for ever: every later program must read them, and as long as it writes version 1 it must
// write the same bytes.
#include <string>
#include <vector>

#include "storage/file_names.h"
#include "storage/log.h"
#include "storage/log_format.h"
#include "storage/manifest.h"
#include "tests/support/catch.h"
#include "tests/support/log_story.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

std::string Golden(const std::string& name, const std::string& format = "format-1") {
  const std::string folder = std::string(TRIFECTA_SOURCE) + "/tests/golden/" + format;
  auto bytes = PosixFileSystem()->ReadAll(PathIn(folder, name));
  REQUIRE(bytes.ok());
  return std::move(*bytes);
}

// Two segments, the second with room: live words and tombstones, shared prefixes, versions that
// repeat and that do not, several writers in one frame.
std::vector<std::vector<test::OwnedFrame>> LogStory() {
  constexpr uint64_t kTime = uint64_t{1'700'000'000'000} << 16;
  return {{{{"trial", {kTime, 1}}, {"triathlon", {kTime, 1}}, {"tribe", {kTime, 1}}}},
          {{{"trial", {kTime + 1, 1}, true}}},
          {{{"a", {kTime + 2, 1}}}, {{"\xc3\xa9t\xc3\xa9", {kTime + 3, 2}}}},
          {{{std::string(300, 'w') + "1", {kTime + 4, 1}},
            {std::string(300, 'w') + "2", {kTime + 4, 1}}}},
          {{{"zebra", {kTime + 5, 65535}}, {"zebra", {kTime + 6, 1}, true}}}};
}

Manifest GoldenManifest() {
  return {.generation = 3,
          .covered = 1234,
          .next_file = 18,
          .tablets = {{.file_number = 5,
                       .file_bytes = 8'400'000,
                       .header_crc = 0x12345678,
                       .live = 1'200'000,
                       .tombstones = 17,
                       .low = ""},
                      {.file_number = 17,
                       .file_bytes = 4096,
                       .header_crc = 0xffffffff,
                       .live = 300,
                       .tombstones = 0,
                       .low = "\xc3\xa9t\xc3\xa9"}}};
}

TEST_CASE("The log of format version 1 is read, and written byte for byte") {
  const auto story = LogStory();
  const test::TempDir dir;
  {
    auto opened = test::OpenLog(PosixFileSystem(), dir.path());
    for (const auto& groups : story) {
      std::vector<std::vector<Entry>> entries;
      for (const auto& group : groups) entries.push_back(test::Views(group));
      const std::vector<std::span<const Entry>> spans(entries.begin(), entries.end());
      uint64_t sequence;
      REQUIRE(opened.log->Append(spans, &sequence).ok());
    }
  }
  const auto names = *PosixFileSystem()->List(dir.path());
  REQUIRE(names == std::vector<std::string>{LogName(1), LogName(2)});
  const test::TempDir copy;  // opening may change a log
  for (const std::string& name : names) {
    CHECK(*PosixFileSystem()->ReadAll(dir.File(name)) == Golden(name));
    auto file = PosixFileSystem()->Create(copy.File(name));
    REQUIRE((*file)->WriteAt(0, Golden(name)).ok());
  }
  const auto opened = test::OpenLog(PosixFileSystem(), copy.path());
  REQUIRE(opened.status.ok());
  REQUIRE(opened.replayed.size() == story.size());
  for (size_t i = 0; i < story.size(); ++i) {
    test::OwnedFrame all;
    for (const auto& group : story[i]) all.insert(all.end(), group.begin(), group.end());
    CHECK(opened.replayed[i] == all);
  }
}

TEST_CASE("A segment of format version 2, used before, is read, and written byte for byte") {
  constexpr uint64_t kCovered = 18, kLast = 24;
  const std::string names[] = {LogName(3), LogName(4)};
  const test::TempDir dir, copy;
  {
    auto opened = test::OpenLog(PosixFileSystem(), dir.path());
    REQUIRE(test::AppendStory(opened.log.get(), 1, 20).ok());
    REQUIRE(opened.log->Release(kCovered).ok());
    REQUIRE(test::AppendStory(opened.log.get(), 21, kLast).ok());
  }
  CHECK(DecodeSegmentHeader(Golden(names[1], "format-2"))->used_before());
  for (const std::string& name : names) {
    CHECK(*PosixFileSystem()->ReadAll(dir.File(name)) == Golden(name, "format-2"));
    auto file = PosixFileSystem()->Create(copy.File(name));
    REQUIRE((*file)->WriteAt(0, Golden(name, "format-2")).ok());
  }
  const auto opened = test::OpenLog(PosixFileSystem(), copy.path(), kCovered);
  REQUIRE(opened.status.ok());
  CHECK(opened.replayed.size() == kLast - kCovered);
  CHECK(test::IsStory(opened.replayed, kCovered + 1));
}

TEST_CASE("The manifest of format version 1 is read, and written byte for byte") {
  const Manifest manifest = GoldenManifest();
  const std::string bytes = Golden(ManifestName(3));
  CHECK(EncodeManifest(manifest) == bytes);
  const auto decoded = DecodeManifest(bytes);
  REQUIRE(decoded.ok());
  CHECK(*decoded == manifest);
}

}  // namespace
}  // namespace trifecta::storage
