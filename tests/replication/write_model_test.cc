// Writes by several coordinators at once, while calls fail, are lost and overtake each other,
// clocks disagree, disks are full and partitions move; held against what a write promises.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/write_operation.h"
#include "net/preference.h"
#include "net/ring_change.h"
#include "storage/base/random.h"
#include "storage/base/text.h"
#include "tests/net/ring_samples.h"
#include "tests/replication/mini_cluster.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"

namespace trifecta::replication {
namespace {

using test::FakeStore;
using test::Fate;
using test::MiniCluster;

constexpr NodeNumber kNodes = 5;
const std::vector<std::string> kWords = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"};

// A write under way, and what is expected of it.
struct Write {
  std::unique_ptr<WriteOperation> operation;
  NodeNumber coordinator = 0;
  Consistency consistency = Consistency::kQuorum;
  std::vector<std::string> words;
  std::map<std::string, Version> last;   // the version in which each was sent last
  std::map<std::string, Version> above;  // acknowledged before it began
  size_t first_ring = 0;                 // in force when it began
  bool judged = false;
};

class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed), cluster_({kNodes, 8, 3, {}}) {
    rings_.push_back(*cluster_.node(1).ring);
    loss_ = random_.Below(200'000);
    for (NodeNumber node = 1; node <= kNodes; ++node) {
      cluster_.node(node).stamper->time += random_.Below(50);
    }
    cluster_.fate_of = [this](const MiniCluster::Flight& flight) {
      if (flight.call.to == flight.from || !random_.Chance(loss_ * 3)) return Fate::kDeliver;
      return std::vector{Fate::kFail, Fate::kLoseRequest, Fate::kLoseReply}[random_.Below(3)];
    };
  }

  void Run(int writes) {
    while (writes > 0 || !writes_.empty()) {
      if (writes > 0 && writes_.size() < 4 && random_.Below(6) == 0) {
        Begin();
        --writes;
      }
      if (random_.Below(12) == 0) Disturb();
      if (random_.Below(8) == 0) ChangeRing();
      cluster_.Step(&random_);
      NoteSent();
      Judge();
    }
  }

  int acknowledged = 0, failed = 0, hinted = 0, second_rounds = 0;
  size_t rings() const { return rings_.size(); }

