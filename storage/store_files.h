// The files of a store as a whole: what Open finds in the folder, and the publishing of new base
// files. The rules that make every crash recoverable are in storage/manifest.h.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/base/file_system.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"
#include "storage/manifest.h"
#include "storage/tablet_map.h"

namespace trifecta::storage {

class StoreFiles {
 public:
  // Reads the manifest, or makes the first one in a folder without any; opens the tablets that it
  // names, and removes base files that no manifest names: outputs of a checkpoint cut short.
  // kDataDamaged names what is missing or does not fit; where `tolerate_damage`, a base file of
  // which that is so becomes a tablet that is damaged as a whole.
  static Result<std::unique_ptr<StoreFiles>> Open(FileSystem* file_system, Logger* logger,
                                                  std::string folder, bool tolerate_damage);

  const std::vector<TabletPtr>& tablets() const { return tablets_; }
  uint64_t covered() const { return manifest_.covered; }
  uint64_t* next_file() { return &manifest_.next_file; }

  // Makes `tablets` (written and synced already) the store's, holding the log up to `covered`;
  // then removes the base files that are no longer named, and keeps those that are damaged aside.
  // The entries of `lost` were in a damaged file and are in none of `tablets`. kDiskFull: nothing
  // changed. Another error: what a later start finds is unknown, and the store must not go on.
  Status Publish(std::vector<TabletPtr> tablets, uint64_t covered,
                 std::span<const WordRange> lost = {});

  // Publishes whether the folder has a log (Manifest::has_log), if that changes anything. Errors as
  // of Publish.
  Status SetHasLog(bool has_log);
  bool has_log() const { return manifest_.has_log; }

  // Publishes that the entries of `range` are no longer missing. Errors as of Publish.
  Status Refill(const WordRange& range);
  const std::vector<WordRange>& lost() const { return manifest_.lost; }

  uint64_t written_bytes() const { return written_bytes_; }

 private:
  StoreFiles(FileSystem* file_system, Logger* logger, std::string folder)
      : file_system_(file_system), logger_(logger), folder_(std::move(folder)) {}
  Status OpenTablets(bool tolerate_damage);
  Result<std::shared_ptr<const BaseFile>> OpenTablet(const TabletRecord& record) const;
  Status PublishManifest(Manifest next);
  Status Incomplete() const;
  bool RemoveOld();
  bool GiveUp(const Tablet& tablet);
  bool Told(const Status& status) const;
  Status FindLog() const;
  Status MakeFirst();
  Status RemoveStray();

  FileSystem* const file_system_;
  Logger* const logger_;
  const std::string folder_;
  Manifest manifest_;
  std::vector<TabletPtr> tablets_;
  uint64_t written_bytes_ = 0;
};

}  // namespace trifecta::storage
