#include "daemon/replication/exchange.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "daemon/replication/anti_entropy.h"
#include "daemon/replication/entry_comparison.h"
#include "storage/base/text.h"
#include "tests/replication/mini_cluster.h"
#include "tests/replication/scattered_words.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"

namespace trifecta::replication {
namespace {

using test::AllEqual;
using test::Fate;
using test::MiniCluster;
using test::Scatter;

const std::vector<NodeNumber> kAll = {1, 2, 3};

ExchangeParts PartsOf(MiniCluster* cluster, NodeNumber node) {
  return {cluster->node(node).store.get(), cluster->node(node).digests.get()};
}

bool EqualDigests(MiniCluster* cluster) {
  for (uint32_t i = 0; i < cluster->node(1).ring->partitions.size(); ++i) {
    if (cluster->node(1).digests->OfPartition(i) != cluster->node(2).digests->OfPartition(i)) {
      return false;
    }
  }
  return true;
}

// Notes what calls carry, and that none is beyond its bounds.
struct Watch {
  explicit Watch(MiniCluster* cluster) {
    cluster->fate_of = [this, cluster](const MiniCluster::Flight& flight) {
      ++calls;
      bytes += flight.call.request.size();
      under_way = std::max(under_way, cluster->flights().size());
      CHECK(flight.call.request.size() <= kRequestBytesMax);
      CHECK(flight.call.call_class == CallClass::kBackground);
      WriteRequest write;
      if (*KindOf(flight.call.request) == RequestKind::kWrite) {
        CHECK(Decode(flight.call.request, &write).ok());
        written += write.entries.size();
        CHECK(write.entries.size() <= kRepairBatchEntries);
      }
      ++kinds[static_cast<size_t>(*KindOf(flight.call.request))];
      return Fate::kDeliver;
    };
  }
  size_t calls = 0, bytes = 0, written = 0, under_way = 0;
  size_t kinds[16] = {};
};

}  // namespace

TEST_CASE("100,000 words that differ are repaired in some tens of exchanges, none beyond bounds") {
  MiniCluster cluster({2, 8, 2, nullptr});
  std::vector<std::string> both, first, second;
  for (uint64_t i = 0; i < 150'000; ++i) {
    std::string word = StrCat(test::ScatteredWord(i), "/", i);
    (i % 3 == 0 ? both : i % 3 == 1 ? first : second).push_back(std::move(word));
  }
  for (const NodeNumber node : {NodeNumber{1}, NodeNumber{2}}) {
    Fill(&cluster, node, both, {1, 1});
    Fill(&cluster, node, first, {node == 1 ? 2u : 1u, 1});
  }
  Fill(&cluster, 2, second, {3, 2});
  Watch watch(&cluster);
  AntiEntropy anti_entropy(PartsOf(&cluster, 1), 1);
  int exchanges = 0;
  while (!EqualDigests(&cluster)) {
    REQUIRE(++exchanges < 40);
    const auto exchange = anti_entropy.Next(cluster.ViewOf(1), cluster.now());
    REQUIRE(exchange != nullptr);
    cluster.Run(exchange.get());
    CHECK(exchange->status().ok());
    const ExchangeResult& result = exchange->result();
    CHECK(result.pushed + result.pulled <= 65'536 + 4 * 2 * kRepairBatchEntries);
    anti_entropy.OnEnded(*exchange);
    cluster.AdvanceTo(anti_entropy.next_due());
  }
  CHECK(AllEqual(&cluster));
  CHECK(exchanges <= 12);
  CHECK(watch.under_way <= 8);
  const AntiEntropyStats stats = anti_entropy.stats();
  CHECK(stats.pulled == second.size());
  CHECK(stats.pushed == first.size());
  CHECK(watch.written == first.size());
  CHECK(stats.exchanges == static_cast<uint64_t>(exchanges));
}

TEST_CASE("A few differences of a big shard are found by digests, and little is sent") {
  MiniCluster cluster({2, 8, 2, nullptr});
  std::vector<std::string> words;
  for (uint64_t i = 0; i < 140'000; ++i) words.push_back(StrCat("ht", 1'000'000 + i));
  for (const NodeNumber node : {NodeNumber{1}, NodeNumber{2}}) Fill(&cluster, node, words, {1, 1});
  cluster.Put(1, words[5], {2, 1}, true);
  cluster.Put(2, words[100'000], {2, 2});
  cluster.Put(2, words[100'001], {2, 2});
  cluster.Put(1, "htz", {2, 1});
  Watch watch(&cluster);
  ExchangeOptions options;
  options.at_once = true;
  Exchange exchange(2, PartsOf(&cluster, 1), std::make_shared<Divergence>(), options);
  cluster.Run(&exchange);
  CHECK(exchange.status().ok());
  CHECK(exchange.result().settled);
  CHECK(exchange.result().pulled == 2);
  CHECK(exchange.result().pushed == 2);
  CHECK(AllEqual(&cluster));
  CHECK(watch.kinds[static_cast<size_t>(RequestKind::kRanges)] == 3);
  CHECK(watch.kinds[static_cast<size_t>(RequestKind::kScan)] <= 3);
  CHECK(watch.bytes < 10'000);
}

TEST_CASE("A big shard that a budget does not reach the end of is gone on with the next time") {
  MiniCluster cluster({2, 8, 2, nullptr});
  std::vector<std::string> words;
  for (uint64_t i = 0; i < 140'000; ++i) words.push_back(StrCat("ht", 1'000'000 + i));
  for (const NodeNumber node : {NodeNumber{1}, NodeNumber{2}}) Fill(&cluster, node, words, {1, 1});
  cluster.Put(1, words.back(), {2, 1}, true);
  ExchangeOptions options;
  options.budget.scanned = 70'000;
  const auto divergence = std::make_shared<Divergence>();
  int exchanges = 0;
  for (bool settled = false; !settled; ++exchanges) {
    REQUIRE(exchanges < 5);
    Exchange exchange(2, PartsOf(&cluster, 1), divergence, options);
    cluster.Run(&exchange);
    settled = exchange.result().settled;
    CHECK(exchange.result().whole == (exchanges != 1));
  }
  CHECK(exchanges == 3);
  CHECK(AllEqual(&cluster));
}

TEST_CASE("A node that has lost everything gets it from its peer, in pages") {
  MiniCluster cluster({2, 8, 2, nullptr});
  std::vector<std::string> words;
  for (uint64_t i = 0; i < 20'000; ++i) words.push_back(StrCat("ht", i));
  for (uint64_t i = 0; i < 20'000; ++i) words.push_back(StrCat(test::ScatteredWord(i), "-", i));
  Fill(&cluster, 2, words, {1, 1});
  const NodeNumber asks = GENERATE(NodeNumber{1}, NodeNumber{2});
  ExchangeOptions options;
  options.at_once = true;
  Exchange exchange(3 - asks, PartsOf(&cluster, asks), std::make_shared<Divergence>(), options);
  cluster.Run(&exchange, asks);
  CHECK(exchange.result().settled);
  CHECK(exchange.result().pulled + exchange.result().pushed == 40'000);
  CHECK(AllEqual(&cluster));
}

TEST_CASE("A difference is repaired when it shows for the second time") {
  MiniCluster cluster;
  cluster.Put(1, "trial", {1, 1});
  const auto divergence = std::make_shared<Divergence>();
  Exchange first(2, PartsOf(&cluster, 1), divergence, {});
  cluster.Run(&first);
  CHECK(first.result().differing_shards == 1);
  CHECK(first.result().whole);
  CHECK_FALSE(first.result().settled);
  CHECK_FALSE(cluster.Held(2, "trial").known);

  SECTION("unless it is gone by then") {
    cluster.Put(2, "trial", {1, 1});
    Exchange second(2, PartsOf(&cluster, 1), divergence, {});
    cluster.Run(&second);
    CHECK(second.result().differing_shards == 0);
    CHECK(second.result().settled);
    CHECK(divergence->size() == 0);
  }
  SECTION("then it is") {
    Exchange second(2, PartsOf(&cluster, 1), divergence, {});
    cluster.Run(&second);
    CHECK(second.result().repaired_shards == 1);
    CHECK(second.result().settled);
    CHECK(cluster.Held(2, "trial").live);
  }
}

TEST_CASE("A shard that is written on both sides all the time is repaired in the end") {
  MiniCluster cluster;
  cluster.Put(1, "trial", {1, 1});
  const auto divergence = std::make_shared<Divergence>();
  unsigned exchanges = 0;
  while (!cluster.Held(2, "trial").known) {
    REQUIRE(++exchanges <= kBusyTimes);
    for (const NodeNumber node : kAll) cluster.Put(node, "trace", {exchanges + 1, node});
    Exchange exchange(2, PartsOf(&cluster, 1), divergence, {});
    cluster.Run(&exchange);
  }
  CHECK(exchanges == kBusyTimes);
}

TEST_CASE("More differing shards than one exchange lists are repaired part by part") {
  Random random(1);
  MiniCluster cluster({2, 16, 2, nullptr});
  Scatter(&cluster, {1, 2}, 3'000, &random);
  ExchangeOptions options;
  options.budget.listed = 100;
  options.budget.shards = 30;
  const auto divergence = std::make_shared<Divergence>();
  int exchanges = 0;
  while (!AllEqual(&cluster)) {
    REQUIRE(++exchanges < 100);
    Exchange exchange(2, PartsOf(&cluster, 1), divergence, options);
    cluster.Run(&exchange);
    REQUIRE(exchange.status().ok());
    CHECK(exchange.result().repaired_shards <= 30);
  }
  CHECK(exchanges > 20);
}

TEST_CASE(
    "An exchange ends with a reason when the peer is away, starting, or ahead with the ring") {
  MiniCluster cluster;
  cluster.Put(1, "trial", {1, 1});
  Exchange exchange(2, PartsOf(&cluster, 1), std::make_shared<Divergence>(), {});
  SECTION("away") { cluster.node(2).fate = Fate::kFail; }
  SECTION("silent") { cluster.node(2).fate = Fate::kLoseRequest; }
  SECTION("its digests are not ready") {
    test::MiniNode& node = cluster.node(2);
    const DigestTable empty(2, 8);
    Replica::Parts parts;
    parts.store = node.store.get();
    parts.digests = &empty;
    parts.stamper = node.stamper.get();
    node.replica = std::make_unique<Replica>(parts);
    cluster.Run(&exchange);
  }
  SECTION("ahead") {
    net::Ring next = *cluster.node(2).ring;
    ++next.epoch;
    for (net::Partition& partition : next.partitions) partition.changed = next.epoch;
    cluster.Install(2, next);
    cluster.Run(&exchange);
    CHECK(cluster.node(1).ring->epoch == next.epoch);
  }
  if (!exchange.done()) cluster.Run(&exchange);
  CHECK(exchange.status().code() == StatusCode::kUnavailable);
  CHECK(exchange.status().message().find("node 2") != std::string::npos);
  CHECK_FALSE(exchange.result().whole);
}

TEST_CASE("What a peer has no room for does not keep this node from getting what it lacks") {
  MiniCluster cluster({2, 8, 2, nullptr});
  cluster.Put(1, "trial", {1, 1});
  cluster.Put(2, "tribe", {1, 2});
  cluster.Put(2, "zebra", {1, 2});
  dynamic_cast<test::FakeStore&>(*cluster.node(2).store)
      .FailWrites({StatusCode::kDiskFull, "no space"});
  ExchangeOptions options;
  options.at_once = true;
  Exchange exchange(2, PartsOf(&cluster, 1), std::make_shared<Divergence>(), options);
  cluster.Run(&exchange);
  CHECK(exchange.status().ok());
  CHECK_FALSE(exchange.result().whole);
  CHECK(exchange.result().pulled == 2);
  CHECK(exchange.result().pushed == 0);
}

}  // namespace trifecta::replication
