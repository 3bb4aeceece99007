#include "daemon/replication/count_operation.h"

#include <set>

#include "storage/base/text.h"
#include "tests/net/ring_samples.h"
#include "tests/replication/uneven_cluster.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"

namespace trifecta::test {
namespace {

using replication::Consistency;
using replication::CountOperation;
using replication::RequestKind;

constexpr Version kOld{10, 1}, kNew{20, 2};

void PutEverywhere(MiniCluster* cluster, std::string_view word, bool tombstone = false) {
  const ViewPtr view = cluster->ViewOf(1);
  for (const NodeNumber node : view->partition(view->PartitionOfWord(word)).owners) {
    cluster->Put(node, word, kOld, tombstone);
  }
}

CountOperation CountOf(const MiniCluster& cluster, std::string_view prefix) {
  return {prefix, Consistency::kQuorum, cluster.now() + 1'000};
}

std::set<RequestKind> KindsAsked(MiniCluster* cluster, CountOperation* count) {
  std::set<RequestKind> kinds;
  cluster->fate_of = [&](const MiniCluster::Flight& flight) {
    kinds.insert(*replication::KindOf(flight.call.request));
    return Fate::kDeliver;
  };
  cluster->Run(count);
  return kinds;
}

// 81 shards of three words, one of them deleted, and nine single letters.
void FillEqually(MiniCluster* cluster) {
  for (char a = 'a'; a <= 'i'; ++a) {
    PutEverywhere(cluster, StrCat(a));
    for (char b = 'a'; b <= 'i'; ++b) {
      PutEverywhere(cluster, StrCat(a, b));
      PutEverywhere(cluster, StrCat(a, b, "x"));
      PutEverywhere(cluster, StrCat(a, b, "y"), true);
    }
  }
}

}  // namespace

TEST_CASE("Equal replicas are counted by their digests: all words by those of partitions") {
  MiniCluster cluster({5, 16, 3, {}});
  FillEqually(&cluster);
  CountOperation all = CountOf(cluster, "");
  CHECK(KindsAsked(&cluster, &all) == std::set<RequestKind>{RequestKind::kDigest});
  CHECK(all.count() == 9 + 81 * 2);
  CHECK(all.merged() == 0);
  CountOperation below = CountOf(cluster, "c");
  CHECK(KindsAsked(&cluster, &below) == std::set<RequestKind>{RequestKind::kCount});
  CHECK(below.count() == 1 + 9 * 2);
  CountOperation root = CountOf(cluster, "cc");
  cluster.Run(&root);
  CHECK(root.count() == 2);
  CountOperation within = CountOf(cluster, "ccx");
  cluster.Run(&within);
  CHECK(within.count() == 1);
  CountOperation none = CountOf(cluster, "zzz");
  cluster.Run(&none);
  CHECK(none.count() == 0);
}

TEST_CASE("Only the entries of shards that differ are read") {
  MiniCluster cluster;
  FillEqually(&cluster);
  cluster.Put(1, "abx", kNew, true);  // deleted on a quorum
  cluster.Put(2, "abx", kNew, true);
  cluster.Put(3, "efz", kNew);  // written by one that failed
  cluster.Put(2, "b", kNew, true);
  cluster.Put(3, "b", kNew, true);
  cluster.node(3).round_trip = 9;
  CountOperation all = CountOf(cluster, "");
  cluster.Run(&all);
  CHECK(all.count() == 9 - 1 + 81 * 2 - 1);
  CHECK(all.merged() == 9);  // nodes 1 and 2 differ in the shard of the nine letters alone
  CountOperation below = CountOf(cluster, "b");
  cluster.Run(&below);
  CHECK(below.count() == 9 * 2);
  CHECK(below.merged() == 1);
}

TEST_CASE("A prefix longer than a root is counted by its entries where replicas differ") {
  MiniCluster cluster;
  FillEqually(&cluster);
  for (const NodeNumber node : {2, 3}) cluster.Put(node, "abxx", kNew);
  CountOperation count = CountOf(cluster, "abx");
  cluster.Run(&count);
  CHECK(count.count() == 2);
  CHECK(count.merged() == 2);
}

TEST_CASE("Where very many shards differ, their partitions are read in long pages") {
  MiniCluster cluster;
  FillEqually(&cluster);
  for (char a = 'a'; a <= 'i'; ++a) {
    for (char b = 'a'; b <= 'i'; ++b) {
      for (const NodeNumber node : {2, 3}) cluster.Put(node, StrCat(a, b, "z"), kNew);
    }
  }
  CountOperation count = CountOf(cluster, "");
  cluster.Run(&count);
  CHECK(count.count() == 9 + 81 * 3);
  CHECK(cluster.delivered < 10);
}

TEST_CASE("A count goes on with a node that has no digests, by reading entries") {
  MiniCluster cluster;
  FillEqually(&cluster);
  replication::DigestTable empty(2, 8);
  for (const NodeNumber number : {2, 3}) {
    replication::Replica::Parts parts;
    parts.store = cluster.node(number).store.get();
    parts.digests = &empty;
    parts.stamper = cluster.node(number).stamper.get();
    cluster.node(number).replica = std::make_unique<replication::Replica>(std::move(parts));
  }
  for (const std::string_view prefix : {"", "c", "cc", "ccx"}) {
    INFO("prefix '" << prefix << "'");
    CountOperation count = CountOf(cluster, prefix);
    cluster.Run(&count);
    CHECK(count.status().ok());
    CHECK(count.merged() > 0);
    CHECK(count.count() == (prefix.empty()       ? 9 + 81 * 2
                            : prefix.size() == 1 ? 1 + 9 * 2
                                                 : 4 - prefix.size()));
  }
}

TEST_CASE("A count with too few live owners is refused at once, one with too few that answer too") {
  MiniCluster cluster;
  FillEqually(&cluster);
  const bool known = GENERATE(true, false);
  for (const NodeNumber node : {2, 3}) {
    cluster.node(node).live = !known;
    cluster.node(node).fate = Fate::kFail;
  }
  CountOperation count = CountOf(cluster, GENERATE("", "c", "cc"));
  cluster.Start(&count);
  if (known) CHECK(count.done());
  cluster.DeliverAll();
  REQUIRE(count.done());
  CHECK(count.status().code() == StatusCode::kUnavailable);
}

TEST_CASE("A count begins anew by a later ring") {
  MiniCluster cluster({4, 8, 3, {}});
  FillEqually(&cluster);
  cluster.Install(1, net::SampleRing(3));
  CountOperation count = CountOf(cluster, GENERATE("", "c"));
  cluster.Run(&count);
  REQUIRE(count.status().ok());
  CHECK((count.count() == 9 + 81 * 2 || count.count() == 1 + 9 * 2));
}

}  // namespace trifecta::test
