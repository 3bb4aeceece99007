#include "storage/log_recovery.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"
#include "storage/file_names.h"
#include "storage/log_format.h"
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

// The files of a log, to be put onto a disk and opened again and again.
using Image = std::vector<std::pair<std::string, std::string>>;

Image StoryImage(uint64_t frames) {
  MemoryFileSystem disk;
  REQUIRE(AppendStory(OpenLog(&disk, kFolder, 0, kSegmentBytes).log.get(), 1, frames).ok());
  const auto names = *disk.List(kFolder);
  Image image;
  for (const std::string& name : names) image.push_back({name, *disk.ReadAll(PathOf(name))});
  return image;
}

void Put(const Image& image, MemoryFileSystem* disk) {
  for (const auto& [name, bytes] : image) disk->Put(PathOf(name), bytes);
}

// Where the frames of a segment begin, and at last where they end.
std::vector<size_t> Bounds(std::string_view segment) {
  SegmentReader reader(segment, DecodeSegmentHeader(segment)->salt);
  std::vector<size_t> bounds;
  while (const auto frame = reader.Next()) bounds.push_back(frame->offset);
  bounds.push_back(reader.end());
  return bounds;
}

// Opens what an image of the story became: either a prefix of the story comes back and the log goes
// on from there, or it is damage with file and offset.
size_t CheckPrefixOrDamage(const Image& image) {
  MemoryFileSystem disk;
  Put(image, &disk);
  auto opened = OpenLog(&disk, kFolder, 0, kSegmentBytes);
  if (!opened.status.ok()) {
    CHECK(opened.status.code() == StatusCode::kDataDamaged);
    CHECK(opened.status.message().find(PathOf("log-")) == 0);
    CHECK(opened.status.message().find(": offset ") != std::string::npos);
    return 0;
  }
  const size_t count = opened.replayed.size();
  CHECK(IsStory(opened.replayed));
  REQUIRE(AppendStory(opened.log.get(), count + 1, count + 2).ok());
  const auto again = OpenLog(&disk, kFolder, 0, kSegmentBytes);
  CHECK(again.replayed.size() == count + 2);
  CHECK(IsStory(again.replayed));
  return count;
}

TEST_CASE("A log cut at any byte gives the frames before the cut, and goes on from there",
          "[faults]") {
  const Image whole = StoryImage(4);
  REQUIRE(whole.size() == 1);
  const auto bounds = Bounds(whole[0].second);
  for (size_t size = 0; size <= bounds.back() + 40; ++size) {
    Image image = whole;
    image[0].second.resize(size);
    size_t expected = 0;
    while (expected + 1 < bounds.size() && size >= bounds[expected + 1]) ++expected;
    const size_t count = CheckPrefixOrDamage(image);
    // The last bytes of a frame may be padding, which nobody misses.
    CHECK(count >= expected);
    CHECK(count <= expected + 1);
    test::CountFault(test::Fault::kCut);
  }
}

TEST_CASE("A log cut in a segment that others follow is damaged", "[faults]") {
  const Image whole = StoryImage(20);
  REQUIRE(whole.size() > 2);
  const auto bounds = Bounds(whole[1].second);
  for (size_t size = 0; size < kSegmentBytes; ++size) {
    Image image = whole;
    image[1].second.resize(size);
    const size_t count = CheckPrefixOrDamage(image);
    const bool whole_but_padding = size < bounds.back() && size + kFrameAlignment > bounds.back();
    test::CountFault(test::Fault::kCut);
    if (whole_but_padding && count == 20) continue;
    CHECK(count == (size < bounds.back() ? 0 : 20));
  }
}

TEST_CASE("A flipped bit in a frame is damage where frames follow, and the end where none does",
          "[faults]") {
  const Image whole = StoryImage(4);
  const auto bounds = Bounds(whole[0].second);
  for (size_t bit = 0; bit < (bounds.back() + 16) * 8; ++bit) {
    Image image = whole;
    char& byte = image[0].second[bit / 8];
    byte = static_cast<char>(byte ^ (1 << bit % 8));
    const size_t count = CheckPrefixOrDamage(image);
    INFO("bit " << bit);
    test::CountFault(test::Fault::kLogByte);
    if (bit / 8 < bounds[3]) {
      CHECK((count == 0 || count == 4));  // 4: it was padding
    } else {
      CHECK(count >= 3);
    }
  }
}

