// What others say against a node, and how it refutes that.
#include <algorithm>
#include <string>
#include <vector>

#include "net/failure_detector.h"
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

TEST_CASE("what is said against this node is refuted at once, without waiting for the disk") {
  Fixture node;
  node.StartAmong(3);
  const uint64_t before = node.detector.self().incarnation;
  const Liveness accusation = GENERATE(Liveness::kSuspect, Liveness::kDead, Liveness::kLeft);
  node.HearOf(2, RecordOf(Fixture::kSelf, accusation, before + 7));
  node.HearOf(3, RecordOf(Fixture::kSelf, accusation, before));
  CHECK(node.detector.self().incarnation == before + 8);
  CHECK(node.outbox.persists.empty());
  node.RunFor(0);
  bool told = false;
  for (const Sent& sent : node.TakeSent()) {
    told = told || Says(sent.message, Fixture::kSelf, Liveness::kAlive);
  }
  CHECK(told);
  CHECK(node.detector.health_multiplier() > 1);
}

TEST_CASE("an incarnation above the ceiling on disk is used once a higher ceiling is there") {
  Fixture node;
  node.StartAmong(3);
  const uint64_t before = node.detector.self().incarnation;
  const uint64_t accused = before + kIncarnationsAhead;
  node.HearOf(2, RecordOf(Fixture::kSelf, Liveness::kDead, accused));
  CHECK(node.detector.self().incarnation == before);
  REQUIRE(node.outbox.persists.size() == 1);
  CHECK(*ParseIncarnation(node.outbox.persists[0].bytes) == accused + 1 + kIncarnationsAhead);
  node.Persist();
  CHECK(node.detector.self().incarnation == accused + 1);
}

TEST_CASE("the ceiling is written anew when half of it is used up") {
  Fixture node;
  node.StartAmong(3);
  const uint64_t before = node.detector.self().incarnation;
  node.HearOf(2, RecordOf(Fixture::kSelf, Liveness::kDead, before + kIncarnationsAhead / 2 - 1));
  CHECK(node.outbox.persists.empty());
  node.HearOf(2, RecordOf(Fixture::kSelf, Liveness::kDead, before + kIncarnationsAhead / 2));
  CHECK(node.outbox.persists.size() == 1);
}

TEST_CASE("an old accusation and its own word need no refutation") {
  Fixture node;
  node.StartAmong(2);
  const uint64_t own = node.detector.self().incarnation;
  node.HearOf(2, RecordOf(Fixture::kSelf, Liveness::kDead, own - 1));
  node.HearOf(2, RecordOf(Fixture::kSelf, Liveness::kAlive, own));
  CHECK(node.outbox.persists.empty());
}

TEST_CASE("another node with this one's id is reported with its address") {
  Fixture node;
  node.StartAmong(2);
  NodeRecord clone = RecordOf(Fixture::kSelf, Liveness::kAlive, 10'000);
  clone.address = "clone:1";
  node.HearOf(2, clone);
  REQUIRE(node.outbox.log.size() == 1);
  CHECK(node.outbox.log[0].level == LogLevel::kWarning);
  CHECK(node.outbox.log[0].text.find("clone:1") != std::string::npos);
}

}  // namespace
}  // namespace trifecta::net
