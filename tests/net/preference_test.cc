#include "net/preference.h"

#include <algorithm>
#include <bit>
#include <set>
#include <string>

#include "net/stable_hash.h"
#include "storage/base/text.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using Numbers = std::vector<NodeNumber>;

constexpr MoveStep kMoving[] = {MoveStep::kPlanned,   MoveStep::kWriteBothReadOld,
                                MoveStep::kStreaming, MoveStep::kWriteBothReadNew,
                                MoveStep::kUseNew,    MoveStep::kCleanUp};

Partition MovingAt(MoveStep step) { return {{1, 2, 3}, {2, 3, 4}, step, 7}; }

Numbers Listed(std::span<const NodeNumber> nodes) { return {nodes.begin(), nodes.end()}; }

TEST_CASE("the hash that places words is the one that is written down") {
  CHECK(StableHash("") == 0xefd01f60ba992926);
  CHECK(StableHash("a") == 0x82a2a958a9bece5b);
  CHECK(StableHash("tr") == 0xfd2caaca78ca12e3);
  CHECK(StableHash("tri\xC3\xA9") == 0xbbb52efbfc6b8912);
  CHECK(StableMix(0) == 0);
}

TEST_CASE("shard roots are spread over the partitions, which are the high bits of their hash") {
  CHECK(PartitionOf("tr", 256) == StableHash("tr") >> 56);
  CHECK(PartitionOf("tr", 8) == StableHash("tr") >> 61);
  std::vector<int> hits(64);
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) {
      for (char c = 'a'; c <= 'z'; ++c) ++hits[PartitionOf(std::string{a, b, c}, 64)];
    }
  }
  // 17,576 roots, 275 a partition; five standard deviations are 82.
  CHECK(*std::min_element(hits.begin(), hits.end()) > 275 - 82);
  CHECK(*std::max_element(hits.begin(), hits.end()) < 275 + 82);
}

TEST_CASE("a majority is more than half") {
  CHECK(Majority(1) == 1);
  CHECK(Majority(2) == 2);
  CHECK(Majority(3) == 2);
  CHECK(Majority(4) == 3);
  CHECK(Majority(5) == 3);
}

TEST_CASE("a partition that does not move is read and written at its owners") {
  const Partition partition{{3, 1, 2}, {}, MoveStep::kNone, 9};
  const OwnerSets sets = OwnersFor(partition);
  CHECK(sets.changed == 9);
  CHECK(Listed(sets.read) == Numbers{3, 1, 2});
  CHECK(Listed(sets.write) == Numbers{3, 1, 2});
  CHECK(sets.also_write.empty());
  CHECK(PreferenceList(partition) == Numbers{3, 1, 2});
}

TEST_CASE("who is read and written at each step of a move") {
  struct Row {
    MoveStep step;
    Numbers read;
    std::set<Numbers> write;
    Numbers all;
  };
  const Numbers owners{1, 2, 3}, targets{2, 3, 4};
  for (const Row& row : {Row{MoveStep::kPlanned, owners, {owners}, {1, 2, 3}},
                         Row{MoveStep::kWriteBothReadOld, owners, {owners, targets}, {1, 2, 3, 4}},
                         Row{MoveStep::kStreaming, owners, {owners, targets}, {1, 2, 3, 4}},
                         Row{MoveStep::kWriteBothReadNew, targets, {owners, targets}, {2, 3, 4, 1}},
                         Row{MoveStep::kUseNew, targets, {targets}, {2, 3, 4}},
                         Row{MoveStep::kCleanUp, targets, {targets}, {2, 3, 4}}}) {
    const Partition partition = MovingAt(row.step);
    const OwnerSets sets = OwnersFor(partition);
    INFO("step " << static_cast<int>(row.step));
    CHECK(Listed(sets.read) == row.read);
    std::set<Numbers> write{Listed(sets.write)};
    if (!sets.also_write.empty()) write.insert(Listed(sets.also_write));
    CHECK(write == row.write);
    CHECK(PreferenceList(partition) == row.all);
  }
}

TEST_CASE("coordinators that are one step apart still read what the other has written") {
  for (size_t i = 0; i + 1 < std::size(kMoving); ++i) {
    const Partition earlier = MovingAt(kMoving[i]), later = MovingAt(kMoving[i + 1]);
    const auto reads_what_is_written = [](const Partition& reader, const Partition& writer) {
      const Numbers read = Listed(OwnersFor(reader).read);
      return read == Listed(OwnersFor(writer).write) ||
             read == Listed(OwnersFor(writer).also_write);
    };
    INFO("steps " << i + 1 << " and " << i + 2);
    CHECK(reads_what_is_written(earlier, later));
    CHECK(reads_what_is_written(later, earlier));
  }
}

TEST_CASE("a node holds a partition from the first write it may get until it cleans up") {
  for (const MoveStep step : kMoving) {
    INFO("step " << static_cast<int>(step));
    CHECK(Holds(MovingAt(step), 1) == (step != MoveStep::kCleanUp));
    CHECK(Holds(MovingAt(step), 2));
    CHECK(Holds(MovingAt(step), 4) == (step != MoveStep::kPlanned));
    CHECK_FALSE(Holds(MovingAt(step), 5));
  }
  CHECK(Holds({{1}, {}, MoveStep::kNone, 1}, 1));
  CHECK_FALSE(Holds({{1}, {}, MoveStep::kNone, 1}, 2));
}