TEST_CASE("A flipped bit in a segment that others follow never passes for the end of the log",
          "[faults]") {
  const Image whole = StoryImage(12);
  REQUIRE(whole.size() > 1);
  for (size_t bit = 0; bit < kSegmentBytes * 8; ++bit) {
    Image image = whole;
    char& byte = image[0].second[bit / 8];
    byte = static_cast<char>(byte ^ (1 << bit % 8));
    const size_t count = CheckPrefixOrDamage(image);
    CHECK((count == 0 || count == 12));
    test::CountFault(test::Fault::kLogByte);
  }
}

TEST_CASE("Damage is found in a segment whose first frame is far from the first of all") {
  MemoryFileSystem disk;
  {
    auto opened = OpenLog(&disk, kFolder, 1'000'000);
    for (uint64_t n = 1; n <= 3; ++n) REQUIRE(Append(opened.log.get(), StoryFrame(n)).ok());
  }
  const std::string name = LogName(1);
  std::string bytes = *disk.ReadAll(PathOf(name));
  bytes[kSegmentHeaderBytes + 30] ^= 1;
  Put({{name, bytes}}, &disk);
  CHECK(OpenLog(&disk, kFolder, 1'000'000).status.code() == StatusCode::kDataDamaged);
}

TEST_CASE("A missing segment is damage where its frames are needed", "[faults]") {
  const Image whole = StoryImage(40);
  REQUIRE(whole.size() > 4);
  for (size_t missing = 0; missing + 1 < whole.size(); ++missing) {
    MemoryFileSystem disk;
    Image image = whole;
    image.erase(image.begin() + static_cast<ptrdiff_t>(missing));
    Put(image, &disk);
    const auto opened = OpenLog(&disk, kFolder);
    CHECK(opened.status.code() == StatusCode::kDataDamaged);
    CHECK(opened.status.message().find("missing") != std::string::npos);
    const std::string next = whole[missing + 1].first;
    CHECK(opened.status.message().find(next) != std::string::npos);
    test::CountFault(test::Fault::kLostFile);
  }
}

TEST_CASE("A missing segment is no damage where base files hold its frames") {
  const Image whole = StoryImage(40);
  const uint64_t needed = DecodeSegmentHeader(whole[3].second)->number;
  REQUIRE(needed == 4);
  SegmentReader reader(whole[3].second, DecodeSegmentHeader(whole[3].second)->salt);
  const uint64_t covered = reader.Next()->sequence - 1;
  for (const std::vector<size_t>& present : {std::vector<size_t>{3, 4}, {0, 3, 4}, {1, 3, 4}}) {
    MemoryFileSystem disk;
    Image image;
    for (size_t i = 0; i < whole.size(); ++i) {
      if (i > 4 || std::find(present.begin(), present.end(), i) != present.end()) {
        image.push_back(whole[i]);
      }
    }
    Put(image, &disk);
    auto opened = OpenLog(&disk, kFolder, covered);
    REQUIRE(opened.status.ok());
    CHECK(opened.first_replayed == covered + 1);
    CHECK(IsStory(opened.replayed, covered + 1));
    CHECK(disk.List(kFolder)->front() == whole[3].first);  // the rest is gone
  }
}

TEST_CASE("Old segments that came back behind everything covered are dropped") {
  MemoryFileSystem disk;
  Put(StoryImage(5), &disk);
  auto opened = OpenLog(&disk, kFolder, 100);
  REQUIRE(opened.status.ok());
  CHECK(opened.log->last_sequence() == 100);
  CHECK(disk.List(kFolder)->empty());
  REQUIRE(AppendStory(opened.log.get(), 101, 101).ok());
  CHECK(OpenLog(&disk, kFolder, 100).first_replayed == 101);
}

