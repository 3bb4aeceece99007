// The merge of what several replicas hold of one shard, as their pages come in: the newest entry of
// each word, tombstones too, as far as all of them have told.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/messages.h"
#include "storage/base/status.h"
#include "storage/store.h"

namespace trifecta::replication {

class EntryMerge {
 public:
  // Sources are numbered from 0.
  EntryMerge(std::string root, size_t sources) : root_(std::move(root)), sources_(sources) {}

  const std::string& root() const { return root_; }
  size_t sources() const { return sources_.size(); }

  // Its page is used up, and it has more.
  bool Wants(size_t source) const;
  // Where that begins: behind this word; "": at the shard's first one.
  const std::string& After(size_t source) const { return sources_[source].after; }
  // The page behind After(source), which Wants. kDataDamaged, and nothing taken, when it is not in
  // order or not of this shard.
  Status Add(size_t source, unsigned k_factor, ScanReply page);

  // Replaces `merged` with the entries that follow the last ones, up to the nearest of the words
  // that the sources have told up to. `upto`: that word, "" for the shard's end. Call when no
  // source is waited for.
  void Take(storage::Page* merged, std::string* upto);
  // Everything was taken.
  bool done() const { return done_; }

 private:
  struct Source {
    storage::Page page;
    size_t next = 0;
    std::string after;
    bool end = false;

    bool used_up() const { return next == page.size(); }
    std::string_view word() const { return page.word(next); }
    Version version() const { return page.version(next); }
    bool tombstone() const { return page.tombstone(next); }
    // Its next entry has the lower word, or is the newer one of the same word.
    bool IsBefore(const Source& other) const;
  };

  // The one whose next entry is before those of the others; null when all are used up.
  Source* Lowest();

  std::string root_;
  std::vector<Source> sources_;
  bool done_ = false;
};

}  // namespace trifecta::replication
