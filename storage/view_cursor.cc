#include "storage/view_cursor.h"

namespace trifecta::storage {

void TabletsCursor::SkipEmpty() {
  while (!cursor_->valid() && cursor_->status().ok() && index_ + 1 < tablets_->size()) {
    cursor_.emplace((*tablets_)[++index_]->file.get());
    cursor_->Seek("");
    entered_ = true;
  }
}

void TabletsCursor::Seek(std::string_view key) {
  BeginSeek(key);
  while (StepSeek()) {
  }
  FinishSeek(key);
}

void TabletsCursor::BeginSeek(std::string_view key) {
  entered_ = true;
  probe_.reset();
  if (tablets_->empty()) return;
  index_ = tablets_->IndexFor(key);
  const BaseFile* file = (*tablets_)[index_]->file.get();
  cursor_.emplace(file);
  if (key.size() <= kWordBytesMax && file->UseIndex().ok()) probe_.emplace(file, key);
}

bool TabletsCursor::StepSeek() {
  if (!probe_.has_value() || probe_->state() != BaseProbe::State::kDescends) return false;
  probe_->Step();
  return true;
}

void TabletsCursor::FinishSeek(std::string_view key) {
  if (!cursor_.has_value()) return;
  if (probe_.has_value()) {
    cursor_->Seek(*probe_);
  } else {
    cursor_->Seek(key);
  }
  SkipEmpty();
}

void TabletsCursor::Next() {
  entered_ = false;
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
