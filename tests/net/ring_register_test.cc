#include "net/ring_register.h"

#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "net/ring_change.h"
#include "tests/net/ring_cluster.h"
#include "tests/net/ring_samples.h"
#include "tests/support/catch.h"
#include "tests/support/sanitizers.h"

namespace trifecta::net {
namespace {

constexpr Millis kDeadline = 60'000;

// Some registers joined by hand: what one sends arrives when the test says so, and is on disk at
// once unless the test holds it back.
class Registers {
 public:
  // Nodes 1 to `count` with `ring` in force.
  Registers(uint16_t count, const Ring& ring) {
    for (uint16_t n = 1; n <= count; ++n) Add(n);
    for (uint16_t n = 1; n <= count; ++n) {
      REQUIRE(At(n).Install(ring).ok());
      Sync(n);
    }
  }

  void Add(uint16_t n, const std::string& cluster_name = "sample") {
    boxes_[n] = std::make_unique<Outbox>();
    registers_[n] = std::make_unique<RingRegister>(SampleId(n), cluster_name, n, boxes_[n].get());
  }
  RingRegister& At(uint16_t n) { return *registers_[n]; }
  Outbox& BoxOf(uint16_t n) { return *boxes_[n]; }

  // Everything that `n` has asked to persist gets on disk, and what it asks for then.
  void Sync(uint16_t n) {
    while (!BoxOf(n).persists.empty()) {
      const uint64_t token = BoxOf(n).persists.back().token;
      disks_[n] = BoxOf(n).persists.back().bytes;
      BoxOf(n).persists.clear();
      At(n).OnPersisted(token, now_);
    }
  }
  const std::string& DiskOf(uint16_t n) { return disks_[n]; }

  // Delivers all messages, and those that they cause, but none from or to the nodes of `cut`.
  void Deliver(const std::set<uint16_t>& cut = {}) {
    for (bool more = true; more;) {
      more = false;
      for (auto& [n, box] : boxes_) {
        Sync(n);
        for (OutgoingMessage& message : std::exchange(box->messages, {})) {
          const uint16_t to = NumberOf(message.to);
          more = true;
          if (cut.count(n) + cut.count(to) == 0 && registers_.count(to) > 0) {
            At(to).Receive(SampleId(n), message.bytes, now_);
          }
        }
      }
    }
  }

  void Pass(Millis time) {
    now_ += time;
    for (auto& [n, ring_register] : registers_) ring_register->Tick(now_);
  }
  Millis now() const { return now_; }

  Status Propose(uint16_t n, const Ring& next) {
    return At(n).Propose(next, now_ + kDeadline, now_);
  }
  ProposalOutcome OutcomeAt(uint16_t n) {
    const auto result = At(n).TakeResult();
    REQUIRE(result.has_value());
    return result->outcome;
  }

 private:
  static uint16_t NumberOf(const NodeId& id) {
    return static_cast<uint16_t>(static_cast<uint8_t>(id.bytes()[14]) << 8 |
                                 static_cast<uint8_t>(id.bytes()[15]));
  }

