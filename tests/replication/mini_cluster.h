// A cluster in one thread, for tests of operations: real replicas, each with a store and a clock of
// its own, and calls that wait until the test delivers them, in any order, or loses them. Time
// moves only when the test moves it.
//
//   MiniCluster cluster;                    // three nodes, three copies
//   cluster.node(2).fate = Fate::kFail;     // calls to it fail from now on
//   WriteOperation write(...);
//   cluster.Run(&write);                    // as coordinator, node 1
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "daemon/replication/cluster_view.h"
#include "daemon/replication/digest_table.h"
#include "daemon/replication/operation.h"
#include "daemon/replication/replica.h"
#include "daemon/replication/stamper.h"
#include "net/ring.h"
#include "storage/base/random.h"
#include "storage/store.h"

namespace trifecta::test {

using net::Millis;
using net::NodeNumber;
using replication::ViewPtr;

// A clock that stands still but for what it gives.
class CountingStamper : public replication::Stamper {
 public:
  CountingStamper(NodeNumber node, uint64_t last) : time(last), node_(node) {}

  Result<Version> Stamp() override {
    if (!failure.ok()) return failure;
    return Version{++time, node_};
  }
  void Observe(const Version& version) override { time = std::max(time, version.time); }

  uint64_t time;  // of the last version given or observed
  Status failure;

 private:
  const NodeNumber node_;
};

// What becomes of a call.
enum class Fate {
  kDeliver,
  kFail,         // kUnavailable at once, not carried out
  kLoseRequest,  // kTimeout at its deadline, not carried out
  kLoseReply,    // kTimeout at its deadline, carried out
};

struct MiniNode {
  NodeNumber number = net::kNoNodeNumber;
  std::unique_ptr<replication::DigestTable> digests;  // filled, and observes the store
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<CountingStamper> stamper;
  std::unique_ptr<replication::Replica> replica;
  net::RingPtr ring;           // in force here
  bool live = true;            // what the views of all say of it
  Millis round_trip = 0;       // the same
  net::Zone zone;              // the same
  NodeNumber stamped_by = 0;   // ClusterView::stamper here; 0: itself
  Fate fate = Fate::kDeliver;  // of calls to it from other nodes
};

struct MiniClusterOptions {
  NodeNumber nodes = 3;
  unsigned partitions = 8;
  unsigned copies = 3;
  // Nothing: a FakeStore.
  std::function<std::unique_ptr<storage::Store>(NodeNumber)> store;
};

class MiniCluster {
 public:
  using Options = MiniClusterOptions;
  explicit MiniCluster(Options options = {});

  // A call that waits to be delivered.
  struct Flight {
    replication::Operation* operation = nullptr;
    NodeNumber from = net::kNoNodeNumber;
    replication::Call call;
    bool lost = false;  // nothing but its deadline is left
  };

  MiniNode& node(NodeNumber number) { return nodes_.at(number - 1); }
  NodeNumber size() const { return static_cast<NodeNumber>(nodes_.size()); }
  ViewPtr ViewOf(NodeNumber number);
  Millis now() const { return now_; }

  // Puts a ring document in force at one node, or at all. Operations hear of it only if they wait
  // for it.
  void Install(NodeNumber number, const net::Ring& ring);
  void InstallEverywhere(const net::Ring& ring);

  // The operation lives until it is done, or Forget.
  void Start(replication::Operation* operation, NodeNumber coordinator = 1);
  void Forget(replication::Operation* operation);
  // The calls that wait, oldest first.
  const std::vector<Flight>& flights() const { return flights_; }
  // Lets the call at `index` meet its fate.
  void Deliver(size_t index);
  // Until none waits but lost ones; calls that come up meanwhile too.
  void DeliverAll();
  // Moves the time; what is due on the way is done in its order.
  void AdvanceTo(Millis time);
  // The earliest time at which something is due; kNever when nothing is.
  Millis NextDue() const;
  // One random thing: delivers any of the calls, or moves the time to what is due next. False when
  // there is nothing to be done.
  bool Step(Random* random);

  // Start, then all of it until it is done, or answered. Throws when that comes to nothing.
  void Run(replication::Operation* operation, NodeNumber coordinator = 1);
  void RunUntilAnswered(replication::Operation* operation, NodeNumber coordinator = 1);

  // What a call comes to instead of its node's fate.
  std::function<Fate(const Flight&)> fate_of;
  // False: a ring that an operation wants is not fetched; the test does that by FetchRing.
  bool fetches_rings = true;
  void FetchRing(replication::Operation* operation);

  // Of all operations.
  std::vector<replication::Hint> hints;
  size_t delivered = 0;                        // calls that were carried out
  unsigned read_quorum = 0, write_quorum = 0;  // of the views

  // What a node's store says of a word.
  storage::Lookup Held(NodeNumber number, std::string_view word) const;
  // Puts an entry into a node's store as if by a stream.
  void Put(NodeNumber number, std::string_view word, Version version, bool tombstone = false);

 private:
  struct Running {
    replication::Operation* operation;
    NodeNumber coordinator;
    NodeNumber pull_from = net::kNoNodeNumber;
    net::Epoch pull_epoch = 0;
  };

  void CarryOut(replication::Operation* operation, replication::Actions* actions);
  Running* Find(const replication::Operation* operation);
  Fate FateOf(const Flight& flight);
  void Answer(Flight flight, const Result<std::string_view>& reply);
  void DropDone();
  void DoDue();
  void RunUntil(replication::Operation* operation, bool (replication::Operation::*end)() const);

  std::vector<MiniNode> nodes_;
  std::vector<Running> running_;
  std::vector<Flight> flights_;
  Millis now_ = 1'000;
};

}  // namespace trifecta::test
