#include "storage/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/crc32c.h"
#include "storage/base_format.h"
#include "storage/file_names.h"
#include "storage/log_format.h"
#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/fault_table.h"
#include "tests/support/folder_image.h"
#include "tests/support/gate_file_system.h"
#include "tests/support/small_store.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::EntryMap;
using test::FaultFileSystem;
using test::FolderImage;
using test::NameIn;
using test::TempDir;

struct Checked {
  Status status;
  std::vector<Fault> faults;
  CheckSummary summary;

  bool Notes(std::string_view text) const {
    for (const std::string& note : summary.notes) {
      if (note.find(text) != std::string::npos) return true;
    }
    return false;
  }
};

Checked Check(const std::string& folder) {
  Checked checked;
  checked.status = CheckFolder(
      PosixFileSystem(), folder, [&](const Fault& fault) { checked.faults.push_back(fault); },
      &checked.summary);
  CHECK(checked.summary.faults == checked.faults.size());
  return checked;
}

// Puts an image into a folder of its own and checks it; nothing may have changed after.
Checked Check(const FolderImage& image) {
  const TempDir dir;
  test::WriteFolder(dir.path(), image);
  Checked checked = Check(dir.path());
  CHECK(test::ReadFolder(dir.path()) == image);
  for (Fault& fault : checked.faults) {
    CHECK(fault.path.starts_with(dir.path()));
    fault.path.erase(0, std::min(fault.path.size(), dir.path().size() + 1));
  }
  return checked;
}

