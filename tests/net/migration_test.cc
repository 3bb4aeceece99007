// The rules by which a partition moves (steps, fences, barriers, owner sets), run as a model: nodes
// that learn documents late, coordinators that work by old ones, writes and reads of one word whose
// messages arrive in any order or never, while members join and leave and operations are given up.
// Nothing that was acknowledged may be missed by a read that begins later.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/preference.h"
#include "net/ring_change.h"
#include "storage/base/random.h"
#include "storage/base/text.h"
#include "tests/net/ring_samples.h"
#include "tests/support/catch.h"
#include "tests/support/sanitizers.h"

namespace trifecta::net {
namespace {

// Rules that are left out, for the model to find.
struct Unsafe {
  bool no_fence = false;         // owners serve requests of any epoch
  bool no_barrier = false;       // the next step is taken at once
  bool stream_from_one = false;  // a target fetches from one owner, not from R
  bool abort_at_once = false;    // without stepping back from what is read at the targets
};

class Migration {
 public:
  Migration(uint64_t seed, const Unsafe& unsafe)
      : random_(seed), unsafe_(unsafe), writes_per_million_(seed % 2 == 0 ? 80'000 : 5'000) {
    documents_.push_back(SampleRing(4, 8, 1 + static_cast<unsigned>(seed / 2 % 5)));
  }

  // "" when no read missed anything.
  std::string Run(int turns) {
    for (int turn = 0; turn < turns && broken_.empty(); ++turn) Turn();
    return broken_;
  }
  size_t reads() const { return reads_; }
  size_t writes() const { return writes_; }
  size_t documents() const { return documents_.size(); }

 private:
  struct Node {
    size_t known = 0;  // the index of its document
    uint64_t version = 0;
    Epoch streamed = 0;  // the session whose data it has in full
  };
  // A read or a write on its way.
  struct Request {
    bool write;
    size_t by;         // the index of the coordinator's document
    uint64_t version;  // to write, or the newest that was read
    uint64_t must_see;
    std::vector<NodeNumber> to_ask;
    std::vector<NodeNumber> answered;
  };

  const Partition& PartitionAt(size_t document) const { return documents_[document].partitions[0]; }
  const Partition& Newest() const { return documents_.back().partitions[0]; }

  void Turn() {
    // Where writes are rare, what is lost is not soon covered by the next.
    if (random_.Chance(writes_per_million_)) Begin(true);
    const uint64_t dice = random_.Below(100);
    if (dice < 10) return Begin(false);
    if (dice < 60) return Deliver();
    if (dice < 70) return Learn();
    if (dice < 80) return Stream();
    Advance();
  }

  // Coordinators know any of the last few documents.
  size_t SomeDocument() {
    const size_t back = random_.Below(std::min<size_t>(documents_.size(), 4));
    return documents_.size() - 1 - back;
  }

  void Begin(bool write) {
    Request request;
    request.write = write;
    request.by = SomeDocument();
    request.version = write ? ++clock_ : 0;
    request.must_see = acknowledged_;
    const Partition& partition = PartitionAt(request.by);
    const auto read = OwnersFor(partition).read;
    request.to_ask =
        write ? PreferenceList(partition) : std::vector<NodeNumber>(read.begin(), read.end());
    random_.Shuffle(&request.to_ask);
    requests_.push_back(request);
    if (requests_.size() > 6) requests_.erase(requests_.begin());  // its messages are lost
  }

  void Deliver() {
    if (requests_.empty()) return;
    const size_t at = random_.Below(requests_.size());
    Request& request = requests_[at];
    const NodeNumber number = request.to_ask.back();
    request.to_ask.pop_back();
    Node& node = nodes_[number];
    const auto fence =
        CompareFence(PartitionAt(request.by).changed, PartitionAt(node.known).changed);
    if (fence == Fence::kOwnerStale) LearnTo(&node, number, request.by);
    if (fence != Fence::kRequestStale || unsafe_.no_fence) {
      request.answered.push_back(number);
      if (request.write) node.version = std::max(node.version, request.version);
      if (!request.write) request.version = std::max(request.version, node.version);
    }
    if (Done(request)) {
      Conclude(request);
      request.to_ask.clear();
    }
    if (request.to_ask.empty()) requests_.erase(requests_.begin() + static_cast<int>(at));
  }

