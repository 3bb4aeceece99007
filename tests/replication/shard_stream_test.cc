#include "daemon/replication/shard_stream.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/replication/partition_streams.h"
#include "net/ring_change.h"
#include "tests/net/ring_samples.h"
#include "tests/replication/mini_cluster.h"
#include "tests/replication/scattered_words.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"

namespace trifecta::replication {
namespace {

using test::AllEqual;
using test::EntryMap;
using test::Fate;
using test::MiniCluster;
using test::Scatter;

constexpr NodeNumber kJoining = 4;
const std::vector<NodeNumber> kOld = {1, 2, 3};

// Nodes 1 to 3 own everything, node 4 joins and is to stream what it gets.
class JoiningCluster {
 public:
  JoiningCluster() : cluster({4, 8, 3, nullptr}) {
    net::Ring joining = *net::BeginJoin(net::SampleRing(3), net::SampleMember(4));
    for (const net::MoveStep step : {net::MoveStep::kWriteBothReadOld, net::MoveStep::kStreaming}) {
      joining = *net::AdvanceMoves(
          joining, net::MovesAt(joining, static_cast<net::MoveStep>(static_cast<int>(step) - 1)),
          step);
    }
    ring = joining;
    cluster.InstallEverywhere(ring);
    for (const uint32_t i : net::MovesAt(ring, net::MoveStep::kStreaming)) {
      const auto& targets = ring.partitions[i].targets;
      if (std::find(targets.begin(), targets.end(), kJoining) != targets.end()) {
        partitions.push_back(i);
      }
    }
  }

  StreamParts Parts() {
    StreamParts parts;
    parts.store = cluster.node(kJoining).store.get();
    parts.digests = cluster.node(kJoining).digests.get();
    parts.throttle = throttle.get();
    return parts;
  }
  std::unique_ptr<ShardStream> Stream(uint32_t partition) {
    return std::make_unique<ShardStream>(partition, ring.operation->session, Parts());
  }
  net::Epoch session() const { return ring.operation->session; }

  // Of the words in partitions that move to node 4, the newest that the nodes hold.
  EntryMap Expected(const std::vector<NodeNumber>& nodes, const std::vector<uint32_t>& of) {
    EntryMap expected;
    const ViewPtr view = cluster.ViewOf(1);
    for (const auto& [word, entry] : Merged(&cluster, nodes)) {
      const auto partition = static_cast<uint32_t>(view->PartitionOfWord(word));
      if (std::find(of.begin(), of.end(), partition) != of.end()) expected.emplace(word, entry);
    }
    return expected;
  }
  EntryMap Fetched() { return Holding(&cluster, kJoining); }