// What a node leaves that was killed: tablets, and a log of some segments above them.
constexpr uint64_t kFrames = 150;
FolderImage KilledNode() {
  const TempDir dir;
  FaultFileSystem files;
  const auto store = test::MustOpen(test::SmallStore(&files, dir.path()));
  EntryMap entries;
  for (uint64_t i = 0; i < 400; ++i) {
    entries["w" + std::to_string(100'000 + i * 17)] = {{i, 1}, i % 10 == 0};
  }
  REQUIRE(test::WriteAll(store.get(), entries).ok());
  REQUIRE(store->Checkpoint().ok());
  for (uint64_t i = 0; i < kFrames; ++i) {
    // Stale ones, new words, deletes.
    const Version version = {i % 3 == 0 ? 0 : 1'000 + i, 1};
    const uint64_t which = i % 3 == 1 ? i * 17 : i * 16 + 1;
    const std::string word = "w" + std::to_string(100'000 + which);
    REQUIRE(test::WriteOne(store.get(), word, version, i % 2 == 0).ok());
  }
  return test::ReadFolder(dir.path());
}

void Flip(std::string* bytes, size_t at) { (*bytes)[at] = static_cast<char>(~(*bytes)[at]); }

TEST_CASE("A folder as a killed node leaves it is sound, and counted as its next start will") {
  FolderImage image = KilledNode();
  const Checked checked = Check(image);
  REQUIRE(checked.status.ok());
  CHECK(checked.faults.empty());
  CHECK(checked.summary.notes.empty());
  CHECK(checked.summary.log_frames == kFrames);
  CHECK(checked.summary.log_entries == kFrames);
  CHECK(checked.summary.files == image.size() - 1);  // all but the lock
  uint64_t bytes = 0, bases = 0, segments = 0;
  for (const auto& [name, content] : image) {
    if (name != kLockName) bytes += content.size();
    bases += name.starts_with("base-");
    segments += name.starts_with("log-");
  }
  CHECK(checked.summary.bytes == bytes);
  CHECK(checked.summary.tablets == bases);
  CHECK(checked.summary.log_segments == segments);

  const TempDir dir;
  test::WriteFolder(dir.path(), image);
  FaultFileSystem files;
  const auto store = test::MustOpen(test::SmallStore(&files, dir.path()));
  CHECK(checked.summary.words == *store->Count(""));
  CHECK(checked.summary.words + checked.summary.tombstones == test::HeldBy(*store)->size());
}

TEST_CASE("A folder that a node has open is refused, with the process") {
  const TempDir dir;
  FaultFileSystem files;
  const auto store = test::MustOpen(test::SmallStore(&files, dir.path()));
  const Checked checked = Check(dir.path());
  CHECK(checked.status.code() == StatusCode::kAlreadyInUse);
  CHECK(checked.status.message().find("process " + std::to_string(getpid())) != std::string::npos);
  CHECK(checked.faults.empty());
}

TEST_CASE("A folder that is missing, or holds nothing of ours, is not found") {
  const TempDir dir;
  CHECK(Check(dir.File("none")).status.code() == StatusCode::kNotFound);
  CHECK(Check(dir.path()).status.code() == StatusCode::kNotFound);
  test::WriteFolder(dir.path(), {{"letter.txt", "Dear"}});
  CHECK(Check(dir.path()).status.code() == StatusCode::kNotFound);
}

TEST_CASE("A folder that may only be read can be checked") {
  const TempDir dir;
  test::WriteFolder(dir.path(), KilledNode());
  constexpr uid_t kNobody = 65534;
  REQUIRE(::chmod(dir.path().c_str(), 0555) == 0);
  const auto names = *PosixFileSystem()->List(dir.path());
  for (const std::string& name : names) REQUIRE(::chmod(dir.File(name).c_str(), 0444) == 0);
  const bool superuser = geteuid() == 0;
  if (superuser) REQUIRE(seteuid(kNobody) == 0);
  const Checked readable = Check(dir.path());
  REQUIRE(::seteuid(superuser ? 0 : geteuid()) == 0);
  REQUIRE(::chmod(dir.File(names.back()).c_str(), 0) == 0);
  if (superuser) REQUIRE(seteuid(kNobody) == 0);
  const Checked refused = Check(dir.path());
  REQUIRE(::seteuid(superuser ? 0 : geteuid()) == 0);
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  CHECK(readable.status.ok());
  CHECK(readable.faults.empty());
  CHECK(refused.status.code() == StatusCode::kPermissionDenied);
  CHECK(refused.status.message().find(names.back()) != std::string::npos);
}

TEST_CASE("Whatever byte changes, a fault in that file is told; or it is where frames end",
          "[faults]") {
  const FolderImage whole = KilledNode();
  // The newest frame, or the zeros behind the frames: a write that was cut short looks the same. Of
  // the first segment base files hold everything.
  const std::string first = NameIn(whole, "log-");
  std::map<std::string, size_t> free_from;
  std::set<std::pair<std::string, size_t>> padding;  // behind frames: no one reads it
  for (const auto& [name, bytes] : whole) {
    if (!name.starts_with("log-")) continue;
    SegmentReader reader(bytes, DecodeSegmentHeader(bytes)->salt);
    size_t last = kSegmentHeaderBytes;
    while (const auto frame = reader.Next()) {
      last = frame->offset;
      const char* const end = frame->body.data() + frame->body.size();
      for (auto at = static_cast<size_t>(end - bytes.data()); at < frame->end; ++at) {
        padding.emplace(name, at);
      }
    }
    const bool newest = std::next(whole.find(name)) == whole.end() ||
                        !std::next(whole.find(name))->first.starts_with("log-");
    free_from[name] = name == first ? kSegmentHeaderBytes : newest ? last : reader.end();
  }
  size_t found = 0;
  for (const auto& [name, bytes] : whole) {
    if (name == kLockName) continue;
    const size_t step = test::AllFaults()           ? 1
                        : name.starts_with("base-") ? 509
                        : name.starts_with("log-")  ? 23
                                                    : 1;
    for (size_t at = 0; at < bytes.size(); at += step) {
      FolderImage image = whole;
      Flip(&image[name], at);
      const Checked checked = Check(image);
      INFO(name << " offset " << at);
      REQUIRE(checked.status.ok());
      if (padding.contains({name, at})) {
        REQUIRE(checked.faults.empty());
        continue;
      }
      if (name.starts_with("log-") && at >= free_from[name]) {
        REQUIRE(checked.faults.empty());
        REQUIRE(checked.Notes(name));
        continue;
      }
      ++found;
      test::CountFault(test::Fault::kCheckFinds);
      REQUIRE_FALSE(checked.faults.empty());
      REQUIRE(checked.faults[0].path == name);
      if (!name.starts_with("manifest-")) REQUIRE(checked.faults[0].offset <= at);
    }
  }
  CHECK(found > 100);
}

TEST_CASE("What a start refuses, the check finds; what it accepts, the check accepts") {
  const FolderImage whole = KilledNode();
  test::Random random(8);
  for (int round = 0; round < 150; ++round) {
    INFO("round " << round);
    FolderImage image = whole;
    // One to three bytes in log and manifest, which a start reads whole.
    for (uint64_t left = 1 + test::Below(&random, 3); left > 0; --left) {
      auto at = image.begin();
      do {
        at = std::next(image.begin(), static_cast<ptrdiff_t>(test::Below(&random, image.size())));
      } while (!at->first.starts_with("log-") && !at->first.starts_with("manifest-"));
      Flip(&at->second, test::Below(&random, at->second.size()));
    }
    const Checked checked = Check(image);
    REQUIRE(checked.status.ok());
    const TempDir dir;
    test::WriteFolder(dir.path(), image);
    FaultFileSystem files;
    const auto store = Store::Open(test::SmallStore(&files, dir.path()));
    INFO(store.status().ToString());
    REQUIRE(store.ok() == checked.faults.empty());
    if (store.ok()) REQUIRE(checked.summary.words == *(*store)->Count(""));
  }
}

TEST_CASE("All faults are told, not only the first") {
  FolderImage image = KilledNode();
  const std::string base = NameIn(image, "base-");
  const std::string log = std::next(image.find(NameIn(image, "log-")))->first;  // the second
  const std::string other = std::next(image.find(base))->first;
  const std::string third = std::next(image.find(other))->first;
  REQUIRE(third.starts_with("base-"));
  Flip(&image[base], kBasePageBytes + 1);
  image.erase(other);
  Flip(&image[third], 5);
  SegmentReader reader(image[log], DecodeSegmentHeader(image[log])->salt);
  std::vector<size_t> offsets;
  while (const auto frame = reader.Next()) offsets.push_back(frame->offset);
  REQUIRE(offsets.size() > 12);
  std::string bytes = image[log];
  Flip(&bytes, offsets[3] + kFrameHeaderBytes);
  Flip(&bytes, offsets[8] + kFrameHeaderBytes);
  image[log] = bytes;
  const Checked checked = Check(image);
  std::vector<std::pair<std::string, uint64_t>> places;
  for (const Fault& fault : checked.faults) places.emplace_back(fault.path, fault.offset);
  CHECK(places ==
        std::vector<std::pair<std::string, uint64_t>>{
            {log, offsets[3]}, {log, offsets[8]}, {base, kBasePageBytes}, {other, 0}, {third, 0}});
}

TEST_CASE("A manifest that is damaged, or gone beside other files, is a fault") {
  FolderImage image = KilledNode();
  const std::string name = NameIn(image, "manifest-");
  image[name].resize(20);
  CHECK(Check(image).faults.size() == 1);
  image.erase(name);
  const Checked checked = Check(image);
  REQUIRE(checked.faults.size() == 1);
  CHECK(checked.faults[0].what.find("manifest") != std::string::npos);
}

TEST_CASE("What a crash may leave is noted, not a fault") {
  const FolderImage whole = KilledNode();
  const std::string manifest = NameIn(whole, "manifest-"), last_log = [&] {
    std::string last;
    for (const auto& [name, bytes] : whole) last = name.starts_with("log-") ? name : last;
    return last;
  }();
  const auto notes = [&](FolderImage image, std::string_view name) {
    const Checked checked = Check(image);
    return checked.status.ok() && checked.faults.empty() && checked.Notes(name) &&
           checked.summary.notes.size() == 1;
  };
  FolderImage image = whole;
  image[ManifestName(ParseFileName(manifest)->number + 1)] = image[manifest].substr(0, 30);
  CHECK(notes(image, ManifestName(ParseFileName(manifest)->number + 1)));

  image = whole;
  image[BaseName(0xfff)] = "cut short";
  CHECK(notes(image, BaseName(0xfff)));

  image = whole;
  image[LogName(0xfff)] = std::string(512, '\0');
  CHECK(notes(image, LogName(0xfff)));

  image = whole;
  SegmentReader reader(image[last_log], DecodeSegmentHeader(image[last_log])->salt);
  while (reader.Next()) continue;
  image[last_log].replace(reader.end(), 7, "torn ta");
  CHECK(notes(image, last_log));

  image = whole;
  image["core"] = "not ours";
  CHECK(notes(image, "core"));

  CHECK(notes({{"LOCK", "1\n"}}, "no store"));
}

TEST_CASE("The node's own files beside the store are checked too", "[faults]") {
  FolderImage image = KilledNode();
  std::string node = "trifecta-node 1\nid 3e0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a11\n";
  char line[32];
  std::snprintf(line, sizeof line, "crc32c %08x\n", Crc32c(node));
  image["node"] = node + line;
  std::string slot = "TRIFCLK1" + std::string(8, '\x05');
  const uint32_t crc = Crc32c(slot);
  slot.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  image["clock"] = slot + std::string(4096 - slot.size(), '\0') + slot;
  std::string incarnation = "trifecta-incarnation 1\nincarnation 1767225600\n";
  std::snprintf(line, sizeof line, "crc32c %08x\n", Crc32c(incarnation));
  image["incarnation"] = incarnation + line;
  std::string ring = "promises";
  const uint32_t ring_crc = Crc32c(ring);
  ring.append(reinterpret_cast<const char*>(&ring_crc), sizeof ring_crc);
  image["ring"] = ring;
  Checked checked = Check(image);
  CHECK(checked.faults.empty());
  CHECK(checked.summary.notes.empty());

  for (const char* name : {"node", "incarnation", "ring"}) {
    for (size_t at = 0; at < image[name].size(); ++at) {
      FolderImage damaged = image;
      Flip(&damaged[name], at);
      const Checked found = Check(damaged);
      REQUIRE(found.faults.size() == 1);
      REQUIRE(found.faults[0].path == name);
      test::CountFault(test::Fault::kCheckFinds);
    }
  }
  FolderImage killed = image;
  killed["ring.new"] = "promi";
  checked = Check(killed);
  CHECK(checked.faults.empty());
  CHECK(checked.Notes("ring.new"));
  FolderImage torn = image;
  Flip(&torn["clock"], 9);
  checked = Check(torn);
  CHECK(checked.faults.empty());
  CHECK(checked.Notes("clock"));
  Flip(&torn["clock"], 4096 + 19);
  checked = Check(torn);
  REQUIRE(checked.faults.size() == 1);
  CHECK(checked.faults[0].path == "clock");
}

// A disk with a bad sector in one file.
class BadDisk : public test::GateFileSystem {
 public:
  explicit BadDisk(std::string path) : GateFileSystem(PosixFileSystem()), path_(std::move(path)) {}
  Result<std::string> ReadAll(const std::string& path) override {
    if (path != path_) return GateFileSystem::ReadAll(path);
    return Status(StatusCode::kIoError, "cannot read " + path + ": Input/output error");
  }

 private:
  const std::string path_;
};

TEST_CASE("A file that the disk cannot give is a fault, and the check goes on") {
  const TempDir dir;
  const FolderImage image = KilledNode();
  test::WriteFolder(dir.path(), image);
  for (const auto& [name, bytes] : image) {
    if (name == kLockName) continue;
    BadDisk disk(dir.File(name));
    std::vector<Fault> faults;
    CheckSummary summary;
    const Status status = CheckFolder(
        &disk, dir.path(), [&](const Fault& fault) { faults.push_back(fault); }, &summary);
    INFO(name);
    REQUIRE(status.ok());
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].path == dir.File(name));
    CHECK(faults[0].what.find("Input/output error") != std::string::npos);
    CHECK(summary.files > 1);
  }
}

}  // namespace
}  // namespace trifecta::storage
