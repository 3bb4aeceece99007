// Sends the hints for one node to it, batch by batch, with the versions that they have; words that
// it does not own any more go to those that do. Ends when there are no more, or when something
// fails: what was not taken stays, and is sent by a later replay.
//
// An entry that arrives twice, or long after a newer one, changes nothing, so hints need no order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/hint_store.h"
#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"
#include "daemon/replication/pending_calls.h"
#include "daemon/replication/throttle.h"
#include "storage/base/clock.h"
#include "storage/base/status.h"

namespace trifecta::replication {

// One batch: a write of it takes a replica some milliseconds, sync included.
inline constexpr size_t kHintBatchEntries = 4'096;
inline constexpr size_t kHintBatchBytes = size_t{256} << 10;
// A replica that is slower than this has no time for hints now.
inline constexpr Millis kHintPatience = 10'000;
// Times that a batch is sent again, because a replica was behind with the ring or had a later one.
inline constexpr unsigned kHintTriesMax = 10;

class HintReplay : public Operation {
 public:
  // All of it outlives the replay.
  struct Parts {
    HintStore* store = nullptr;
    Clock* clock = nullptr;
    Throttle* throttle = nullptr;  // null: as fast as it goes
    uint64_t window = 0;           // milliseconds; older hints are not sent
  };
  HintReplay(NodeNumber target, const Parts& parts) : target_(target), parts_(parts) {}

  // Ok when no hints are left. Else why it ended.
  const Status& status() const { return status_; }
  // Hints that their nodes have now.
  uint64_t replayed() const { return replayed_; }

  void Start(ViewPtr view, Millis now, Actions* actions) override;
  void OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
               Actions* actions) override;
  void OnView(ViewPtr view, Millis now, Actions* actions) override;
  void OnTick(Millis now, Actions* actions) override;
  Millis next_due() const override;
  bool answered() const override { return done_; }
  bool done() const override { return done_; }

 private:
  struct Nothing {};
  // What one node gets of the batch.
  struct Share {
    std::vector<PartitionFence> fences;
    std::vector<Entry> entries;
  };

  // Takes the next batch, if it is time for it.
  void Next(Millis now, Actions* actions);
  void SendBatch(Millis now, Actions* actions);
  // Who gets what, by the ring in force; false when a word has no owner that is up.
  bool Divide(std::map<NodeNumber, Share>* shares) const;
  std::vector<NodeNumber> ReceiversOf(uint32_t partition) const;
  // The batch is sent anew at `due`, or with a later view.
  void Retry(Millis due, Status why);
  void End(Status status);

  const NodeNumber target_;
  const Parts parts_;
  ViewPtr view_;
  HintBatch batch_;
  PendingCalls<Nothing> calls_;
  unsigned tries_ = 0;       // of this batch
  Millis due_ = kNever;      // when to go on, with nothing under way
  bool wants_view_ = false;  // goes on with a later view; due_ is then when it is too late
  uint64_t replayed_ = 0;
  Status status_;
  bool done_ = false;
};

}  // namespace trifecta::replication
