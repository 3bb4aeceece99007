#include "storage/older_lookup.h"

namespace trifecta::storage {
namespace {

// Entries read on for, before a descent is quicker: some 15 ns each.
constexpr int kStepsMax = 12;
// Words in order that make a run: the first descents of a cursor cost more than plain look-ups.
constexpr unsigned kRunBegins = 4;

}  // namespace

Status OlderLookup::Find(std::string_view word, OlderEntry* older) {
  *older = {};
  ascending_ = word > last_ ? ascending_ + 1 : 0;
  last_ = word;
  if (view_.frozen != nullptr) {
    if (const MemtableRecord* record = view_.frozen->Find(word)) {
      *older = {true, record->tombstone(), record->version()};
      return Status::Ok();
    }
  }
  return view_.tablets.empty() ? Status::Ok() : FindInBase(word, older);
}

// True when the cursor came to the first entry not below `word` without a descent.
bool OlderLookup::ReadOn(std::string_view word) {
  for (int steps = 0; steps < kStepsMax && cursor_->valid(); ++steps) {
    if (cursor_->word() >= word) return true;
    cursor_->Next();
  }
  return false;
}

Status OlderLookup::FindInBase(std::string_view word, OlderEntry* older) {
  const size_t tablet = view_.tablets.IndexFor(word);
  const BaseFile* file = view_.tablets[tablet]->file.get();
  if (ascending_ < kRunBegins) {
    cursor_.reset();
    BaseFile::Found found;
    TRIFECTA_RETURN_IF_ERROR(file->Find(word, &found));
    *older = {found.known, found.tombstone, found.version};
    return Status::Ok();
  }
  if (!cursor_.has_value() || tablet_ != tablet) {
    cursor_.emplace(file);
    tablet_ = tablet;
  }
  if (!ReadOn(word)) cursor_->Seek(word);
  if (!cursor_->valid()) return cursor_->status();
  if (cursor_->word() == word) *older = {true, cursor_->tombstone(), cursor_->version()};
  return Status::Ok();
}

}  // namespace trifecta::storage