TEST_CASE("An unfinished segment is removed, one with a damaged header is reported") {
  const Image whole = StoryImage(3);
  MemoryFileSystem disk;
  Put(whole, &disk);
  Put({{LogName(7), std::string(300, '\0')}, {LogName(8), ""}}, &disk);
  CHECK(OpenLog(&disk, kFolder).replayed.size() == 3);
  CHECK(disk.List(kFolder)->size() == 1);

  Image image = whole;
  image[0].second.replace(0, kSegmentHeaderBytes, kSegmentHeaderBytes, '\0');
  Put(image, &disk);
  const auto opened = OpenLog(&disk, kFolder);
  CHECK(opened.status.code() == StatusCode::kDataDamaged);
  CHECK(opened.status.message().find(": offset 0: ") != std::string::npos);
}

TEST_CASE("A format version that is not known, a renamed segment and unknown records are refused") {
  const Image whole = StoryImage(1);
  MemoryFileSystem disk;
  const std::string name = whole[0].first;
  SECTION("version") {
    Image image = whole;
    const std::string header = EncodeSegmentHeader({.version = 3, .salt = 1, .number = 1});
    image[0].second.replace(0, header.size(), header);
    Put(image, &disk);
    CHECK(OpenLog(&disk, kFolder).status.message() ==
          StrCat(PathOf(name),
                 ": offset 8: log format version 3; this program reads versions up to 2"));
  }
  SECTION("name") {
    Put({{LogName(2), whole[0].second}}, &disk);
    CHECK(OpenLog(&disk, kFolder).status.code() == StatusCode::kDataDamaged);
  }
  SECTION("records") {
    FrameEncoder encoder;
    const Entry entry{"trial", {1, 1}, false};
    const std::span<const Entry> group(&entry, 1);
    REQUIRE(encoder.Encode({&group, 1}).ok());
    std::string frame(encoder.Seal(1, 1));
    frame[kFrameHeaderBytes] = kHasValue;
    std::string salted;
    PutFixed(&salted, uint64_t{1});
    const size_t checked = kFrameHeaderBytes + LoadFixed<uint32_t>(frame.data() + 4);
    StoreFixed(frame.data(), Crc32c(salted + frame.substr(4, checked - 4)));
    Put({{name, EncodeSegmentHeader({.salt = 1, .number = 1}) + frame}}, &disk);
    const auto opened = OpenLog(&disk, kFolder);
    CHECK(opened.status.code() == StatusCode::kDataDamaged);
    CHECK(opened.status.message().find("unknown flags") != std::string::npos);
  }
}

class LastLine : public Logger {
 public:
  void Log(LogLevel level, std::string_view text) override {
    if (level == LogLevel::kWarning) line = text;
  }
  std::string line;
};

TEST_CASE("Reading a log changes nothing, and neither does opening a damaged one") {
  Image image = StoryImage(12);
  const auto bounds = Bounds(image.back().second);
  image.back().second[bounds.back()] = 'x';  // a torn tail
  image.push_back({LogName(99), std::string(100, '\0')});
  MemoryFileSystem disk;
  const auto read = [&] {
    return ReadLog({.file_system = &disk, .folder = kFolder}, 0,
                   [](uint64_t, std::span<const Entry>) { return Status::Ok(); });
  };
  const auto unchanged = [&] {
    for (const auto& [name, bytes] : image) {
      const auto now = disk.ReadAll(PathOf(name));
      if (!now.ok() || *now != bytes) return false;
    }
    return true;
  };
  Put(image, &disk);
  CHECK(*read() == 12);
  CHECK(unchanged());

  image[0].second[kSegmentHeaderBytes + 9] ^= 1;
  Put(image, &disk);
  CHECK(read().status().code() == StatusCode::kDataDamaged);
  CHECK(OpenLog(&disk, kFolder).status.code() == StatusCode::kDataDamaged);
  CHECK(unchanged());
}

