#include "net/table_sync.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/net/detector_fixture.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using Fixture = DetectorFixture;

const IdRange kEverything{IdOf(0), *NodeId::Parse("ffffffff-ffff-ffff-ffff-ffffffffffff")};

std::vector<NodeId> IdsOf(const std::vector<NodeRecord>& records) {
  std::vector<NodeId> ids;
  for (const NodeRecord& record : records) ids.push_back(record.id);
  return ids;
}

TEST_CASE("equal tables need no answer") {
  Fixture node;
  node.StartAmong(4);
  node.Hear(RecordOf(2, Liveness::kAlive, 5), GossipKind::kSync, [&](GossipMessage* message) {
    message->digests = TableDigests(node.detector.members().nodes(), 4);
  });
  CHECK(node.TakeSent().empty());
}

TEST_CASE("a newcomer's table is answered by all that is known, the newcomer included") {
  Fixture node;
  node.StartAmong(4);
  node.HearOf(2, RecordOf(4, Liveness::kDead, 5));
  node.Quieten();
  node.Hear(RecordOf(9, Liveness::kAlive, 5), GossipKind::kSync,
            [](GossipMessage* message) { message->digests = {0}; });
  const auto tables = node.TakeSent(GossipKind::kTable);
  REQUIRE(tables.size() == 1);
  const GossipMessage& table = tables[0].message;
  CHECK(tables[0].address == AddressOf(9));
  CHECK(table.answer);
  CHECK(table.range == kEverything);
  const auto ids = IdsOf(table.records);
  for (const uint64_t id : {1, 2, 3, 4, 9}) {
    CHECK(std::find(ids.begin(), ids.end(), IdOf(id)) != ids.end());
  }
  const auto dead = std::find(ids.begin(), ids.end(), IdOf(4)) - ids.begin();
  CHECK(table.records[dead].gone >= 30'000);
}

TEST_CASE("a table is answered by what it does not have or has older, and by that alone") {
  Fixture node;
  node.StartAmong(6);
  node.Meet(7);
  node.HearOf(2, RecordOf(3, Liveness::kAlive, 8));
  node.Quieten();
  node.Hear(RecordOf(2, Liveness::kAlive, 5), GossipKind::kTable, [&](GossipMessage* message) {
    message->range = {IdOf(1), IdOf(6)};
    message->answer = true;
    message->records = {node.detector.self(), RecordOf(2, Liveness::kAlive, 5),
                        RecordOf(3, Liveness::kSuspect, 7), RecordOf(4, Liveness::kAlive, 6),
                        RecordOf(6, Liveness::kAlive, 5)};
  });
  const auto tables = node.TakeSent(GossipKind::kTable);
  REQUIRE(tables.size() == 1);
  CHECK_FALSE(tables[0].message.answer);
  // What is news here (node 4's new life) goes along as with any message.
  CHECK(IdsOf(tables[0].message.records) == std::vector{IdOf(3), IdOf(5), IdOf(4)});
  CHECK(node.detector.members().Find(IdOf(4))->record.incarnation == 6);
}

TEST_CASE("a table that asks for no answer, or knows all, gets none") {
  Fixture node;
  node.StartAmong(4);
  const auto table = [&](bool answer, size_t left_out) {
    node.Hear(RecordOf(2, Liveness::kAlive, 5), GossipKind::kTable, [&](GossipMessage* message) {
      message->range = kEverything;
      message->answer = answer;
      for (const KnownNode& known : node.detector.members().nodes().subspan(left_out)) {
        message->records.push_back(known.record);
      }
    });
  };
  table(false, 2);
  CHECK(node.TakeSent().empty());
  table(true, 0);
  CHECK(node.TakeSent().empty());
  table(true, 1);
  CHECK(node.TakeSent(GossipKind::kTable).size() == 1);
}

TEST_CASE(
    "a large table goes in several messages, each within its bound and complete in its range") {
  Fixture node;
  node.Start();
  for (uint64_t id = 2; id <= 1'500; ++id) {
    NodeRecord record = RecordOf(id, Liveness::kAlive, 5);
    record.zone.assign(kZoneBytesMax, 'z');
    node.HearOf(2, record);
  }
  node.outbox.messages.clear();
  node.Hear(RecordOf(2, Liveness::kAlive, 5), GossipKind::kSync,
            [](GossipMessage* message) { message->digests = {0}; });
  for (const OutgoingMessage& message : node.outbox.messages) {
    CHECK(message.bytes.size() <= kGossipBytesMax);
  }
  const auto tables = node.TakeSent(GossipKind::kTable);
  REQUIRE(tables.size() > 5);
  CHECK(tables.front().message.range.first == kEverything.first);
  CHECK(tables.back().message.range.last == kEverything.last);
  size_t in_range = 0;
  for (size_t i = 0; i < tables.size(); ++i) {
    const GossipMessage& message = tables[i].message;
    in_range += std::count_if(message.records.begin(), message.records.end(),
                              [&](const NodeRecord& r) { return message.range.Contains(r.id); });
    if (i > 0) CHECK(IdBefore(message.range.first) == tables[i - 1].message.range.last);
  }
  CHECK(in_range >= 1'500);
}

TEST_CASE("a newcomer does not tell everyone what it was told, a node of long standing does") {
  Fixture node;
  node.Start();
  const auto hear_table = [&](uint64_t id) {
    node.Hear(RecordOf(2, Liveness::kAlive, 5), GossipKind::kTable, [&](GossipMessage* message) {
      message->range = {IdOf(id), IdOf(id)};
      message->records = {RecordOf(id, Liveness::kAlive, 5)};
    });
    node.RunFor(1'000, true);
    bool told = false;
    for (const Sent& sent : node.TakeSent()) {
      const auto ids = IdsOf(sent.message.records);
      told = told || std::find(ids.begin(), ids.end(), IdOf(id)) != ids.end();
    }
    return told;
  };
  node.Meet(3);
  CHECK_FALSE(hear_table(50));
  node.Quieten();
  CHECK(hear_table(51));
}

TEST_CASE("a node that has been gone for longer than nodes are kept is not taken in again") {
  Fixture node;
  node.StartAmong(2);
  NodeRecord old = RecordOf(50, Liveness::kDead, 5);
  old.gone = kLanOptions.gone_kept + 1;
  node.HearOf(2, old);
  CHECK(node.detector.members().Find(IdOf(50)) == nullptr);
  node.detector.SetRingMembers({IdOf(50)});
  node.HearOf(2, old);
  CHECK(node.detector.members().Find(IdOf(50)) != nullptr);
}

}  // namespace
}  // namespace trifecta::net
