#include "net/membership.h"

#include <algorithm>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/net/records.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using News = Membership::News;
constexpr Liveness kAllLiveness[] = {Liveness::kAlive, Liveness::kSuspect, Liveness::kDead,
                                     Liveness::kLeft};

TEST_CASE("a higher incarnation overrides whatever was said of a lower one") {
  for (const Liveness before : kAllLiveness) {
    for (const Liveness after : kAllLiveness) {
      CHECK(Overrides(RecordOf(1, after, 6), RecordOf(1, before, 5)));
      CHECK_FALSE(Overrides(RecordOf(1, after, 5), RecordOf(1, before, 6)));
    }
  }
}

TEST_CASE("of one incarnation left overrides dead, dead suspect, and suspect alive") {
  for (const Liveness before : kAllLiveness) {
    for (const Liveness after : kAllLiveness) {
      CHECK(Overrides(RecordOf(1, after, 5), RecordOf(1, before, 5)) == (after > before));
    }
  }
}

TEST_CASE("a table tells what was new to it") {
  Membership table;
  CHECK(table.Merge(RecordOf(1, Liveness::kAlive, 5), 0) == News::kLife);
  CHECK(table.Merge(RecordOf(1, Liveness::kAlive, 5), 0) == News::kNone);
  CHECK(table.Merge(RecordOf(1, Liveness::kAlive, 4), 0) == News::kNone);
  CHECK(table.Merge(RecordOf(1, Liveness::kSuspect, 5), 0) == News::kLife);
  CHECK(table.Merge(RecordOf(1, Liveness::kAlive, 6), 0) == News::kLife);
  NodeRecord newer = RecordOf(1, Liveness::kAlive, 6);
  newer.vitals.sequence = 1;
  newer.vitals.ring_epoch = 9;
  CHECK(table.Merge(newer, 0) == News::kVitals);
  CHECK(table.Merge(newer, 0) == News::kNone);
  CHECK(table.Find(IdOf(1))->record.vitals.ring_epoch == 9);
  CHECK(table.Find(IdOf(2)) == nullptr);
}

TEST_CASE("vitals of an older incarnation are not taken, however high their number") {
  Membership table;
  table.Merge(RecordOf(1, Liveness::kAlive, 6), 0);
  NodeRecord older = RecordOf(1, Liveness::kAlive, 5);
  older.vitals = {.sequence = 100, .ring_epoch = 9};
  CHECK(table.Merge(older, 0) == News::kNone);
  CHECK(table.Find(IdOf(1))->record.vitals.ring_epoch == 0);
}

// What nodes must agree on: everything but who told them and when.
std::vector<NodeRecord> StateOf(const Membership& table) {
  std::vector<NodeRecord> state;
  for (const KnownNode& node : table.nodes()) {
    state.push_back(node.record);
    state.back().accuser = {};
  }
  return state;
}

// A record as it may be on the wire: vitals and liveness are independent of each other.
NodeRecord RandomRecord(Random* random) {
  NodeRecord record =
      RecordOf(1 + random->Below(3), kAllLiveness[random->Below(4)], 1 + random->Below(3));
  record.address = std::string("10.0.0.1:") + std::to_string(record.incarnation);
  record.vitals.sequence = random->Below(4);
  record.vitals.load = record.vitals.sequence * 10 + record.incarnation;
  return record;
}

TEST_CASE("tables that merged the same records are equal, in whatever order and however often") {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<NodeRecord> records;
    for (int i = 0; i < 8; ++i) records.push_back(RandomRecord(&random));
    Membership first, second;
    for (const NodeRecord& record : records) first.Merge(record, 0);
    random.Shuffle(&records);
    for (const NodeRecord& record : records) {
      second.Merge(record, 0);
      second.Merge(records[random.Below(records.size())], 0);
    }
    REQUIRE(StateOf(first) == StateOf(second));
    Membership through_first;
    for (const NodeRecord& record : StateOf(first)) through_first.Merge(record, 0);
    REQUIRE(StateOf(through_first) == StateOf(first));
  }
}