TEST_CASE("A torn tail is logged with file and offset, and wiped") {
  MemoryFileSystem disk;
  Image image = StoryImage(3);
  const auto bounds = Bounds(image[0].second);
  for (size_t i = bounds[2] + 30; i < bounds[3]; ++i) image[0].second[i] = '\0';
  Put(image, &disk);
  LastLine logger;
  CHECK(OpenLog(&disk, kFolder, 0, kSegmentBytes, &logger).replayed.size() == 2);
  const std::string path = PathOf(image[0].first);
  CHECK(logger.line.starts_with(StrCat(path, ": offset ", bounds[2], ": dropped ")));
  const std::string wiped = *disk.ReadAll(path);
  CHECK(wiped.size() == kSegmentBytes);
  CHECK(wiped.find_first_not_of('\0', bounds[2]) == std::string::npos);
  logger.line.clear();
  CHECK(OpenLog(&disk, kFolder, 0, kSegmentBytes, &logger).replayed.size() == 2);
  CHECK(logger.line.empty());
}

const std::string* BytesIn(const Image& image, const std::string& name) {
  for (const auto& [there, bytes] : image) {
    if (there == name) return &bytes;
  }
  return nullptr;
}

// What the newest segment held when an append wrote to it: the same file, or else one that was kept
// to be used again.
std::string BytesBefore(const Image& before, const Image& after) {
  const auto& [newest, bytes] = after.back();
  if (const std::string* same = BytesIn(before, newest)) return *same;
  for (const auto& [name, old] : before) {
    if (BytesIn(after, name) != nullptr) continue;
    return bytes.substr(0, kSegmentHeaderBytes) + old.substr(kSegmentHeaderBytes);
  }
  return "";
}

// A log of segments that were used before, and what the newest held before its last append.
struct ReusedLog {
  Image image;
  std::string newest_before;
  uint64_t covered = 0, last = 0;
};

ReusedLog ReuseSegments(uint64_t frames_in_last) {
  MemoryFileSystem disk;
  const auto files = [&] {
    const auto names = *disk.List(kFolder);
    Image image;
    for (const std::string& name : names) {
      image.push_back({name, *disk.ReadAll(PathOf(name))});
    }
    return image;
  };
  ReusedLog made;
  auto opened = OpenLog(&disk, kFolder, 0, kSegmentBytes);
  const auto append = [&] {
    const Image before = files();
    ++made.last;
    REQUIRE(AppendStory(opened.log.get(), made.last, made.last).ok());
    made.image = files();
    made.newest_before = BytesBefore(before, made.image);
  };
  while (made.last < 40) append();
  made.covered = 38;
  REQUIRE(opened.log->Release(made.covered).ok());
  // Into the second segment that is used again.
  const auto in_reused = [&](size_t frames) {
    const std::string& bytes = made.image.back().second;
    return DecodeSegmentHeader(bytes)->used_before() && Bounds(bytes).size() == frames + 1;
  };
  while (!in_reused(3)) append();
  while (!in_reused(frames_in_last)) append();
  return made;
}

// Opens it and appends; what comes back must be the story from what is covered on, at least up to
// `least`, or damage. Gives the last frame, 0 for damage.
uint64_t LastOf(const Image& image, const ReusedLog& log, uint64_t least) {
  MemoryFileSystem disk;
  Put(image, &disk);
  auto opened = OpenLog(&disk, kFolder, log.covered, kSegmentBytes);
  if (!opened.status.ok()) {
    CHECK(opened.status.code() == StatusCode::kDataDamaged);
    CHECK(opened.status.message().find(": offset ") != std::string::npos);
    return 0;
  }
  CHECK(IsStory(opened.replayed, log.covered + 1));
  const uint64_t last = opened.log->last_sequence();
  CHECK(last == log.covered + opened.replayed.size());
  CHECK(last >= least);
  CHECK(last <= log.last);
  REQUIRE(AppendStory(opened.log.get(), last + 1, last + 5).ok());
  const auto again = OpenLog(&disk, kFolder, log.covered, kSegmentBytes);
  CHECK(again.status.ToString() == "ok");
  CHECK(IsStory(again.replayed, log.covered + 1));
  CHECK(again.replayed.size() == last + 5 - log.covered);
  return last;
}