TEST_CASE("requests are served only by who knows the same change of the partition") {
  CHECK(CompareFence(5, 5) == Fence::kEqual);
  CHECK(CompareFence(4, 5) == Fence::kRequestStale);
  CHECK(CompareFence(6, 5) == Fence::kOwnerStale);
}

TEST_CASE("behind a barrier too few nodes are left for a quorum that does not know the step") {
  for (size_t copies = 1; copies <= kCopiesMax; ++copies) {
    for (size_t reads = 1; reads <= copies; ++reads) {
      for (size_t writes = 1; writes <= copies; ++writes) {
        const size_t barrier = StepBarrier(copies, reads, writes);
        CHECK(barrier == std::max(copies - reads, copies - writes) + 1);
        CHECK(copies - barrier < std::min(reads, writes));
      }
    }
  }
  CHECK(StepBarrier(3, 2, 2) == 2);
  CHECK(StepBarrier(3, 1, 3) == 3);
  CHECK(StepBarrier(1, 1, 1) == 1);
}

TEST_CASE("a step is recorded when enough of the owners and enough of the targets have it") {
  const Partition partition = MovingAt(MoveStep::kWriteBothReadOld);
  const Quorums two{2, 2};
  CHECK_FALSE(StepIsRecorded(partition, Numbers{}, two, two));
  CHECK_FALSE(StepIsRecorded(partition, Numbers{1, 2}, two, two));
  CHECK_FALSE(StepIsRecorded(partition, Numbers{3, 4}, two, two));
  CHECK(StepIsRecorded(partition, Numbers{2, 3}, two, two));
  CHECK(StepIsRecorded(partition, Numbers{1, 4, 2}, two, two));
  CHECK(StepIsRecorded({{1, 2, 3}, {}, MoveStep::kNone, 1}, Numbers{1, 3}, two, {}));
}

// Of every write of the owners, some of the targets that do not fetch may be without; those that do
// have all. Whatever reads' nodes a read then asks, one of them has the word.
bool EveryReadFindsEveryWrite(const Partition& partition, Quorums of_owners, Quorums of_targets) {
  const size_t owners = partition.owners.size(), targets = partition.targets.size();
  for (uint32_t has = 0; has < 1u << owners; ++has) {
    const auto copies = static_cast<size_t>(std::popcount(has));
    if (copies + of_owners.reads <= owners) continue;  // no quorum has it
    size_t without = 0;
    for (const NodeNumber target : partition.targets) {
      const auto at = std::find(partition.owners.begin(), partition.owners.end(), target);
      const bool had = at != partition.owners.end() && (has >> (at - partition.owners.begin()) & 1);
      without += !had && !HasToFetch(partition, target, of_owners, of_targets);
    }
    if (without >= of_targets.reads && targets > 0) return false;
  }
  return true;
}

TEST_CASE("who fetches for a move is enough for every read, however many copies go or come") {
  for (NodeNumber owners = 1; owners <= 5; ++owners) {
    for (NodeNumber targets = 1; targets <= 5; ++targets) {
      for (NodeNumber stay = 0; stay <= std::min(owners, targets); ++stay) {
        Partition partition;
        for (NodeNumber i = 0; i < owners; ++i) partition.owners.push_back(i + 1);
        for (NodeNumber i = 0; i < targets; ++i) {
          partition.targets.push_back(i < stay ? i + 1 : 100 + i);
        }
        for (size_t reads = 1; reads <= owners; ++reads) {
          const Quorums of_owners{reads, owners + 1 - reads};
          const size_t again = std::min<size_t>(reads, targets);
          for (const size_t target_reads : {again, Majority(targets)}) {
            INFO(owners << " to " << targets << ", " << stay << " stay, read " << reads << " and "
                        << target_reads);
            CHECK(EveryReadFindsEveryWrite(partition, of_owners, {target_reads, 1}));
          }
        }
      }
    }
  }
}

TEST_CASE("owners that stay fetch only where copies get too few without") {
  const Quorums two{2, 2}, one{1, 1}, three{3, 3};
  CHECK_FALSE(HasToFetch({{1, 2, 3}, {1, 2, 4}, MoveStep::kStreaming, 1}, 1, two, two));
  CHECK(HasToFetch({{1, 2, 3}, {1, 2, 4}, MoveStep::kStreaming, 1}, 4, two, two));
  CHECK_FALSE(HasToFetch({{1, 2, 3}, {1, 2, 4}, MoveStep::kStreaming, 1}, 3, two, two));
  CHECK_FALSE(HasToFetch({{1, 2, 3}, {1, 2}, MoveStep::kStreaming, 1}, 1, two, two));
  CHECK(HasToFetch({{1, 2}, {1}, MoveStep::kStreaming, 1}, 1, two, one));
  CHECK(HasToFetch({{1, 2, 3, 4}, {1, 2, 3}, MoveStep::kStreaming, 1}, 1, three, two));
  CHECK_FALSE(HasToFetch({{1}, {1, 2}, MoveStep::kStreaming, 1}, 1, one, two));
}

}  // namespace
}  // namespace trifecta::net
