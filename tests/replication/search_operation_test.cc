#include "daemon/replication/search_operation.h"

#include <algorithm>
#include <map>
#include <set>

#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "tests/net/ring_samples.h"
#include "tests/replication/uneven_cluster.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"

namespace trifecta::test {
namespace {

using replication::Consistency;
using replication::RequestKind;
using replication::SearchOperation;
using Words = std::vector<std::string>;

constexpr Version kOld{10, 1}, kNew{20, 2};

void PutEverywhere(MiniCluster* cluster, const Words& words, bool tombstone = false) {
  for (const std::string& word : words) {
    for (const NodeNumber node : net::PreferenceList(
             cluster->ViewOf(1)->partition(cluster->ViewOf(1)->PartitionOfWord(word)))) {
      cluster->Put(node, word, kOld, tombstone);
    }
  }
}

SearchOperation SearchFor(const MiniCluster& cluster, std::string_view prefix, size_t limit = 10,
                          bool partial = false) {
  storage::SearchOptions options;
  options.prefix = prefix;
  options.limit = limit;
  return {options, partial, Consistency::kQuorum, cluster.now() + 1'000};
}

std::map<NodeNumber, int> CallsByNode(const MiniCluster& cluster) {
  std::map<NodeNumber, int> calls;
  for (const MiniCluster::Flight& flight : cluster.flights()) ++calls[flight.call.to];
  return calls;
}

// Numbered, so that their order is known.
Words Numbered(std::string_view prefix, int count) {
  Words words;
  for (int i = 0; i < count; ++i) words.push_back(StrCat(prefix, 1'000 + i));
  return words;
}

}  // namespace

TEST_CASE("A search below one root asks R of its owners, once") {
  MiniCluster cluster({5, 16, 3, {}});
  PutEverywhere(&cluster, {"trial", "triathlon", "tu"});
  SearchOperation search = SearchFor(cluster, "tria");
  cluster.Start(&search);
  CHECK(cluster.flights().size() == 2);
  cluster.DeliverAll();
  REQUIRE(search.done());
  CHECK(WordsOf(search.page()) == Words{"trial", "triathlon"});
  CHECK(cluster.delivered == 2);
}

TEST_CASE("A search over all partitions asks each node of a covering set once") {
  MiniCluster cluster({5, 16, 3, {}});
  PutEverywhere(&cluster, {"a", "bb", "ccc", "dd", "eee", "fff"});
  SearchOperation search = SearchFor(cluster, "");
  cluster.Start(&search);
  const std::map<NodeNumber, int> calls = CallsByNode(cluster);
  CHECK(calls.size() < 5);
  CHECK(calls.contains(1));
  for (const auto& [node, count] : calls) CHECK(count == 1);
  const net::Ring& ring = *cluster.node(1).ring;
  for (const net::Partition& partition : ring.partitions) {
    CHECK(std::count_if(partition.owners.begin(), partition.owners.end(),
                        [&](NodeNumber owner) { return calls.contains(owner); }) >= 2);
  }
  cluster.DeliverAll();
  CHECK(WordsOf(search.page()) == Words{"a", "bb", "ccc", "dd", "eee", "fff"});
}

TEST_CASE("Deleted words make no page short, however many they are") {
  MiniCluster cluster;
  PutEverywhere(&cluster, Numbered("tr", 900), true);
  PutEverywhere(&cluster, {"tra", "trb"});
  const bool short_prefix = GENERATE(false, true);
  SearchOperation search = SearchFor(cluster, short_prefix ? "t" : "tr", 2);
  cluster.Run(&search);
  CHECK(WordsOf(search.page()) == Words{"tra", "trb"});
  // 10, 20, 40 ... entries at a time.
  CHECK(cluster.delivered <= 20);
}

TEST_CASE("Some deleted words cost no second round") {
  MiniCluster cluster;
  const Words words = Numbered("tr", 20);
  PutEverywhere(&cluster, words);
  for (int i = 0; i < 8; ++i) {
    for (const NodeNumber node : {1, 2, 3}) cluster.Put(node, words[i], kNew, true);
  }
  SearchOperation search = SearchFor(cluster, "tr");
  cluster.Run(&search);
  CHECK(WordsOf(search.page()) == Words(words.begin() + 8, words.begin() + 18));
  CHECK(cluster.delivered == 2);
}

TEST_CASE("A tombstone that one replica lies behind with is found before its word is shown") {
  MiniCluster cluster;
  // Node 1 has live words only, in long; node 2 knows that they were deleted; node 3 is not asked.
  cluster.node(3).round_trip = 9;
  const Words words = Numbered("tr", 100);
  for (const std::string& word : words) {
    cluster.Put(1, word, kOld);
    cluster.Put(2, word, kNew, true);
    cluster.Put(3, word, kNew, true);
  }
  PutEverywhere(&cluster, {"trx"});
  SearchOperation search = SearchFor(cluster, "tr", 1);
  cluster.Run(&search);
  CHECK(WordsOf(search.page()) == Words{"trx"});
}

TEST_CASE("Pages that follow each other by `after` are the words, in either order") {
  MiniCluster cluster({5, 16, 3, {}});
  trifecta::Random random(7);
  const UnevenCluster words(&cluster, 200, &random);
  storage::SearchOptions options;
  options.order = GENERATE(storage::Order::kAscending, storage::Order::kDescending);
  options.limit = 7;
  Words all;
  std::string after;
  for (;;) {
    options.after = after;
    SearchOperation search(options, false, Consistency::kQuorum, cluster.now() + 1'000);
    cluster.Run(&search, 2);
    REQUIRE(search.status().ok());
    for (const std::string& word : WordsOf(search.page())) all.push_back(word);
    if (search.page().size() < options.limit) break;
    after = all.back();
  }
  options.limit = 1'000;
  options.after = {};
  CHECK(all == words.Search(options));
}

TEST_CASE("A search as long as a page may be gets it whole") {
  MiniCluster cluster;
  Words words = Numbered("tr", 8'000);
  for (int i = 0; i < 4'000; ++i) words.push_back(StrCat("ts", 1'000 + i));
  PutEverywhere(&cluster, words);
  cluster.Put(1, words[5], kNew, true);
  cluster.Put(2, words[5], kNew, true);
  words.erase(words.begin() + 5);
  SearchOperation search = SearchFor(cluster, "t", kPageEntriesMax);
  cluster.Run(&search);
  words.resize(kPageEntriesMax);
  CHECK(WordsOf(search.page()) == words);
}

TEST_CASE("A node that fails midway is replaced from where the search is") {
  MiniCluster cluster;
  PutEverywhere(&cluster, Numbered("tr", 300), true);
  PutEverywhere(&cluster, {"trx"});
  int scans_of_two = 0;
  const auto fate = GENERATE(Fate::kFail, Fate::kLoseRequest);
  cluster.fate_of = [&](const MiniCluster::Flight& flight) {
    return flight.call.to == 2 && ++scans_of_two > 2 ? fate : Fate::kDeliver;
  };
  cluster.node(3).round_trip = 9;
  SearchOperation search = SearchFor(cluster, "tr");
  const Millis begin = cluster.now();
  cluster.Run(&search);
  CHECK(search.status().ok());
  CHECK(WordsOf(search.page()) == Words{"trx"});
  CHECK(scans_of_two == 3);
  CHECK(cluster.now() == begin + (fate == Fate::kFail ? 0 : 20));
}

TEST_CASE("An answer that comes late, for words that are merged already, changes nothing") {
  MiniCluster cluster;
  PutEverywhere(&cluster, Numbered("tr", 60), true);
  PutEverywhere(&cluster, {"trx", "try"});
  cluster.node(3).round_trip = 9;
  SearchOperation search = SearchFor(cluster, "tr", 2);
  cluster.Start(&search);
  const auto index_of = [&](NodeNumber node) {
    for (size_t i = 0; i < cluster.flights().size(); ++i) {
      if (cluster.flights()[i].call.to == node) return i;
    }
    return cluster.flights().size();
  };
  cluster.Deliver(index_of(1));
  cluster.AdvanceTo(cluster.now() + 20);
  cluster.Deliver(index_of(3));
  CHECK_FALSE(search.answered());
  cluster.Deliver(index_of(2));
  cluster.DeliverAll();
  REQUIRE(search.done());
  CHECK(WordsOf(search.page()) == Words{"trx", "try"});
}

TEST_CASE("Words that some owners lacked are written to them after the answer, a hundred at most") {
  MiniCluster cluster;
  const Words words = Numbered("tr", 150);
  for (const std::string& word : words) {
    cluster.Put(1, word, kNew);
    cluster.Put(3, word, kNew);
  }
  cluster.Put(2, words[0], kOld);
  cluster.node(3).round_trip = 9;
  SearchOperation search = SearchFor(cluster, "tr", 140);
  cluster.Start(&search);
  while (!search.answered()) cluster.Deliver(0);
  CHECK(search.page().size() == 140);
  CHECK_FALSE(search.done());
  REQUIRE(cluster.flights().size() == 1);
  CHECK(cluster.flights()[0].call.to == 2);
  CHECK(cluster.flights()[0].call.call_class == replication::CallClass::kBackground);
  cluster.DeliverAll();
  CHECK(search.done());
  CHECK(cluster.Held(2, words[0]).version == kNew);
  CHECK(cluster.Held(2, words[99]).known);
  CHECK_FALSE(cluster.Held(2, words[100]).known);
}

TEST_CASE("A node that owns nothing of a word is not given it, and repairs end by themselves") {
  MiniCluster cluster({5, 16, 3, {}});
  PutEverywhere(&cluster, {"aa", "bb", "cc", "dd", "ee", "ff", "gg"});
  SearchOperation equal = SearchFor(cluster, "");
  cluster.Run(&equal);
  for (const std::string_view word : {"aa", "bb", "cc", "dd", "ee", "ff", "gg"}) {
    int holders = 0;
    for (NodeNumber node = 1; node <= 5; ++node) holders += cluster.Held(node, word).known ? 1 : 0;
    CHECK(holders == 3);
  }
  const size_t partition = cluster.ViewOf(1)->PartitionOfWord("aa");
  const std::vector<NodeNumber> owners = cluster.node(1).ring->partitions[partition].owners;
  cluster.Put(owners[0], "aa", kNew);
  cluster.Put(owners[1], "aa", kNew);
  cluster.fate_of = [](const MiniCluster::Flight& flight) {
    const bool is_write = *replication::KindOf(flight.call.request) == RequestKind::kWrite;
    return is_write ? Fate::kLoseRequest : Fate::kDeliver;
  };
  storage::SearchOptions options;
  options.prefix = "aa";
  SearchOperation search(options, false, Consistency::kAll, cluster.now() + 1'000);
  cluster.Run(&search);
  CHECK(search.done());
  CHECK_FALSE(cluster.Held(owners[2], "aa").version == kNew);
}

TEST_CASE("A search with too few live owners is refused at once") {
  MiniCluster cluster;
  cluster.node(2).live = cluster.node(3).live = false;
  SearchOperation search = SearchFor(cluster, GENERATE("tr", "t"));
  cluster.Start(&search);
  CHECK(search.done());
  CHECK(search.status().code() == StatusCode::kUnavailable);
}

TEST_CASE("A search ends at its deadline when owners are silent") {
  MiniCluster cluster;
  cluster.fate_of = [](const MiniCluster::Flight&) { return Fate::kLoseRequest; };
  SearchOperation search = SearchFor(cluster, "tr");
  const Millis begin = cluster.now();
  cluster.Run(&search);
  CHECK(search.status().code() == StatusCode::kTimeout);
  CHECK(cluster.now() == begin + 1'000);
}

TEST_CASE("A partial search leaves out what it cannot read by quorum, and names it") {
  MiniCluster cluster({5, 16, 3, {}});
  Words words;
  for (char a = 'a'; a <= 'h'; ++a) {
    for (char b = 'a'; b <= 'h'; ++b) words.push_back(StrCat(a, b, "x"));
  }
  PutEverywhere(&cluster, words);
  const bool known = GENERATE(true, false);
  for (const NodeNumber node : {2, 3}) {
    cluster.node(node).live = !known;
    cluster.node(node).fate = Fate::kFail;
  }
  const auto lacks = [&](std::string_view word) {
    const size_t partition = cluster.ViewOf(1)->PartitionOfWord(word);
    const std::vector<NodeNumber>& owners = cluster.node(1).ring->partitions[partition].owners;
    return std::count(owners.begin(), owners.end(), 2) +
               std::count(owners.begin(), owners.end(), 3) >
           1;
  };
  Words there;
  Words roots;
  for (const std::string& word : words) {
    if (!lacks(word)) there.push_back(word);
    if (lacks(word)) roots.push_back(word.substr(0, 2));
  }
  REQUIRE_FALSE(roots.empty());
  REQUIRE_FALSE(there.empty());

  SearchOperation whole = SearchFor(cluster, "", 100);
  cluster.Run(&whole);
  CHECK(whole.status().code() == StatusCode::kUnavailable);
  SearchOperation partial = SearchFor(cluster, "", 100, true);
  cluster.Run(&partial);
  REQUIRE(partial.status().ok());
  CHECK(WordsOf(partial.page()) == there);
  // Nodes that are not known to be dead are asked for names, and do not answer.
  if (known) {
    CHECK(partial.missing() == roots);
  } else if (partial.missing() != roots) {
    CHECK(partial.missing() == Words{""});
  }

  SearchOperation one = SearchFor(cluster, roots.front(), 100, true);
  cluster.Run(&one);
  REQUIRE(one.status().ok());
  CHECK(one.page().empty());
  CHECK(one.missing() == Words{roots.front()});
}

TEST_CASE("A partial search of a cluster of which nothing is left names the prefix") {
  MiniCluster cluster({5, 16, 3, {}});
  PutEverywhere(&cluster, {"tr", "tu"});
  for (NodeNumber node = 2; node <= 5; ++node) cluster.node(node).live = false;
  SearchOperation search = SearchFor(cluster, "t", 10, true);
  cluster.Run(&search);
  REQUIRE(search.status().ok());
  CHECK(search.page().empty());
  CHECK(search.missing() == Words{"t"});
}

TEST_CASE("A search goes on by a new ring from where it is, and by the old one gets nowhere") {
  MiniCluster cluster({4, 8, 3, {}});
  const net::Ring ring = *cluster.node(1).ring;
  PutEverywhere(&cluster, Numbered("tr", 30));
  PutEverywhere(&cluster, Numbered("us", 30));
  cluster.Install(1, net::SampleRing(3));
  SearchOperation search = SearchFor(cluster, "", 50);
  cluster.Run(&search);
  REQUIRE(search.status().ok());
  Words words = Numbered("tr", 30);
  for (const std::string& word : Numbered("us", 20)) words.push_back(word);
  CHECK(WordsOf(search.page()) == words);
  CHECK(cluster.node(1).ring->epoch == ring.epoch);
}

}  // namespace trifecta::test
