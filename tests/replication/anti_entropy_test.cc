#include "daemon/replication/anti_entropy.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "daemon/replication/full_repair.h"
#include "storage/base/text.h"
#include "tests/replication/mini_cluster.h"
#include "tests/replication/scattered_words.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"
#include "tests/support/temp_dir.h"

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

// A cluster whose nodes all run anti-entropy, a second at a time.
class Healing {
 public:
  explicit Healing(MiniCluster* cluster) : cluster_(*cluster) {
    for (NodeNumber node = 1; node <= cluster_.size(); ++node) {
      nodes_.push_back(std::make_unique<AntiEntropy>(PartsOf(cluster, node), node));
    }
  }

  void Second() {
    for (NodeNumber node = 1; node <= cluster_.size(); ++node) {
      AntiEntropy& one = of(node);
      const auto exchange = one.Next(cluster_.ViewOf(node), cluster_.now());
      if (exchange == nullptr) continue;
      cluster_.Run(exchange.get(), node);
      one.OnEnded(*exchange);
    }
    cluster_.AdvanceTo(cluster_.now() + kExchangePeriod);
  }
  // How many seconds it takes until all are equal.
  int Heal(int seconds_max) {
    int seconds = 0;
    for (; seconds < seconds_max && !AllEqual(&cluster_); ++seconds) Second();
    return seconds;
  }

  AntiEntropy& of(NodeNumber node) { return *nodes_[node - 1]; }

 private:
  MiniCluster& cluster_;
  std::vector<std::unique_ptr<AntiEntropy>> nodes_;
};

}  // namespace

