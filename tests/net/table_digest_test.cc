#include "net/table_digest.h"

#include <set>

#include "storage/base/random.h"
#include "tests/net/records.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

NodeId RandomId(Random* random) {
  std::array<uint8_t, NodeId::kBytes> bytes;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random->Next());
  return NodeId(bytes);
}

Membership TableOf(const std::vector<NodeId>& ids) {
  Membership table;
  for (const NodeId& id : ids) {
    NodeRecord record = RecordOf(1, Liveness::kAlive, 1);
    record.id = id;
    table.Merge(record, 0);
  }
  return table;
}

TEST_CASE("a bucket holds 16 nodes or more, and there are at most 256") {
  for (const auto& [nodes, buckets] : std::vector<std::pair<size_t, size_t>>{
           {0, 1}, {1, 1}, {31, 1}, {32, 2}, {100, 4}, {1'000, 32}, {4'096, 256}, {8'192, 256}}) {
    CHECK(DigestBuckets(nodes) == buckets);
  }
}

TEST_CASE("equal tables have equal digests, however they came about") {
  Random random(1);
  std::vector<NodeId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(RandomId(&random));
  const Membership first = TableOf(ids);
  random.Shuffle(&ids);
  const Membership second = TableOf(ids);
  CHECK(TableDigests(first.nodes(), 8) == TableDigests(second.nodes(), 8));
  CHECK(DifferingRanges(TableDigests(first.nodes(), 8), TableDigests(second.nodes(), 8)).empty());
}

TEST_CASE("a difference in who, incarnation or liveness is found, in the bucket where it is") {
  Random random(2);
  std::vector<NodeId> ids;
  for (int i = 0; i < 500; ++i) ids.push_back(RandomId(&random));
  const Membership before = TableOf(ids);
  for (const size_t buckets : {1, 2, 32, 256}) {
    for (int change = 0; change < 3; ++change) {
      Membership after = before;
      NodeRecord record = after.nodes()[random.Below(500)].record;
      if (change == 0) record.liveness = Liveness::kSuspect;
      if (change == 1) ++record.incarnation;
      if (change == 2) record.id = RandomId(&random);
      after.Merge(record, 0);
      const auto ranges = DifferingRanges(TableDigests(before.nodes(), buckets),
                                          TableDigests(after.nodes(), buckets));
      REQUIRE(ranges.size() == 1);
      CHECK(ranges[0].Contains(record.id));
      CHECK(NodesIn(before.nodes(), ranges[0]).size() < 4 * 500 / buckets + 2);
    }
  }
}

TEST_CASE("vitals make no difference: they change all the time") {
  Membership table = TableOf({IdOf(1), IdOf(2)});
  const auto before = TableDigests(table.nodes(), 1);
  NodeRecord record = table.nodes()[0].record;
  record.vitals.sequence = 5;
  table.Merge(record, 0);
  CHECK(TableDigests(table.nodes(), 1) == before);
}

TEST_CASE("neighbouring buckets that differ are one range, and all of them are all ids") {
  const std::vector<uint64_t> ours{1, 2, 3, 4}, theirs{0, 0, 3, 0};
  const auto ranges = DifferingRanges(ours, theirs);
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].first.ToString() == "00000000-0000-0000-0000-000000000000");
  CHECK(ranges[0].last.ToString() == "7fffffff-ffff-ffff-ffff-ffffffffffff");
  CHECK(ranges[1].first.ToString() == "c0000000-0000-0000-0000-000000000000");
  CHECK(ranges[1].last.ToString() == "ffffffff-ffff-ffff-ffff-ffffffffffff");
}

TEST_CASE("the nodes of a range are those between its ends, both included") {
  const Membership table = TableOf({IdOf(1), IdOf(3), IdOf(5), IdOf(7)});
  CHECK(NodesIn(table.nodes(), {IdOf(3), IdOf(5)}).size() == 2);
  CHECK(NodesIn(table.nodes(), {IdOf(4), IdOf(4)}).empty());
  CHECK(NodesIn(table.nodes(), {IdOf(0), IdOf(100)}).size() == 4);
}

TEST_CASE("the id before another one borrows through its zeros") {
  CHECK(IdBefore(IdOf(256)) == IdOf(255));
  CHECK(IdBefore(IdOf(1)) == IdOf(0));
  CHECK(IdBefore(*NodeId::Parse("01000000-0000-0000-0000-000000000000")).ToString() ==
        "00ffffff-ffff-ffff-ffff-ffffffffffff");
}

}  // namespace
}  // namespace trifecta::net
