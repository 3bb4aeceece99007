#include "daemon/replication/replica.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "daemon/replication/range_messages.h"
#include "daemon/replication/range_server.h"
#include "daemon/replication/replica_scan.h"
#include "net/preference.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

using storage::WriteOutcome;

// Shards of one CountReply: 6 MB at the longest roots. A count over more is refused, and the
// coordinator reads the entries: with so many shards they are not many more.
constexpr size_t kCountShardsMax = 65'536;

ReplyHead Refused(Refusal refusal, std::string text) { return {refusal, 0, std::move(text)}; }

ReplyHead Refused(const Status& status) {
  switch (status.code()) {
    case StatusCode::kDiskFull:
      return Refused(Refusal::kDiskFull, status.message());
    case StatusCode::kDataDamaged:
      return Refused(Refusal::kDamaged, status.message());
    case StatusCode::kUnavailable:
    case StatusCode::kCancelled:
      return Refused(Refusal::kUnavailable, status.message());
    default:
      return Refused(Refusal::kFailed, status.message());
  }
}

constexpr std::string_view kLostMeanwhile = "words were lost here, or fetched again, meanwhile";

// Who acknowledges a write vouches that it holds nothing newer, so of a word that is lost it must
// not: a coordinator whose clock is behind would never hear of the newer entry that was there.
Status CheckKnown(const LostRanges& lost, std::span<const Entry> entries) {
  if (lost == nullptr) return Status::Ok();
  for (const Entry& entry : entries) {
    const std::string word(entry.word);
    TRIFECTA_RETURN_IF_ERROR(CheckNotLost(lost, {word, word + '\0'}));
  }
  return Status::Ok();
}

ReplyHead NotItsPartition() {
  return Refused(Refusal::kNotOwner, "a word is in none of the partitions that the request names");
}

// The requests that came together, answered by one ring document.
class Batch {
 public:
  Batch(const Replica::Parts& parts, const net::RingPtr& ring, net::NodeNumber self,
        std::vector<std::string>* replies)
      : parts_(parts), ring_(ring.get()), self_(self), replies_(*replies) {}

  // Answers it, unless it is a write: that waits for Flush.
  void Take(size_t index, std::string_view request);
  // Stores what was taken, and answers it.
  void Flush();

 private:
  // A write whose entries are in entries_.
  struct Pending {
    size_t index;
    size_t first;
    size_t count;
    LostRanges lost;  // as it was when none of its words was among them
  };

  ReplyHead head() const { return {Refusal::kNone, ring_ == nullptr ? 0 : ring_->epoch, {}}; }
  void Refuse(size_t index, ReplyHead refused);
  // Refuses what the ring does not let this node serve; false then.
  bool Admits(size_t index, std::span<const PartitionFence> fences);
  ReplyHead Compare(const PartitionFence& fence) const;
  uint32_t PartitionOf(std::string_view word) const {
    return static_cast<uint32_t>(
        net::PartitionOf(ShardRoot(word, ring_->k_factor), ring_->partitions.size()));
  }
  bool Concern(std::span<const Entry> entries, std::span<const PartitionFence> fences);
  bool HasDigests(size_t index, std::span<const PartitionFence> fences);
  // Of a read of `range`, for which `before` was in force; false when its answer may be wrong.
  bool KnowsAll(size_t index, const LostRanges& before, const storage::WordRange& range);
  LostRanges lost() const { return parts_.lost == nullptr ? nullptr : parts_.lost->ranges(); }

  void Write(size_t index, const WriteRequest& request);
  void Lookup(size_t index, const LookupRequest& request);
  void Scan(size_t index, const ScanRequest& request);
  void Count(size_t index, const CountRequest& request);
  Status CountWithin(std::string_view prefix, std::string_view root, CountReply* reply) const;
  Status CountBelow(const CountRequest& request, CountReply* reply);
  void Digests(size_t index, const DigestRequest& request);
  void Shards(size_t index, const ShardsRequest& request);
  void Ranges(size_t index, const RangesRequest& request);
  void Stamp(size_t index, std::string_view bytes);

  Status Store(std::span<const Pending> writes);
  void AnswerWrite(const Pending& write, const Status& status);

  // Decodes a request and has `answer` answer it.
  template <typename Request>
  void Decoded(size_t index, std::string_view bytes, void (Batch::*answer)(size_t, const Request&));

