#include "storage/memtable.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "storage/base/word.h"
#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"
#include "tests/support/sanitizers.h"

namespace trifecta::storage {
namespace {

using test::Below;
using test::EntryMap;
using test::Probes;
using test::Random;
using test::Stored;
using test::WordMaker;

constexpr uint64_t kExpectedBytes = 1u << 20;

OlderEntry OlderIn(const EntryMap& base, std::string_view word) {
  const auto found = base.find(word);
  if (found == base.end()) return {};
  return {true, found->second.tombstone, found->second.version};
}

bool LiveIn(const EntryMap& entries, std::string_view word) {
  const auto found = entries.find(word);
  return found != entries.end() && !found->second.tombstone;
}

// A memtable over a base, both also as maps: what the memtable took, and the newest of both.
struct Model {
  Model(Epoch* epoch, Random* random)
      : words(random), base(test::RandomEntries(random, 40)), newest(base) {
    memtable = std::make_unique<Memtable>(epoch, kExpectedBytes);
  }

  // Gives a random entry to both; "" where they agree on what it did.
  std::string Step(Random* random) {
    std::string word = words.Word();
    if (Below(random, 3) == 0) word = std::next(base.begin(), Below(random, base.size()))->first;
    // Times repeat, so that equal and older versions come too.
    const Stored entry = {{Below(random, 400), static_cast<uint16_t>(Below(random, 2))},
                          Below(random, 3) == 0};
    const auto before = newest.find(word);
    const bool known = before != newest.end();
    const bool existed = LiveIn(newest, word);
    const bool applied = !known || Supersedes(entry.version, entry.tombstone,
                                              before->second.version, before->second.tombstone);
    if (applied) taken[word] = newest[word] = entry;
    const auto result =
        memtable->Apply({word, entry.version, entry.tombstone}, OlderIn(base, word));
    if (result.existed != existed) return "existed is wrong for " + word;
    if (result.applied != applied) return "applied is wrong for " + word;
    return result.newest == newest[word].version ? "" : "newest is wrong for " + word;
  }

  int64_t LiveChange(std::string_view begin, std::string_view end) const {
    int64_t change = 0;
    for (const auto& [word, stored] : taken) {
      if (word < begin || (!end.empty() && word >= end)) continue;
      change += LiveIn(newest, word) - LiveIn(base, word);
    }
    return change;
  }