  static bool HasMajority(std::span<const NodeNumber> nodes,
                          const std::vector<NodeNumber>& answers) {
    const auto answered = std::count_if(nodes.begin(), nodes.end(), [&](NodeNumber node) {
      return std::find(answers.begin(), answers.end(), node) != answers.end();
    });
    return nodes.empty() || static_cast<size_t>(answered) >= Majority(nodes.size());
  }

  bool Done(const Request& request) const {
    const OwnerSets sets = OwnersFor(PartitionAt(request.by));
    if (!request.write) return HasMajority(sets.read, request.answered);
    return HasMajority(sets.write, request.answered) &&
           HasMajority(sets.also_write, request.answered);
  }

  void Conclude(const Request& request) {
    if (request.write) {
      ++writes_;
      acknowledged_ = std::max(acknowledged_, request.version);
      return;
    }
    ++reads_;
    if (request.version >= request.must_see) return;
    broken_ = StrCat("read ", request.version, " after ", request.must_see, " by document ",
                     request.by, " of ", documents_.size());
  }

  void Learn() {
    const auto number =
        static_cast<NodeNumber>(1 + random_.Below(documents_.back().members.size()));
    LearnTo(&nodes_[number], number, SomeDocument());
  }

  void LearnTo(Node* node, NodeNumber number, size_t document) {
    node->known = std::max(node->known, document);
    // What cleaning up leaves behind.
    if (!Holds(PartitionAt(node->known), number)) node->version = 0;
  }

  // The targets that have not fetched what was there before the move; those that are owners too
  // need not.
  std::vector<NodeNumber> Waiting() {
    std::vector<NodeNumber> waiting = Newest().targets;
    std::erase_if(waiting, [&](NodeNumber target) {
      const auto& owners = Newest().owners;
      return std::find(owners.begin(), owners.end(), target) != owners.end() ||
             nodes_[target].streamed == documents_.back().operation->session;
    });
    return waiting;
  }

  // A target fetches the merge of what R owners have, which must not be at an older step than it.
  void Stream() {
    const Partition& partition = Newest();
    if (partition.step != MoveStep::kStreaming || Waiting().empty()) return;
    const NodeNumber target = Waiting().front();
    LearnTo(&nodes_[target], target, documents_.size() - 1);
    std::vector<NodeNumber> owners = partition.owners;
    random_.Shuffle(&owners);
    owners.resize(unsafe_.stream_from_one ? 1 : Majority(owners.size()));
    for (const NodeNumber owner : owners) {
      LearnTo(&nodes_[owner], owner, documents_.size() - 1);
      nodes_[target].version = std::max(nodes_[target].version, nodes_[owner].version);
    }
    nodes_[target].streamed = documents_.back().operation->session;
  }

  bool StepIsDone() {
    const Partition& partition = Newest();
    if (unsafe_.no_barrier || partition.step == MoveStep::kNone) return true;
    if (partition.step == MoveStep::kStreaming && !Waiting().empty()) return false;
    std::vector<NodeNumber> recorded;
    for (const auto& [number, node] : nodes_) {
      if (PartitionAt(node.known).changed == partition.changed) recorded.push_back(number);
    }
    const auto quorums = [](size_t copies) { return Quorums{Majority(copies), Majority(copies)}; };
    return StepIsRecorded(partition, recorded, quorums(partition.owners.size()),
                          quorums(partition.targets.size()));
  }