  // Runs all streams one after another until there is none left.
  void RunStreams(PartitionStreams* streams) {
    for (int i = 0; streams->left() > 0; ++i) {
      REQUIRE(i < 1'000);
      streams->OnView(cluster.ViewOf(kJoining));
      if (const auto stream = streams->Next(cluster.now()); stream != nullptr) {
        cluster.Run(stream.get(), kJoining);
        streams->OnEnded(*stream, cluster.now());
      } else {
        cluster.AdvanceTo(streams->next_due());
      }
    }
  }

  MiniCluster cluster;
  net::Ring ring;
  std::vector<uint32_t> partitions;  // that move to node 4
  std::unique_ptr<Throttle> throttle;
};

RequestKind KindOf(const MiniCluster::Flight& flight) {
  return *replication::KindOf(flight.call.request);
}

}  // namespace

TEST_CASE("A stream takes the merge of as many old owners as make a read") {
  const auto seed = GENERATE(range(1, 6));
  INFO("seed " << seed);
  Random random(static_cast<uint64_t>(seed));
  JoiningCluster joining;
  Scatter(&joining.cluster, kOld, 600, &random);
  REQUIRE_FALSE(joining.partitions.empty());
  for (const uint32_t partition : joining.partitions) {
    const auto stream = joining.Stream(partition);
    joining.cluster.Run(stream.get(), kJoining);
    CHECK(stream->status().ok());
    CHECK(stream->progress().shards == stream->progress().shards_done);
  }
  EntryMap expected;
  const ViewPtr view = joining.cluster.ViewOf(kJoining);
  for (const uint32_t partition : joining.partitions) {
    const auto owners = view->NearestFirst(joining.ring.partitions[partition].owners);
    expected.merge(joining.Expected({owners[0], owners[1]}, {partition}));
  }
  CHECK(Difference(joining.Fetched(), expected) == "");
}

TEST_CASE("A stream misses nothing that a write quorum had, whichever owners answer it") {
  const auto seed = GENERATE(range(1, 6));
  INFO("seed " << seed);
  Random random(static_cast<uint64_t>(seed));
  JoiningCluster joining;
  EntryMap acknowledged;
  for (uint64_t i = 0; i < 600; ++i) {
    std::vector<NodeNumber> nodes = kOld;
    random.Shuffle(&nodes);
    for (const size_t n : {size_t{0}, size_t{1}}) {
      joining.cluster.Put(nodes[n], test::ScatteredWord(i), {i + 1, 1}, i % 5 == 0);
    }
  }
  const auto down = static_cast<NodeNumber>(1 + random.Below(3));
  joining.cluster.node(down).fate = Fate::kFail;
  PartitionStreams streams(joining.Parts());
  streams.OnView(joining.cluster.ViewOf(kJoining));
  CHECK(streams.left() == joining.partitions.size());
  joining.RunStreams(&streams);
  CHECK(streams.fetched() == joining.partitions);
  CHECK(Difference(joining.Fetched(), joining.Expected(kOld, joining.partitions)) == "");
}

TEST_CASE("A stream survives owners that fail and lost calls, and ends with everything") {
  const auto seed = GENERATE(range(1, 11));
  INFO("seed " << seed);
  Random random(static_cast<uint64_t>(seed));
  JoiningCluster joining;
  for (uint64_t i = 0; i < 800; ++i) {
    for (const NodeNumber node : kOld) {
      if (i % 3 + 1 != node) joining.cluster.Put(node, test::ScatteredWord(i), {i + 1, 1}, false);
    }
  }
  joining.cluster.fate_of = [&](const MiniCluster::Flight&) {
    const uint64_t luck = random.Below(20);
    if (luck == 0) return Fate::kFail;
    if (luck == 1) return Fate::kLoseReply;
    return luck == 2 ? Fate::kLoseRequest : Fate::kDeliver;
  };
  PartitionStreams streams(joining.Parts());
  streams.OnView(joining.cluster.ViewOf(kJoining));
  std::vector<std::shared_ptr<ShardStream>> running;
  for (int steps = 0; streams.left() > 0; ++steps) {
    REQUIRE(steps < 100'000);
    while (const auto stream = streams.Next(joining.cluster.now())) {
      running.push_back(stream);
      joining.cluster.Start(stream.get(), kJoining);
    }
    if (!joining.cluster.Step(&random)) joining.cluster.AdvanceTo(streams.next_due());
    std::erase_if(running, [&](const auto& stream) {
      if (stream->done()) streams.OnEnded(*stream, joining.cluster.now());
      return stream->done();
    });
  }
  CHECK(Difference(joining.Fetched(), joining.Expected(kOld, joining.partitions)) == "");
}

TEST_CASE(
    "A shard that is the same at all owners asked is fetched from one of them, page by page") {
  JoiningCluster joining;
  const uint32_t partition = joining.partitions.front();
  std::vector<std::string> words;
  // All in the first shard found that is in the partition.
  std::string root;
  for (uint64_t i = 0; root.empty(); ++i) {
    const std::string word = test::ScatteredWord(i);
    if (word.size() > 2 && joining.cluster.ViewOf(1)->PartitionOfWord(word) == partition) {
      root = word.substr(0, 2);
    }
  }
  for (int i = 0; i < 10'000; ++i) words.push_back(StrCat(root, i));
  for (const NodeNumber node : kOld) Fill(&joining.cluster, node, words, {5, 1});
  size_t scans = 0;
  joining.cluster.fate_of = [&](const MiniCluster::Flight& flight) {
    if (KindOf(flight) == RequestKind::kScan) {
      ++scans;
      ScanRequest request;
      REQUIRE(Decode(flight.call.request, &request).ok());
      CHECK(request.limit <= 4'096);
    }
    return Fate::kDeliver;
  };
  const auto stream = joining.Stream(partition);
  joining.cluster.Run(stream.get(), kJoining);
  REQUIRE(stream->status().ok());
  CHECK(scans == 3);
  CHECK(stream->progress().written == 10'000);
  CHECK(joining.Fetched().size() == 10'000);

  SECTION("and not again where this node has it") {
    const auto second = joining.Stream(partition);
    joining.cluster.Run(second.get(), kJoining);
    CHECK(second->status().ok());
    CHECK(scans == 3);
    CHECK(second->progress().shards_done == 1);
  }
  SECTION("where they differ, from all, and only what is new is written") {
    joining.cluster.Put(1, words[7], {9, 2}, true);
    const auto second = joining.Stream(partition);
    joining.cluster.Run(second.get(), kJoining);
    CHECK(second->status().ok());
    CHECK(scans == 3 + 2 * 3);
    CHECK(second->progress().entries == 10'000);
    CHECK(second->progress().written == 1);
    CHECK_FALSE(joining.cluster.Held(kJoining, words[7]).live);
  }
}

TEST_CASE("A stream ends when its operation does, or its partition goes on") {
  JoiningCluster joining;
  Random random(1);
  Scatter(&joining.cluster, kOld, 100, &random);
  const auto stream = joining.Stream(joining.partitions.front());
  joining.cluster.Start(stream.get(), kJoining);
  REQUIRE_FALSE(stream->done());
  Actions actions;
  SECTION("given up") { joining.cluster.InstallEverywhere(*net::AbortOperation(joining.ring)); }
  SECTION("the next step") {
    joining.cluster.InstallEverywhere(
        *net::AdvanceMoves(joining.ring, net::MovesAt(joining.ring, net::MoveStep::kStreaming),
                           net::MoveStep::kWriteBothReadNew));
  }
  SECTION("told by an owner that knows") {
    const net::Ring next = *net::AbortOperation(joining.ring);
    for (const NodeNumber node : kOld) joining.cluster.Install(node, next);
    joining.cluster.DeliverAll();
    CHECK(stream->done());
  }
  if (!stream->done()) {
    stream->OnView(joining.cluster.ViewOf(kJoining), joining.cluster.now(), &actions);
  }
  CHECK(stream->done());
  CHECK(stream->status().code() == StatusCode::kCancelled);
  CHECK(joining.Fetched().empty());
}

TEST_CASE("A stream begun for a session that is over, or too early, does nothing") {
  JoiningCluster joining;
  ShardStream late(joining.partitions.front(), joining.session() - 1, joining.Parts());
  joining.cluster.Run(&late, kJoining);
  CHECK(late.status().code() == StatusCode::kCancelled);
  const auto planned = *net::BeginJoin(net::SampleRing(3), net::SampleMember(4));
  joining.cluster.InstallEverywhere(planned);
  const auto early = joining.Stream(joining.partitions.front());
  joining.cluster.Run(early.get(), kJoining);
  CHECK(early->status().code() == StatusCode::kCancelled);
}

TEST_CASE("A stream goes on when this node or an owner is behind with the ring") {
  JoiningCluster joining;
  Random random(3);
  Scatter(&joining.cluster, kOld, 200, &random);
  // Another document that changes the partition's fence, but neither its step nor its operation.
  net::Ring next = joining.ring;
  ++next.epoch;
  const uint32_t partition = joining.partitions.front();
  next.partitions[partition].changed = next.epoch;
  SECTION("this node is") {
    for (const NodeNumber node : kOld) joining.cluster.Install(node, next);
  }
  SECTION("two owners are, and one of them for good") {
    joining.cluster.Install(1, next);
    joining.cluster.Install(kJoining, next);
  }
  const auto stream = joining.Stream(partition);
  joining.cluster.Start(stream.get(), kJoining);
  joining.cluster.DeliverAll();
  joining.cluster.AdvanceTo(joining.cluster.now() + 200);
  if (joining.cluster.node(2).ring->epoch != next.epoch) joining.cluster.Install(2, next);
  for (int i = 0; i < 1'000 && !stream->done(); ++i) {
    joining.cluster.DeliverAll();
    if (!stream->done()) joining.cluster.AdvanceTo(joining.cluster.NextDue());
  }
  CHECK(stream->done());
  CHECK(stream->status().ok());
}

TEST_CASE("A stream whose owners stay away gives up with a reason, and another is begun later") {
  JoiningCluster joining;
  Random random(4);
  Scatter(&joining.cluster, kOld, 200, &random);
  for (const NodeNumber node : {1, 2}) {
    joining.cluster.node(static_cast<NodeNumber>(node)).fate = Fate::kFail;
  }
  PartitionStreams streams(joining.Parts());
  streams.OnView(joining.cluster.ViewOf(kJoining));
  const auto stream = streams.Next(joining.cluster.now());
  const Millis begun = joining.cluster.now();
  joining.cluster.Run(stream.get(), kJoining);
  CHECK(stream->status().code() == StatusCode::kUnavailable);
  CHECK(stream->status().message().find("node") != std::string::npos);
  CHECK(joining.cluster.now() == begun + joining.Parts().patience);
  streams.OnEnded(*stream, joining.cluster.now());
  CHECK(streams.last_failure().code() == StatusCode::kUnavailable);
  CHECK(streams.left() == joining.partitions.size());

  joining.cluster.node(2).fate = Fate::kDeliver;
  joining.RunStreams(&streams);
  CHECK(streams.fetched() == joining.partitions);
}

TEST_CASE("A stream with a throttle is as fast as that allows") {
  JoiningCluster joining;
  joining.throttle = std::make_unique<Throttle>(1'000);
  Random random(5);
  Scatter(&joining.cluster, kOld, 1'000, &random);
  const Millis begun = joining.cluster.now();
  const auto stream = joining.Stream(joining.partitions.front());
  joining.cluster.Run(stream.get(), kJoining);
  CHECK(stream->status().ok());
  CHECK(stream->progress().entries > 100);
  // An entry takes 15 bytes or so.
  CHECK(joining.cluster.now() - begun >= stream->progress().entries * 10);
}

TEST_CASE("A stream that cannot write ends with the store's error") {
  JoiningCluster joining;
  Random random(6);
  Scatter(&joining.cluster, kOld, 200, &random);
  dynamic_cast<test::FakeStore&>(*joining.cluster.node(kJoining).store)
      .FailWrites({StatusCode::kDiskFull, "no space"});
  const auto stream = joining.Stream(joining.partitions.front());
  joining.cluster.Run(stream.get(), kJoining);
  CHECK(stream->status().code() == StatusCode::kDiskFull);
}

TEST_CASE("Streams run a few at a time, and follow the ring") {
  JoiningCluster joining;
  PartitionStreams streams(joining.Parts(), 2);
  CHECK(streams.Next(0) == nullptr);
  CHECK(streams.next_due() == kNever);
  streams.OnView(joining.cluster.ViewOf(kJoining));
  CHECK(streams.session() == joining.session());
  REQUIRE(joining.partitions.size() >= 3);
  const auto first = streams.Next(0), second = streams.Next(0);
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  CHECK(first->partition() != second->partition());
  CHECK(streams.Next(0) == nullptr);
  CHECK(streams.next_due() == kNever);
  CHECK(streams.progress().size() == 2);

  joining.cluster.Run(first.get(), kJoining);
  streams.OnEnded(*first, 0);
  CHECK(streams.fetched() == std::vector<uint32_t>{first->partition()});
  const auto third = streams.Next(0);
  REQUIRE(third != nullptr);
  CHECK(third->partition() != first->partition());

  joining.cluster.InstallEverywhere(*net::AbortOperation(joining.ring));
  streams.OnView(joining.cluster.ViewOf(kJoining));
  CHECK(streams.left() == 0);
  CHECK(streams.session() == 0);
  streams.OnEnded(*second, 0);
  CHECK(streams.fetched().empty());
  CHECK(streams.Next(0) == nullptr);
}

}  // namespace trifecta::replication
