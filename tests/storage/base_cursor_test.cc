#include "storage/base_cursor.h"

#include <algorithm>
#include <string>
#include <vector>

#include "storage/base_file_builder.h"
#include "storage/base_reverse_cursor.h"
#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"
#include "tests/support/sanitizers.h"

namespace trifecta::storage {
namespace {

using test::BaseEntriesOf;
using test::EntryMap;
using test::Probes;
using test::Random;
using test::RandomEntries;

struct Built {
  explicit Built(const EntryMap& entries) : bytes(BuildBaseFile(7, BaseEntriesOf(entries)).bytes) {
    auto opened = BaseFile::FromBytes("base", bytes);
    REQUIRE(opened.ok());
    file = std::move(*opened);
  }
  std::string bytes;
  std::unique_ptr<BaseFile> file;
};

// The cursor's next `count` words are those from `at` on; the step to the next word is `next`.
template <typename Cursor, typename Iterator>
std::string Difference(Cursor* cursor, Iterator at, Iterator end, size_t count) {
  for (; count > 0; --count, ++at, cursor->Next()) {
    if (!cursor->status().ok()) return cursor->status().ToString();
    if (cursor->valid() != (at != end)) return at == end ? "no end" : "ends before " + at->first;
    if (at == end) return "";
    if (cursor->word() != at->first) return std::string(cursor->word()) + " for " + at->first;
    if (cursor->version() != at->second.version) return "wrong version of " + at->first;
    if (cursor->tombstone() != at->second.tombstone) return "wrong kind of " + at->first;
  }
  return "";
}

TEST_CASE("Forwards: from any key on, the cursor gives each entry not below it, in order") {
  constexpr uint64_t kSeeds = test::Seeds(600);
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const EntryMap entries = RandomEntries(&random, 1 + test::Below(&random, 300));
    const Built built(entries);
    BaseCursor cursor(built.file.get());  // one for all: seeking leaves nothing behind
    for (const std::string& key : Probes(&random, entries, 40)) {
      cursor.Seek(key);
      const std::string difference =
          Difference(&cursor, entries.lower_bound(key), entries.end(), 60);
      INFO("key " << key);
      REQUIRE(difference == "");
    }
  }
}

TEST_CASE("Backwards: from any key on, the cursor gives each entry below it, in order") {
  constexpr uint64_t kSeeds = test::Seeds(600);
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const EntryMap entries = RandomEntries(&random, 1 + test::Below(&random, 300));
    const Built built(entries);
    BaseReverseCursor cursor(built.file.get());
    for (const std::string& key : Probes(&random, entries, 40)) {
      cursor.SeekBefore(key);
      const auto first = std::make_reverse_iterator(entries.lower_bound(key));
      const std::string difference = Difference(&cursor, first, entries.rend(), 60);
      INFO("key " << key);
      REQUIRE(difference == "");
    }
    cursor.SeekToLast();
    REQUIRE(Difference(&cursor, entries.rbegin(), entries.rend(), entries.size() + 1) == "");
  }
}

TEST_CASE("A lookup stands on the word, or nowhere") {
  for (uint64_t seed = 1; seed <= test::Seeds(200); ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const EntryMap entries = RandomEntries(&random, 200);
    const Built built(entries);
    BaseCursor cursor(built.file.get());
    for (const std::string& key : Probes(&random, entries, 60)) {
      cursor.Find(key);
      REQUIRE(cursor.status().ok());
      REQUIRE(cursor.valid() == entries.contains(key));
      if (!cursor.valid()) continue;
      REQUIRE(cursor.word() == key);
      // And goes on from there.
      REQUIRE(Difference(&cursor, entries.find(key), entries.end(), 40) == "");
    }
  }
}

TEST_CASE("What a word is said to share with the one before it, it shares") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const EntryMap entries = RandomEntries(&random, 300);
    const Built built(entries);
    BaseCursor cursor(built.file.get());
    std::string before;
    for (cursor.Seek(""); cursor.valid(); cursor.Next()) {
      REQUIRE(cursor.word().substr(0, cursor.shared()) == before.substr(0, cursor.shared()));
      before = cursor.word();
    }
  }
}

TEST_CASE("A cursor that meets damage stops there with its place, in both directions") {
  EntryMap entries;
  for (uint64_t i = 0; i < 20'000; ++i) entries[std::to_string(1'000'000 + i * 37)] = {{i, 1}};
  Built built(entries);
  const uint64_t damaged = built.file->header().sections[kEntries].offset + 3 * kBasePageBytes;
  REQUIRE(built.file->header().sections[kEntries].bytes > 5 * kBasePageBytes);
  built.bytes[damaged] = static_cast<char>(~built.bytes[damaged]);
  const auto named = [&](const Status& status) {
    return status.code() == StatusCode::kDataDamaged &&
           status.message().starts_with("base: at offset " + std::to_string(damaged) + ": ");
  };
  BaseCursor forwards(built.file.get());
  forwards.Seek("");
  auto expected = entries.begin();
  for (; forwards.valid(); forwards.Next(), ++expected) REQUIRE(forwards.word() == expected->first);
  CHECK(named(forwards.status()));
  CHECK(expected != entries.begin());

  BaseReverseCursor backwards(built.file.get());
  backwards.SeekToLast();
  auto last = entries.rbegin();
  for (; backwards.valid(); backwards.Next(), ++last) REQUIRE(backwards.word() == last->first);
  CHECK(named(backwards.status()));
  CHECK(last != entries.rbegin());
}

}  // namespace
}  // namespace trifecta::storage