  // For partitions, whether they are among `fences`; valid until the next call.
  const std::vector<bool>& Fenced(std::span<const PartitionFence> fences);

  const Replica::Parts& parts_;
  const net::Ring* const ring_;
  const net::NodeNumber self_;
  std::vector<std::string>& replies_;
  std::vector<Pending> pending_;
  std::vector<Entry> entries_;
  std::vector<WriteOutcome> outcomes_;
  std::vector<bool> fenced_;
};

void Batch::Refuse(size_t index, ReplyHead refused) {
  refused.epoch = head().epoch;
  replies_[index] = EncodeRefusal(refused);
}

template <typename Request>
void Batch::Decoded(size_t index, std::string_view bytes,
                    void (Batch::*answer)(size_t, const Request&)) {
  if (ring_ == nullptr) {
    return Refuse(index, Refused(Refusal::kUnavailable, "this node has no ring document yet"));
  }
  Request request;
  if (const Status status = Decode(bytes, &request); !status.ok()) {
    return Refuse(index, Refused(Refusal::kFailed, status.message()));
  }
  (this->*answer)(index, request);
}

void Batch::Take(size_t index, std::string_view request) {
  const Result<RequestKind> kind = KindOf(request);
  if (!kind.ok()) return Refuse(index, Refused(Refusal::kFailed, kind.status().message()));
  switch (*kind) {
    case RequestKind::kWrite:
      return Decoded(index, request, &Batch::Write);
    case RequestKind::kLookup:
      return Decoded(index, request, &Batch::Lookup);
    case RequestKind::kScan:
      return Decoded(index, request, &Batch::Scan);
    case RequestKind::kCount:
      return Decoded(index, request, &Batch::Count);
    case RequestKind::kDigest:
      return Decoded(index, request, &Batch::Digests);
    case RequestKind::kShards:
      return Decoded(index, request, &Batch::Shards);
    case RequestKind::kRanges:
      return Decoded(index, request, &Batch::Ranges);
    case RequestKind::kStamp:
      return Stamp(index, request);
    case RequestKind::kStatus:
      replies_[index] = Encode(head(), parts_.status ? parts_.status() : StatusReply());
      return;
  }
  Refuse(index, Refused(Refusal::kFailed, "a request that this program does not know"));
}

// Fences -----------------------------------------------------------------------------------------

ReplyHead Batch::Compare(const PartitionFence& fence) const {
  if (fence.partition >= ring_->partitions.size()) {
    return Refused(Refusal::kFailed, StrCat("there is no partition ", fence.partition));
  }
  const net::Partition& own = ring_->partitions[fence.partition];
  switch (net::CompareFence(fence.changed, own.changed)) {
    case net::Fence::kRequestStale:
      return Refused(Refusal::kStale, StrCat("partition ", fence.partition, " changed at epoch ",
                                             own.changed, ", the request has ", fence.changed));
    case net::Fence::kOwnerStale:
      return Refused(Refusal::kBehind, StrCat("partition ", fence.partition, " changed at epoch ",
                                              fence.changed, ", this node has ", own.changed));
    case net::Fence::kEqual:
      break;
  }
  if (net::Holds(own, self_)) return {};
  return Refused(Refusal::kNotOwner, StrCat("partition ", fence.partition, " is not this node's"));
}

bool Batch::Admits(size_t index, std::span<const PartitionFence> fences) {
  for (const PartitionFence& fence : fences) {
    ReplyHead compared = Compare(fence);
    if (compared.refusal == Refusal::kNone) continue;
    Refuse(index, std::move(compared));
    return false;
  }
  return true;
}

const std::vector<bool>& Batch::Fenced(std::span<const PartitionFence> fences) {
  fenced_.assign(ring_->partitions.size(), false);
  for (const PartitionFence& fence : fences) fenced_[fence.partition] = true;
  return fenced_;
}

bool Batch::Concern(std::span<const Entry> entries, std::span<const PartitionFence> fences) {
  if (fences.size() == 1) {
    return std::all_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      return PartitionOf(entry.word) == fences.front().partition;
    });
  }
  const std::vector<bool>& fenced = Fenced(fences);
  return std::all_of(entries.begin(), entries.end(),
                     [&](const Entry& entry) { return fenced[PartitionOf(entry.word)]; });
}

