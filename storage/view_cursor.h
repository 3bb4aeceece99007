// Goes through a view's layers at once, in either order: each word once, with its newest entry.
// Inside one guard of the epoch; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "storage/base/status.h"
#include "storage/base/word_head.h"
#include "storage/base_cursor.h"
#include "storage/base_probe.h"
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
  // The same in steps (storage/base_probe.h), until StepSeek gives false.
  void BeginSeek(std::string_view key);
  bool StepSeek();
  void FinishSeek(std::string_view key);
  void Next();
  bool valid() const { return cursor_.has_value() && cursor_->valid(); }
  const BaseCursor& entry() const { return *cursor_; }
  // After Next: bytes at least that the word shares with the one before it.
  size_t shared() const { return entered_ ? 0 : cursor_->shared(); }
  bool ok() const { return !cursor_.has_value() || cursor_->status().ok(); }
  Status status() const { return cursor_.has_value() ? cursor_->status() : Status::Ok(); }

 private:
  void SkipEmpty();
  const TabletMap* tablets_;
  size_t index_ = 0;
  bool entered_ = true;  // the entry is the first that was read of its file
  std::optional<BaseCursor> cursor_;
  std::optional<BaseProbe> probe_;  // of a Seek in steps
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
  size_t shared() const { return 0; }
  bool ok() const { return !cursor_.has_value() || cursor_->status().ok(); }
  Status status() const { return cursor_.has_value() ? cursor_->status() : Status::Ok(); }

 private:
  void SkipEmpty();
  const TabletMap* tablets_;
  size_t index_ = 0;
  std::optional<BaseReverseCursor> cursor_;
};

// The merge. `Direction` names the layers' cursors and which word comes first.
//
// Most words come from the base. In ascending order, how one compares with the memtables' next word
// mostly follows from what it shares with the base's word before it, without a look at either (as
// in a merge of strings by longest common prefixes: Ng and Kakehi, "Merging String Sequences by
// Longest Common Prefixes", IPSJ 2008).
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
    Direction::SeekAll(has_active_ ? &active_ : nullptr, has_frozen_ ? &frozen_ : nullptr,
                       &tablets_, key);
    shared_ = 0;
    PickNewer();
    Pick();
  }
  void Next() {
    const bool from_base_alone = !from_newer_;
    if (from_newer_) {
      if (from_active_) Direction::Advance(&active_);
      if (from_frozen_) Direction::Advance(&frozen_);
      PickNewer();
    }
    if (from_base_) tablets_.Next();
    shared_ = from_base_alone ? tablets_.shared() : 0;
    Pick();
  }

  bool valid() const { return from_newer_ || from_base_; }
  // Why the cursor is not valid: ok at the end.
  Status status() const { return tablets_.status(); }
  std::string_view word() const { return from_newer_ ? newer_ : tablets_.entry().word(); }
  bool tombstone() const {
    if (!from_newer_) return tablets_.entry().tombstone();
    return from_active_ ? active_.tombstone() : frozen_.tombstone();
  }
  Version version() const {
    if (!from_newer_) return tablets_.entry().version();
    return from_active_ ? active_.version() : frozen_.version();
  }
  // After Next: bytes at least that the word shares with the one before it.
  size_t shared() const { return from_newer_ ? 0 : shared_; }

 private:
  // Takes the memtables' next word. Where both have it the active one's entry counts, since an
  // entry enters a memtable only where it supersedes what is below.
  void PickNewer() {
    from_active_ = has_active_ && active_.valid();
    from_frozen_ = has_frozen_ && frozen_.valid();
    if (from_active_ && from_frozen_) {
      const int order = active_.word().compare(frozen_.word());
      if (order != 0) (Direction::Before(order) ? from_frozen_ : from_active_) = false;
    }
    has_newer_ = from_active_ || from_frozen_;
    if (has_newer_) newer_ = from_active_ ? active_.word() : frozen_.word();
    common_ = 0;
  }

  // Takes the word that comes first, from every layer that has it.
  void Pick() {
    from_base_ = tablets_.valid();
    from_newer_ = has_newer_ && tablets_.ok();
    if (from_base_ && from_newer_) Compare(tablets_.entry().word());
  }

  // The base's word shares shared_ bytes with one that came before newer_, and that shares common_
  // bytes with newer_.
  void Compare(std::string_view base) {
    from_newer_ = shared_ <= common_;
    if (!from_newer_) return;
    const std::string_view newer = newer_;
    const size_t common = SharedLength(base, newer, shared_);
    common_ = common;
    if (common == base.size() && common == newer.size()) return;  // both have it
    const bool less = common == newer.size() ||
                      (common < base.size() &&
                       static_cast<uint8_t>(newer[common]) < static_cast<uint8_t>(base[common]));
    from_newer_ = Direction::Before(less ? -1 : 1);
    from_base_ = !from_newer_;
  }

  MemtableSetCursor active_;
  MemtableCursor frozen_;
  typename Direction::Tablets tablets_;
  const bool has_active_, has_frozen_;
  std::string_view newer_;                                              // the memtables' next word
  bool has_newer_ = false, from_active_ = false, from_frozen_ = false;  // who has newer_
  bool from_newer_ = false, from_base_ = false;                         // who has the current word
  size_t shared_ = 0, common_ = 0;
};

struct Ascending {
  using Tablets = TabletsCursor;
  static bool Before(int order) { return order < 0; }
  // A step of each in turn, so that they wait for memory together.
  static void SeekAll(MemtableSetCursor* active, MemtableCursor* frozen, TabletsCursor* tablets,
                      std::optional<std::string_view> from) {
    const std::string_view key = from.value_or(std::string_view());
    if (active != nullptr) active->BeginSeek(key);
    if (frozen != nullptr) frozen->BeginSeek();
    tablets->BeginSeek(key);
    bool active_steps = active != nullptr, frozen_steps = frozen != nullptr, base_steps = true;
    while (active_steps || frozen_steps || base_steps) {
      active_steps = active_steps && active->StepSeek(key);
      frozen_steps = frozen_steps && frozen->StepSeek(key);
      base_steps = base_steps && tablets->StepSeek();
    }
    if (active != nullptr) active->FinishSeek(key);
    if (frozen != nullptr) frozen->FinishSeek(key);
    tablets->FinishSeek(key);
  }
  static void Advance(auto* memtable) { memtable->Next(); }
};

struct Descending {
  using Tablets = ReverseTabletsCursor;
  static bool Before(int order) { return order > 0; }
  static void SeekAll(MemtableSetCursor* active, MemtableCursor* frozen,
                      ReverseTabletsCursor* tablets, std::optional<std::string_view> key) {
    if (active != nullptr) Seek(active, key);
    if (frozen != nullptr) Seek(frozen, key);
    Seek(tablets, key);
  }
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
