// Damage in every kind of file: found when touched, named with file and offset, never served.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

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

using test::Difference;
using test::EntryMap;
using test::FaultFileSystem;
using test::FolderImage;
using test::HeldBy;
using test::NameIn;
using test::SmallStore;
using test::Stored;
using test::TempDir;

// A store of some tablets, a log of several segments with frames above the last ones, and what both
// hold.
struct Whole {
  Whole() {
    const TempDir dir;
    FaultFileSystem files;
    const auto store = test::MustOpen(SmallStore(&files, dir.path()));
    for (uint64_t i = 0; i < 400; ++i) {
      in_base["w" + std::to_string(100'000 + i * 17)] = {{i, 1}, i % 7 == 0};
    }
    REQUIRE(test::WriteAll(store.get(), in_base).ok());
    REQUIRE(store->Checkpoint().ok());
    REQUIRE(store->Stats().tablets >= 3);
    held = in_base;
    constexpr uint64_t kFrames = 200;
    for (uint64_t i = 0; i < kFrames; ++i) {
      const Stored entry = {{1'000 + i, 1}, i % 3 == 0};
      const std::string word = "w" + std::to_string(100'000 + 380 * 17 + i * 11);
      REQUIRE(test::WriteOne(store.get(), word, entry.version, entry.tombstone).ok());
      if (i + 1 == kFrames) before_last = held;
      held[word] = entry;
    }
    REQUIRE(store->Stats().log_segments >= 3);
    image = test::ReadFolder(dir.path());
  }

  EntryMap in_base, held;
  EntryMap before_last;  // without the log's last frame
  FolderImage image;
};

// The folder of an image that was changed, opened.
struct Damaged {
  explicit Damaged(const FolderImage& image) {
    test::WriteFolder(dir.path(), image);
    auto opened = Store::Open(SmallStore(&files, dir.path()));
    status = opened.status();
    if (opened.ok()) store = std::move(*opened);
  }
  std::string Path(const std::string& name) const { return PathIn(dir.path(), name); }
  // The status of opening names the file and a place in it.
  bool Names(const std::string& name) const {
    return status.code() == StatusCode::kDataDamaged &&
           status.message().starts_with(Path(name) + ": ");
  }

  TempDir dir;
  FaultFileSystem files;
  Status status;
  std::unique_ptr<Store> store;
};

bool NamesOffset(const Status& status) {
  return status.message().find(": offset ") != std::string::npos ||
         status.message().find(": at offset ") != std::string::npos;
}

void Flip(std::string* bytes, size_t at) { (*bytes)[at] = static_cast<char>(~(*bytes)[at]); }

TEST_CASE("A damaged manifest ends the start, with file and offset", "[faults]") {
  Whole whole;
  const std::string name = NameIn(whole.image, "manifest-");
  for (size_t at = 0; at < whole.image[name].size(); ++at) {
    FolderImage image = whole.image;
    Flip(&image[name], at);
    const Damaged damaged(image);
    INFO(at << ": " << damaged.status.ToString());
    REQUIRE(damaged.Names(name));
    REQUIRE(NamesOffset(damaged.status));
    test::CountFault(test::Fault::kManifestByte);
  }
}

TEST_CASE("A missing manifest, base file or log segment ends the start, and says which",
          "[faults]") {
  Whole whole;
  const auto without = [&](const std::string& name) {
    FolderImage image = whole.image;
    REQUIRE(image.erase(name) == 1);
    test::CountFault(test::Fault::kLostFile);
    return Damaged(image);
  };
  CHECK(without(NameIn(whole.image, "manifest-")).status.code() == StatusCode::kDataDamaged);
  const std::string base = NameIn(whole.image, "base-");
  CHECK(without(base).Names(base));
  // The first segment may be missing where base files hold it, and the last one cannot be missed;
  // the one that follows the gap is named.
  const auto first = whole.image.find(NameIn(whole.image, "log-"));
  const auto damaged = without(std::next(first)->first);
  INFO(damaged.status.ToString());
  CHECK(damaged.Names(std::next(first, 2)->first));
}

TEST_CASE(
    "A log that is missing as a whole ends the start, but none is missed after a clean stop") {
  Whole whole;
  FolderImage image = whole.image;
  std::erase_if(image, [](const auto& file) { return file.first.starts_with("log-"); });
  const auto damaged = Damaged(image);
  CHECK(damaged.status.code() == StatusCode::kDataDamaged);
  CHECK(damaged.status.message().find("log is missing") != std::string::npos);

  const TempDir dir;
  FaultFileSystem files;
  {
    const auto store = test::MustOpen(SmallStore(&files, dir.path()));
    REQUIRE(test::WriteOne(store.get(), "word", {1, 1}, false).ok());
    REQUIRE(store->Close().ok());
    CHECK(store->Stats().log_segments == 0);
  }
  CHECK(test::MustOpen(SmallStore(&files, dir.path()))->Get("word")->live);
}

TEST_CASE("A log that is lost after a start had refused it as damaged is missed all the same") {
  Whole whole;
  FolderImage image = whole.image;
  std::vector<std::string> logs;
  for (const auto& [name, bytes] : image) {
    if (name.starts_with("log-")) logs.push_back(name);
  }
  for (const std::string& log : logs) Flip(&image[log], kSegmentHeaderBytes + 1);
  Damaged damaged(image);
  REQUIRE(damaged.status.code() == StatusCode::kDataDamaged);
  for (const std::string& log : logs) REQUIRE(damaged.files.Remove(damaged.Path(log)).ok());
  const Status status = Store::Open(SmallStore(&damaged.files, damaged.dir.path())).status();
  CHECK(status.code() == StatusCode::kDataDamaged);
  CHECK(status.message().find("the log is missing") != std::string::npos);
}

TEST_CASE("Base files that were swapped, cut, or belong to another store end the start") {
  Whole whole;
  const std::string first = NameIn(whole.image, "base-");
  const std::string second = std::next(whole.image.find(first))->first;
  REQUIRE(second.starts_with("base-"));
  {
    FolderImage image = whole.image;
    std::swap(image[first], image[second]);
    CHECK(Damaged(image).Names(first));
  }
  for (size_t size : {size_t{1}, kBasePageBytes, whole.image[first].size() - 1}) {
    FolderImage image = whole.image;
    image[first].resize(size);
    CHECK(Damaged(image).Names(first));
  }
  {
    FolderImage image = whole.image;
    image[first].clear();
    CHECK(Damaged(image).status.code() == StatusCode::kDataDamaged);
  }
}

TEST_CASE("A damaged header of a base file ends the start") {
  Whole whole;
  const std::string name = NameIn(whole.image, "base-");
  for (size_t at = 0; at < kBasePageBytes; at += at < sizeof(BaseHeader) ? 1 : 61) {
    FolderImage image = whole.image;
    Flip(&image[name], at);
    const Damaged damaged(image);
    INFO(at);
    REQUIRE(damaged.Names(name));
    REQUIRE(NamesOffset(damaged.status));
  }
}

TEST_CASE("A store with a damaged tablet serves the others, and names the range to rebuild") {
  Whole whole;
  std::vector<std::string> bases;
  for (const auto& [name, bytes] : whole.image) {
    if (name.starts_with("base-")) bases.push_back(name);
  }
  FolderImage image = whole.image;
  // Entries of a tablet of which the log holds none: a start looks up what it replays.
  Flip(&image[bases[1]], kBasePageBytes + 40);
  Damaged damaged(image);
  INFO(damaged.status.ToString());
  REQUIRE(damaged.status.ok());
  CHECK_FALSE(damaged.store->Stats().damaged);

  size_t good = 0, refused = 0;
  std::string first_refused, last_refused;
  for (const auto& [word, stored] : whole.held) {
    const auto found = damaged.store->Get(word);
    if (found.ok()) {
      ++good;
      REQUIRE(found->known);
      REQUIRE(found->live == !stored.tombstone);
      REQUIRE(found->version == stored.version);
      continue;
    }
    ++refused;
    if (first_refused.empty()) first_refused = word;
    last_refused = word;
    REQUIRE(found.status().code() == StatusCode::kDataDamaged);
    REQUIRE(found.status().message().starts_with(damaged.Path(bases[1]) + ": at offset 4096: "));
  }
  CHECK(good > refused);
  CHECK(refused > 0);
  const StoreStats stats = damaged.store->Stats();
  CHECK(stats.damaged);
  CHECK(stats.damage.starts_with(damaged.Path(bases[1]) + ": at offset 4096: "));
  REQUIRE(stats.damaged_ranges.size() == 1);
  CHECK(stats.damaged_ranges[0].low <= first_refused);
  CHECK(stats.damaged_ranges[0].end > last_refused);

  // Reading all, or counting where it has to look inside, says so.
  CHECK(HeldBy(*damaged.store).status().code() == StatusCode::kDataDamaged);
  CHECK(HeldBy(*damaged.store, 10, Order::kDescending).status().code() == StatusCode::kDataDamaged);
  CHECK(damaged.store->ShardRoots("", 7).status().code() == StatusCode::kDataDamaged);
  CHECK(damaged.store->Count(last_refused).status().code() == StatusCode::kDataDamaged);
  // The first page lies in the first tablet.
  Page page;
  CHECK(damaged.store->Search({}, &page).ok());
  CHECK(page.size() == 10);
}

TEST_CASE("A write over damage stores nothing, one beside it is stored, a merge leaves it alone") {
  const TempDir dir;
  FaultFileSystem files;
  StoreOptions options = SmallStore(&files, dir.path());
  options.tablet_bytes = 40'000;  // several pages of entries each
  EntryMap held;
  for (uint64_t i = 0; i < 12'000; ++i) {
    held[std::to_string(100'000 + i * 41)] = {{i * i, static_cast<uint16_t>(i)}, false};
  }
  {
    const auto store = test::MustOpen(options);
    REQUIRE(test::WriteAll(store.get(), held).ok());
    REQUIRE(store->Checkpoint().ok());
    REQUIRE(store->Stats().tablets >= 2);
  }
  FolderImage image = test::ReadFolder(dir.path());
  const std::string name = NameIn(image, "base-");
  const uint64_t damaged_page = 3 * kBasePageBytes;
  Flip(&image[name], damaged_page);
  test::WriteFolder(dir.path(), image);

  auto store = test::MustOpen(options);
  std::string inside;
  for (const auto& [word, stored] : held) {
    if (store->Get(word).ok()) continue;
    inside = word;
    break;
  }
  REQUIRE(inside != "");
  const std::string first = held.begin()->first, last = held.rbegin()->first;
  CHECK(test::WriteAll(store.get(),
                       {{first, {{UINT64_MAX, 1}, false}}, {inside, {{UINT64_MAX, 1}, false}}})
            .code() == StatusCode::kDataDamaged);
  CHECK(store->Get(first)->version.time != UINT64_MAX);
  // In the damaged tablet, and in a sound one.
  for (const std::string& word : {first, last}) {
    REQUIRE(test::WriteOne(store.get(), word, {UINT64_MAX, 2}, true).ok());
  }
  const auto judge = [&] {
    CHECK_FALSE(store->Get(first)->live);
    CHECK_FALSE(store->Get(last)->live);
    CHECK_FALSE(store->Get(inside).ok());
    CHECK(store->Get(held.rbegin()->first)->version == Version{UINT64_MAX, 2});
  };
  judge();
  CHECK(store->Checkpoint().code() == StatusCode::kDataDamaged);
  CHECK(test::ReadFolder(dir.path())[name] == image[name]);
  judge();
  store.reset();
  store = test::MustOpen(options);
  judge();
}

// Damage that a write meets only when it is durable already costs that word its outcome, and the
// other words of the write nothing.
TEST_CASE("A word whose older entry is damaged does not hide the older entries of others") {
  const TempDir dir;
  FaultFileSystem disk;
  test::GateFileSystem files(&disk);
  const auto store = test::MustOpen(SmallStore(&files, dir.path()));
  EntryMap held;
  for (uint64_t i = 0; i < 400; ++i) held["w" + std::to_string(100'000 + i)] = {{50, 1}, false};
  REQUIRE(test::WriteAll(store.get(), held).ok());
  const std::string first = held.begin()->first, last = held.rbegin()->first;

  files.Hold("log-");
  WriteOutcome outcomes[2];
  std::atomic<bool> written{false};
  std::thread writer([&] {
    const Entry entries[] = {{first, {7, 1}, true}, {last, {7, 1}, true}};
    written = store->Write(entries, outcomes).ok();
  });
  files.AwaitHeld();
  REQUIRE(store->Checkpoint().ok());
  REQUIRE(store->Stats().tablets >= 2);
  FolderImage image = test::ReadFolder(dir.path());
  const std::string name = NameIn(image, "base-");
  Flip(&image[name], kBasePageBytes);
  auto file = PosixFileSystem()->OpenForWriting(PathIn(dir.path(), name));
  REQUIRE((*file)->WriteAt(0, image[name]).ok());
  files.Open();
  writer.join();
  REQUIRE(written);
  CHECK((outcomes[1].existed && !outcomes[1].applied && outcomes[1].newest == Version{50, 1}));
  CHECK(store->Get(last)->live);
  CHECK(store->Stats().damaged);
}

// Every reading either says what the store held, or that there is damage.
std::string Wrong(const Store& store, const Whole& whole) {
  const auto held = HeldBy(store);
  const bool all = held.ok() && Difference(*held, whole.held) == "";
  // Damage to the last frame looks like a write that was cut short.
  const bool less = held.ok() && Difference(*held, whole.before_last) == "";
  if (held.ok() && !all && !less) return Difference(*held, whole.held);
  if (!held.ok() && held.status().code() != StatusCode::kDataDamaged) return "wrong status";
  for (const auto& [word, stored] : whole.held) {
    const auto found = store.Get(word);
    if (!found.ok()) {
      if (found.status().code() != StatusCode::kDataDamaged) return "wrong status";
      continue;
    }
    const bool as_held = found->known && found->live == !stored.tombstone;
    const auto older = whole.before_last.find(word);
    const bool as_before = found->known == (older != whole.before_last.end()) &&
                           (!found->known || found->live == !older->second.tombstone);
    if (!as_held && !(as_before && !all)) return "wrong answer for " + word;
  }
  return "";
}

TEST_CASE("A byte that changes anywhere is found or harmless, never a wrong answer", "[faults]") {
  Whole whole;
  const bool all = test::AllFaults();
  size_t refused = 0, served = 0;
  for (const auto& [name, bytes] : whole.image) {
    const bool is_manifest = name.starts_with("manifest-"), is_log = name.starts_with("log-");
    const size_t step = is_manifest || all ? 1 : is_log ? 19 : 211;
    for (size_t at = 0; at < bytes.size(); at += step) {
      FolderImage image = whole.image;
      Flip(&image[name], at);
      const Damaged damaged(image);
      INFO(name << " offset " << at << ": " << damaged.status.ToString());
      test::CountFault(is_manifest ? test::Fault::kManifestByte
                       : is_log    ? test::Fault::kLogByte
                                   : test::Fault::kBaseByte);
      if (!damaged.status.ok()) {
        ++refused;
        REQUIRE(damaged.Names(name));
        REQUIRE(NamesOffset(damaged.status));
        continue;
      }
      ++served;
      REQUIRE(Wrong(*damaged.store, whole) == "");
    }
  }
  CHECK(refused > 100);
  CHECK(served > 100);
}

TEST_CASE("What has gone bad since it was read is not merged into a new file, and found then") {
  Whole whole;
  Damaged good(whole.image);
  REQUIRE(good.status.ok());
  REQUIRE(good.store->Checkpoint().ok());
  const EntryMap held = *HeldBy(*good.store);  // every page has passed its check
  const FolderImage before = test::ReadFolder(good.dir.path());
  const std::string name = NameIn(before, "base-");
  constexpr uint64_t kAt = kBasePageBytes + 100;
  const std::string flipped(1, static_cast<char>(~before.at(name)[kAt]));
  REQUIRE((*good.files.OpenForWriting(good.Path(name)))->WriteAt(kAt, flipped).ok());

  REQUIRE(test::WriteOne(good.store.get(), held.begin()->first, {9'999, 1}).ok());
  const Status merged = good.store->Checkpoint();
  CHECK(merged.code() == StatusCode::kDataDamaged);
  CHECK(merged.message().starts_with(good.Path(name) + ": at offset 4096: "));
  const FolderImage after = test::ReadFolder(good.dir.path());
  CHECK(after.contains(name));
  CHECK(HeldBy(*good.store).status().code() == StatusCode::kDataDamaged);
  CHECK(good.store->Stats().damaged);
}

}  // namespace
}  // namespace trifecta::storage
