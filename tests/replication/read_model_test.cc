// Reads of clusters whose replicas differ, against a model: whatever is stale and whoever fails, a
// quorum reads the newest entries.
#include "daemon/replication/count_operation.h"
#include "daemon/replication/lookup_operation.h"
#include "daemon/replication/search_operation.h"
#include "tests/net/ring_samples.h"
#include "tests/replication/uneven_cluster.h"
#include "tests/support/catch.h"

namespace trifecta::test {
namespace {

using replication::Consistency;
using replication::CountOperation;
using replication::DigestTable;
using replication::LookupOperation;
using replication::SearchOperation;

constexpr Millis kPatience = 10'000;

class ReadModel {
 public:
  ReadModel(uint64_t seed, NodeNumber nodes, const net::Ring* ring = nullptr)
      : random_(seed),
        cluster_({nodes, nodes == 3 ? 8U : 16U, 3, {}}),
        words_((ring != nullptr ? cluster_.InstallEverywhere(*ring) : void(), &cluster_), 250,
               &random_) {}

  // Nodes that most operations can do without: one of them.
  void Weaken() {
    MiniNode& weak = cluster_.node(static_cast<NodeNumber>(1 + random_.Below(cluster_.size())));
    switch (random_.Below(4)) {
      case 0:
        weak.live = false;
        weak.fate = Fate::kFail;
        break;
      case 1:
        weak.fate = Fate::kFail;
        break;
      case 2:
        weak.fate = Fate::kLoseRequest;
        break;
      case 3:
        weak.fate = Fate::kLoseReply;
        break;
    }
    weak_ = weak.number;
  }

  void LoseDigests() {
    MiniNode& node = cluster_.node(static_cast<NodeNumber>(1 + random_.Below(cluster_.size())));
    never_filled_ = std::make_unique<DigestTable>(2, 16);
    replication::Replica::Parts parts;
    parts.store = node.store.get();
    parts.digests = never_filled_.get();
    parts.stamper = node.stamper.get();
    node.replica = std::make_unique<replication::Replica>(std::move(parts));
  }

  void CheckSearch() {
    const std::string prefix = words_.Prefix(4, &random_);
    const std::string after = random_.Below(2) == 0 ? "" : words_.Prefix(5, &random_);
    storage::SearchOptions options;
    options.prefix = prefix;
    options.after = after;
    options.limit = 1 + random_.Below(random_.Below(2) == 0 ? 5 : 300);
    if (random_.Below(2) == 0) options.order = storage::Order::kDescending;
    INFO("search '" << prefix << "' after '" << after << "', limit " << options.limit
                    << (options.order == storage::Order::kDescending ? ", down" : ", up"));
    SearchOperation search(options, false, Consistency::kQuorum, cluster_.now() + kPatience);
    Run(&search);
    REQUIRE(search.status().ToString() == "ok");
    REQUIRE(WordsOf(search.page()) == words_.Search(options));
    REQUIRE(search.missing().empty());
  }

  void CheckCount() {
    const std::string prefix = words_.Prefix(4, &random_);
    INFO("count '" << prefix << "'");
    CountOperation count(prefix, Consistency::kQuorum, cluster_.now() + kPatience);
    Run(&count);
    REQUIRE(count.status().ToString() == "ok");
    REQUIRE(count.count() == words_.Count(prefix));
  }

  void CheckLookup() {
    auto at = words_.newest().begin();
    std::advance(at, random_.Below(words_.newest().size()));
    INFO("look up '" << at->first << "'");
    LookupOperation lookup(at->first, Consistency::kQuorum, cluster_.now() + kPatience);
    Run(&lookup);
    REQUIRE(lookup.status().ToString() == "ok");
    REQUIRE(lookup.lookup().known);
    REQUIRE(lookup.lookup().live == !at->second.tombstone);
    REQUIRE(lookup.lookup().version == at->second.version);
  }

  void CheckSome(int times) {
    while (times-- > 0) {
      CheckSearch();
      if (random_.Below(2) == 0) CheckCount();
      if (random_.Below(2) == 0) CheckLookup();
    }
  }

 private:
  // By itself, or with calls that come in any order and late, but before the deadline.
  void Run(replication::Operation* operation) {
    if (random_.Below(2) == 0) return cluster_.Run(operation, Coordinator());
    cluster_.Start(operation, Coordinator());
    while (!operation->done()) {
      const size_t flights = cluster_.flights().size();
      const size_t index = flights == 0 ? 0 : random_.Below(flights);
      if (flights == 0 || cluster_.flights()[index].lost || random_.Below(8) == 0) {
        cluster_.AdvanceTo(cluster_.now() + 7);
      } else {
        cluster_.Deliver(index);
      }
    }
  }

  NodeNumber Coordinator() {
    for (;;) {
      const auto number = static_cast<NodeNumber>(1 + random_.Below(cluster_.size()));
      if (number != weak_) return number;
    }
  }

  trifecta::Random random_;
  MiniCluster cluster_;
  UnevenCluster words_;
  NodeNumber weak_ = net::kNoNodeNumber;
  std::unique_ptr<DigestTable> never_filled_;
};

}  // namespace

TEST_CASE("Searches, counts and lookups find the newest entries, however replicas differ") {
  const NodeNumber nodes = GENERATE(NodeNumber{3}, NodeNumber{5});
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed << ", nodes " << nodes);
    ReadModel model(seed, nodes);
    model.CheckSome(6);
  }
}

TEST_CASE("They do while a node fails, loses what it is sent, or is known to be dead") {
  const NodeNumber nodes = GENERATE(NodeNumber{3}, NodeNumber{5});
  for (uint64_t seed = 101; seed <= 140; ++seed) {
    INFO("seed " << seed << ", nodes " << nodes);
    ReadModel model(seed, nodes);
    model.Weaken();
    model.CheckSome(6);
  }
}

TEST_CASE("They do while a node has no digests yet") {
  const NodeNumber nodes = GENERATE(NodeNumber{3}, NodeNumber{5});
  for (uint64_t seed = 201; seed <= 220; ++seed) {
    INFO("seed " << seed << ", nodes " << nodes);
    ReadModel model(seed, nodes);
    model.LoseDigests();
    model.Weaken();
    model.CheckSome(6);
  }
}

TEST_CASE("They do at every step of a move of partitions, and by the owners that are to be read") {
  std::vector<net::Ring> rings = {*BeginJoin(net::SampleRing(4, 16), net::SampleMember(5))};
  net::RunOperation(rings.front(), [&](const net::Ring& ring) { rings.push_back(ring); });
  REQUIRE(rings.size() == 8);
  for (uint64_t seed = 301; seed <= 316; ++seed) {
    INFO("seed " << seed);
    ReadModel model(seed, 5, &rings[seed % rings.size()]);
    model.CheckSome(6);
  }
}

}  // namespace trifecta::test
