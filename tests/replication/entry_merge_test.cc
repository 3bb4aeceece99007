#include "daemon/replication/entry_merge.h"

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/replication/entry_comparison.h"
#include "storage/base/random.h"
#include "storage/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"
#include "tests/support/small_store.h"

namespace trifecta::replication {
namespace {

using storage::Page;
using test::EntryMap;
using test::FakeStore;
using test::Stored;

ScanReply PageOf(const EntryMap& entries, std::string_view after, size_t limit) {
  ScanReply reply;
  auto at = entries.upper_bound(after);
  for (; at != entries.end() && reply.page.size() < limit; ++at) {
    reply.page.Add(at->first, at->second.version, at->second.tombstone);
  }
  reply.end = at == entries.end();
  return reply;
}

void AddAll(const Page& page, EntryMap* to) {
  for (size_t i = 0; i < page.size(); ++i) {
    const bool added =
        to->emplace(std::string(page.word(i)), Stored{page.version(i), page.tombstone(i)}).second;
    CHECK(added);
  }
}

EntryMap RandomShard(Random* random) {
  EntryMap entries;
  const uint64_t count = random->Below(60);
  for (uint64_t i = 0; i < count; ++i) {
    const std::string word = StrCat("tr", random->Below(80));
    Merge(&entries, word, {{1 + random->Below(5), 1}, random->Below(3) == 0});
  }
  return entries;
}

}  // namespace

TEST_CASE("The merge of sources has the newest entry of each word, once, as far as all have told") {
  const auto seed = GENERATE(range(1, 40));
  INFO("seed " << seed);
  Random random(static_cast<uint64_t>(seed));
  std::vector<EntryMap> sources(1 + random.Below(4));
  EntryMap expected;
  for (EntryMap& source : sources) {
    source = RandomShard(&random);
    for (const auto& [word, entry] : source) Merge(&expected, word, entry);
  }
  EntryMerge merge("tr", sources.size());
  EntryMap merged;
  std::string upto, before;
  while (!merge.done()) {
    for (size_t i = 0; i < sources.size(); ++i) {
      if (!merge.Wants(i)) continue;
      REQUIRE(merge.Add(i, 2, PageOf(sources[i], merge.After(i), 1 + random.Below(9))).ok());
    }
    Page page;
    merge.Take(&page, &upto);
    AddAll(page, &merged);
    if (!upto.empty()) {
      CHECK(upto > before);
      CHECK(std::distance(merged.begin(), merged.end()) ==
            std::distance(expected.begin(), expected.upper_bound(upto)));
      before = upto;
    }
  }
  CHECK(upto.empty());
  CHECK(Difference(merged, expected) == "");
}

TEST_CASE("A page that is not in order, or has words of another shard, is refused") {
  EntryMerge merge("tr", 2);
  ScanReply page;
  page.page.Add("trial", {1, 1}, false);
  REQUIRE(merge.Add(0, 2, page).ok());
  CHECK(merge.Add(0, 2, page).code() == StatusCode::kDataDamaged);
  page.page.Clear();
  page.page.Add("ta", {1, 1}, false);
  CHECK(merge.Add(1, 2, page).code() == StatusCode::kDataDamaged);
  CHECK(merge.Wants(1));
}

TEST_CASE("A comparison pulls what is newer there, and pushes what is newer here, of its range") {
  FakeStore store;
  store.Put({"tra", "trb", "trc", "trd", "trz"});
  REQUIRE(test::WriteOne(&store, "trc", {5, 1}, true).ok());
  REQUIRE(test::WriteOne(&store, "trf", {4, 1}).ok());
  Page theirs;
  theirs.Add("trb", {1, 0}, true);   // at equal versions the tombstone wins
  theirs.Add("trc", {4, 1}, false);  // older
  theirs.Add("trd", {1, 0}, false);  // the same
  theirs.Add("tre", {1, 0}, false);  // not here
  theirs.Add("trf", {6, 1}, false);  // newer
  theirs.Add("trg", {6, 1}, true);   // not here
  Page pull, push;
  REQUIRE(CompareWithOwn(store, 2, {"tr", "", "trg"}, theirs, &pull, &push).ok());
  const auto words = [](const Page& page) {
    std::string text;
    for (size_t i = 0; i < page.size(); ++i) text += StrCat(page.word(i), ' ');
    return text;
  };
  CHECK(words(pull) == "trb tre trf trg ");
  CHECK(words(push) == "tra trc ");
  CHECK(push.tombstone(1));
  CHECK(pull.tombstone(0));

  SECTION("or only pulls") {
    Page only;
    REQUIRE(CompareWithOwn(store, 2, {"tr", "", ""}, theirs, &only, nullptr).ok());
    CHECK(words(only) == words(pull));
  }
  SECTION("and after both have got theirs, there is no difference") {
    REQUIRE(WriteInBatches(&store, pull).ok());
    FakeStore peer;
    REQUIRE(WriteInBatches(&peer, theirs).ok());
    REQUIRE(WriteInBatches(&peer, push).ok());
    EntryMap own = *test::HeldBy(store);
    own.erase("trz");
    CHECK(Difference(own, *test::HeldBy(peer)) == "");
  }
}

TEST_CASE("Entries are written in batches") {
  FakeStore store;
  size_t writes = 0;
  store.BeforeWrite([&] { ++writes; });
  Page page;
  for (size_t i = 0; i < 2 * kRepairBatchEntries + 1; ++i) page.Add(StrCat("tr", i), {1, 1}, false);
  CHECK(WriteInBatches(&store, page).ok());
  CHECK(writes == 3);
  CHECK(store.Stats().words == page.size());
  CHECK(WriteInBatches(&store, Page()).ok());
  CHECK(writes == 3);
}

}  // namespace trifecta::replication
