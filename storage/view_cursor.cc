#include "storage/view_cursor.h"

namespace trifecta::storage {

void TabletsCursor::SkipEmpty() {
  while (!cursor_->valid() && cursor_->status().ok() && index_ + 1 < tablets_->size()) {
    cursor_.emplace((*tablets_)[++index_]->file.get());
    cursor_->Seek("");
  }
}

void TabletsCursor::Seek(std::string_view key) {
  if (tablets_->empty()) return;
  index_ = tablets_->IndexFor(key);
  cursor_.emplace((*tablets_)[index_]->file.get());
  cursor_->Seek(key);
  SkipEmpty();
}

void TabletsCursor::Next() {
  cursor_->Next();
  if (!cursor_->valid()) [[unlikely]]
    SkipEmpty();
}

void ReverseTabletsCursor::SkipEmpty() {
  while (!cursor_->valid() && cursor_->status().ok() && index_ > 0) {
    cursor_.emplace((*tablets_)[--index_]->file.get());
    cursor_->SeekToLast();
  }
}

void ReverseTabletsCursor::SeekBefore(std::string_view key) {
  if (tablets_->empty()) return;
  index_ = tablets_->IndexFor(key);
  cursor_.emplace((*tablets_)[index_]->file.get());
  cursor_->SeekBefore(key);
  SkipEmpty();
}

void ReverseTabletsCursor::SeekToLast() {
  if (tablets_->empty()) return;
  index_ = tablets_->size() - 1;
  cursor_.emplace((*tablets_)[index_]->file.get());
  cursor_->SeekToLast();
  SkipEmpty();
}

void ReverseTabletsCursor::Next() {
  cursor_->Next();
  if (!cursor_->valid()) SkipEmpty();
}

}  // namespace trifecta::storage
