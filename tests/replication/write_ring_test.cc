// Writes while the ring changes, and while clocks are off.
#include "net/ring.h"
#include "tests/replication/write_fixture.h"

namespace trifecta::replication {

TEST_CASE("An entry of its own is not taken for one that was there before") {
  MiniCluster cluster;
  // The reply of node 1 is overtaken by a later document, so that it is asked again.
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.fetches_rings = false;
  cluster.Start(&write);
  cluster.Deliver(CallTo(cluster, 1));
  net::Ring ring = *cluster.node(1).ring;
  ++ring.epoch;
  for (net::Partition& partition : ring.partitions) partition.changed = ring.epoch;
  cluster.InstallEverywhere(ring);
  cluster.Deliver(CallTo(cluster, 2));
  cluster.FetchRing(&write);
  cluster.DeliverAll();
  CHECK(write.done());
  CHECK(write.status().ok());
  CHECK(write.existed() == 0);
}

TEST_CASE("What was there before is told by the reply to the first sending, though it comes late") {
  MiniCluster cluster;
  for (const NodeNumber number : {2, 3}) cluster.Put(number, "trial", {1, 1});
  cluster.fetches_rings = false;
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Start(&write);
  // Node 2 has stored it by the old document; its reply comes after all that is sent anew.
  const test::MiniCluster::Flight first = cluster.flights().at(CallTo(cluster, 2));
  const std::string_view request = first.call.request;
  std::vector<std::string> replies;
  cluster.node(2).replica->Answer(cluster.node(2).ring, 2, {&request, 1}, &replies);
  net::Ring ring = *cluster.node(1).ring;
  ++ring.epoch;
  for (net::Partition& partition : ring.partitions) partition.changed = ring.epoch;
  cluster.InstallEverywhere(ring);
  cluster.Deliver(CallTo(cluster, 1));
  cluster.FetchRing(&write);
  cluster.node(3).fate = Fate::kFail;
  for (size_t i = 0; i < cluster.flights().size();) {
    cluster.flights()[i].call.id == first.call.id ? ++i : (cluster.Deliver(i), i = 0);
  }
  CHECK_FALSE(write.answered());
  SECTION("when it comes") {
    replication::Actions actions;
    write.OnReply(first.call.id, std::string_view(replies.front()), cluster.now(), &actions);
    CHECK(write.existed() == 1);
  }
  SECTION("unless it is lost") { cluster.AdvanceTo(cluster.now() + kFirstRepliesPatience); }
  CHECK(write.answered());
  CHECK(write.status().ok());
  cluster.Forget(&write);
}

TEST_CASE("After a change of the ring what is not complete is sent anew, in the same version") {
  MiniCluster cluster({4, 8, 3, {}});
  const std::string_view word = "trial";
  const uint32_t partition = static_cast<uint32_t>(cluster.ViewOf(1)->PartitionOfWord(word));
  net::Ring ring = *cluster.node(1).ring;
  ring.partitions[partition].owners = {1, 2, 3};
  cluster.InstallEverywhere(ring);
  WriteOperation write = WriteOf(&cluster, {word});
  cluster.Start(&write);
  cluster.Deliver(CallTo(cluster, 1));
  const Version version = cluster.Held(1, word).version;

  ring.partitions[partition].owners = {2, 3, 4};
  ring.partitions[partition].changed = ++ring.epoch;
  cluster.InstallEverywhere(ring);
  cluster.Deliver(CallTo(cluster, 2));
  CHECK_FALSE(cluster.Held(2, word).known);
  cluster.Deliver(CallTo(cluster, 4));
  // Node 1 has it, but is no owner any more.
  CHECK_FALSE(write.answered());
  cluster.DeliverAll();
  CHECK(write.done());
  CHECK(write.status().ok());
  for (const NodeNumber number : {2, 3, 4}) CHECK(cluster.Held(number, word).version == version);
  CHECK(cluster.hints.empty());
}

TEST_CASE("A partition that moves needs W of both of its owner lists") {
  MiniCluster cluster({6, 8, 3, {}});
  const std::string_view word = "trial";
  const size_t partition = cluster.ViewOf(1)->PartitionOfWord(word);
  net::Ring ring = *cluster.node(1).ring;
  ring.partitions[partition].owners = {1, 2, 3};
  ring.partitions[partition].targets = {3, 4, 5};
  ring.partitions[partition].step = net::MoveStep::kStreaming;
  cluster.InstallEverywhere(ring);
  WriteOperation write = WriteOf(&cluster, {word});
  cluster.Start(&write);
  CHECK(cluster.flights().size() == 5);
  cluster.Deliver(CallTo(cluster, 1));
  cluster.Deliver(CallTo(cluster, 3));
  CHECK_FALSE(write.answered());
  cluster.Deliver(CallTo(cluster, 5));
  CHECK(write.answered());
  cluster.DeliverAll();
  CHECK(write.status().ok());
}

TEST_CASE("A replica that is behind with the ring is asked again") {
  MiniCluster cluster;
  net::Ring old = *cluster.node(1).ring;
  net::Ring ring = old;
  ++ring.epoch;
  for (net::Partition& partition : ring.partitions) partition.changed = ring.epoch;
  cluster.InstallEverywhere(ring);
  cluster.Install(2, old);
  cluster.Install(3, old);
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Start(&write);
  cluster.DeliverAll();
  CHECK_FALSE(write.answered());
  CHECK(write.next_due() == 1'000 + kBehindDelay);
  SECTION("and does it when it has fetched it") {
    cluster.InstallEverywhere(ring);
    cluster.AdvanceTo(1'000 + kBehindDelay);
    cluster.DeliverAll();
    CHECK(write.done());
    CHECK(write.status().ok());
    CHECK(Holders(&cluster, "trial") == Nodes{1, 2, 3});
  }
  SECTION("a few times") {
    while (!write.done()) {
      cluster.AdvanceTo(cluster.NextDue());
      cluster.DeliverAll();
    }
    CHECK(write.status().code() == StatusCode::kUnavailable);
    CHECK(cluster.now() < kDeadline);
    CHECK(HintedFor(cluster, "trial") == Nodes{2, 3});
  }
}

TEST_CASE("A ring document that does not come in time ends a write at its deadline") {
  MiniCluster cluster;
  net::Ring ring = *cluster.node(1).ring;
  ++ring.epoch;
  for (net::Partition& partition : ring.partitions) partition.changed = ring.epoch;
  cluster.Install(2, ring);
  cluster.Install(3, ring);
  cluster.fetches_rings = false;
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Run(&write);
  CHECK(write.status().code() == StatusCode::kTimeout);
  CHECK(HintedFor(cluster, "trial") == Nodes{2, 3});
}

TEST_CASE("A node whose clock is off asks another for versions") {
  MiniCluster cluster;
  cluster.node(1).stamped_by = 2;
  cluster.node(2).stamper->time = uint64_t{1} << 35;
  WriteOperation write = WriteOf(&cluster, {"trial"});
  SECTION("the one that is chosen") {
    cluster.Run(&write);
    CHECK(write.status().ok());
    CHECK(cluster.Held(1, "trial").version == Version{(uint64_t{1} << 35) + 1, 2});
  }
  SECTION("or, when that fails, another that is up") {
    cluster.node(2).fate = Fate::kFail;
    cluster.Run(&write);
    CHECK(write.status().ok());
    CHECK(cluster.Held(1, "trial").version.node == 3);
    CHECK(HintedFor(cluster, "trial") == Nodes{2});
  }
  SECTION("but never its own") {
    for (const NodeNumber number : {2, 3}) {
      cluster.node(number).stamper->failure = {StatusCode::kUnavailable, "off, too"};
    }
    cluster.Run(&write);
    CHECK(write.status().code() == StatusCode::kUnavailable);
    CHECK_FALSE(cluster.Held(1, "trial").known);
    CHECK(cluster.hints.empty());
  }
  SECTION("above what it found, when the words were overtaken") {
    const Version ahead{uint64_t{1} << 40, 3};
    for (const NodeNumber number : {1, 2, 3}) cluster.Put(number, "trial", ahead);
    cluster.Run(&write);
    CHECK(write.status().ok());
    CHECK(cluster.Held(1, "trial").version == Version{ahead.time + 1, 2});
  }
}

TEST_CASE("A write whose own clock fails says why") {
  MiniCluster cluster;
  cluster.node(1).stamper->failure = {StatusCode::kIoError, "the clock's file"};
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Run(&write);
  CHECK(write.status().code() == StatusCode::kIoError);
  CHECK(cluster.flights().empty());
}

}  // namespace trifecta::replication
