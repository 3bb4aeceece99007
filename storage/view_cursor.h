// Goes through a view's layers at once, in either order: each word once, with its newest entry.
// Inside one guard of the epoch; one thread.
#pragma once

#include <optional>
#include <string_view>

#include "storage/base/status.h"
#include "storage/base_cursor.h"
#include "storage/base_reverse_cursor.h"
#include "storage/memtable.h"
#include "storage/memtable_set.h"
#include "storage/view.h"

namespace trifecta::storage {

// The base files in ascending order, one after the other.
class TabletsCursor {
 public:
  explicit TabletsCursor(const TabletMap* tablets) : tablets_(tablets) {}
  void Seek(std::string_view key);
  void Next();
  bool valid() const { return cursor_.has_value() && cursor_->valid(); }
  const BaseCursor& entry() const { return *cursor_; }
  Status status() const { return cursor_.has_value() ? cursor_->status() : Status::Ok(); }

 private:
  void SkipEmpty();
  const TabletMap* tablets_;
  size_t index_ = 0;
  std::optional<BaseCursor> cursor_;
};

// The same in descending order.
class ReverseTabletsCursor {
 public:
  explicit ReverseTabletsCursor(const TabletMap* tablets) : tablets_(tablets) {}
  void SeekBefore(std::string_view key);
  void SeekToLast();
  void Next();
  bool valid() const { return cursor_.has_value() && cursor_->valid(); }
  const BaseReverseCursor& entry() const { return *cursor_; }
  Status status() const { return cursor_.has_value() ? cursor_->status() : Status::Ok(); }

 private:
  void SkipEmpty();
  const TabletMap* tablets_;
  size_t index_ = 0;
  std::optional<BaseReverseCursor> cursor_;
};

// The merge. `Direction` names the layers' cursors and which word comes first.
template <typename Direction>
class MergingCursor {
 public:
  explicit MergingCursor(const View& view)
      : active_(&view.active),
        frozen_(view.frozen),
        tablets_(&view.tablets),
        has_active_(!view.active.empty()),
        has_frozen_(view.frozen != nullptr && !view.frozen->empty()) {}

  // To the first entry from `key` on, in the direction: at or after it ascending, below it
  // descending; from the very first with no key.
  void Seek(std::optional<std::string_view> key) {
    if (has_active_) Direction::Seek(&active_, key);
    if (has_frozen_) Direction::Seek(&frozen_, key);
    Direction::Seek(&tablets_, key);
    Pick();
  }
  void Next() {
    if (from_active_) Direction::Advance(&active_);
    if (from_frozen_) Direction::Advance(&frozen_);
    if (from_base_) tablets_.Next();
    Pick();
  }

  bool valid() const { return valid_; }
  // Why the cursor is not valid: ok at the end.
  Status status() const { return tablets_.status(); }
  std::string_view word() const { return word_; }
  bool tombstone() const {
    return from_active_   ? active_.tombstone()
           : from_frozen_ ? frozen_.tombstone()
                          : tablets_.entry().tombstone();
  }
  Version version() const {
    return from_active_   ? active_.version()
           : from_frozen_ ? frozen_.version()
                          : tablets_.entry().version();
  }

 private:
  // Takes the word that comes first, from every layer that has it; the newest layer's entry counts,
  // since an entry enters a memtable only where it supersedes what is below.
  void Pick() {
    from_active_ = from_frozen_ = from_base_ = valid_ = false;
    if (!tablets_.status().ok()) return;
    if (has_active_ && active_.valid()) Offer(active_.word(), &from_active_);
    if (has_frozen_ && frozen_.valid()) Offer(frozen_.word(), &from_frozen_);
    if (tablets_.valid()) Offer(tablets_.entry().word(), &from_base_);
  }
  void Offer(std::string_view word, bool* from) {
    const int order = valid_ ? word.compare(word_) : 0;
    if (valid_ && !(Direction::Before(order) || order == 0)) return;
    if (order != 0) from_active_ = from_frozen_ = from_base_ = false;
    *from = valid_ = true;
    word_ = word;
  }

  MemtableSetCursor active_;
  MemtableCursor frozen_;
  typename Direction::Tablets tablets_;
  const bool has_active_, has_frozen_;
  bool from_active_ = false, from_frozen_ = false, from_base_ = false, valid_ = false;
  std::string_view word_;
};

struct Ascending {
  using Tablets = TabletsCursor;
  static bool Before(int order) { return order < 0; }
  template <typename Cursor>
  static void Seek(Cursor* cursor, std::optional<std::string_view> key) {
    cursor->Seek(key.value_or(std::string_view()));
  }
  static void Advance(auto* memtable) { memtable->Next(); }
};

struct Descending {
  using Tablets = ReverseTabletsCursor;
  static bool Before(int order) { return order > 0; }
  template <typename Cursor>
  static void Seek(Cursor* cursor, std::optional<std::string_view> key) {
    if (key.has_value()) {
      cursor->SeekBefore(*key);
    } else {
      cursor->SeekToLast();
    }
  }
  static void Advance(auto* memtable) { memtable->Previous(); }
};

using ViewCursor = MergingCursor<Ascending>;
using ReverseViewCursor = MergingCursor<Descending>;

}  // namespace trifecta::storage
