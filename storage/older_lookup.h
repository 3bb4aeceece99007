// Looks words up in the layers below a view's active memtable: what a write has to supersede.
//
// Words that come in order, as those of a bulk load do, are found by reading on in the base file:
// 20 to 40 ns each where they lie close, against some 200 for a descent. Of others, several descend
// at once (storage/base_probe.h).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "storage/base/entry.h"
#include "storage/base/status.h"
#include "storage/base_cursor.h"
#include "storage/memtable.h"
#include "storage/view.h"

namespace trifecta::storage {

// Inside one guard of the epoch; one thread.
class OlderLookup {
 public:
  explicit OlderLookup(const View& view) : view_(view) {}

  // Fills an `older` for each entry. Gives the first failure (kDataDamaged): its word's older entry
  // is then unknown, and those of the other words are right all the same.
  Status Find(std::span<const Entry> entries, std::span<OlderEntry> older);

 private:
  void FindInOrder(std::span<const Entry> entries, std::span<OlderEntry> older);
  void FindAtOnce(std::span<const Entry> entries, std::span<OlderEntry> older);
  bool FindInFrozen(std::string_view word, OlderEntry* older) const;
  bool ReadOn(std::string_view word);
  BaseCursor* CursorOf(const BaseFile* file);
  bool Good(const Status& status);
  void Take(OlderEntry* older) const;

  const View& view_;
  Status status_;                   // the first failure
  bool sparse_ = false;             // words come in order, but too far apart for reading on
  std::string_view last_;           // the word before
  const BaseFile* file_ = nullptr;  // where cursor_ is
  std::optional<BaseCursor> cursor_;
};

}  // namespace trifecta::storage
