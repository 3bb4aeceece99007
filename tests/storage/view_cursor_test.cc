#include "storage/view_cursor.h"

#include <memory>
#include <string>
#include <vector>

#include "storage/base_file_builder.h"
#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"
#include "tests/support/sanitizers.h"

namespace trifecta::storage {
namespace {

using test::BaseEntriesOf;
using test::Below;
using test::EntryMap;
using test::Probes;
using test::Random;
using test::Stored;

constexpr uint64_t kExpectedBytes = 64 * 1024;

// A view of two memtables over tablets in memory, and what reading it should give.
class Layers {
 public:
  Layers(Random* random, size_t tablets) : words_(random) {
    EntryMap base;
    for (uint64_t i = 0, count = 1 + Below(random, 200); i < count; ++i) {
      base[words_.Word()] = Next(random);
    }
    newest_ = base;
    view_.tablets = TabletMap(CutIn(base, std::min<size_t>(tablets, base.size()), random));
    frozen_ = Fill(random);
    active_ = Fill(random);
    view_.frozen = Below(random, 3) == 0 ? nullptr : frozen_.get();
    if (view_.frozen == nullptr) {
      // What only the frozen one held is not there then: begin again with the base.
      newest_ = base;
      active_ = Fill(random);
    }
    view_.active = active_.get();
  }

  const View& view() const { return view_; }
  const EntryMap& newest() const { return newest_; }
  Epoch* epoch() { return &epoch_; }
  // To damage it.
  std::string& bytes_of_tablet(size_t i) { return *bytes_[i]; }

 private:
  // Times go up, so that newer layers hold newer entries.
  Stored Next(Random* random) { return {{++time_, 1}, Below(random, 3) == 0}; }

  std::vector<TabletPtr> CutIn(const EntryMap& base, size_t parts, Random* random) {
    std::vector<TabletPtr> tablets;
    auto at = base.begin();
    for (size_t part = 0; part < parts; ++part) {
      const auto left = static_cast<size_t>(std::distance(at, base.end()));
      const size_t most = left - (parts - part - 1);
      const size_t count = part + 1 == parts ? left : 1 + Below(random, most);
      const auto end = std::next(at, static_cast<ptrdiff_t>(count));
      auto tablet = std::make_shared<Tablet>();
      // A tablet may begin below its first word.
      tablet->record.low = part == 0 ? "" : at->first;
      bytes_.push_back(std::make_unique<std::string>(
          BuildBaseFile(part + 1, BaseEntriesOf(EntryMap(at, end))).bytes));
      tablet->file = std::move(*BaseFile::FromBytes("base" + std::to_string(part), *bytes_.back()));
      tablets.push_back(std::move(tablet));
      at = end;
    }
    return tablets;
  }

  std::unique_ptr<Memtable> Fill(Random* random) {
    auto memtable = std::make_unique<Memtable>(&epoch_, kExpectedBytes);
    for (uint64_t i = 0, count = Below(random, 100); i < count; ++i) {
      std::string word = words_.Word();
      if (Below(random, 2) == 0) {
        word = std::next(newest_.begin(), static_cast<ptrdiff_t>(Below(random, newest_.size())))
                   ->first;
      }
      const Stored entry = Next(random);
      memtable->Apply({word, entry.version, entry.tombstone}, {});
      newest_[word] = entry;
    }
    return memtable;
  }

  test::WordMaker words_;
  Epoch epoch_;
  uint64_t time_ = 0;
  std::vector<std::unique_ptr<std::string>> bytes_;
  std::unique_ptr<Memtable> frozen_, active_;
  View view_;
  EntryMap newest_;
};

template <typename Cursor, typename Iterator>
std::string Difference(Cursor* cursor, Iterator at, Iterator end) {
  std::string before;
  for (; at != end; before = at->first, ++at, cursor->Next()) {
    if (!cursor->valid()) return "ends before " + at->first + ": " + cursor->status().ToString();
    if (cursor->word() != at->first) return std::string(cursor->word()) + " for " + at->first;
    const size_t shared = cursor->shared();
    if (at->first.substr(0, shared) != before.substr(0, shared) || before.size() < shared) {
      return at->first + " shares less with " + before + " than " + std::to_string(shared);
    }
    if (Stored{cursor->version(), cursor->tombstone()} != at->second) return "entry " + at->first;
  }
  return cursor->valid() ? "no end" : "";
}

TEST_CASE("A view's layers read as one, each word with its newest entry, in both directions") {
  for (uint64_t seed = 1; seed <= test::Seeds(200); ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    Layers layers(&random, 1 + Below(&random, 5));
    const EntryMap& newest = layers.newest();
    const Epoch::Guard guard(layers.epoch());
    ViewCursor up(layers.view());
    ReverseViewCursor down(layers.view());
    up.Seek(std::nullopt);
    REQUIRE(Difference(&up, newest.begin(), newest.end()) == "");
    down.Seek(std::nullopt);
    REQUIRE(Difference(&down, newest.rbegin(), newest.rend()) == "");
    for (const std::string& key : Probes(&random, newest, 12)) {
      INFO("key " << key);
      const auto first = newest.lower_bound(key);
      up.Seek(key);
      REQUIRE(Difference(&up, first, newest.end()) == "");
      down.Seek(key);
      REQUIRE(Difference(&down, std::make_reverse_iterator(first), newest.rend()) == "");
    }
  }
}

TEST_CASE("A view without tablets, or without anything, can be read") {
  Epoch epoch;
  Memtable memtable(&epoch, kExpectedBytes);
  View view;
  view.active = &memtable;
  const Epoch::Guard guard(&epoch);
  const auto count = [&] {
    size_t words = 0;
    ViewCursor up(view);
    for (up.Seek(""); up.valid(); up.Next()) ++words;
    ReverseViewCursor down(view);
    for (down.Seek(std::nullopt); down.valid(); down.Next()) ++words;
    return words;
  };
  CHECK(count() == 0);
  memtable.Apply({"word", {1, 1}, false}, {});
  CHECK(count() == 2);
}

TEST_CASE("Damage in one tablet ends a scan with its place, before any later word is shown") {
  Random random(5);
  Layers layers(&random, 4);
  REQUIRE(layers.view().tablets.size() == 4);
  std::string& bytes = layers.bytes_of_tablet(2);
  bytes[kBasePageBytes + 1] = static_cast<char>(~bytes[kBasePageBytes + 1]);
  const std::string low = layers.view().tablets[2]->record.low;
  const Epoch::Guard guard(layers.epoch());
  ViewCursor up(layers.view());
  for (up.Seek(""); up.valid(); up.Next()) REQUIRE(up.word() < low);
  CHECK(up.status().code() == StatusCode::kDataDamaged);
  CHECK(up.status().message().starts_with("base2: at offset 4096: "));
  ReverseViewCursor down(layers.view());
  for (down.Seek(std::nullopt); down.valid(); down.Next()) REQUIRE(down.word() >= low);
  CHECK(down.status().code() == StatusCode::kDataDamaged);
}

}  // namespace
}  // namespace trifecta::storage
