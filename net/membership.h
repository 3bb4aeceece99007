// The member table: what this node knows of every node, whether it is alive, and what overrides
// what when nodes differ about it.
//
// It says who answers, never who owns what: that is the ring's (net/ring.h), which is agreed, not
// gossiped. Liveness only orders and skips replicas.
//
// The rule is SWIM's (Das, Gupta, Motivala, 2002) in the form of memberlist: each node counts its
// own lives by an incarnation that it alone raises. A record of a higher incarnation wins; at equal
// ones left beats dead, dead beats suspect, suspect beats alive. So a node refutes what is said of
// it by a higher incarnation and by nothing else, and merging is commutative, associative and
// idempotent: nodes that have seen the same records, in any order, have the same table.
//
// Every record carries all that is known of the node at that incarnation, some 80 bytes, so that
// who hears of a node by an accusation can reach it as well as who heard of it by its own word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/node.h"

namespace trifecta::net {

// DO NOT CHANGE the numbers: they are on the wire, and their order is the rule above.
enum class Liveness : uint8_t {
  kAlive = 1,
  kSuspect = 2,  // did not answer; may still refute that. Asked like a live node until then
  kDead = 3,     // did not refute in time
  kLeft = 4,     // said goodbye; expected to be away
};

// Alive or suspect: a request to it may well be answered.
inline bool IsLive(Liveness liveness) { return liveness <= Liveness::kSuspect; }
// "alive", "suspect", "dead", "left".
std::string_view LivenessName(Liveness liveness);

// What a node says about its own condition. It changes all the time, so it is in each message of
// the node itself and in what nodes tell newcomers, but is never passed on as news.
struct Vitals {
  uint64_t sequence = 0;  // counts changes within an incarnation; the higher is the newer
  uint64_t ring_epoch = 0;
  uint64_t shard_map_digest = 0;
  uint64_t load = 0;  // requests under way

  bool operator==(const Vitals&) const = default;
};

// One node's word about a node, itself or another.
struct NodeRecord {
  NodeId id;
  Liveness liveness = Liveness::kAlive;
  uint64_t incarnation = 0;
  NodeId accuser;   // who found it suspect or dead; zero when alive or left
  Millis gone = 0;  // dead or left: for how long, as far as the teller knows
  Address address;
  Zone zone;
  std::string version;  // of the program
  Vitals vitals;

  bool operator==(const NodeRecord&) const = default;
};

// A longer program version is cut; "10.20.30-rc40+build5060" takes 23 bytes.
inline constexpr size_t kVersionTextBytesMax = 64;
// Seconds since 1970, raised now and then, come nowhere near; a higher number is damage, and would
// leave its node no higher one to refute with.
inline constexpr uint64_t kIncarnationMax = uint64_t{1} << 48;
// Nodes in the table, gone ones included: twice the live members that a ring may have
// (net/ring.h). At some 300 bytes each it stays below 3 MB.
inline constexpr size_t kKnownNodesMax = 8192;

// True when `a` says something about the node's life that `b` did not know.
bool Overrides(const NodeRecord& a, const NodeRecord& b);

// A node in the table.
struct KnownNode {
  NodeRecord record;
  Millis changed_at = 0;  // when liveness or incarnation last changed here
  Millis heard_at = 0;    // of its last message to this node; 0: none yet
  Millis told_at = 0;     // when it was last told directly that it is not alive here
  // Its clock less ours, in milliseconds, to within half of the round trip in which it was
  // measured; measured_at 0: not yet.
  int64_t clock_offset = 0;
  Millis round_trip = 0;
  Millis measured_at = 0;

  // For how long it has been dead or left.
  Millis GoneFor(Millis now) const { return record.gone + (now - changed_at); }
};

// Not safe for concurrent use.
class Membership {
 public:
  enum class News : uint8_t {
    kNone,
    kVitals,  // only the vitals were new
    kLife,    // a node was not known, or its incarnation or liveness changed
  };

  // Takes what is new in `record`. A node that would be one too many displaces the one that has
  // been gone for longest; where none is gone, it is not taken.
  News Merge(const NodeRecord& record, Millis now);

  // Null when not known; valid until the next Merge or Forget.
  const KnownNode* Find(const NodeId& id) const;
  // By ascending id; valid until the next Merge or Forget.
  std::span<const KnownNode> nodes() const { return nodes_; }
  size_t live_count() const { return live_count_; }
  // Grows whenever a Merge or Forget changed who is known or alive: readers that keep a copy
  // compare it.
  uint64_t changes() const { return changes_; }

  // Nothing happens when the node is not known.
  void NoteHeard(const NodeId& id, Millis now);
  void NoteTold(const NodeId& id, Millis now);
  void NoteClock(const NodeId& id, int64_t offset, Millis round_trip, Millis now);

  // Nodes that are kept however long they have been gone, since they may come back: the ring's
  // members.
  void Keep(std::set<NodeId> ids) { kept_ = std::move(ids); }
  bool IsKept(const NodeId& id) const { return kept_.contains(id); }
  void Forget(const NodeId& id);
  // Forgets those that have been gone for longer than `gone_max` and are not kept.
  void ForgetGone(Millis gone_max, Millis now);

 private:
  std::vector<KnownNode>::iterator LowerBound(const NodeId& id);
  KnownNode* FindMutable(const NodeId& id);
  bool MakeRoom(Millis now);
  void Replace(KnownNode* node, const NodeRecord& record, Millis now);

  std::vector<KnownNode> nodes_;  // by ascending id
  std::set<NodeId> kept_;
  size_t live_count_ = 0;
  uint64_t changes_ = 0;
};

}  // namespace trifecta::net
