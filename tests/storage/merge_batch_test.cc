#include "storage/merge_batch.h"

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "storage/base_file_builder.h"
#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::EntryMap;
using test::FaultFileSystem;
using test::Stored;

constexpr size_t kTablets = 8;
constexpr uint64_t kFirstFile = 100;

// Tablets "a..." to "h...", and a memtable with a word for each but "c..." and "f...".
class Ranges {
 public:
  Ranges(FaultFileSystem* files, const test::TempDir& dir) : files_(files), dir_(dir) {
    for (size_t i = 0; i < kTablets; ++i) {
      const std::string low(1, static_cast<char>('a' + i));
      EntryMap entries;
      for (int k = 0; k < 50; ++k) entries[low + std::to_string(k)] = {{1, 1}, false};
      bytes_.push_back(BuildBaseFile(i + 1, test::BaseEntriesOf(entries)).bytes);
      auto tablet = std::make_shared<Tablet>();
      tablet->record.low = i == 0 ? "" : low;
      tablet->record.file_bytes = bytes_.back().size();
      tablets_.push_back(std::move(tablet));
      if (i != 2 && i != 5) memtable_.Apply({low + "new", {2, 1}, false}, {});
    }
    for (size_t i = 0; i < kTablets; ++i) {
      const std::string name = dir.File("old" + std::to_string(i));
      REQUIRE(files->Create(name).ok());
      tablets_[i]->file = std::move(*BaseFile::FromBytes(name, bytes_[i]));
      inputs_.push_back({tablets_[i], &memtable_, tablets_[i]->record.low,
                         i + 1 < kTablets ? tablets_[i + 1]->record.low : std::string_view()});
    }
  }

  MergedBatch Merge(unsigned threads) {
    return MergeBatch({files_, dir_.path(), 1u << 20, &next_file_, threads}, inputs_);
  }
  // Beside those that were there before.
  size_t new_files() const { return files_->List(dir_.path())->size() - kTablets; }
  TabletPtr tablet(size_t i) const { return tablets_[i]; }
  uint64_t next_file() const { return next_file_; }

 private:
  FaultFileSystem* const files_;
  const test::TempDir& dir_;
  Epoch epoch_;
  Memtable memtable_{&epoch_, 64 * 1024};
  std::vector<std::string> bytes_;
  std::vector<std::shared_ptr<Tablet>> tablets_;
  std::vector<MergeInput> inputs_;
  uint64_t next_file_ = kFirstFile;
};

TEST_CASE("A batch merged side by side is what one thread makes of it, in order") {
  for (const unsigned threads : {1, 3, 20}) {
    INFO(threads << " threads");
    const test::TempDir dir;
    FaultFileSystem files;
    Ranges ranges(&files, dir);
    const MergedBatch merged = ranges.Merge(threads);
    REQUIRE(merged.status.ok());
    REQUIRE(merged.inputs == kTablets);
    REQUIRE(merged.made.size() == kTablets);
    for (size_t i = 0; i < kTablets; ++i) {
      const Tablet& made = *merged.made[i];
      CHECK(made.record.low == ranges.tablet(i)->record.low);
      const bool same = i == 2 || i == 5;
      CHECK((merged.made[i] == ranges.tablet(i)) == same);
      BaseFile::Found found;
      REQUIRE(made.file->Find(std::string(1, static_cast<char>('a' + i)) + "new", &found).ok());
      CHECK(found.known == !same);
    }
    CHECK(ranges.next_file() == kFirstFile + kTablets - 2);
    CHECK(ranges.new_files() == kTablets - 2);
    CHECK(merged.written_bytes > 0);
  }
}

TEST_CASE("What was merged before the range that failed is kept, and nothing else") {
  for (const unsigned threads : {1, 3}) {
    for (uint64_t failing = 1; failing <= kTablets - 2; ++failing) {
      INFO(threads << " threads, file " << failing);
      const test::TempDir dir;
      FaultFileSystem files;
      Ranges ranges(&files, dir);
      files.FailAt(FaultFileSystem::kSync, failing, ENOSPC, threads == 1);
      const MergedBatch merged = ranges.Merge(threads);
      CHECK(merged.status.code() == StatusCode::kDiskFull);
      REQUIRE(merged.inputs < kTablets);
      REQUIRE(merged.made.size() == merged.inputs);
      size_t written = 0;
      for (size_t i = 0; i < merged.inputs; ++i) {
        CHECK(merged.made[i]->record.low == ranges.tablet(i)->record.low);
        written += merged.made[i] != ranges.tablet(i);
      }
      CHECK(ranges.new_files() == written);
    }
  }
}

TEST_CASE("A batch of nothing is merged") {
  uint64_t next_file = 1;
  const MergedBatch merged =
      MergeBatch({PosixFileSystem(), "/nowhere", 1u << 20, &next_file, 4}, {});
  CHECK(merged.status.ok());
  CHECK(merged.inputs == 0);
  CHECK(merged.made.empty());
}

}  // namespace
}  // namespace trifecta::storage
