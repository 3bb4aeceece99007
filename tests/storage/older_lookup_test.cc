#include "storage/older_lookup.h"

#include <algorithm>
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
using test::Random;
using test::RandomEntries;
using test::Stored;

// A frozen memtable over tablets in memory, and what they hold together.
class LayersBelow {
 public:
  LayersBelow(Random* random, size_t words, size_t tablets) : held_(RandomEntries(random, words)) {
    std::vector<TabletPtr> made;
    const size_t share = held_.size() / tablets + 1;
    for (auto at = held_.begin(); at != held_.end();) {
      auto end = at;
      for (size_t i = 0; i < share && end != held_.end(); ++i) ++end;
      auto tablet = std::make_shared<Tablet>();
      tablet->record.low = made.empty() ? "" : at->first;
      bytes_.push_back(std::make_unique<std::string>(
          BuildBaseFile(made.size() + 1, BaseEntriesOf(EntryMap(at, end))).bytes));
      tablet->file = std::move(*BaseFile::FromBytes("base", *bytes_.back()));
      made.push_back(std::move(tablet));
      at = end;
    }
    view_.tablets = TabletMap(std::move(made));
  }

  // Gives some of the words newer entries there, and adds others.
  void Freeze(Random* random) {
    for (auto& [word, stored] : held_) {
      if (Below(random, 4) == 0) Freeze(word, {{1ull << 60, 3}, Below(random, 2) == 0});
    }
    for (const auto& [word, stored] : RandomEntries(random, 20)) Freeze(word, stored);
    view_.frozen = &frozen_;
  }

  const View& view() const { return view_; }
  const EntryMap& held() const { return held_; }
  std::string& bytes_of_tablet(size_t i) { return *bytes_[i]; }
  Epoch* epoch() { return &epoch_; }

 private:
  void Freeze(const std::string& word, const Stored& stored) {
    if (frozen_.Find(word) != nullptr) return;
    frozen_.Apply({word, stored.version, stored.tombstone}, {});
    held_[word] = stored;
  }

  Epoch epoch_;
  Memtable frozen_{&epoch_, 64 << 10};
  EntryMap held_;
  std::vector<std::unique_ptr<std::string>> bytes_;
  View view_;
};

// Words that are there and words that are not, some twice.
std::vector<std::string> Asked(Random* random, const EntryMap& held, size_t words) {
  std::vector<std::string> asked;
  for (const auto& [word, stored] : RandomEntries(random, words)) asked.push_back(word);
  for (const auto& [word, stored] : held) {
    if (Below(random, held.size()) < words) asked.push_back(word);
    if (Below(random, 50) == 0) asked.push_back(word);
  }
  std::shuffle(asked.begin(), asked.end(), *random);
  return asked;
}

std::vector<Entry> EntriesOf(const std::vector<std::string>& words) {
  std::vector<Entry> entries;
  for (const std::string& word : words) entries.push_back({word, {}, false});
  return entries;
}

std::string Difference(const EntryMap& held, const std::vector<std::string>& asked,
                       const std::vector<OlderEntry>& older) {
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto found = held.find(asked[i]);
    if (older[i].known != (found != held.end())) return asked[i];
    if (older[i].known && Stored{older[i].version, older[i].tombstone} != found->second) {
      return asked[i];
    }
  }
  return "";
}

TEST_CASE("The entries below a write are found whatever order its words come in") {
  for (uint64_t seed = 1; seed <= test::Seeds(100); ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    LayersBelow layers(&random, 1 + Below(&random, 3000), 1 + Below(&random, 5));
    if (Below(&random, 2) == 0) layers.Freeze(&random);
    const Epoch::Guard guard(layers.epoch());
    std::vector<std::string> asked = Asked(&random, layers.held(), 1 + Below(&random, 2000));
    // In order altogether, in order from some place on, or in no order.
    const size_t from = Below(&random, 3) * asked.size() / 2;
    std::sort(asked.begin() + static_cast<ptrdiff_t>(from), asked.end());
    std::vector<OlderEntry> older(asked.size(), {true, true, {7, 7}});
    REQUIRE(OlderLookup(layers.view()).Find(EntriesOf(asked), older).ok());
    REQUIRE(Difference(layers.held(), asked, older) == "");
  }
}

TEST_CASE("Nothing lies below the first write of a store") {
  View view;
  std::vector<OlderEntry> older(2, {true, true, {7, 7}});
  REQUIRE(OlderLookup(view).Find(EntriesOf({"one", "two"}), older).ok());
  CHECK_FALSE(older[0].known);
  CHECK_FALSE(older[1].known);
}

TEST_CASE("A damaged place is told, and the words elsewhere are found all the same") {
  for (const bool in_order : {false, true}) {
    INFO("in order " << in_order);
    Random random(5);
    LayersBelow layers(&random, 4000, 4);
    layers.bytes_of_tablet(1)[kBasePageBytes] ^= 1;  // the first page of its entries
    std::vector<std::string> asked;
    for (const auto& [word, stored] : layers.held()) asked.push_back(word);
    if (!in_order) std::shuffle(asked.begin(), asked.end(), random);
    std::vector<OlderEntry> older(asked.size());
    const Status status = OlderLookup(layers.view()).Find(EntriesOf(asked), older);
    REQUIRE(status.code() == StatusCode::kDataDamaged);
    size_t found = 0;
    for (size_t i = 0; i < asked.size(); ++i) {
      const size_t tablet = layers.view().tablets.IndexFor(asked[i]);
      found += older[i].known;
      if (tablet != 1) REQUIRE(older[i].known);
    }
    CHECK(found < asked.size());
  }
}

}  // namespace
}  // namespace trifecta::storage
