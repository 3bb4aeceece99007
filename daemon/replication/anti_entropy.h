// Which peer this node compares itself with, and when: always on, one exchange a second
// (daemon/replication/exchange.h), so that replicas become equal whatever was lost on the way to
// them.
//
// Each live peer that owns a partition together with this node has its turn once in a round, in
// random order; so none waits for longer than a round, and as all nodes do so, two compare twice in
// it. A peer with which something differs has every second turn besides, so that repairing it does
// not take rounds.
//
// Pure; one caller at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "daemon/replication/exchange.h"
#include "storage/base/random.h"

namespace trifecta::replication {

// From the start of an exchange to the next one's, at least.
inline constexpr Millis kExchangePeriod = 1'000;

// Of one peer.
struct PeerComparison {
  NodeNumber peer = net::kNoNodeNumber;
  uint64_t exchanges = 0;
  uint64_t failures = 0;
  // When the last exchange began that compared everything; and the last after which nothing is
  // known to differ. 0: none yet.
  Millis compared_at = 0;
  Millis equal_at = 0;
  size_t differing_shards = 0;  // in the last exchange
  Status last;                  // how that ended
};

struct AntiEntropyStats {
  uint64_t exchanges = 0;  // that have ended
  uint64_t failures = 0;   // of them: the peer did not answer, or was not ready
  uint64_t differing_shards = 0;
  uint64_t repaired_shards = 0;
  uint64_t pulled = 0;                // entries written here
  uint64_t pushed = 0;                // entries stored by peers
  std::vector<PeerComparison> peers;  // by ascending number: those of the last view
};

class AntiEntropy {
 public:
  // `parts` outlive it; their digest table need not be ready yet.
  AntiEntropy(ExchangeParts parts, uint64_t seed) : parts_(parts), random_(seed) {}

  // The exchange to run now; null when it is not time for one, one is under way, there is no peer,
  // or the digest table is not ready.
  std::shared_ptr<Exchange> Next(const ViewPtr& view, Millis now);
  // It is done.
  void OnEnded(const Exchange& exchange);
  // When to call Next.
  Millis next_due() const { return running_ == nullptr ? due_ : kNever; }

  AntiEntropyStats stats() const;

 private:
  struct Peer {
    std::shared_ptr<Divergence> divergence = std::make_shared<Divergence>();
    PeerComparison comparison;
    Millis asked_at = 0;
    bool differs = false;  // it is to be asked again soon
  };

  void KeepOnly(const std::vector<NodeNumber>& peers);
  NodeNumber ChoosePeer(const std::vector<NodeNumber>& live);
  NodeNumber DifferingPeer(const std::vector<NodeNumber>& live) const;
  static void Note(const Exchange& exchange, Peer* peer);

  const ExchangeParts parts_;
  Random random_;
  Millis due_ = 0;
  std::shared_ptr<Exchange> running_;
  std::map<NodeNumber, Peer> peers_;
  std::vector<NodeNumber> round_;  // whose turn is still to come, the next at the end
  bool out_of_turn_ = false;       // the last exchange was
  AntiEntropyStats stats_;         // without peers
};

}  // namespace trifecta::replication
