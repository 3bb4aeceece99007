// Reads what can still be read of a damaged base file.
//
// A bucket behind a damaged page cannot be read on to, since its first word counts on those before
// it; but the trie, which has pages of its own, leads to every bucket. So the walk is along the
// trie, and a damaged page costs the buckets that lie in it: some hundreds of words of a tablet's
// million. Damage to the trie itself, a quarter of the file, costs them all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "storage/base_cursor.h"
#include "storage/base_file.h"

namespace trifecta::storage {

// One thread; the file must outlive it.
class BaseSalvage {
 public:
  // Called with the cursor at an entry, in order of the words.
  using Take = std::function<void(const BaseCursor& cursor)>;
  // Called where entries that were there could not be read, between two calls of Take.
  using Gap = std::function<void()>;

  BaseSalvage(const BaseFile* file, Take take, Gap gap);
  void Run();

 private:
  void Walk(TrieValue value, uint32_t depth);
  void ReadBucket(uint32_t offset, uint32_t depth);

  const BaseFile* const file_;
  const Take take_;
  const Gap gap_;
  BaseCursor cursor_;
  std::string path_;  // the bytes that lead to where the walk is
};

}  // namespace trifecta::storage
