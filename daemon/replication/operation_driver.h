// Takes the ring operation under way through its steps: says which document to propose next, once
// the last step is recorded by enough nodes and its work is done (net/ring.h, MoveStep).
//
// Any member can drive; the one with a vote that is live and has the lowest number does. Two at a
// time, who do not know of each other, do no harm: the register lets one document through. All
// that it knows comes anew from what nodes say, so another one can take over at any step.
//
// Partitions that are at the same step go on together, so that an operation takes some ten
// documents, not ten for each partition. Those that are held back, by owners that are down or by a
// long stream, do not hold the others back for longer than a patience. A quarter of it is given to
// owners and targets that are not needed for the step: without it requests would run into nodes
// that are about to learn of it.
//
// Pure.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "net/node.h"
#include "net/preference.h"
#include "net/ring.h"
#include "net/ring_messages.h"
#include "storage/base/status.h"

namespace trifecta::replication {

class OperationDriver {
 public:
  // The quorums of an owner list of that many nodes.
  using QuorumsOf = std::function<net::Quorums(size_t copies)>;

  // `patience`: how long partitions that could go on wait for others of their step.
  OperationDriver(QuorumsOf quorums, net::Millis patience);

  // The document in force; what is known of other operations is forgotten.
  void OnRing(net::RingPtr ring);
  // The node has the document of `epoch` on disk, and no request under an older one runs there.
  void NoteRecorded(net::NodeNumber node, net::Epoch epoch);
  // The node has all that was there before of these partitions.
  void NoteStreamed(net::NodeNumber node, net::Epoch session, std::span<const uint32_t> partitions);
  // The operation is to be given up, if it is the one of `session`.
  void GiveUp(net::Epoch session);

  // The document to propose after the one in force, if it is time for one. Call again about every
  // 100 ms, and when something was noted.
  std::optional<net::Ring> Next(net::Millis now);

  bool under_way() const { return ring_ && ring_->operation; }
  // A sentence about the step that the operation has come to, and what it waits for; empty when
  // none is under way.
  std::string Describe() const;

 private:
  struct Batch {
    std::vector<uint32_t> ready;
    bool all = true;     // of the step
    bool smooth = true;  // by every owner and target, more than it takes
  };

  bool IsUndecided() const;
  bool Has(net::NodeNumber node, net::Epoch epoch) const;
  bool IsRecorded(const net::Partition& partition) const;
  bool IsRecordedByAll(const net::Partition& partition) const;
  bool IsStreamed(uint32_t index) const;
  bool IsDone(uint32_t index) const;
  Batch ReadyAt(net::MoveStep step) const;
  std::optional<net::Ring> Advance(net::Millis now);
  std::optional<net::Ring> StepTowardsGivingUp() const;
  std::optional<net::Ring> Finish() const;

  const QuorumsOf quorums_;
  const net::Millis patience_;
  net::RingPtr ring_;
  net::Epoch session_ = 0;  // of the operation under way; 0: none
  bool giving_up_ = false;
  bool saw_all_ = false;         // every document of session_ so far
  std::set<uint32_t> read_new_;  // partitions that were at kWriteBothReadNew in one of them
  std::map<net::NodeNumber, net::Epoch> recorded_;
  std::map<net::NodeNumber, std::set<uint32_t>> streamed_;  // in session_
  // Since when some partitions at a step could go on; by step.
  std::map<net::MoveStep, net::Millis> waiting_since_;
};

}  // namespace trifecta::replication