TEST_CASE("Replicas that differ at random become equal, and hold the newest of all they held") {
  const auto seed = GENERATE(range(1, 6));
  INFO("seed " << seed);
  Random random(static_cast<uint64_t>(seed));
  MiniCluster cluster;
  Scatter(&cluster, kAll, 2'000, &random);
  const test::EntryMap newest = Merged(&cluster, kAll);
  Healing healing(&cluster);
  CHECK(healing.Heal(20) <= 8);
  for (const NodeNumber node : kAll) CHECK(Difference(Holding(&cluster, node), newest) == "");
}

TEST_CASE("Nodes that share only some partitions become equal in those, and get no others") {
  const auto seed = GENERATE(range(1, 4));
  Random random(static_cast<uint64_t>(seed));
  MiniCluster cluster({6, 32, 3, nullptr});
  const ViewPtr view = cluster.ViewOf(1);
  for (uint64_t i = 0; i < 2'000; ++i) {
    const std::string word = test::ScatteredWord(i);
    const auto& owners = view->partition(view->PartitionOfWord(word)).owners;
    cluster.Put(owners[random.Below(owners.size())], word, {i + 1, 1});
  }
  Healing healing(&cluster);
  CHECK(healing.Heal(60) <= 30);
  for (NodeNumber node = 1; node <= 6; ++node) {
    for (const auto& [word, entry] : Holding(&cluster, node)) {
      const net::Partition& partition = view->partition(view->PartitionOfWord(word));
      CHECK(net::Holds(partition, node));
    }
  }
}

TEST_CASE("Replicas become equal although calls and their answers are lost") {
  const auto seed = GENERATE(range(1, 6));
  INFO("seed " << seed);
  Random random(static_cast<uint64_t>(seed));
  MiniCluster cluster;
  Scatter(&cluster, kAll, 1'000, &random);
  cluster.fate_of = [&](const MiniCluster::Flight&) {
    const uint64_t luck = random.Below(10);
    if (luck == 0) return Fate::kFail;
    if (luck == 1) return Fate::kLoseReply;
    return luck == 2 ? Fate::kLoseRequest : Fate::kDeliver;
  };
  Healing healing(&cluster);
  CHECK(healing.Heal(100) <= 30);
}

TEST_CASE("Replicas become equal while writes go on, each of which reaches some of them late") {
  const auto seed = GENERATE(range(1, 4));
  Random random(static_cast<uint64_t>(seed));
  MiniCluster cluster;
  Scatter(&cluster, kAll, 500, &random);
  Healing healing(&cluster);
  struct Late {
    std::string word;
    Version version;
    bool tombstone;
    NodeNumber node;
  };
  std::vector<Late> late;
  uint64_t time = 2'000;
  for (int second = 0; second < 20; ++second) {
    std::vector<Late> now;
    now.swap(late);
    for (const Late& one : now) cluster.Put(one.node, one.word, one.version, one.tombstone);
    for (int i = 0; i < 50; ++i) {
      const std::string word = test::ScatteredWord(random.Below(700));
      const Version version{++time, 1};
      const bool tombstone = random.Below(3) == 0;
      for (const NodeNumber node : kAll) {
        if (random.Below(3) == 0) {
          late.push_back({word, version, tombstone, node});
        } else {
          cluster.Put(node, word, version, tombstone);
        }
      }
    }
    healing.Second();
  }
  for (const Late& one : late) cluster.Put(one.node, one.word, one.version, one.tombstone);
  CHECK(healing.Heal(20) <= 8);
}

TEST_CASE("Nodes that compare themselves with each other at the same time become equal") {
  const auto seed = GENERATE(range(1, 11));
  INFO("seed " << seed);
  Random random(static_cast<uint64_t>(seed));
  MiniCluster cluster;
  Scatter(&cluster, kAll, 300, &random);
  uint64_t time = 2'000;
  for (int second = 0; !AllEqual(&cluster); ++second) {
    REQUIRE(second < 40);
    // Each has one exchange under way, and their calls come in any order, with writes between.
    std::vector<std::unique_ptr<Exchange>> exchanges;
    for (const NodeNumber node : kAll) {
      const auto peer = static_cast<NodeNumber>(1 + (node + random.Below(2)) % 3);
      ExchangeOptions options;
      options.at_once = true;
      options.budget.shards = 1 + random.Below(100);
      options.budget.entries = 1 + random.Below(200);
      exchanges.push_back(std::make_unique<Exchange>(peer, PartsOf(&cluster, node),
                                                     std::make_shared<Divergence>(), options));
      cluster.Start(exchanges.back().get(), node);
    }
    while (cluster.Step(&random)) {
      if (second >= 5 || random.Below(10) > 0) continue;
      cluster.Put(static_cast<NodeNumber>(1 + random.Below(3)),
                  test::ScatteredWord(random.Below(400)), {++time, 1}, random.Below(3) == 0);
    }
    for (const auto& exchange : exchanges) CHECK(exchange->done());
  }
}

TEST_CASE("Stores on disk with checkpoints between become equal, and their digests are true") {
  const auto seed = GENERATE(range(1, 3));
  Random random(static_cast<uint64_t>(seed));
  test::TempDir dir;
  test::MiniClusterOptions options;
  options.store = [&](NodeNumber node) {
    return test::MustOpen(test::SmallStore(PosixFileSystem(), StrCat(dir.path(), "/", node)));
  };
  MiniCluster cluster(options);
  Healing healing(&cluster);
  for (int round = 0; round < 3; ++round) {
    Scatter(&cluster, kAll, 150, &random);
    for (const NodeNumber node : kAll) {
      if (random.Below(2) == 0) REQUIRE(cluster.node(node).store->Checkpoint().ok());
    }
    healing.Second();
  }
  CHECK(healing.Heal(20) <= 8);
  for (const NodeNumber node : kAll) {
    DigestTable counted(2, 8);
    const std::atomic<bool> stop = false;
    REQUIRE(counted.Fill(*cluster.node(node).store, stop).ok());
    for (uint32_t i = 0; i < 8; ++i) {
      CHECK(counted.OfPartition(i) == cluster.node(node).digests->OfPartition(i));
    }
  }
}

TEST_CASE("Peers have their turns in rounds, one exchange a second, and those that differ more") {
  MiniCluster cluster({5, 8, 5, nullptr});
  AntiEntropy anti_entropy(PartsOf(&cluster, 1), 7);
  cluster.node(3).live = false;
  std::vector<int> turns(6, 0);
  for (int i = 0; i < 6; ++i) {
    CHECK(anti_entropy.next_due() <= cluster.now());
    const auto exchange = anti_entropy.Next(cluster.ViewOf(1), cluster.now());
    REQUIRE(exchange != nullptr);
    CHECK(anti_entropy.Next(cluster.ViewOf(1), cluster.now()) == nullptr);
    ++turns[exchange->peer()];
    cluster.Run(exchange.get());
    anti_entropy.OnEnded(*exchange);
    CHECK(anti_entropy.Next(cluster.ViewOf(1), cluster.now()) == nullptr);
    cluster.AdvanceTo(anti_entropy.next_due());
  }
  CHECK(turns == std::vector<int>{0, 0, 2, 0, 2, 2});
  const AntiEntropyStats stats = anti_entropy.stats();
  REQUIRE(stats.peers.size() == 3);
  CHECK(stats.peers[0].peer == 2);
  CHECK(stats.peers[0].exchanges == 2);
  CHECK(stats.peers[0].equal_at > 0);
  CHECK(stats.exchanges == 6);
  CHECK(stats.failures == 0);

  // Node 4 alone differs, for as long as it cannot store what it lacks.
  cluster.Put(4, "trial", {1, 4});
  for (const NodeNumber node : {NodeNumber{1}, NodeNumber{4}}) {
    dynamic_cast<test::FakeStore&>(*cluster.node(node).store)
        .FailWrites({StatusCode::kDiskFull, "no space"});
  }
  turns.assign(6, 0);
  for (int i = 0; i < 12; ++i) {
    const auto exchange = anti_entropy.Next(cluster.ViewOf(1), cluster.now());
    ++turns[exchange->peer()];
    cluster.Run(exchange.get());
    anti_entropy.OnEnded(*exchange);
    cluster.AdvanceTo(anti_entropy.next_due());
  }
  CHECK(turns[2] + turns[5] >= 4);
  CHECK(anti_entropy.stats().peers[1].last.code() == StatusCode::kDiskFull);
}

TEST_CASE(
    "Nothing is compared while the digest table is not ready, or when nobody shares anything") {
  MiniCluster cluster;
  const DigestTable unfilled(2, 8);
  AntiEntropy early({cluster.node(1).store.get(), &unfilled}, 1);
  CHECK(early.Next(cluster.ViewOf(1), cluster.now()) == nullptr);
  CHECK(early.next_due() == cluster.now() + kExchangePeriod);
  MiniCluster alone({1, 8, 1, nullptr});
  AntiEntropy sole(PartsOf(&alone, 1), 1);
  CHECK(sole.Next(alone.ViewOf(1), alone.now()) == nullptr);
  CHECK(sole.next_due() > alone.now());
}

TEST_CASE(
    "A repair compares this node with every peer at once, of all words or those below a prefix") {
  Random random(9);
  MiniCluster cluster;
  Scatter(&cluster, kAll, 1'000, &random);
  cluster.Put(2, "trial", {5'000, 1});
  cluster.Put(3, "zebra", {5'000, 1});
  const auto repair = [&](NodeNumber node, const std::string& prefix) {
    auto run = std::make_unique<FullRepair>(*cluster.ViewOf(node), PartsOf(&cluster, node), prefix);
    while (const auto exchange = run->Next()) {
      cluster.Run(exchange.get(), node);
      run->OnEnded(*exchange);
    }
    CHECK(run->done());
    CHECK(run->peers() == 2);
    return run;
  };
  SECTION("all") {
    for (const NodeNumber node : kAll) {
      const auto run = repair(node, "");
      CHECK(run->status().ok());
      CHECK(run->result().settled);
      CHECK(run->peers_done() == 2);
    }
    CHECK(AllEqual(&cluster));
  }
  SECTION("a prefix") {
    CHECK(repair(1, "tri")->result().whole);
    CHECK(cluster.Held(1, "trial").live);
    CHECK(cluster.Held(3, "trial").known == cluster.Held(1, "trial").known);
    CHECK_FALSE(cluster.Held(1, "zebra").known);
    CHECK_FALSE(AllEqual(&cluster));
  }
  SECTION("a peer that fails once is tried again, one that is down is told") {
    int failures = 30;
    cluster.fate_of = [&](const MiniCluster::Flight& flight) {
      return flight.call.to == 2 && failures-- > 25 ? Fate::kFail : Fate::kDeliver;
    };
    CHECK(repair(1, "")->status().ok());
    cluster.fate_of = nullptr;
    cluster.node(3).live = false;
    const auto run = repair(1, "");
    CHECK(run->status().code() == StatusCode::kUnavailable);
    CHECK(run->peers_done() == 1);
    CHECK_FALSE(run->result().whole);
  }
}

}  // namespace trifecta::replication
