// The tablets of a store: neighbouring ranges of words, each with a base file. Immutable; a
// checkpoint makes a new map.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base_file.h"
#include "storage/manifest.h"
#include "storage/range_index.h"

namespace trifecta::storage {

struct Tablet {
  TabletRecord record;
  std::shared_ptr<const BaseFile> file;
};
using TabletPtr = std::shared_ptr<const Tablet>;

// The same file for a range that begins at `low`.
TabletPtr WithLow(const TabletPtr& tablet, std::string_view low);

// Any thread.
class TabletMap {
 public:
  TabletMap() = default;
  // In order of their lowest words; the first tablet's is "".
  explicit TabletMap(std::vector<TabletPtr> tablets);

  bool empty() const { return tablets_.empty(); }
  size_t size() const { return tablets_.size(); }
  const TabletPtr& operator[](size_t i) const { return tablets_[i]; }
  const std::vector<TabletPtr>& tablets() const { return tablets_; }

  // The tablet whose range holds `word`. Not when empty.
  size_t IndexFor(std::string_view word) const { return ranges_.IndexFor(word); }
  // The first word beyond tablet i, "" for the last.
  std::string_view EndOf(size_t i) const {
    return i + 1 < tablets_.size() ? std::string_view(tablets_[i + 1]->record.low)
                                   : std::string_view();
  }

 private:
  std::vector<TabletPtr> tablets_;
  RangeIndex ranges_;
};

}  // namespace trifecta::storage