TEST_CASE("live nodes are counted and nodes are in order of their ids") {
  Membership table;
  for (const uint64_t node : {3, 1, 4, 2}) table.Merge(RecordOf(node, Liveness::kAlive, 1), 0);
  table.Merge(RecordOf(1, Liveness::kSuspect, 1), 0);
  table.Merge(RecordOf(2, Liveness::kDead, 1), 0);
  table.Merge(RecordOf(3, Liveness::kLeft, 1), 0);
  CHECK(table.live_count() == 2);
  CHECK(std::is_sorted(table.nodes().begin(), table.nodes().end(),
                       [](const auto& a, const auto& b) { return a.record.id < b.record.id; }));
  table.Merge(RecordOf(2, Liveness::kAlive, 2), 0);
  CHECK(table.live_count() == 3);
  table.Forget(IdOf(2));
  CHECK(table.live_count() == 2);
  CHECK(table.nodes().size() == 3);
}

TEST_CASE("the count of changes grows when who lives changes, not with vitals") {
  Membership table;
  table.Merge(RecordOf(1, Liveness::kAlive, 1), 0);
  const uint64_t before = table.changes();
  NodeRecord newer = RecordOf(1, Liveness::kAlive, 1);
  newer.vitals.sequence = 7;
  table.Merge(newer, 0);
  table.NoteHeard(IdOf(1), 5);
  CHECK(table.changes() == before);
  table.Merge(RecordOf(1, Liveness::kSuspect, 1), 0);
  CHECK(table.changes() > before);
}

TEST_CASE("the dead are forgotten after their time, counted from when they were first found dead") {
  Membership table;
  NodeRecord dead = RecordOf(1, Liveness::kDead, 1);
  dead.gone = 90;
  table.Merge(dead, 1'000);
  table.Merge(RecordOf(2, Liveness::kLeft, 1), 1'000);
  table.Merge(RecordOf(3, Liveness::kAlive, 1), 1'000);
  CHECK(table.Find(IdOf(1))->GoneFor(1'005) == 95);
  table.ForgetGone(100, 1'010);
  CHECK(table.nodes().size() == 3);
  table.ForgetGone(100, 1'011);
  CHECK(table.Find(IdOf(1)) == nullptr);
  table.ForgetGone(100, 1'101);
  CHECK(table.Find(IdOf(2)) == nullptr);
  CHECK(table.Find(IdOf(3)) != nullptr);
}

TEST_CASE("nodes that are kept are not forgotten") {
  Membership table;
  table.Keep({IdOf(1)});
  table.Merge(RecordOf(1, Liveness::kDead, 1), 0);
  table.ForgetGone(100, 1'000'000);
  CHECK(table.Find(IdOf(1)) != nullptr);
}

TEST_CASE("a full table makes room by what is gone for longest, never by the living or kept") {
  Membership table;
  table.Keep({IdOf(1)});
  table.Merge(RecordOf(1, Liveness::kDead, 1), 0);
  table.Merge(RecordOf(2, Liveness::kDead, 1), 10);
  table.Merge(RecordOf(3, Liveness::kLeft, 1), 20);
  for (uint64_t node = 4; table.nodes().size() < kKnownNodesMax; ++node) {
    table.Merge(RecordOf(node, Liveness::kAlive, 1), 30);
  }
  CHECK(table.Merge(RecordOf(100'001, Liveness::kAlive, 1), 40) == News::kLife);
  CHECK(table.Find(IdOf(2)) == nullptr);
  CHECK(table.Merge(RecordOf(100'002, Liveness::kAlive, 1), 40) == News::kLife);
  CHECK(table.Find(IdOf(3)) == nullptr);
  CHECK(table.Merge(RecordOf(100'003, Liveness::kAlive, 1), 40) == News::kNone);
  CHECK(table.nodes().size() == kKnownNodesMax);
  CHECK(table.live_count() == kKnownNodesMax - 1);
}

TEST_CASE("when a node was heard of, told and measured is kept through changes of its record") {
  Membership table;
  table.Merge(RecordOf(1, Liveness::kAlive, 1), 0);
  table.NoteHeard(IdOf(1), 5);
  table.NoteClock(IdOf(1), -12, 4, 6);
  table.NoteHeard(IdOf(2), 5);
  table.Merge(RecordOf(1, Liveness::kSuspect, 1), 7);
  const KnownNode* node = table.Find(IdOf(1));
  CHECK(node->heard_at == 5);
  CHECK(node->clock_offset == -12);
  CHECK(node->round_trip == 4);
  CHECK(node->measured_at == 6);
  CHECK(node->changed_at == 7);
}

}  // namespace
}  // namespace trifecta::net
