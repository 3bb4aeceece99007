#include "daemon/replication/digest_table.h"

#include <atomic>
#include <bit>
#include <set>
#include <thread>

#include "net/preference.h"
#include "storage/base/random.h"
#include "storage/base/text.h"
#include "storage/base/word.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"
#include "tests/support/small_store.h"
#include "tests/support/temp_dir.h"

namespace trifecta::replication {
namespace {

using test::FakeStore;

constexpr unsigned kFactor = 2, kPartitions = 8;

std::string RandomWord(Random* random) {
  std::string word;
  const uint64_t length = 1 + random->Below(4);
  while (word.size() < length) word += static_cast<char>('a' + random->Below(5));
  return word;
}

Entry RandomEntry(const std::string& word, Random* random) {
  return {word,
          {1 + random->Below(50), static_cast<uint16_t>(1 + random->Below(3))},
          random->Below(3) == 0};
}

void WriteRandom(storage::Store* store, int count, Random* random) {
  while (count-- > 0) {
    const std::string words[] = {RandomWord(random), RandomWord(random)};
    const Entry entries[] = {RandomEntry(words[0], random), RandomEntry(words[1], random)};
    if (!store->Write(entries, {}).ok()) throw std::runtime_error("a write failed");
  }
}

std::vector<ShardDigest> AllShards(const DigestTable& table) { return table.ShardsBelow("", 1000); }

// What a table says that has read all of `store` at once.
void CheckEqual(const DigestTable& table, const storage::Store& store) {
  DigestTable fresh(kFactor, kPartitions);
  const std::atomic<bool> stop = false;
  REQUIRE(fresh.Fill(store, stop).ok());
  const std::vector<ShardDigest> have = AllShards(table), want = AllShards(fresh);
  REQUIRE(have.size() == want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    INFO("shard '" << want[i].root << "'");
    CHECK(have[i].root == want[i].root);
    CHECK(have[i].digest == want[i].digest);
  }
  for (uint32_t i = 0; i < kPartitions; ++i) CHECK(table.OfPartition(i) == fresh.OfPartition(i));
  CHECK(table.live() == *store.Count(""));
}

}  // namespace

TEST_CASE("An entry's hash depends on every part of it, and is the same for ever") {
  CHECK(EntryHash("trial", {1, 2}, false) == EntryHash("trial", {1, 2}, false));
  std::set<uint64_t> hashes;
  for (const std::string_view word : {"a", "b", "ab", "abcdefgh", "abcdefghi", "abcdefghj"}) {
    for (const uint64_t time : {1, 2, 1 << 20}) {
      for (const uint16_t node : {1, 2}) {
        for (const bool tombstone : {false, true}) {
          hashes.insert(EntryHash(word, {time, node}, tombstone));
        }
      }
    }
  }
  CHECK(hashes.size() == 6 * 3 * 2 * 2);
  CHECK(EntryHash("trial", {uint64_t{1700000000000} << 16, 7}, false) == 0x7ca6145a229eb44c);
  CHECK(EntryHash("a word of many bytes", {3, 1}, true) == 0xd0dae39fb8028658);
}

TEST_CASE("One bit of an entry changes half of its hash's bits") {
  const uint64_t base = EntryHash("trifecta", {1000, 1}, false);
  int changed = 0, cases = 0;
  const auto look = [&](uint64_t hash) {
    changed += std::popcount(base ^ hash);
    ++cases;
  };
  for (int bit = 0; bit < 48; ++bit)
    look(EntryHash("trifecta", {1000 ^ uint64_t{1} << bit, 1}, false));
  for (int bit = 1; bit < 16; ++bit) {
    look(EntryHash("trifecta", {1000, static_cast<uint16_t>(1 ^ 1 << bit)}, false));
  }
  look(EntryHash("trifecta", {1000, 1}, true));
  look(EntryHash("trifectb", {1000, 1}, false));
  CHECK(changed > 29 * cases);
  CHECK(changed < 35 * cases);
}

TEST_CASE("A table that has heard of every write says what one says that has read the store") {
  FakeStore store;
  DigestTable table(kFactor, kPartitions);
  store.Observe(&table);
  const std::atomic<bool> stop = false;
  REQUIRE(table.Fill(store, stop).ok());
  REQUIRE(table.ready());
  Random random(1);
  WriteRandom(&store, 500, &random);
  CheckEqual(table, store);
}

TEST_CASE("A table is not ready before it is filled, and misses nothing that was there or comes") {
  FakeStore store;
  Random random(2);
  WriteRandom(&store, 2000, &random);
  DigestTable table(kFactor, kPartitions);
  CHECK_FALSE(table.ready());
  store.Observe(&table);
  WriteRandom(&store, 100, &random);
  const std::atomic<bool> stop = false;
  REQUIRE(table.Fill(store, stop).ok());
  CHECK(table.ready());
  WriteRandom(&store, 100, &random);
  CheckEqual(table, store);
}

TEST_CASE("A table may be filled while many write") {
  const test::TempDir dir;
  storage::StoreOptions options;
  options.folder = dir.path();
  const std::unique_ptr<storage::Store> store = test::MustOpen(options);
  Random random(3);
  std::vector<std::string> words;
  std::vector<Entry> entries;
  for (int i = 0; i < 20'000; ++i) words.push_back(StrCat(RandomWord(&random), i));
  for (const std::string& word : words) entries.push_back({word, {1, 1}, false});
  REQUIRE(store->Write(entries, {}).ok());

  DigestTable table(kFactor, kPartitions);
  store->Observe(&table);
  std::atomic<bool> filled = false;
  std::vector<std::thread> writers;
  for (uint16_t node = 2; node <= 4; ++node) {
    writers.emplace_back([&, node] {
      Random own(node);
      for (uint64_t time = 2; time < 200 || !filled; ++time) {
        const std::string_view word = words[own.Below(words.size())];
        const std::string fresh = StrCat(word, node);
        const Entry two[] = {{word, {time, node}, own.Below(2) == 0}, {fresh, {time, node}, false}};
        (void)store->Write(two, {});
      }
    });
  }
  const std::atomic<bool> stop = false;
  const Status status = table.Fill(*store, stop);
  filled = true;
  for (std::thread& writer : writers) writer.join();
  REQUIRE(status.ok());
  CheckEqual(table, *store);
}

TEST_CASE("Filling stops early when told to, and tells why a page cannot be read") {
  FakeStore store;
  store.Put({"a", "b"});
  DigestTable table(kFactor, kPartitions);
  const std::atomic<bool> stop = true;
  CHECK(table.Fill(store, stop).ok());
  CHECK_FALSE(table.ready());
  store.FailReads({StatusCode::kDataDamaged, "page 7"});
  const std::atomic<bool> go_on = false;
  CHECK(table.Fill(store, go_on).code() == StatusCode::kDataDamaged);
  CHECK_FALSE(table.ready());
}

TEST_CASE("What a purge took away while many write is right when it has been counted again") {
  const test::TempDir dir;
  const std::unique_ptr<storage::Store> store =
      test::MustOpen(test::SmallStore(PosixFileSystem(), dir.path()));
  DigestTable table(kFactor, kPartitions);
  store->Observe(&table);
  const std::atomic<bool> stop = false;
  REQUIRE(table.Fill(*store, stop).ok());
  Random random(5);
  WriteRandom(store.get(), 3'000, &random);
  const uint32_t purged[] = {2, 5};
  const auto is_purged = [&](uint32_t partition) { return partition == 2 || partition == 5; };

  std::atomic<bool> counted = false;
  std::vector<std::thread> writers;
  for (uint64_t seed = 6; seed < 8; ++seed) {
    writers.emplace_back([&, seed] {
      Random own(seed);
      for (int i = 0; i < 50 || !counted; ++i) WriteRandom(store.get(), 1, &own);
    });
  }
  for (int round = 0; round < 5; ++round) {
    const Status status = store->Purge([&](std::string_view word) {
      const std::string_view root = ShardRoot(word, kFactor);
      return !is_purged(static_cast<uint32_t>(net::PartitionOf(root, kPartitions)));
    });
    CHECK(status.ok());
    table.Forget(purged);
    CHECK_FALSE(table.ready());
    for (uint32_t i = 0; i < kPartitions; ++i) CHECK(table.IsCounted(i) != is_purged(i));
    CHECK(table.OfPartition(2) == Digest());
    CHECK(table.Fill(*store, stop).ok());
    CHECK(table.ready());
  }
  counted = true;
  for (std::thread& writer : writers) writer.join();
  CheckEqual(table, *store);
}

TEST_CASE("A count that stopped early begins anew") {
  FakeStore store;
  Random random(9);
  WriteRandom(&store, 500, &random);
  DigestTable table(kFactor, kPartitions);
  store.Observe(&table);
  std::atomic<bool> stop = false;
  store.FailReads({StatusCode::kDataDamaged, "page 7"});
  CHECK_FALSE(table.Fill(store, stop).ok());
  store.FailReads({});
  WriteRandom(&store, 500, &random);
  REQUIRE(table.Fill(store, stop).ok());
  const uint32_t all[] = {0, 1, 2, 3, 4, 5, 6, 7};
  table.Forget(all);
  CHECK(table.shards() == 0);
  WriteRandom(&store, 500, &random);
  CHECK(table.shards() == 0);
  REQUIRE(table.Fill(store, stop).ok());
  CheckEqual(table, store);
}

TEST_CASE("The shards of a partition come page by page, those below a prefix in order") {
  FakeStore store;
  DigestTable table(kFactor, kPartitions);
  store.Observe(&table);
  const std::atomic<bool> stop = false;
  REQUIRE(table.Fill(store, stop).ok());
  Random random(4);
  WriteRandom(&store, 500, &random);
  CHECK(table.shards() == 26);  // 25 of two letters, and the shard of single letters

  size_t seen = 0;
  for (uint32_t partition = 0; partition < kPartitions; ++partition) {
    std::string after;
    bool first = true;
    Digest sum;
    for (;;) {
      const std::vector<ShardDigest> page = table.ShardsOf(partition, after, first, 2);
      if (page.empty()) break;
      for (const ShardDigest& shard : page) {
        CHECK((first || shard.root > after));
        CHECK(net::PartitionOf(shard.root, kPartitions) == partition);
        CHECK(table.OfShard(shard.root) == shard.digest);
        after = shard.root;
        first = false;
        sum.entries += shard.digest.entries;
        sum.live += shard.digest.live;
        sum.sum += shard.digest.sum;
        ++seen;
      }
    }
    CHECK(sum == table.OfPartition(partition));
  }
  CHECK(seen == table.shards());

  const std::vector<ShardDigest> below = table.ShardsBelow("b", 3);
  REQUIRE(below.size() == 3);
  CHECK(below[0].root == "ba");
  CHECK(below[2].root == "bc");
  CHECK(table.ShardsBelow("x", 3).empty());
  CHECK(table.OfShard("xx") == Digest());
}

TEST_CASE("A partition that is dropped holds nothing, and may fill again") {
  FakeStore store;
  DigestTable table(kFactor, kPartitions);
  store.Observe(&table);
  const std::atomic<bool> stop = false;
  REQUIRE(table.Fill(store, stop).ok());
  store.Put({"other"});
  const Entry entry{"word", {5, 1}, false};
  REQUIRE(store.Write({&entry, 1}, {}).ok());
  const auto partition = static_cast<uint32_t>(net::PartitionOf("wo", kPartitions));
  REQUIRE(table.OfPartition(partition).entries == 1);
  table.Drop(partition);
  CHECK(table.OfPartition(partition) == Digest());
  CHECK(table.OfShard("wo") == Digest());
  CHECK(table.ShardsOf(partition, "", true, 10).empty());
  const Entry later{"worm", {6, 1}, false};
  REQUIRE(store.Write({&later, 1}, {}).ok());
  CHECK(table.OfShard("wo").entries == 1);
  CHECK(table.OfPartition(partition).live == 1);
}

}  // namespace trifecta::replication