TEST_CASE(
    "In segments that were used before, a flipped bit is damage, or the end in the last frame",
    "[faults]") {
  const ReusedLog log = ReuseSegments(3);
  const Image& whole = log.image;
  REQUIRE(LastOf(whole, log, log.last) == log.last);
  REQUIRE(whole.size() >= 2);
  for (size_t file = 0; file < whole.size(); ++file) {
    const bool newest = file + 1 == whole.size();
    const auto bounds = Bounds(whole[file].second);
    for (size_t bit = 0; bit < whole[file].second.size() * 8; ++bit) {
      INFO(whole[file].first << " bit " << bit);
      Image image = whole;
      char& byte = image[file].second[bit / 8];
      byte = static_cast<char>(byte ^ (1 << bit % 8));
      const bool in_last = newest && bit / 8 >= bounds[bounds.size() - 2];
      const uint64_t last = LastOf(image, log, in_last ? log.last - 1 : log.last);
      if (bit / 8 >= bounds.back()) CHECK(last == log.last);  // nothing but old bytes
      test::CountFault(test::Fault::kLogByte);
    }
  }
}

TEST_CASE("A frame that is torn over old bytes was never there, and the log goes on from it",
          "[faults]") {
  // In the middle of a segment, and its first one.
  for (const uint64_t frames : {1, 3}) {
    const ReusedLog log = ReuseSegments(frames);
    const std::string &before = log.newest_before, &after = log.image.back().second;
    const auto bounds = Bounds(after);
    const size_t begin = bounds[bounds.size() - 2], end = bounds.back();
    for (size_t cut = begin; cut <= end; ++cut) {
      INFO("frame " << frames << ", torn at " << cut << " of " << begin << " to " << end);
      Image image = log.image;
      image.back().second = after.substr(0, cut) + before.substr(cut);
      CHECK(LastOf(image, log, log.last - 1) >= log.last - (cut < end ? 1 : 0));
      image.back().second = before.substr(0, cut) + after.substr(cut);
      CHECK(LastOf(image, log, log.last - 1) >= log.last - (cut > begin ? 1 : 0));
      test::CountFault(test::Fault::kCut);
    }
  }
}

TEST_CASE("A frame damaged at the end of a segment used before is missed, however the next begins",
          "[faults]") {
  const ReusedLog log = ReuseSegments(1);
  Image image = log.image;
  std::string& earlier = image[image.size() - 2].second;
  const auto bounds = Bounds(earlier);
  earlier[bounds[bounds.size() - 2] + 4] ^= 1;
  SECTION("by a frame that is whole") {}
  SECTION("by one that is torn") { image.back().second[kSegmentHeaderBytes + 25] ^= 1; }
  MemoryFileSystem disk;
  Put(image, &disk);
  const auto opened = OpenLog(&disk, kFolder, log.covered, kSegmentBytes);
  CHECK(opened.status.code() == StatusCode::kDataDamaged);
  INFO(opened.status.message());
  CHECK(opened.status.message().find(StrCat("offset ", bounds[bounds.size() - 2])) !=
        std::string::npos);
}

TEST_CASE("A start removes the segments that were kept to be used again") {
  MemoryFileSystem disk;
  auto opened = OpenLog(&disk, kFolder, 0, kSegmentBytes);
  REQUIRE(AppendStory(opened.log.get(), 1, 40).ok());
  REQUIRE(opened.log->Release(39).ok());
  REQUIRE(disk.List(kFolder)->back().ends_with(".spare") == false);
  REQUIRE(disk.List(kFolder)->size() == 3);
  opened = OpenLog(&disk, kFolder, 39, kSegmentBytes);
  CHECK(IsStory(opened.replayed, 40));
  CHECK(disk.List(kFolder)->size() == 1);
}

}  // namespace
}  // namespace trifecta::storage