// Writes -----------------------------------------------------------------------------------------

void Batch::Write(size_t index, const WriteRequest& request) {
  if (!Admits(index, request.fences)) return;
  if (request.session != 0 && (!ring_->operation || ring_->operation->session != request.session)) {
    return Refuse(index, Refused(Refusal::kClosed, StrCat("the operation of epoch ",
                                                          request.session, " is not under way")));
  }
  if (!Concern(request.entries, request.fences)) return Refuse(index, NotItsPartition());
  const LostRanges before = lost();
  if (const Status known = CheckKnown(before, request.entries); !known.ok()) {
    return Refuse(index, Refused(known));
  }
  if (entries_.size() + request.entries.size() > kWriteEntriesMax) Flush();
  pending_.push_back({index, entries_.size(), request.entries.size(), before});
  entries_.insert(entries_.end(), request.entries.begin(), request.entries.end());
}

Status Batch::Store(std::span<const Pending> writes) {
  const size_t first = writes.front().first;
  const size_t count = writes.back().first + writes.back().count - first;
  return parts_.store->Write(std::span(entries_).subspan(first, count),
                             std::span(outcomes_).subspan(first, count));
}

void Batch::AnswerWrite(const Pending& write, const Status& status) {
  if (!status.ok()) return Refuse(write.index, Refused(status));
  if (lost() != write.lost) {
    // It is stored, but what was there before may have gone first.
    return Refuse(write.index, Refused(Refusal::kFailed, std::string(kLostMeanwhile)));
  }
  const auto begin = outcomes_.begin() + static_cast<ptrdiff_t>(write.first);
  replies_[write.index] =
      Encode(head(), WriteReply{{begin, begin + static_cast<ptrdiff_t>(write.count)}});
}

void Batch::Flush() {
  if (pending_.empty()) return;
  outcomes_.assign(entries_.size(), {});
  const Status status = Store(pending_);
  // One word's damaged place must not refuse the words of others.
  const bool apart = status.code() == StatusCode::kDataDamaged && pending_.size() > 1;
  for (const Pending& write : pending_) AnswerWrite(write, apart ? Store({&write, 1}) : status);
  pending_.clear();
  entries_.clear();
}

void Batch::Stamp(size_t index, std::string_view bytes) {
  StampRequest request;
  if (const Status status = Decode(bytes, &request); !status.ok()) {
    return Refuse(index, Refused(Refusal::kFailed, status.message()));
  }
  if (request.after != Version()) parts_.stamper->Observe(request.after);
  const Result<Version> version = parts_.stamper->Stamp();
  if (!version.ok()) return Refuse(index, Refused(version.status()));
  replies_[index] = Encode(head(), StampReply{*version});
}

// Reads ------------------------------------------------------------------------------------------

bool Batch::KnowsAll(size_t index, const LostRanges& before, const storage::WordRange& range) {
  Status known = CheckNotLost(before, range);
  if (known.ok() && lost() != before) {
    known = Status(StatusCode::kUnavailable, std::string(kLostMeanwhile));
  }
  if (!known.ok()) Refuse(index, Refused(known));
  return known.ok();
}

void Batch::Lookup(size_t index, const LookupRequest& request) {
  if (!Admits(index, {&request.fence, 1})) return;
  if (PartitionOf(request.word) != request.fence.partition) {
    return Refuse(index, NotItsPartition());
  }
  const LostRanges before = lost();
  const Result<storage::Lookup> found = parts_.store->Get(request.word);
  if (!found.ok()) return Refuse(index, Refused(found.status()));
  const std::string word(request.word);
  if (!KnowsAll(index, before, {word, word + '\0'})) return;
  replies_[index] = Encode(head(), *found);
}

void Batch::Scan(size_t index, const ScanRequest& request) {
  if (!Admits(index, request.fences)) return;
  const LostRanges before = lost();
  ScanReply reply;
  const Status status = replication::Scan(*parts_.store, ring_->k_factor, request, &reply);
  if (!status.ok()) return Refuse(index, Refused(status));
  if (!KnowsAll(index, before, RangeOfScan(request, reply))) return;
  replies_[index] = Encode(head(), reply);
}

// Digests ----------------------------------------------------------------------------------------

