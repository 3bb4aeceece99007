#include "daemon/replication/cluster_search.h"

#include "tests/net/ring_samples.h"
#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

using net::SampleId;
using Verdict = ClusterSearch::Verdict;

constexpr Millis kRound = 1'000;
const Address kB = "b:8000", kC = "c:8000";

ClusterSearch FirstOf(std::vector<Address> others) {
  return {SampleId(5), "sample", std::move(others), true, kRound};
}

TopologyMessage Reply(const Address& asked, bool may_found = false, NodeId cluster = {}) {
  TopologyMessage message;
  message.kind = TopologyKind::kHelloReply;
  message.cluster_name = "sample";
  message.cluster = cluster;
  message.address = asked;
  message.asked = asked;
  message.may_found = may_found;
  return message;
}

TEST_CASE("without other seeds a node founds") { CHECK(FirstOf({}).Judge(0) == Verdict::kFound); }

TEST_CASE("the first of the seeds founds when the others refuse or are of no cluster") {
  ClusterSearch search = FirstOf({kB, kC});
  CHECK(search.Judge(0) == Verdict::kGoOn);
  search.OnRefused(kB, 10);
  CHECK(search.Judge(10) == Verdict::kGoOn);
  CHECK(search.reason().find(kC) != std::string::npos);
  search.OnHello(SampleId(3), Reply(kC), 20);
  CHECK(search.Judge(20) == Verdict::kFound);
}

TEST_CASE("who is not the first of the seeds does not found, whatever the others say") {
  ClusterSearch search(SampleId(5), "sample", {kB, kC}, false, kRound);
  search.OnRefused(kB, 0);
  search.OnRefused(kC, 0);
  CHECK(search.Judge(0) == Verdict::kGoOn);
  CHECK(search.reason() ==
        "waiting until one of the seeds is of a cluster: b:8000, c:8000 (the node that is first in "
        "its own list founds one)");
}

TEST_CASE("an answer that is old has to be given again") {
  ClusterSearch search = FirstOf({kB, kC});
  search.OnRefused(kB, 0);
  search.OnRefused(kC, 5 * kRound + 1);
  CHECK(search.Judge(5 * kRound + 1) == Verdict::kGoOn);
  search.OnRefused(kB, 5 * kRound + 2);
  CHECK(search.Judge(5 * kRound + 2) == Verdict::kFound);
}

TEST_CASE("of two that may found the one with the lower id does") {
  ClusterSearch search = FirstOf({kB});
  search.OnHello(SampleId(9), Reply(kB, true), 0);
  CHECK(search.Judge(0) == Verdict::kFound);
  search.OnHello(SampleId(3), Reply(kB, true), 0);
  CHECK(search.Judge(0) == Verdict::kGoOn);
  CHECK(search.reason() == "waiting for the seed b:8000 to found the cluster");
}

TEST_CASE("a question shows as well as an answer that its sender may found") {
  ClusterSearch search = FirstOf({kB});
  search.OnRefused(kB, 0);
  TopologyMessage hello = Reply(kB, true);
  hello.kind = TopologyKind::kHello;
  hello.asked = "a:8000";
  search.OnHello(SampleId(3), hello, 1);
  CHECK(search.Judge(1) == Verdict::kGoOn);
}

TEST_CASE("a seed that is of the cluster is joined") {
  ClusterSearch search = FirstOf({kB, kC});
  search.OnRefused(kB, 0);
  search.OnHello(SampleId(3), Reply(kC, false, SampleId(0xffff)), 0);
  CHECK(search.Judge(0) == Verdict::kJoin);
  CHECK(search.cluster() == SampleId(0xffff));
  CHECK(search.contacts().at(SampleId(3)) == kC);
}

TEST_CASE("seeds of another name or of two clusters end the search with a sentence") {
  ClusterSearch search = FirstOf({kB, kC});
  SECTION("another name") {
    TopologyMessage reply = Reply(kB);
    reply.cluster_name = "other";
    search.OnHello(SampleId(3), reply, 0);
    CHECK(search.Judge(0) == Verdict::kFailed);
    CHECK(search.reason().find("cluster 'other'") != std::string::npos);
  }
  SECTION("two clusters of one name") {
    search.OnHello(SampleId(3), Reply(kB, false, SampleId(0xffff)), 0);
    search.OnHello(SampleId(4), Reply(kC, false, SampleId(0xfffe)), 0);
    CHECK(search.Judge(0) == Verdict::kFailed);
    CHECK(search.reason().find("two clusters") != std::string::npos);
  }
}

TEST_CASE("a seed that is the node itself under another name is named") {
  ClusterSearch search(SampleId(5), "sample", {kB}, false, kRound);
  TopologyMessage reply = Reply(kB);
  reply.address = "a:8000";
  search.OnHello(SampleId(5), reply, 0);
  CHECK(search.Judge(0) == Verdict::kGoOn);
  CHECK(search.reason().find("b:8000 is this node itself, which calls itself a:8000") !=
        std::string::npos);
}

}  // namespace
}  // namespace trifecta::replication
