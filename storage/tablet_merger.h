// Makes new base files from old ones: in a checkpoint, from a tablet's and the memtable entries of
// its range; in a purge, from the entries of neighbouring tablets that are to stay; from a damaged
// one, of what is left.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/file_system.h"
#include "storage/base/status.h"
#include "storage/memtable.h"
#include "storage/tablet_map.h"

namespace trifecta::storage {

struct MergeInput {
  TabletPtr tablet;  // null: there is no base yet
  const Memtable* memtable = nullptr;
  std::string_view low, end;  // the range: from `low` on, below `end` (empty: no bound)
};

// One thread. Holds the words of one output file in memory: some 30 MiB for 4 MiB of URLs.
class TabletMerger {
 public:
  // `tablet_bytes`: about how large an output may be; more input makes more outputs.
  // `next_file` is counted up for each file made; mergers on several threads may share it.
  TabletMerger(FileSystem* file_system, std::string folder, uint64_t tablet_bytes,
               uint64_t* next_file)
      : file_system_(file_system),
        folder_(std::move(folder)),
        tablet_bytes_(tablet_bytes),
        next_file_(next_file) {}

  // Writes and syncs the outputs (the folder's sync is the caller's), and appends them to `made` in
  // order, mapped; the tablet itself where the memtable has nothing of its range. On an error the
  // files it made are removed; `input` is as it was.
  Status Merge(const MergeInput& input, std::vector<TabletPtr>* made);

  using Keep = std::function<bool(std::string_view word)>;
  // What a tablet would be without the words that `keep` refuses.
  struct Survey {
    uint64_t refused = 0;  // entries
    double bytes = 0;      // about what the rest takes
  };
  static Result<Survey> SurveyTablet(const Tablet& tablet, const Keep& keep);

  // Makes files of the entries of `tablets`, neighbours, that `keep` takes, perhaps none; `bytes`
  // is the sum of their surveys. Otherwise like Merge.
  Status Filter(std::span<const TabletPtr> tablets, const Keep& keep, double bytes,
                std::vector<TabletPtr>* made);

  // Makes files of what can still be read of a damaged tablet, which ends at `end`, perhaps none;
  // adds the ranges whose entries cannot to `lost`. Otherwise like Merge.
  Status Salvage(const Tablet& tablet, std::string_view end, std::vector<TabletPtr>* made,
                 std::vector<WordRange>* lost);

  uint64_t written_bytes() const { return written_bytes_; }

 private:
  struct Gathered {
    uint32_t begin, length;
    uint8_t flags;
    Version version;
  };

  void Begin();
  double PartBytes(double bytes) const;
  Status Finish(Status status, std::string_view low, size_t made_before,
                std::vector<TabletPtr>* made);
  void Gather(std::string_view word, bool tombstone, Version version);
  Status Emit(std::string_view low, std::vector<TabletPtr>* made);

  FileSystem* const file_system_;
  const std::string folder_;
  const uint64_t tablet_bytes_;
  uint64_t* const next_file_;
  uint64_t written_bytes_ = 0;

  std::string bytes_;
  std::vector<Gathered> gathered_;
  double estimate_ = 0;  // bytes of the output so far
};

}  // namespace trifecta::storage