// Sums tell nothing of which words are in them: with any lost, none are given.
bool Batch::HasDigests(size_t index, std::span<const PartitionFence> fences) {
  if (!KnowsAll(index, lost(), {})) return false;
  if (std::all_of(fences.begin(), fences.end(), [&](const PartitionFence& fence) {
        return parts_.digests->IsCounted(fence.partition);
      })) {
    return true;
  }
  Refuse(index, Refused(Refusal::kUnavailable, "this node's digests are not made yet"));
  return false;
}

void Batch::Count(size_t index, const CountRequest& request) {
  if (!Admits(index, request.fences) || !HasDigests(index, request.fences)) return;
  const std::string_view root = ShardRoot(request.prefix, ring_->k_factor);
  CountReply reply;
  const Status status =
      root.empty() ? CountBelow(request, &reply) : CountWithin(request.prefix, root, &reply);
  if (!status.ok()) return Refuse(index, Refused(status));
  if (!KnowsAll(index, nullptr, {})) return;
  replies_[index] = Encode(head(), reply);
}

Status Batch::CountWithin(std::string_view prefix, std::string_view root, CountReply* reply) const {
  ShardDigest shard{std::string(root), parts_.digests->OfShard(root)};
  if (prefix != root) {
    const Result<uint64_t> live = parts_.store->Count(prefix);
    if (!live.ok()) return live.status();
    shard.digest.live = *live;
  }
  reply->shards.push_back(std::move(shard));
  return Status::Ok();
}

Status Batch::CountBelow(const CountRequest& request, CountReply* reply) {
  std::vector<ShardDigest> below = parts_.digests->ShardsBelow(request.prefix, kCountShardsMax + 1);
  if (below.size() > kCountShardsMax) {
    return {StatusCode::kUnavailable,
            StrCat("more than ", kCountShardsMax, " shards begin with '", request.prefix, "'")};
  }
  const size_t partitions = ring_->partitions.size();
  const std::vector<bool>& fenced = Fenced(request.fences);
  if (!request.prefix.empty() && fenced[net::PartitionOf("", partitions)]) {
    ShardDigest& shorter = reply->shards.emplace_back();
    TRIFECTA_RETURN_IF_ERROR(
        DigestShortWords(*parts_.store, ring_->k_factor, request.prefix, &shorter.digest));
  }
  std::copy_if(std::move_iterator(below.begin()), std::move_iterator(below.end()),
               std::back_inserter(reply->shards), [&](const ShardDigest& shard) {
                 return fenced[net::PartitionOf(shard.root, partitions)];
               });
  return Status::Ok();
}

void Batch::Digests(size_t index, const DigestRequest& request) {
  if (!Admits(index, request.fences) || !HasDigests(index, request.fences)) return;
  DigestReply reply;
  for (const PartitionFence& fence : request.fences) {
    reply.digests.push_back(parts_.digests->OfPartition(fence.partition));
  }
  if (!KnowsAll(index, nullptr, {})) return;
  replies_[index] = Encode(head(), reply);
}

void Batch::Shards(size_t index, const ShardsRequest& request) {
  if (!Admits(index, {&request.fence, 1}) || !HasDigests(index, {&request.fence, 1})) return;
  ShardsReply reply;
  reply.shards = parts_.digests->ShardsOf(request.fence.partition, request.after, request.first,
                                          kShardsReplyMax);
  reply.end = reply.shards.size() < kShardsReplyMax;
  if (!KnowsAll(index, nullptr, {})) return;
  replies_[index] = Encode(head(), reply);
}

void Batch::Ranges(size_t index, const RangesRequest& request) {
  if (!Admits(index, {&request.fence, 1}) || !KnowsAll(index, lost(), {})) return;
  RangesReply reply;
  const Status status = DigestRanges(*parts_.store, ring_->k_factor, request, &reply);
  if (!status.ok()) return Refuse(index, Refused(status));
  if (!KnowsAll(index, nullptr, {})) return;
  replies_[index] = Encode(head(), reply);
}

}  // namespace

void Replica::Answer(const net::RingPtr& ring, net::NodeNumber self,
                     std::span<const std::string_view> requests,
                     std::vector<std::string>* replies) {
  replies->assign(requests.size(), {});
  Batch batch(parts_, ring, self, replies);
  for (size_t i = 0; i < requests.size(); ++i) batch.Take(i, requests[i]);
  batch.Flush();
}

}  // namespace trifecta::replication