  WordMaker words;
  EntryMap base, newest, taken;
  std::unique_ptr<Memtable> memtable;
};

bool Matches(const MemtableCursor& cursor, const EntryMap::value_type& entry) {
  return cursor.word() == entry.first && cursor.version() == entry.second.version &&
         cursor.tombstone() == entry.second.tombstone;
}

std::string ScanDifference(const Memtable& memtable, const EntryMap& entries,
                           std::string_view key) {
  MemtableCursor cursor(&memtable);
  cursor.Seek(key);
  for (auto at = entries.lower_bound(key); at != entries.end(); ++at, cursor.Next()) {
    if (!cursor.valid() || !Matches(cursor, *at)) return "forwards, at " + at->first;
  }
  if (cursor.valid()) return "forwards, no end";
  cursor.SeekBefore(key);
  for (auto at = entries.lower_bound(key); at != entries.begin(); cursor.Previous()) {
    if (--at; !cursor.valid() || !Matches(cursor, *at)) return "backwards, at " + at->first;
  }
  return cursor.valid() ? "backwards, no end" : "";
}

TEST_CASE("A memtable does what a sorted map under last-writer-wins does") {
  constexpr uint64_t kSeeds = test::Seeds(150);
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    Epoch epoch;
    Model model(&epoch, &random);
    const uint64_t steps = 1 + Below(&random, 1'500);
    for (uint64_t i = 0; i < steps; ++i) REQUIRE(model.Step(&random) == "");

    const Epoch::Guard guard(&epoch);
    REQUIRE(model.memtable->entries() == model.taken.size());
    std::vector<std::string> keys = {"", "\x01", "\xff"};
    if (!model.taken.empty()) keys = Probes(&random, model.taken, 12);
    for (const std::string& key : keys) {
      INFO("key " << key);
      REQUIRE(ScanDifference(*model.memtable, model.taken, key) == "");
      const std::string end = PrefixEnd(key);
      REQUIRE(model.memtable->LiveChange(key, end) == model.LiveChange(key, end));
      REQUIRE(model.memtable->LiveChange(key, "") == model.LiveChange(key, ""));
    }
    for (const auto& [word, stored] : model.newest) {
      const MemtableRecord* record = model.memtable->Find(word);
      const auto taken = model.taken.find(word);
      REQUIRE((record != nullptr) == (taken != model.taken.end()));
      if (record == nullptr) continue;
      REQUIRE(Stored{record->version(), record->tombstone()} == taken->second);
    }
  }
}

TEST_CASE("Words in order, against it and at random all make a whole tree") {
  constexpr uint64_t kWords = 40'000;
  for (uint64_t stride : {uint64_t{1}, kWords - 1, uint64_t{17'389}}) {
    Epoch epoch;
    Memtable memtable(&epoch, kExpectedBytes);
    for (uint64_t i = 0; i < kWords; ++i) {
      const std::string word = std::to_string(100'000 + i * stride % kWords);
      REQUIRE(memtable.Apply({word, {1, 1}, false}, {}).applied);
    }
    const Epoch::Guard guard(&epoch);
    MemtableCursor cursor(&memtable);
    uint64_t next = 100'000;
    for (cursor.Seek(""); cursor.valid(); cursor.Next(), ++next) {
      REQUIRE(cursor.word() == std::to_string(next));
    }
    CHECK(next == 100'000 + kWords);
    cursor.SeekToLast();
    CHECK(cursor.word() == std::to_string(100'000 + kWords - 1));
    CHECK(memtable.LiveChange("", "") == kWords);
    CHECK(memtable.LiveChange("100", "102") == 2'000);
  }
}

TEST_CASE("An empty memtable has nothing to find and nothing to go through") {
  Epoch epoch;
  const Memtable memtable(&epoch, kExpectedBytes);
  const Epoch::Guard guard(&epoch);
  CHECK(memtable.empty());
  CHECK(memtable.Find("a") == nullptr);
  CHECK(memtable.LiveChange("", "") == 0);
  MemtableCursor cursor(&memtable);
  cursor.Seek("");
  CHECK_FALSE(cursor.valid());
  cursor.SeekToLast();
  CHECK_FALSE(cursor.valid());
  cursor.SeekBefore("a");
  CHECK_FALSE(cursor.valid());
}

TEST_CASE("Readers in threads see every word that was there when they began, in order") {
  constexpr uint64_t kWords = 30'000;
  const auto word_of = [](uint64_t i) { return std::to_string(1'000'000 + i * 7'919 % 999'983); };
  Epoch epoch;
  Memtable memtable(&epoch, kExpectedBytes);
  std::atomic<uint64_t> written{0};
  std::atomic<int> missing{0}, out_of_order{0}, too_few{0};

  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      Random random(static_cast<uint64_t>(reader));
      for (uint64_t known = 0; known < kWords;) {
        known = written.load();
        if (known == 0) continue;
        const Epoch::Guard guard(&epoch);
        for (int i = 0; i < 20; ++i) {
          const std::string word = word_of(Below(&random, known));
          const MemtableRecord* record = memtable.Find(word);
          if (record == nullptr || record->word() != word) ++missing;
          MemtableCursor cursor(&memtable);
          cursor.Seek(word);
          if (!cursor.valid() || cursor.word() != word) ++missing;
        }
        // A whole scan, every other time against the order.
        MemtableCursor cursor(&memtable);
        uint64_t seen = 0;
        std::string before;
        const bool forwards = Below(&random, 2) == 0;
        if (forwards) cursor.Seek("");
        if (!forwards) cursor.SeekToLast();
        for (; cursor.valid(); ++seen) {
          const bool ordered =
              before.empty() || (forwards ? cursor.word() > before : cursor.word() < before);
          if (!ordered) ++out_of_order;
          before = cursor.word();
          forwards ? cursor.Next() : cursor.Previous();
        }
        if (seen < known) ++too_few;
        if (memtable.LiveChange("", "") < static_cast<int64_t>(known)) ++too_few;
      }
    });
  }
  for (uint64_t i = 0; i < kWords; ++i) {
    memtable.Apply({word_of(i), {i, 1}, false}, {});
    written.store(i + 1);
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(missing == 0);
  CHECK(out_of_order == 0);
  CHECK(too_few == 0);
}

TEST_CASE("A word that is written again and again is never seen older than it was") {
  Epoch epoch;
  Memtable memtable(&epoch, kExpectedBytes);
  memtable.Apply({"word", {1, 1}, false}, {});
  std::atomic<uint64_t> time{1};
  std::atomic<int> older{0};
  std::thread reader([&] {
    for (uint64_t known = 0; known < 20'000;) {
      known = time.load();
      const Epoch::Guard guard(&epoch);
      if (memtable.Find("word")->version().time < known) ++older;
    }
  });
  for (uint64_t i = 2; i <= 20'000; ++i) {
    memtable.Apply({"word", {i, 1}, i % 2 == 0}, {});
    time.store(i);
  }
  reader.join();
  CHECK(older == 0);
  CHECK(memtable.entries() == 1);
}

}  // namespace
}  // namespace trifecta::storage
