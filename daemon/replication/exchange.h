// One exchange of anti-entropy: compares what this node and one peer hold of the partitions that
// both own, and merges what differs, both ways.
//
// The digests of the partitions are compared first, in one request; of those that differ, the
// digests of their shards; of shards that are to be repaired (daemon/replication/divergence.h), the
// digests of ranges and then the entries (daemon/replication/shard_repair.h). What is newer at the
// peer is written here, what is newer here is sent to it, with the versions they have. An exchange
// does a bounded part of the work, and remembers where the next one is to go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/digest_table.h"
#include "daemon/replication/divergence.h"
#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"
#include "daemon/replication/pending_calls.h"
#include "daemon/replication/shard_repair.h"
#include "storage/store.h"

namespace trifecta::replication {

// How much one exchange does, at most. The defaults keep one exchange a second below a tenth of a
// core on either side.
struct ExchangeBudget {
  // Shards whose digests are compared, 40 bytes each: 640 KB. A whole partition more, at most.
  size_t listed = 16'384;
  // Shards that are repaired; each costs a request or two.
  size_t shards = 1'024;
  // Entries fetched or sent, 20 bytes or so each: 1.3 MB. Where differences lie close together,
  // that many words a second are repaired; where they are far from each other, one for each 256.
  size_t entries = 65'536;
  // Entries read here to be compared, and about as many there: 50 ms.
  size_t scanned = 524'288;

  static ExchangeBudget Unlimited() { return {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX}; }
};

struct ExchangeOptions {
  ExchangeBudget budget;
  // Repair what differs at once, not only what differed in the last exchange as well: for who asks
  // for a repair and waits for it.
  bool at_once = false;
  // Only shards that hold words that begin with it.
  std::string prefix;
};

// All of it outlives the exchange. `digests` is ready.
struct ExchangeParts {
  storage::Store* store = nullptr;
  const DigestTable* digests = nullptr;
};

// What an exchange found and did.
struct ExchangeResult {
  size_t partitions = 0;            // compared
  size_t differing_partitions = 0;  // of them
  size_t differing_shards = 0;      // found
  size_t repaired_shards = 0;       // of them
  uint64_t pulled = 0;              // entries written here
  uint64_t pushed = 0;              // entries that the peer has stored
  // All partitions were compared and every shard that differs was looked at: nothing was put off
  // for want of budget, refused or left out.
  bool whole = false;
  // Besides, no difference is left that has to show once more before it is repaired.
  bool settled = false;
};

// The members that own a partition together with this node that does not move, ascending; those
// alone that live when `live`.
std::vector<NodeNumber> PeersOf(const ClusterView& view, bool live);

class Exchange : public Operation {
 public:
  // `divergence`: what is remembered of this peer; no other exchange uses it meanwhile.
  Exchange(NodeNumber peer, ExchangeParts parts, std::shared_ptr<Divergence> divergence,
           ExchangeOptions options)
      : peer_(peer),
        parts_(parts),
        divergence_(std::move(divergence)),
        options_(std::move(options)) {}

  NodeNumber peer() const { return peer_; }
  // When it was started.
  Millis started() const { return started_; }

  // Once done: ok, or why it ended early (the peer cannot be reached or is not ready, the ring
  // changed, the store failed). What was found to be newer there until then has been written.
  const Status& status() const { return ended_with_; }
  const ExchangeResult& result() const { return result_; }

  void Start(ViewPtr view, Millis now, Actions* actions) override;
  void OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
               Actions* actions) override;
  void OnView(ViewPtr, Millis, Actions*) override {}  // replies tell when the ring changed
  void OnTick(Millis now, Actions* actions) override;
  Millis next_due() const override;
  bool answered() const override { return done_; }
  bool done() const override { return done_; }

 private:
  enum class JobKind { kDigests, kList, kRepair, kPush };

  // A partition whose shards are listed.
  struct Listing {
    PartitionFence fence;
    std::string after;
    bool first = true;
  };
  // A shard to be repaired.
  struct Shard {
    PartitionFence fence;
    std::string root;
    Digest own, theirs;
  };

  // What a call is for; kept so that a lost one can be sent again.
  struct Job {
    JobKind kind = JobKind::kDigests;
    std::string request;
    unsigned attempts = 0;
    std::shared_ptr<Listing> listing;
    std::shared_ptr<ShardRepair> repair;
    size_t pushed = 0;
  };
  struct Retry {
    Millis at = 0;
    Job job;
  };

  void Send(Job job, Millis now, Actions* actions);
  void Pump(Millis now, Actions* actions);
  bool BeginJob(Millis now, Actions* actions);
  bool BeginRepair(Millis now, Actions* actions);
  bool BeginList(Millis now, Actions* actions);
  void GoOnListing(std::shared_ptr<Listing> listing, Millis now, Actions* actions);
  void GoOnRepairing(std::shared_ptr<ShardRepair> repair, Millis now, Actions* actions);
  void PutOff(const ShardRepair& repair);
  bool WithinBudget() const;

  void TryAgain(Job job, std::string_view why, Millis now, Actions* actions);
  void OnRefusal(Job job, const ReplyHead& head, Millis now, Actions* actions);
  void OnDigests(Job job, std::string_view bytes, Millis now, Actions* actions);
  void OnList(Job job, std::string_view bytes, Millis now, Actions* actions);
  void OnRepair(Job job, std::string_view bytes, Millis now, Actions* actions);
  void OnPushed(Job job, std::string_view bytes, Millis now, Actions* actions);

  void ChooseFences();
  void Compare(const PartitionFence& fence, const ShardDigest* own, const ShardDigest* theirs);
  bool CompareLists(Listing* listing, const ShardsReply& theirs);

  Status WritePulled(size_t at_least);
  WriteRequest WriteOf(std::span<const Entry> entries) const;
  void SendPushes(size_t at_least, Millis now, Actions* actions);
  void Finish(Millis now, Actions* actions);
  void End(Status status);

  const NodeNumber peer_;
  const ExchangeParts parts_;
  const std::shared_ptr<Divergence> divergence_;
  const ExchangeOptions options_;

  ViewPtr view_;
  Millis started_ = 0;
  bool done_ = false;
  Status ended_with_;
  ExchangeResult result_;

  std::vector<PartitionFence> fences_;
  std::deque<Listing> to_list_;  // partitions that differ
  std::deque<Shard> to_repair_;
  size_t listed_ = 0;    // shards
  size_t begun_ = 0;     // repairs
  size_t put_off_ = 0;   // shards to be repaired that are not
  size_t unripe_ = 0;    // shards that differ and have to show it once more
  size_t left_out_ = 0;  // shards or entries that one side could not read or store
  uint64_t fetched_ = 0;
  uint64_t scanned_ = 0;
  storage::Page pull_;  // to be written here
  storage::Page push_;  // to be sent
  PendingCalls<Job> calls_;
  std::deque<Retry> retries_;
};

}  // namespace trifecta::replication