  void Advance() {
    if (giving_up_ && !GiveUp()) return;
    const Ring& ring = documents_.back();
    if (!ring.operation) return BeginOperation();
    if (!giving_up_ && random_.Chance(80'000)) giving_up_ = true;
    if (giving_up_) return static_cast<void>(GiveUp());
    if (Newest().step == MoveStep::kNone) return FinishOthers();
    if (!StepIsDone()) return;
    const MoveStep to = Newest().step == MoveStep::kCleanUp
                            ? MoveStep::kNone
                            : static_cast<MoveStep>(static_cast<int>(Newest().step) + 1);
    documents_.push_back(*AdvanceMoves(ring, std::vector<uint32_t>{0}, to));
  }

  // True when the operation is over, or cannot be given up any more.
  bool GiveUp() {
    const Ring& ring = documents_.back();
    if (Newest().step == MoveStep::kWriteBothReadNew) {
      if (!unsafe_.abort_at_once) {
        documents_.push_back(*StepBack(ring, std::vector<uint32_t>{0}));
        stepped_back_ = true;
        return false;
      }
      documents_.push_back(*AbortOperation(*StepBack(ring, std::vector<uint32_t>{0})));
      giving_up_ = false;
      return true;
    }
    if (stepped_back_ && !StepIsDone()) return false;
    giving_up_ = stepped_back_ = false;
    Result<Ring> aborted = AbortOperation(ring);
    if (aborted.ok()) documents_.push_back(*aborted);
    return true;
  }

  void BeginOperation() {
    const Ring& ring = documents_.back();
    const Member& member = ring.members[random_.Below(ring.members.size())];
    Result<Ring> next = BeginLeave(ring, member.id);
    const auto active = std::count_if(ring.members.begin(), ring.members.end(), Votes);
    if (active < 4 || (active < 6 && random_.Chance(500'000))) {
      next = BeginJoin(ring, SampleMember(static_cast<uint16_t>(ring.members.size() + 1)));
    }
    if (next.ok()) documents_.push_back(*next);
  }

  // The other partitions of the ring are not looked at.
  void FinishOthers() { documents_.push_back(RunOperation(documents_.back())); }

  Random random_;
  const Unsafe unsafe_;
  const uint64_t writes_per_million_;  // and turn
  std::vector<Ring> documents_;        // as they were agreed on
  std::map<NodeNumber, Node> nodes_;
  std::vector<Request> requests_;
  uint64_t clock_ = 0;
  uint64_t acknowledged_ = 0;  // the newest version of a write that was
  bool giving_up_ = false;
  bool stepped_back_ = false;
  size_t reads_ = 0, writes_ = 0;
  std::string broken_;
};

TEST_CASE("while a partition moves, no read misses what was acknowledged before it began") {
  constexpr uint64_t kSeeds = test::Seeds(150);
  size_t reads = 0, writes = 0, documents = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Migration migration(seed, {});
    const std::string broken = migration.Run(3000);
    INFO("seed " << seed << ": " << broken);
    REQUIRE(broken.empty());
    reads += migration.reads();
    writes += migration.writes();
    documents += migration.documents();
  }
  CHECK(reads > 40 * kSeeds);
  CHECK(writes > 20 * kSeeds);
  CHECK(documents > 100 * kSeeds);
}

bool IsFound(const Unsafe& unsafe) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    if (!Migration(seed, unsafe).Run(3000).empty()) return true;
  }
  return false;
}

TEST_CASE("without one of its rules the move of a partition loses something") {
  Unsafe unsafe;
  SECTION("owners that serve requests of any epoch") { unsafe.no_fence = true; }
  SECTION("steps that are taken before the last is recorded") { unsafe.no_barrier = true; }
  SECTION("streams from one owner") { unsafe.stream_from_one = true; }
  SECTION("operations given up while their targets are read") { unsafe.abort_at_once = true; }
  CHECK(IsFound(unsafe));
}

}  // namespace
}  // namespace trifecta::net
