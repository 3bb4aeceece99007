// Fetches what was there before of one partition that moves to this node: the merge of what as many
// of its old owners have as make a read. One old owner would not do: an acknowledged word is on W
// of them, and only R of them together are sure to have it.
//
// The owners' lists of shards are merged first. A shard whose digests agree at all of them is
// fetched from one, and not at all where this node's own digest is the same: so a stream that
// begins again, after a crash or a lost owner, costs little for what it has fetched. Any other
// shard is read from all of them, page by page, and the newest entry of each word is written here
// with the version that it has, if nothing newer is.
//
// Writes that come while it runs need no care: they go to the targets as well (net/ring.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/digest_table.h"
#include "daemon/replication/entry_merge.h"
#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"
#include "daemon/replication/pending_calls.h"
#include "daemon/replication/stream_sources.h"
#include "daemon/replication/throttle.h"
#include "storage/store.h"

namespace trifecta::replication {

// What a stream works with; all of it outlives the stream.
struct StreamParts {
  storage::Store* store = nullptr;
  const DigestTable* digests = nullptr;  // of `store`
  Throttle* throttle = nullptr;          // null: as fast as it goes
  // When as many owners as are needed have told nothing for this long it gives up: they are down,
  // or the network is.
  Millis patience = 30'000;
};

class ShardStream : public Operation {
 public:
  // `session`: of the ring operation that moves the partition.
  ShardStream(uint32_t partition, net::Epoch session, StreamParts parts)
      : partition_(partition), session_(session), parts_(parts) {}

  uint32_t partition() const { return partition_; }
  net::Epoch session() const { return session_; }

  // Once done: ok when this node has all of the partition. kCancelled when the operation is not
  // under way any more, or the partition not at the step at which it is streamed; kUnavailable when
  // too few owners answered; or an error of the store. All but kCancelled is worth another stream.
  const Status& status() const { return result_; }

  struct Progress {
    size_t shards = 0;  // of the partition; 0 before they are known
    size_t shards_done = 0;
    uint64_t entries = 0;  // read from owners and merged
    uint64_t written = 0;  // that were not here
  };
  const Progress& progress() const { return progress_; }

  void Start(ViewPtr view, Millis now, Actions* actions) override;
  void OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
               Actions* actions) override;
  void OnView(ViewPtr view, Millis now, Actions* actions) override;
  void OnTick(Millis now, Actions* actions) override;
  Millis next_due() const override;
  bool answered() const override { return done(); }
  bool done() const override { return phase_ == Phase::kEnded; }

 private:
  enum class Phase {
    kWaiting,   // for owners to rest, or for a view
    kListing,   // the shards
    kFetching,  // their entries
    kEnded,
  };

  // The shards of one source, as far as it has told.
  struct List {
    NodeNumber node = net::kNoNodeNumber;
    std::vector<ShardDigest> shards;
    bool end = false;
    bool asked = false;
  };

  // A shard to be fetched, from these sources.
  struct Wanted {
    std::string root;
    std::vector<NodeNumber> from;
  };

  // A shard that is being fetched.
  struct Fetch {
    Fetch(Wanted wanted, uint64_t given_number)
        : number(given_number),
          merge(std::move(wanted.root), wanted.from.size()),
          from(std::move(wanted.from)),
          asked(from.size(), false) {}

    const uint64_t number;
    EntryMerge merge;
    const std::vector<NodeNumber> from;
    std::vector<bool> asked;
    std::string written_to;  // up to here its entries were compared with those here
  };

  // What a call was for.
  struct Task {
    size_t source = 0;   // of the lists, or of the fetch
    uint64_t fetch = 0;  // its number; 0: a list
  };

  // A node that is catching up with the ring is asked again after a moment, a few times.
  struct Behind {
    unsigned times = 0;
    Millis until = 0;
  };

  const net::Partition& moving() const { return view_->partition(partition_); }
  PartitionFence fence() const { return {partition_, moving().changed}; }

  bool CheckSession();
  void BeginAgain(Millis now, Actions* actions);
  void WaitForView(NodeNumber node, net::Epoch epoch, Millis now, Actions* actions);
  void SourceFailed(NodeNumber node, std::string_view why, Millis now, Actions* actions);
  void Refused(NodeNumber node, const ReplyHead& head, const Task& task, Millis now,
               Actions* actions);
  void End(Status status);

  void Pump(Millis now, Actions* actions);
  void AskForLists(Millis now, Actions* actions);
  void AskForEntries(Millis now, Actions* actions);
  void BeginFetches();
  bool MaySend(NodeNumber node, Millis now);
  void Send(NodeNumber node, std::string request, Task task, Millis now, Actions* actions);
  void Unask(const Task& task);
  Fetch* Find(uint64_t number);

  void OnList(List* list, ShardsReply reply, Millis now);
  void MergeLists();
  void Want(std::string root, const std::vector<const ShardDigest*>& told);
  Status OnPage(Fetch* fetch, size_t source, ScanReply reply, Millis now);
  Status Write(Fetch* fetch);
  Status FlushPulled(size_t at_least);
  void DropFinished();

  const uint32_t partition_;
  const net::Epoch session_;
  const StreamParts parts_;

  ViewPtr view_;
  Phase phase_ = Phase::kWaiting;
  Status result_;
  Progress progress_;
  StreamSources sources_;
  PendingCalls<Task> calls_;

  std::vector<List> lists_;  // one for each chosen source
  std::vector<Wanted> wanted_;
  size_t next_wanted_ = 0;
  std::vector<std::unique_ptr<Fetch>> fetches_;
  uint64_t fetches_begun_ = 0;
  std::set<std::string> finished_;  // roots
  storage::Page pulled_;            // entries to be written

  std::map<NodeNumber, Behind> behind_;
  NodeNumber pull_from_ = net::kNoNodeNumber;  // not none: a view of pull_epoch_ is waited for
  net::Epoch pull_epoch_ = 0;
  Millis got_on_at_ = 0;  // the last time that all sources had told something
  Millis due_ = kNever;   // when to look again, besides overdue calls
  std::string last_failure_;
};

}  // namespace trifecta::replication