  Millis now_ = 1'000;
  std::map<uint16_t, std::unique_ptr<Outbox>> boxes_;
  std::map<uint16_t, std::unique_ptr<RingRegister>> registers_;
  std::map<uint16_t, std::string> disks_;
};

Ring Moved(const Ring& ring, uint16_t n, const Address& address) {
  return *ChangeAddress(ring, SampleId(n), address);
}

TEST_CASE("a cluster of one agrees with itself as soon as its disk has it") {
  Registers nodes(1, SampleFounding());
  const Ring next = Moved(*nodes.At(1).ring(), 1, "h:2");
  REQUIRE(nodes.Propose(1, next).ok());
  CHECK(nodes.At(1).epoch() == 1);
  nodes.Sync(1);
  CHECK(nodes.OutcomeAt(1) == ProposalOutcome::kAgreed);
  CHECK(*nodes.At(1).ring() == next);
  CHECK(nodes.BoxOf(1).messages.empty());
}

TEST_CASE("any member proposes, and all of them have the document in the end") {
  Registers nodes(3, SampleRing(3));
  Ring ring = SampleRing(3);
  for (uint16_t n = 1; n <= 3; ++n) {
    ring = Moved(ring, n, "h:9");
    REQUIRE(nodes.Propose(n, ring).ok());
    nodes.Deliver();
    CHECK(nodes.OutcomeAt(n) == ProposalOutcome::kAgreed);
    for (uint16_t other = 1; other <= 3; ++other) CHECK(*nodes.At(other).ring() == ring);
  }
}

TEST_CASE("a majority is enough, and who was away learns what was agreed on") {
  Registers nodes(3, SampleRing(3));
  const Ring first = Moved(SampleRing(3), 1, "h:9");
  REQUIRE(nodes.Propose(1, first).ok());
  nodes.Deliver({3});
  CHECK(nodes.OutcomeAt(1) == ProposalOutcome::kAgreed);
  CHECK(nodes.At(3).epoch() == SampleRing(3).epoch);

  SECTION("when it asks") {
    nodes.At(3).Pull(SampleId(2));
    nodes.Deliver();
    CHECK(*nodes.At(3).ring() == first);
  }
  SECTION("when it is asked about the next") {
    const Ring second = Moved(first, 2, "h:9");
    REQUIRE(nodes.Propose(2, second).ok());
    nodes.Deliver();
    CHECK(*nodes.At(3).ring() == second);
  }
  SECTION("when it proposes: then it has lost") {
    REQUIRE(nodes.Propose(3, Moved(SampleRing(3), 2, "h:9")).ok());
    nodes.Deliver();
    CHECK(nodes.OutcomeAt(3) == ProposalOutcome::kLost);
    CHECK(*nodes.At(3).ring() == first);
  }
}

TEST_CASE("without a majority nothing is agreed on, and the deadline ends the proposal") {
  Registers nodes(2, SampleRing(2));
  REQUIRE(nodes.Propose(1, Moved(SampleRing(2), 1, "h:9")).ok());
  nodes.Deliver({2});
  nodes.Pass(500);
  nodes.Deliver({2});
  CHECK_FALSE(nodes.At(1).TakeResult().has_value());
  nodes.Pass(kDeadline);
  const auto result = nodes.At(1).TakeResult();
  REQUIRE(result.has_value());
  CHECK(result->outcome == ProposalOutcome::kLost);  // nobody was asked to accept it
  CHECK(result->reason.find(SampleId(2).ToString()) != std::string::npos);
  CHECK(nodes.At(1).epoch() == SampleRing(2).epoch);
  CHECK_FALSE(nodes.At(1).proposing());
}

TEST_CASE("what a voter may have accepted when the deadline passes is unknown, and may be agreed") {
  Registers nodes(2, SampleRing(2));
  const Ring next = Moved(SampleRing(2), 1, "h:9");
  REQUIRE(nodes.Propose(1, next).ok());
  nodes.Sync(1);  // the ballot; then it asks node 2
  const auto asked = std::exchange(nodes.BoxOf(1).messages, {});
  REQUIRE(asked.size() == 1);
  nodes.At(2).Receive(SampleId(1), asked[0].bytes, nodes.now());
  nodes.Sync(2);
  const auto promised = std::exchange(nodes.BoxOf(2).messages, {});
  nodes.At(1).Receive(SampleId(2), promised.at(0).bytes, nodes.now());
  nodes.Pass(kDeadline);
  CHECK(nodes.OutcomeAt(1) == ProposalOutcome::kUnknown);
  // Node 2 proposes something else, and finds what node 1 has accepted.
  REQUIRE(nodes.Propose(2, Moved(SampleRing(2), 2, "other:9")).ok());
  nodes.Deliver();
  CHECK(nodes.OutcomeAt(2) == ProposalOutcome::kLost);
  CHECK(*nodes.At(2).ring() == next);
  CHECK(*nodes.At(1).ring() == next);
}

TEST_CASE("what was not answered is asked again") {
  Registers nodes(3, SampleRing(3));
  REQUIRE(nodes.Propose(1, Moved(SampleRing(3), 1, "h:9")).ok());
  nodes.Sync(1);
  nodes.BoxOf(1).messages.clear();  // all lost
  nodes.Pass(499);
  CHECK(nodes.BoxOf(1).messages.empty());
  nodes.Pass(1);
  CHECK(nodes.BoxOf(1).messages.size() == 2);
  nodes.Deliver();
  CHECK(nodes.OutcomeAt(1) == ProposalOutcome::kAgreed);
}

TEST_CASE(
    "two who propose at once: one is agreed on, both know which, and neither waits for long") {
  Registers nodes(3, SampleRing(3));
  REQUIRE(nodes.Propose(1, Moved(SampleRing(3), 1, "first:1")).ok());
  REQUIRE(nodes.Propose(2, Moved(SampleRing(3), 2, "second:1")).ok());
  for (int turn = 0; turn < 100; ++turn) {
    nodes.Deliver();
    nodes.Pass(100);
  }
  const ProposalOutcome first = nodes.OutcomeAt(1);
  const ProposalOutcome second = nodes.OutcomeAt(2);
  CHECK(((first == ProposalOutcome::kAgreed && second == ProposalOutcome::kLost) ||
         (first == ProposalOutcome::kLost && second == ProposalOutcome::kAgreed)));
  for (uint16_t n = 1; n <= 3; ++n) CHECK(*nodes.At(n).ring() == *nodes.At(1).ring());
}

TEST_CASE("a voter answers when its disk has what it answers, not before") {
  Registers nodes(2, SampleRing(2));
  REQUIRE(nodes.Propose(1, Moved(SampleRing(2), 1, "h:9")).ok());
  CHECK(nodes.BoxOf(1).messages.empty());  // not even a question before the ballot is on disk
  nodes.Sync(1);
  const auto asked = std::exchange(nodes.BoxOf(1).messages, {});
  nodes.At(2).Receive(SampleId(1), asked.at(0).bytes, nodes.now());
  CHECK(nodes.BoxOf(2).messages.empty());
  REQUIRE(nodes.BoxOf(2).persists.size() == 1);
  CHECK(nodes.BoxOf(2).persists[0].name == RingRegister::kFileName);
  nodes.At(2).Receive(SampleId(1), asked.at(0).bytes, nodes.now());  // doubled
  CHECK(nodes.BoxOf(2).messages.empty());
  nodes.Sync(2);
  CHECK(nodes.BoxOf(2).messages.size() == 2);
}

TEST_CASE("after a restart a node has the document that it showed, and keeps what it promised") {
  Registers nodes(3, SampleRing(3));
  const Ring next = Moved(SampleRing(3), 1, "h:9");
  REQUIRE(nodes.Propose(1, next).ok());
  nodes.Deliver();
  const std::string disk = nodes.DiskOf(2);
  nodes.Add(2);
  CHECK(nodes.At(2).ring() == nullptr);
  REQUIRE(nodes.At(2).Restore(disk).ok());
  CHECK(*nodes.At(2).ring() == next);
  REQUIRE(nodes.Propose(2, Moved(next, 2, "h:9")).ok());
  nodes.Deliver();
  CHECK(nodes.OutcomeAt(2) == ProposalOutcome::kAgreed);
}

TEST_CASE("what a damaged file or one of another cluster holds is not taken up") {
  Registers nodes(1, SampleFounding());
  std::string disk = nodes.DiskOf(1);
  nodes.Add(2, "another");
  CHECK(nodes.At(2).Restore(disk).code() == StatusCode::kInvalidArgument);
  disk[disk.size() / 2] ^= 1;
  nodes.Add(1);
  CHECK(nodes.At(1).Restore(disk).code() == StatusCode::kDataDamaged);
  CHECK(nodes.At(1).ring() == nullptr);
}

TEST_CASE("a proposal is refused at once where it cannot succeed") {
  Registers nodes(3, SampleRing(3));
  const Ring ring = SampleRing(3);
  SECTION("when it does not follow the document in force") {
    Ring skips = Moved(ring, 1, "h:9");
    ++skips.epoch;
    CHECK(nodes.Propose(1, skips).code() == StatusCode::kInvalidArgument);
    CHECK(nodes.Propose(1, ring).code() == StatusCode::kInvalidArgument);
  }
  SECTION("when another is under way") {
    REQUIRE(nodes.Propose(1, Moved(ring, 1, "h:9")).ok());
    CHECK(nodes.At(1).proposing());
    CHECK(nodes.Propose(1, Moved(ring, 2, "h:9")).code() == StatusCode::kUnavailable);
  }
  SECTION("by a node that has no document, or has left") {
    nodes.Add(9);
    CHECK(nodes.Propose(9, Moved(ring, 1, "h:9")).code() == StatusCode::kUnavailable);
    nodes.Add(4);
    const Ring left = RunOperation(*BeginLeave(SampleRing(4), SampleId(4)));
    REQUIRE(nodes.At(4).Install(left).ok());
    nodes.Sync(4);
    CHECK(nodes.Propose(4, Moved(left, 1, "h:9")).code() == StatusCode::kUnavailable);
  }
}

TEST_CASE("a node without a document takes the one in which it joins, of its own cluster") {
  const Ring joining = *BeginJoin(SampleRing(3), SampleMember(4));
  Registers nodes(3, joining);
  SECTION("as one that joins") {
    nodes.Add(4);
    nodes.At(4).Pull(SampleId(1));
    nodes.Deliver();
    REQUIRE(nodes.At(4).ring() != nullptr);
    CHECK(*nodes.At(4).ring() == joining);
  }
  SECTION("not as one that has a vote: it must have lost what it promised") {
    nodes.Add(3);
    nodes.At(3).Pull(SampleId(1));
    nodes.Deliver();
    CHECK(nodes.At(3).ring() == nullptr);
  }
  SECTION("not as a stranger, and not of a cluster of another name") {
    nodes.Add(5);
    nodes.Add(4, "another");
    nodes.At(5).Pull(SampleId(1));
    nodes.At(4).Pull(SampleId(1));
    nodes.Deliver();
    CHECK(nodes.At(5).ring() == nullptr);
    CHECK(nodes.At(4).ring() == nullptr);
  }
}

TEST_CASE("messages of another cluster, and what are no messages, change nothing and are told") {
  Registers nodes(1, SampleRing(2));
  RingConstants constants = SampleConstants();
  constants.cluster_id = SampleId(0x0bad);
  Ring other = *FoundRing(constants, SampleMember(2));
  other.epoch = 99;
  RingMessage message;
  message.kind = RingMessageKind::kCommitted;
  message.cluster = other.cluster_id;
  message.epoch = other.epoch;
  message.document = std::make_shared<const Ring>(other);
  nodes.At(1).Receive(SampleId(2), EncodeRingMessage(message), nodes.now());
  nodes.At(1).Receive(SampleId(2), "\x01\x63nonsense", nodes.now());
  nodes.Sync(1);
  CHECK(*nodes.At(1).ring() == SampleRing(2));
  CHECK(nodes.BoxOf(1).log.size() == 2);
  CHECK(nodes.BoxOf(1).messages.empty());
}

TEST_CASE("a document is installed only over an earlier one of the same cluster") {
  Registers nodes(1, SampleRing(3));
  CHECK_FALSE(nodes.At(1).Install(SampleRing(2)).ok());
  CHECK_FALSE(nodes.At(1).Install(SampleRing(3)).ok());
  CHECK(nodes.At(1).Install(SampleRing(4)).ok());
  nodes.Sync(1);
  CHECK(*nodes.At(1).ring() == SampleRing(4));
}

TEST_CASE("two documents of one epoch are reported as what they are") {
  const Ring here = Moved(SampleRing(2), 1, "here:1");
  RingMessage message;
  message.kind = RingMessageKind::kCommitted;
  message.document = std::make_shared<const Ring>(Moved(SampleRing(2), 1, "there:1"));
  message.cluster = here.cluster_id;
  message.epoch = here.epoch;
  Registers nodes(1, here);
  nodes.At(1).Receive(SampleId(2), EncodeRingMessage(message), nodes.now());
  REQUIRE(nodes.BoxOf(1).log.size() == 1);
  CHECK(nodes.BoxOf(1).log[0].level == LogLevel::kError);
  CHECK(*nodes.At(1).ring() == here);
}

TEST_CASE("a change of the voters needs a majority of the old ones and one of the new ones") {
  // Node 4 joins: two of the three old voters are enough, three of the four new ones are not there
  // without it.
  Ring ring = *BeginJoin(SampleRing(3), SampleMember(4));
  RunOperation(ring, [&](const Ring& next) {
    if (next.operation) ring = next;
  });
  Registers nodes(3, ring);
  nodes.Add(4);
  REQUIRE(nodes.At(4).Install(ring).ok());
  nodes.Sync(4);
  REQUIRE(nodes.Propose(1, *FinishOperation(ring)).ok());
  nodes.Deliver({3, 4});
  CHECK(nodes.At(1).proposing());
  nodes.Pass(500);
  nodes.Deliver({3});
  CHECK(nodes.OutcomeAt(1) == ProposalOutcome::kAgreed);
  CHECK(VotersOf(*nodes.At(4).ring()).size() == 4);
}

TEST_CASE("with many members the oldest of each zone agree, an odd number of them") {
  Ring ring = SampleFounding();
  ring.members.clear();
  for (uint16_t n = 1; n <= 40; ++n) {
    // Thirty in zone "a", then five each in "b" and "c".
    const Zone zone = n <= 30 ? "a" : n <= 35 ? "b" : "c";
    ring.members.push_back({SampleId(n), n, MemberState::kActive, "h:1", zone});
  }
  std::map<Zone, int> zones;
  for (const NodeId& id : VotersOf(ring)) ++zones[ring.Find(id)->zone];
  CHECK(zones == std::map<Zone, int>{{"a", 5}, {"b", 5}, {"c", 5}});
  CHECK(VotersOf(ring).front() == SampleId(1));
  CHECK(VotersOf(SampleRing(4)).size() == 4);
  CHECK(VotersOf(*BeginJoin(SampleRing(3), SampleMember(4))).size() == 3);
}

RingClusterOptions HarshOptions() {
  RingClusterOptions options;
  options.crash_per_million = 60'000;
  options.down_most = 200;
  options.loss_per_million = 200'000;
  options.sync_most = 150;  // so that crashes come between a question and its answer
  options.propose_per_million = 150'000;
  return options;
}

TEST_CASE("whatever network, disks and crashes do, an epoch has one document and none is lost") {
  constexpr uint64_t kSeeds = test::Seeds(120);
  size_t agreed = 0, lost = 0, crashes = 0, changes = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    RingCluster cluster(seed, seed % 2 == 0 ? HarshOptions() : RingClusterOptions());
    cluster.Run(30'000);
    const bool settled = cluster.Settle();
    INFO("seed " << seed << ", epoch " << cluster.newest() << ": " << cluster.broken());
    REQUIRE(cluster.broken().empty());
    REQUIRE(settled);
    agreed += cluster.agreed();
    lost += cluster.lost();
    crashes += cluster.crashes();
    changes += cluster.voter_changes();
  }
  // That it was as hard as it should be.
  CHECK(agreed > 20 * kSeeds);
  CHECK(lost > 10 * kSeeds);
  CHECK(crashes > 10 * kSeeds);
  CHECK(changes > 2 * kSeeds);
}

bool IsFound(const RingClusterOptions& options) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    RingCluster cluster(seed, options);
    cluster.Run(30'000);
    if (!cluster.broken().empty()) return true;
  }
  return false;
}

TEST_CASE("a voter that forgets its promises in a crash is found out") {
  RingClusterOptions options = HarshOptions();
  options.forgets = true;
  CHECK(IsFound(options));
}

TEST_CASE("a voter that answers before its disk has it is found out") {
  RingClusterOptions options = HarshOptions();
  options.answers_before_sync = true;
  CHECK(IsFound(options));
}

TEST_CASE("a run of the simulated cluster repeats from its seed") {
  const auto told = [] {
    RingCluster cluster(7, HarshOptions());
    cluster.Run(20'000);
    return std::tuple(cluster.newest(), cluster.agreed(), cluster.lost(), cluster.crashes());
  };
  CHECK(told() == told());
}

}  // namespace
}  // namespace trifecta::net