 private:
  void Begin() {
    Write write;
    write.coordinator = static_cast<NodeNumber>(1 + random_.Below(kNodes));
    write.consistency = std::vector{Consistency::kOne, Consistency::kQuorum, Consistency::kQuorum,
                                    Consistency::kAll}[random_.Below(4)];
    for (const std::string& word : kWords) {
      if (random_.Below(2) == 0) write.words.push_back(word);
    }
    for (const std::string& word : write.words) write.above[word] = acknowledged_[word];
    write.first_ring = RingOf(write.coordinator);
    const std::vector<std::string_view> words(write.words.begin(), write.words.end());
    write.operation =
        std::make_unique<WriteOperation>(words, random_.Below(2) == 0, write.consistency,
                                         cluster_.now() + 100 + random_.Below(3'000),
                                         cluster_.node(write.coordinator).stamper.get());
    writes_.push_back(std::move(write));
    cluster_.Start(writes_.back().operation.get(), writes_.back().coordinator);
    NoteSent();
    Judge();
  }

  // Index of the document in force at a node.
  size_t RingOf(NodeNumber node) {
    for (size_t i = 0; i < rings_.size(); ++i) {
      if (rings_[i].epoch == cluster_.node(node).ring->epoch) return i;
    }
    return 0;
  }

  void Disturb() {
    const auto node = static_cast<NodeNumber>(1 + random_.Below(kNodes));
    cluster_.node(node).live = random_.Below(4) != 0;
    const bool full = random_.Below(6) == 0;
    static_cast<FakeStore*>(cluster_.node(node).store.get())
        ->FailWrites(full ? Status(StatusCode::kDiskFull, "no space") : Status::Ok());
  }

  // Takes the newest document to a node, or makes the next one when enough nodes have it.
  void ChangeRing() {
    const auto node = static_cast<NodeNumber>(1 + random_.Below(kNodes));
    if (RingOf(node) + 1 < rings_.size()) {
      return cluster_.Install(node, rings_[RingOf(node) + 1]);
    }
    if (random_.Below(3) == 0 && IsRecorded()) MakeNextRing();
  }

  bool IsRecorded() {
    std::vector<NodeNumber> recorded;
    for (NodeNumber node = 1; node <= kNodes; ++node) {
      if (RingOf(node) + 1 == rings_.size()) recorded.push_back(node);
    }
    const net::Quorums quorums = {2, 2};
    return std::all_of(rings_.back().partitions.begin(), rings_.back().partitions.end(),
                       [&](const net::Partition& partition) {
                         return net::StepIsRecorded(partition, recorded, quorums, quorums);
                       });
  }

  void MakeNextRing() {
    const net::Ring& ring = rings_.back();
    if (!ring.operation) {
      const auto leaving = static_cast<NodeNumber>(1 + random_.Below(kNodes));
      // One leaves, and all are there again at once: documents are all that is tried here.
      auto next = net::BeginLeave(ring, ring.Find(leaving)->id);
      if (next.ok() && rings_.size() == 1) rings_.push_back(*next);
      return;
    }
    for (int step = 1; step <= 6; ++step) {
      const std::vector<uint32_t> moves = net::MovesAt(ring, static_cast<net::MoveStep>(step));
      if (moves.empty()) continue;
      const auto to = static_cast<net::MoveStep>((step + 1) % 7);
      if (to == net::MoveStep::kWriteBothReadNew) Stream(ring, moves);
      rings_.push_back(*net::AdvanceMoves(ring, moves, to));
      return;
    }
  }

  // What targets fetch: the merge of what two of the old owners have.
  void Stream(const net::Ring& ring, const std::vector<uint32_t>& moves) {
    for (const std::string& word : kWords) {
      const auto partition = static_cast<uint32_t>(cluster_.ViewOf(1)->PartitionOfWord(word));
      if (std::find(moves.begin(), moves.end(), partition) == moves.end()) continue;
      for (const NodeNumber target : ring.partitions[partition].targets) {
        static_cast<FakeStore*>(cluster_.node(target).store.get())->FailWrites(Status::Ok());
        for (size_t i = 0; i < 2; ++i) {
          const storage::Lookup held =
              cluster_.Held(ring.partitions[partition].owners[i + random_.Below(2)], word);
          if (held.known) cluster_.Put(target, word, held.version, !held.live);
        }
      }
    }
  }

  // What was sent, and in which version.
  void NoteSent() {
    for (const MiniCluster::Flight& flight : cluster_.flights()) {
      WriteRequest request;
      if (!Decode(flight.call.request, &request).ok()) continue;
      for (Write& write : writes_) {
        if (write.operation.get() != flight.operation) continue;
        for (const Entry& entry : request.entries) {
          Version& last = write.last[std::string(entry.word)];
          if (last != Version() && entry.version > last) ++second_rounds;
          last = std::max(last, entry.version);
        }
      }
    }
  }

  void Judge() {
    for (Write& write : writes_) {
      if (write.operation->answered() && !write.judged) JudgeAnswer(&write);
      if (write.operation->done()) JudgeHints(write);
    }
    std::erase_if(writes_, [](const Write& write) { return write.operation->done(); });
  }

  void JudgeAnswer(Write* write) {
    write->judged = true;
    if (!write->operation->status().ok()) {
      ++failed;
      return;
    }
    ++acknowledged;
    for (const std::string& word : write->words) {
      INFO(word);
      CHECK(IsStored(*write, word));
      if (write->consistency == Consistency::kOne) continue;
      CHECK(write->last[word] > write->above[word]);
      acknowledged_[word] = std::max(acknowledged_[word], write->last[word]);
    }
  }

  bool Has(NodeNumber node, const std::string& word, const Version& version) {
    const storage::Lookup held = cluster_.Held(node, word);
    return held.known && held.version >= version;
  }

  // By one of the documents that were in force meanwhile.
  bool IsStored(const Write& write, const std::string& word) {
    const ViewPtr view = cluster_.ViewOf(1);
    const size_t partition = view->PartitionOfWord(word);
    for (size_t i = write.first_ring; i < rings_.size(); ++i) {
      const net::OwnerSets sets = net::OwnersFor(rings_[i].partitions[partition]);
      const auto enough = [&](std::span<const NodeNumber> list) {
        const auto count =
            static_cast<size_t>(std::count_if(list.begin(), list.end(), [&](NodeNumber node) {
              return Has(node, word, write.last.at(word));
            }));
        return list.empty() || count >= view->WritesNeeded(list.size(), write.consistency);
      };
      if (enough(sets.write) && enough(sets.also_write)) return true;
    }
    return false;
  }

  // Where an owner has what was written last, every owner has it, or is named in a hint.
  void JudgeHints(const Write& write) {
    for (const auto& last : write.last) {
      const std::string& word = last.first;
      const Version version = last.second;
      const size_t partition = cluster_.ViewOf(1)->PartitionOfWord(word);
      const net::Partition& now = rings_.back().partitions[partition];
      if (now.changed != rings_[write.first_ring].partitions[partition].changed) continue;
      const std::vector<NodeNumber> owners = net::PreferenceList(now);
      const bool anywhere = std::any_of(owners.begin(), owners.end(), [&](NodeNumber node) {
        return cluster_.Held(node, word).version == version;
      });
      if (!anywhere) continue;
      for (const NodeNumber node : owners) {
        if (Has(node, word, version)) continue;
        ++hinted;
        INFO(word << " at " << node);
        CHECK(std::any_of(cluster_.hints.begin(), cluster_.hints.end(), [&](const Hint& hint) {
          return hint.node == node && hint.word == word && hint.version == version;
        }));
      }
    }
  }

  Random random_;
  MiniCluster cluster_;
  uint64_t loss_ = 0;  // in a million
  std::vector<net::Ring> rings_;
  std::vector<Write> writes_;
  std::map<std::string, Version> acknowledged_;
};

}  // namespace

TEST_CASE(
    "Whatever is lost, no write is acknowledged below W or behind one before it, and hints "
    "say what owners lack") {
  int acknowledged = 0, failed = 0, hinted = 0, second_rounds = 0;
  size_t rings = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    Model model(seed);
    model.Run(40);
    acknowledged += model.acknowledged;
    failed += model.failed;
    hinted += model.hinted;
    second_rounds += model.second_rounds;
    rings += model.rings();
  }
  // The model must not have run past what it is about.
  CHECK(acknowledged > 1'000);
  CHECK(failed > 300);
  CHECK(hinted > 300);
  CHECK(second_rounds > 100);
  CHECK(rings > 600);
}

}  // namespace trifecta::replication
