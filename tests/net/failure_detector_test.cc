#include "net/failure_detector.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "net/incarnation.h"
#include "net/own_record.h"
#include "tests/net/detector_fixture.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using Fixture = DetectorFixture;

bool Says(const GossipMessage& message, uint64_t node, Liveness liveness) {
  return std::any_of(message.records.begin(), message.records.end(), [&](const NodeRecord& record) {
    return record.id == IdOf(node) && record.liveness == liveness;
  });
}

TEST_CASE("nothing is sent before the incarnation is on disk") {
  Fixture node;
  node.detector.SetSeeds({"seed:1"});
  REQUIRE(node.detector.Start("", Fixture::kUnixSeconds, node.now).ok());
  node.RunFor(60'000);
  node.Meet(2);
  CHECK(node.outbox.messages.empty());
  REQUIRE(node.outbox.persists.size() == 1);
  CHECK(node.outbox.persists[0].name == kIncarnationFileName);
  CHECK(*ParseIncarnation(node.outbox.persists[0].bytes) ==
        Fixture::kUnixSeconds + kIncarnationsAhead);
  node.Persist();
  node.RunFor(0);
  CHECK_FALSE(node.outbox.messages.empty());
}

TEST_CASE("a life begins above the incarnation on disk, and not with a damaged one") {
  Fixture node;
  node.Start(FormatIncarnation(5'000));
  CHECK(node.detector.self().incarnation == 5'001);
  Fixture damaged;
  CHECK(damaged.detector.Start("x", 1, damaged.now).code() == StatusCode::kDataDamaged);
}

TEST_CASE("seeds are asked at once, and again each second until somebody is known") {
  Fixture node;
  node.detector.SetSeeds({"seed:1", "seed:2", AddressOf(Fixture::kSelf)});
  node.Start();
  node.RunFor(0);
  std::set<Address> asked;
  for (const Sent& sent : node.TakeSent(GossipKind::kSync)) {
    CHECK(sent.message.to.is_zero());
    asked.insert(sent.address);
  }
  CHECK(asked == std::set<Address>{"seed:1", "seed:2"});
  node.RunFor(10'000);
  CHECK(node.TakeSent(GossipKind::kSync).size() == 20);
}

TEST_CASE("a seed where no live node listens is asked now and then, so are the dead") {
  Fixture node;
  node.detector.SetSeeds({AddressOf(2), "seed:1"});
  node.StartAmong(5);
  node.HearOf(2, RecordOf(5, Liveness::kDead, 5));
  node.Quieten();
  node.RunFor(60'000, true);
  int seed = 0, dead = 0;
  for (const Sent& sent : node.TakeSent(GossipKind::kSync)) {
    seed += sent.address == "seed:1";
    if (sent.address != AddressOf(5)) continue;
    ++dead;
    CHECK(Says(sent.message, 5, Liveness::kDead));
  }
  CHECK(seed == 12);
  CHECK(dead == 12);
}

TEST_CASE("each live node is pinged once a round, in an order that changes") {
  Fixture node;
  node.StartAmong(6);
  std::vector<NodeId> pinged;
  for (int i = 0; i < 30; ++i) {
    const Sent ping = node.NextPing();
    pinged.push_back(ping.message.to);
    for (uint64_t id = 2; id <= 6; ++id) {
      if (IdOf(id) == ping.message.to) node.Ack(id, ping.message.number);
    }
  }
  std::map<NodeId, int> times;
  for (const NodeId& id : pinged) ++times[id];
  CHECK(times.size() == 5);
  for (const auto& [id, count] : times) CHECK((count >= 5 && count <= 7));
  CHECK(std::vector(pinged.begin(), pinged.begin() + 10) !=
        std::vector(pinged.begin() + 10, pinged.begin() + 20));
}

TEST_CASE("a ping is answered by an ack with its number") {
  Fixture node;
  node.StartAmong(2);
  node.Hear(RecordOf(2, Liveness::kAlive, 5), GossipKind::kPing,
            [](GossipMessage* message) { message->number = 42; });
  const auto acks = node.TakeSent(GossipKind::kAck);
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].address == AddressOf(2));
  CHECK(acks[0].message.number == 42);
  CHECK(acks[0].message.sender == node.detector.self());
}

TEST_CASE("a node that does not answer is asked through three others, then it is suspect") {
  Fixture node;
  node.StartAmong(6);
  const Sent ping = node.NextPing();
  const uint64_t target = ping.message.to.bytes().back();
  node.RunFor(kLanOptions.probe_timeout - 1);
  CHECK(node.TakeSent(GossipKind::kPingRequest).empty());
  node.RunFor(1);
  const auto requests = node.TakeSent(GossipKind::kPingRequest);
  REQUIRE(requests.size() == 3);
  std::set<NodeId> helpers;
  for (const Sent& request : requests) {
    helpers.insert(request.message.to);
    CHECK(request.message.target == IdOf(target));
    CHECK(request.message.target_address == AddressOf(target));
    CHECK(request.message.number == ping.message.number);
  }
  CHECK(helpers.size() == 3);
  CHECK_FALSE(helpers.contains(IdOf(target)));
  CHECK(node.LivenessOf(target) == Liveness::kAlive);
  node.RunFor(kLanOptions.probe_interval - kLanOptions.probe_timeout);
  CHECK(node.LivenessOf(target) == Liveness::kSuspect);

  SECTION("and is the first to be told") {
    const auto sent = node.TakeSent(GossipKind::kGossip);
    REQUIRE_FALSE(sent.empty());
    CHECK(sent[0].address == AddressOf(target));
    CHECK(sent[0].message.records.front().id == IdOf(target));
    CHECK(sent[0].message.records.front().accuser == IdOf(Fixture::kSelf));
  }
}

TEST_CASE("an answer, also one through a helper, ends the probe") {
  Fixture node;
  node.StartAmong(6);
  const Sent ping = node.NextPing();
  const uint64_t target = ping.message.to.bytes().back();
  SECTION("its own, in time") { node.Ack(target, ping.message.number); }
  SECTION("its own, after helpers were asked") {
    node.RunFor(kLanOptions.probe_timeout);
    node.Ack(target, ping.message.number);
  }
  SECTION("a helper's") {
    node.RunFor(kLanOptions.probe_timeout);
    const auto requests = node.TakeSent(GossipKind::kPingRequest);
    node.Ack(requests.at(0).message.to.bytes().back(), ping.message.number);
  }
  node.RunFor(kLanOptions.probe_interval, true);
  CHECK(node.LivenessOf(target) == Liveness::kAlive);
  CHECK(node.detector.health_multiplier() == 1);
}

TEST_CASE("an ack with another number, or from a node that was not asked, proves nothing") {
  Fixture node;
  node.StartAmong(6);
  const Sent ping = node.NextPing();
  const uint64_t target = ping.message.to.bytes().back();
  node.Ack(target, ping.message.number + 1);
  for (uint64_t other = 2; other <= 6; ++other) {
    if (other != target) node.Ack(other, ping.message.number);
  }
  node.RunFor(kLanOptions.probe_interval);
  CHECK(node.LivenessOf(target) == Liveness::kSuspect);
}

TEST_CASE("a target that has a new life since it was pinged is not suspect for the old one") {
  Fixture node;
  node.StartAmong(3);
  const Sent ping = node.NextPing();
  const uint64_t target = ping.message.to.bytes().back();
  node.HearOf(5 - target, RecordOf(target, Liveness::kAlive, 6));
  node.RunFor(kLanOptions.probe_interval - 1);
  CHECK(node.LivenessOf(target) == Liveness::kAlive);
}

TEST_CASE("a helper pings the target and sends its ack on, or says that there was none") {
  Fixture node;
  node.StartAmong(4);
  node.Hear(RecordOf(2, Liveness::kAlive, 5), GossipKind::kPingRequest, [](GossipMessage* message) {
    message->number = 42;
    message->target = IdOf(3);
    message->target_address = AddressOf(3);
  });
  const auto pings = node.TakeSent(GossipKind::kPing);
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].address == AddressOf(3));
  SECTION("ack in time") {
    node.Ack(3, pings[0].message.number);
    const auto acks = node.TakeSent(GossipKind::kAck);
    REQUIRE(acks.size() == 1);
    CHECK(acks[0].address == AddressOf(2));
    CHECK(acks[0].message.number == 42);
    node.RunFor(5'000, true);
    CHECK(node.TakeSent(GossipKind::kNack).empty());
  }
  SECTION("nack, in time for the end of the probe") {
    node.RunFor(399, true);
    CHECK(node.TakeSent(GossipKind::kNack).empty());
    node.RunFor(1, true);
    const auto nacks = node.TakeSent(GossipKind::kNack);
    REQUIRE(nacks.size() == 1);
    CHECK(nacks[0].message.number == 42);
    node.Ack(3, pings[0].message.number);
    CHECK(node.TakeSent(GossipKind::kAck).size() == 1);
  }
  SECTION("an ack of someone else is not sent on") {
    node.Ack(4, pings[0].message.number);
    CHECK(node.TakeSent(GossipKind::kAck).empty());
  }
}

TEST_CASE("helpers that stay silent speak for a fault of our own: probes take longer") {
  Fixture node;
  node.StartAmong(6);
  const Sent ping = node.NextPing();
  node.RunFor(kLanOptions.probe_timeout);
  const auto requests = node.TakeSent(GossipKind::kPingRequest);
  SECTION("all silent") {
    node.RunFor(kLanOptions.probe_timeout);
    CHECK(node.detector.health_multiplier() == 4);
    node.NextPing();
    const Millis began = node.now;
    node.NextPing();
    CHECK(node.now - began == 4 * kLanOptions.probe_interval);
  }
  SECTION("all say that the target is") {
    for (const Sent& request : requests) {
      node.Hear(RecordOf(request.message.to.bytes().back(), Liveness::kAlive, 5), GossipKind::kNack,
                [&](GossipMessage* message) { message->number = ping.message.number; });
    }
    node.RunFor(kLanOptions.probe_timeout);
    CHECK(node.detector.health_multiplier() == 1);
  }
}

TEST_CASE("the health score grows to its bound and recovers by answered probes") {
  Fixture node;
  node.StartAmong(6);
  for (int i = 0; i < 5; ++i) {
    node.NextPing();
    node.RunFor(100);
  }
  CHECK(node.detector.health_multiplier() == kLanOptions.health_max);
  for (uint64_t id = 2; id <= 6; ++id) {
    node.Hear(RecordOf(id, Liveness::kAlive, 6), GossipKind::kGossip);
  }
  node.RunFor(100'000, true);
  CHECK(node.detector.health_multiplier() == 1);
}

TEST_CASE("a suspect that does not refute is dead: soon when others confirm, late when not") {
  Fixture node;
  node.StartAmong(9);
  node.HearOf(2, RecordOf(9, Liveness::kSuspect, 5));
  const Millis began = node.now;
  SECTION("nobody confirms") {
    node.RunUntil(began + 23'999, true);
    // Its own probes of the suspect confirm what another said.
    CHECK(node.LivenessOf(9) == Liveness::kDead);
  }
  SECTION("two confirm") {
    for (const uint64_t accuser : {3, 4}) {
      NodeRecord record = RecordOf(9, Liveness::kSuspect, 5);
      record.accuser = IdOf(accuser);
      node.HearOf(accuser, record);
    }
    node.RunUntil(began + 3'999, true);
    CHECK(node.LivenessOf(9) == Liveness::kSuspect);
    node.RunUntil(began + 4'000, true);
    CHECK(node.LivenessOf(9) == Liveness::kDead);
  }
  SECTION("it refutes") {
    node.HearOf(3, RecordOf(9, Liveness::kAlive, 6));
    CHECK(node.LivenessOf(9) == Liveness::kAlive);
    node.RunUntil(began + 100'000, true);
    CHECK(node.LivenessOf(9) == Liveness::kAlive);
  }
}

TEST_CASE("confirmations that come after the shorter time has passed end the suspicion at once") {
  Fixture node;
  node.StartAmong(40);
  node.HearOf(2, RecordOf(40, Liveness::kSuspect, 5));
  node.RunFor(9'000, true);
  for (const uint64_t accuser : {3, 4}) {
    NodeRecord record = RecordOf(40, Liveness::kSuspect, 5);
    record.accuser = IdOf(accuser);
    node.HearOf(accuser, record);
  }
  node.RunFor(0, true);
  CHECK(node.LivenessOf(40) == Liveness::kDead);
  CHECK(node.detector.health_multiplier() == 1);
}

TEST_CASE("who sends a message although it is taken for dead is told so, but not each time") {
  Fixture node;
  node.StartAmong(4);
  node.HearOf(2, RecordOf(3, Liveness::kDead, 5));
  node.Quieten();
  for (int i = 0; i < 10; ++i) node.Meet(3);
  CHECK(node.LivenessOf(3) == Liveness::kDead);
  const auto sent = node.TakeSent(GossipKind::kGossip);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].address == AddressOf(3));
  CHECK(Says(sent[0].message, 3, Liveness::kDead));
  node.RunFor(kLanOptions.gossip_interval, true);
  node.Meet(3);
  CHECK(node.TakeSent(GossipKind::kGossip).size() == 1);
}

TEST_CASE("dead in another's table is suspect here, and it is told to defend itself") {
  Fixture node;
  node.StartAmong(5);
  node.Hear(RecordOf(2, Liveness::kAlive, 5), GossipKind::kTable, [](GossipMessage* message) {
    message->range = {IdOf(0), IdOf(9)};
    message->records = {RecordOf(4, Liveness::kDead, 5), RecordOf(5, Liveness::kLeft, 5)};
  });
  CHECK(node.LivenessOf(4) == Liveness::kSuspect);
  CHECK(node.LivenessOf(5) == Liveness::kLeft);
  const auto sent = node.TakeSent(GossipKind::kGossip);
  REQUIRE_FALSE(sent.empty());
  CHECK(sent[0].address == AddressOf(4));
  CHECK(sent[0].message.records.front().accuser == IdOf(2));
}

TEST_CASE("messages of another cluster, for another node or from this one's id are not taken") {
  Fixture node;
  node.StartAmong(2);
  node.detector.SetCluster(IdOf(77));
  const NodeRecord stranger = RecordOf(9, Liveness::kAlive, 5);
  node.Hear(stranger, GossipKind::kPing, [](GossipMessage* m) { m->cluster = IdOf(78); });
  node.Hear(stranger, GossipKind::kPing, [](GossipMessage* m) { m->to = IdOf(8); });
  node.Hear(RecordOf(Fixture::kSelf, Liveness::kAlive, 5), GossipKind::kPing);
  node.detector.Receive(IdOf(8), EncodeGossipMessage(GossipOf(GossipKind::kPing)), node.now);
  CHECK(node.detector.members().Find(IdOf(9)) == nullptr);
  CHECK(node.TakeSent().empty());
  CHECK(node.detector.refusals().foreign == 1);
  CHECK(node.detector.refusals().misdirected == 2);
  CHECK(node.detector.refusals().damaged == 1);
  node.Hear(stranger, GossipKind::kPing, [](GossipMessage* m) { m->cluster = IdOf(77); });
  CHECK(node.detector.members().Find(IdOf(9)) != nullptr);
}

TEST_CASE("a message of a newer format is counted and dropped") {
  Fixture node;
  node.StartAmong(2);
  std::string bytes(1, '\x02');
  bytes += '\x01';
  node.detector.Receive(IdOf(2), bytes, node.now);
  CHECK(node.detector.refusals().unknown == 1);
}

TEST_CASE("a node that leaves says so, is gone when enough have heard it, and probes no more") {
  Fixture node;
  node.StartAmong(4);
  node.detector.Leave(node.now);
  CHECK_FALSE(node.detector.left());
  node.RunFor(kLanOptions.leave_timeout);
  CHECK(node.detector.left());
  std::set<Address> told;
  for (const Sent& sent : node.TakeSent()) {
    CHECK(sent.message.kind == GossipKind::kGossip);
    CHECK(sent.message.sender.liveness == Liveness::kLeft);
    told.insert(sent.address);
  }
  CHECK(told.size() == 3);
  CHECK(node.detector.next_due() == FailureDetector::kNever);
  node.HearOf(2, RecordOf(Fixture::kSelf, Liveness::kDead, 1'000'000));
  CHECK(node.outbox.persists.empty());
}

TEST_CASE("a node that is alone, or never got its incarnation to disk, leaves at once") {
  Fixture alone;
  alone.Start();
  alone.detector.Leave(alone.now);
  CHECK(alone.detector.left());
  Fixture early;
  REQUIRE(early.detector.Start("", 1, early.now).ok());
  early.detector.Leave(early.now);
  CHECK(early.detector.left());
  early.Persist();
  early.RunFor(10'000);
  CHECK(early.TakeSent().empty());
}

TEST_CASE("time in which this node did not run counts against nobody") {
  Fixture node;
  node.StartAmong(5);
  const Sent ping = node.NextPing();
  const uint64_t target = ping.message.to.bytes().back();
  node.HearOf(2, RecordOf(5, Liveness::kSuspect, 5));
  node.now += 3'600'000;
  node.Ack(target, ping.message.number);
  node.RunFor(100, true);
  CHECK(node.LivenessOf(target) != Liveness::kDead);
  CHECK(node.LivenessOf(5) == Liveness::kSuspect);
  CHECK(node.detector.health_multiplier() == 1);  // worse by the stall, better by the answer
  CHECK(node.detector.CorrectedTime(node.now) < node.now - 3'590'000);
  REQUIRE_FALSE(node.outbox.log.empty());
  CHECK(node.outbox.log.back().level == LogLevel::kWarning);
}

TEST_CASE("a new ring epoch goes out at once, load alone waits for messages that are sent anyway") {
  Fixture node;
  node.StartAmong(5);
  node.detector.SetVitals({.load = 7}, node.now);
  node.RunFor(0);
  CHECK(node.TakeSent(GossipKind::kGossip).empty());
  CHECK(node.detector.self().vitals.sequence == 1);
  node.detector.SetVitals({.ring_epoch = 3, .load = 7}, node.now);
  node.RunFor(10'000, true);
  const auto sent = node.TakeSent(GossipKind::kGossip);
  CHECK(sent.size() == RetransmitLimit(kLanOptions.retransmit_mult, 5));
  for (const Sent& one : sent) CHECK(one.message.sender.vitals.ring_epoch == 3);
}

TEST_CASE("when all is quiet a node sends a ping a second and compares tables now and then") {
  Fixture node;
  node.StartAmong(10);
  node.RunFor(60'000, true);
  std::map<GossipKind, int> kinds;
  for (const Sent& sent : node.TakeSent()) ++kinds[sent.message.kind];
  CHECK(kinds[GossipKind::kPing] == 60);
  CHECK(kinds[GossipKind::kSync] == 4);
  CHECK(kinds.size() == 2);
}

TEST_CASE("comparing tables is rarer in large clusters, as memberlist has it") {
  for (const auto& [nodes, times] : std::vector<std::pair<size_t, Millis>>{
           {1, 1}, {32, 1}, {33, 2}, {64, 2}, {65, 3}, {128, 3}, {129, 4}, {1'000, 6}}) {
    CHECK(SyncInterval(15'000, nodes) == 15'000 * times);
  }
}

TEST_CASE("pings for others are bounded") {
  Fixture node;
  node.StartAmong(2);
  for (size_t i = 0; i < kRelaysMax + 10; ++i) {
    node.Hear(RecordOf(2, Liveness::kAlive, 5), GossipKind::kPingRequest, [](GossipMessage* m) {
      m->target = IdOf(3);
      m->target_address = AddressOf(3);
    });
  }
  CHECK(node.TakeSent(GossipKind::kPing).size() == kRelaysMax);
}

}  // namespace
}  // namespace trifecta::net
