#include "daemon/replication/exchange.h"

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/replication/entry_comparison.h"
#include "daemon/replication/shard_range.h"
#include "storage/base/text.h"

namespace trifecta::replication {
namespace {

// Calls under way at a time: they hide the round trip from each other, and four background requests
// do not fill the peer's lane.
constexpr size_t kCallsAtOnce = 4;
// How long one call may take: it is milliseconds of work, but the peer may be busy.
constexpr Millis kCallPatience = 10'000;
// A call that got no answer is sent again after a moment, doubled each time, so often; then the
// exchange ends.
constexpr unsigned kAttempts = 5;
constexpr Millis kRetryPause = 50;

bool IsShared(const net::Partition& partition, NodeNumber a, NodeNumber b) {
  const auto owns = [&](NodeNumber node) {
    return std::find(partition.owners.begin(), partition.owners.end(), node) !=
           partition.owners.end();
  };
  return partition.step == net::MoveStep::kNone && owns(a) && owns(b);
}

}  // namespace

std::vector<NodeNumber> PeersOf(const ClusterView& view, bool live) {
  std::set<NodeNumber> peers;
  for (const net::Partition& partition : view.ring->partitions) {
    if (!IsShared(partition, view.self, view.self)) continue;
    peers.insert(partition.owners.begin(), partition.owners.end());
  }
  peers.erase(view.self);
  std::vector<NodeNumber> found(peers.begin(), peers.end());
  if (live) std::erase_if(found, [&](NodeNumber node) { return !view.IsLive(node); });
  return found;
}

void Exchange::Start(ViewPtr view, Millis now, Actions* actions) {
  view_ = std::move(view);
  started_ = now;
  divergence_->Begin();
  ChooseFences();
  if (fences_.empty()) return End(Status::Ok());
  DigestRequest request;
  request.fences = fences_;
  Job job;
  job.kind = JobKind::kDigests;
  job.request = Encode(request);
  Send(std::move(job), now, actions);
}

void Exchange::ChooseFences() {
  const size_t partitions = view_->ring->partitions.size();
  for (size_t i = 0; i < partitions; ++i) {
    const auto index = static_cast<uint32_t>((divergence_->first_partition() + i) % partitions);
    const net::Partition& partition = view_->partition(index);
    if (IsShared(partition, view_->self, peer_)) fences_.push_back({index, partition.changed});
  }
}

// Jobs --------------------------------------------------------------------------------------------

void Exchange::Send(Job job, Millis now, Actions* actions) {
  std::string request = job.request;
  calls_.Send(peer_, std::move(request), std::move(job), now + kCallPatience, actions);
}

void Exchange::Pump(Millis now, Actions* actions) {
  while (!done_ && calls_.size() + retries_.size() < kCallsAtOnce && BeginJob(now, actions)) {
  }
  if (!done_ && calls_.empty() && retries_.empty()) Finish(now, actions);
}

// What makes other work smaller goes first.
bool Exchange::BeginJob(Millis now, Actions* actions) {
  return BeginRepair(now, actions) || BeginList(now, actions);
}

bool Exchange::WithinBudget() const {
  return fetched_ + result_.pushed + push_.size() < options_.budget.entries &&
         scanned_ < options_.budget.scanned;
}

bool Exchange::BeginRepair(Millis now, Actions* actions) {
  if (to_repair_.empty() || begun_ >= options_.budget.shards || !WithinBudget()) return false;
  ++begun_;
  Shard shard = std::move(to_repair_.front());
  to_repair_.pop_front();
  std::string low = divergence_->PutOffAt(shard.fence.partition, shard.root);
  GoOnRepairing(
      std::make_shared<ShardRepair>(*parts_.store, view_->ring->k_factor, shard.fence,
                                    std::move(shard.root), shard.own, shard.theirs, std::move(low)),
      now, actions);
  return true;
}

bool Exchange::BeginList(Millis now, Actions* actions) {
  const bool enough =
      listed_ >= options_.budget.listed || begun_ + to_repair_.size() >= options_.budget.shards;
  if (to_list_.empty() || enough || !WithinBudget()) return false;
  auto listing = std::make_shared<Listing>(std::move(to_list_.front()));
  to_list_.pop_front();
  GoOnListing(std::move(listing), now, actions);
  return true;
}

void Exchange::GoOnListing(std::shared_ptr<Listing> listing, Millis now, Actions* actions) {
  ShardsRequest request;
  request.fence = listing->fence;
  request.first = listing->first;
  request.after = listing->after;
  Job job;
  job.kind = JobKind::kList;
  job.request = Encode(request);
  job.listing = std::move(listing);
  Send(std::move(job), now, actions);
}

void Exchange::GoOnRepairing(std::shared_ptr<ShardRepair> repair, Millis now, Actions* actions) {
  if (!WithinBudget()) return PutOff(*repair);
  const size_t scanned = repair->scanned();
  Result<std::optional<std::string>> request = repair->NextRequest();
  scanned_ += repair->scanned() - scanned;
  if (!request.ok()) {
    ++left_out_;
    return;
  }
  if (!request->has_value()) {
    divergence_->Repaired(repair->partition(), repair->root());
    ++result_.repaired_shards;
    return;
  }
  Job job;
  job.kind = JobKind::kRepair;
  job.request = std::move(**request);
  job.repair = std::move(repair);
  Send(std::move(job), now, actions);
}

void Exchange::PutOff(const ShardRepair& repair) {
  ++put_off_;
  divergence_->PutOff(repair.partition(), repair.root(), repair.position());
}

// Replies -----------------------------------------------------------------------------------------

void Exchange::OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                       Actions* actions) {
  auto call = calls_.Take(id);
  if (!call || done_) return;
  Job job = std::move(call->task);
  if (!reply.ok()) return TryAgain(std::move(job), reply.status().message(), now, actions);
  switch (job.kind) {
    case JobKind::kDigests:
      OnDigests(std::move(job), *reply, now, actions);
      break;
    case JobKind::kList:
      OnList(std::move(job), *reply, now, actions);
      break;
    case JobKind::kRepair:
      OnRepair(std::move(job), *reply, now, actions);
      break;
    case JobKind::kPush:
      OnPushed(std::move(job), *reply, now, actions);
      break;
  }
  Pump(now, actions);
}

void Exchange::TryAgain(Job job, std::string_view why, Millis now, Actions* actions) {
  if (++job.attempts >= kAttempts) {
    return End({StatusCode::kUnavailable, StrCat("node ", peer_, ": ", why)});
  }
  const Millis at = now + (kRetryPause << (job.attempts - 1));
  retries_.push_back({at, std::move(job)});
  Pump(now, actions);
}

void Exchange::OnRefusal(Job job, const ReplyHead& head, Millis now, Actions* actions) {
  switch (head.refusal) {
    case Refusal::kBehind:
    case Refusal::kUnavailable:
      return TryAgain(std::move(job), head.text, now, actions);
    case Refusal::kDiskFull:
    case Refusal::kDamaged:
    case Refusal::kFailed:
      // This shard or these entries have to wait; others need not.
      if (job.kind == JobKind::kDigests) break;
      ++left_out_;
      return;
    case Refusal::kStale:
      actions->pull_from = peer_;
      actions->pull_epoch = head.epoch;
      break;
    default:
      break;
  }
  End({StatusCode::kUnavailable, StrCat("node ", peer_, ": ", head.text)});
}

void Exchange::OnTick(Millis now, Actions* actions) {
  if (done_) return;
  for (auto& call : calls_.TakeOverdue(now)) {
    TryAgain(std::move(call.task), "it did not answer in time", now, actions);
    if (done_) return;
  }
  for (size_t left = retries_.size(); left > 0; --left) {
    Retry retry = std::move(retries_.front());
    retries_.pop_front();
    if (retry.at <= now) {
      Send(std::move(retry.job), now, actions);
    } else {
      retries_.push_back(std::move(retry));
    }
  }
}

Millis Exchange::next_due() const {
  Millis due = calls_.next_due();
  for (const Retry& retry : retries_) due = std::min(due, retry.at);
  return due;
}

void Exchange::OnDigests(Job job, std::string_view bytes, Millis now, Actions* actions) {
  ReplyHead head;
  DigestReply reply;
  if (const Status status = Decode(bytes, &head, &reply); !status.ok()) return End(status);
  if (head.refusal != Refusal::kNone) return OnRefusal(std::move(job), head, now, actions);
  if (reply.digests.size() != fences_.size()) {
    return End({StatusCode::kDataDamaged, "digests of other partitions than were asked for"});
  }
  result_.partitions = fences_.size();
  for (size_t i = 0; i < fences_.size(); ++i) {
    if (parts_.digests->OfPartition(fences_[i].partition) == reply.digests[i]) {
      divergence_->Compared(fences_[i].partition);
    } else {
      to_list_.push_back({fences_[i], "", true});
    }
  }
  result_.differing_partitions = to_list_.size();
}

void Exchange::OnList(Job job, std::string_view bytes, Millis now, Actions* actions) {
  ReplyHead head;
  ShardsReply reply;
  if (const Status status = Decode(bytes, &head, &reply); !status.ok()) return End(status);
  if (head.refusal != Refusal::kNone) return OnRefusal(std::move(job), head, now, actions);
  const Listing& listing = *job.listing;
  if (!listing.first && !reply.shards.empty() && reply.shards.front().root <= listing.after) {
    return End({StatusCode::kDataDamaged, "a list of shards that goes back"});
  }
  if (CompareLists(job.listing.get(), reply)) {
    divergence_->Compared(job.listing->fence.partition);
  } else {
    GoOnListing(std::move(job.listing), now, actions);
  }
}

void Exchange::OnRepair(Job job, std::string_view bytes, Millis now, Actions* actions) {
  ReplyHead head;
  const size_t fetched = job.repair->fetched();
  const Status status = job.repair->OnReply(bytes, &head, &pull_, &push_);
  if (head.refusal != Refusal::kNone) return OnRefusal(std::move(job), head, now, actions);
  fetched_ += job.repair->fetched() - fetched;
  if (const Status written = WritePulled(kRepairBatchEntries); !written.ok()) return End(written);
  SendPushes(kRepairBatchEntries, now, actions);
  if (status.ok()) {
    GoOnRepairing(std::move(job.repair), now, actions);
  } else {
    ++left_out_;
  }
}

void Exchange::OnPushed(Job job, std::string_view bytes, Millis now, Actions* actions) {
  ReplyHead head;
  WriteReply reply;
  if (const Status status = Decode(bytes, &head, &reply); !status.ok()) return End(status);
  if (head.refusal != Refusal::kNone) return OnRefusal(std::move(job), head, now, actions);
  result_.pushed += job.pushed;
}

// Comparing ---------------------------------------------------------------------------------------

// Goes through both lists, in order, as far as both have told; true when that is the end.
bool Exchange::CompareLists(Listing* listing, const ShardsReply& theirs) {
  size_t their_next = 0;
  for (;;) {
    const std::vector<ShardDigest> own = parts_.digests->ShardsOf(
        listing->fence.partition, listing->after, listing->first, kShardsReplyMax);
    listing->first = false;
    size_t next = 0;
    for (;;) {
      const ShardDigest* ours = next < own.size() ? &own[next] : nullptr;
      const ShardDigest* other =
          their_next < theirs.shards.size() ? &theirs.shards[their_next] : nullptr;
      if (other == nullptr && !theirs.end) return false;
      if (ours == nullptr && own.size() == kShardsReplyMax) break;
      if (ours == nullptr && other == nullptr) return true;
      if (ours != nullptr && other != nullptr && ours->root != other->root) {
        (ours->root < other->root ? other : ours) = nullptr;
      }
      Compare(listing->fence, ours, other);
      listing->after = ours != nullptr ? ours->root : other->root;
      if (ours != nullptr) ++next;
      if (other != nullptr) ++their_next;
    }
  }
}

void Exchange::Compare(const PartitionFence& fence, const ShardDigest* own,
                       const ShardDigest* theirs) {
  ++listed_;
  const std::string& root = own != nullptr ? own->root : theirs->root;
  const Digest ours = own != nullptr ? own->digest : Digest();
  const Digest other = theirs != nullptr ? theirs->digest : Digest();
  if (ours == other || !ShardTouches(root, options_.prefix)) return;
  ++result_.differing_shards;
  const bool ripe = divergence_->Differs(fence.partition, root, ours, other);
  if (ripe || options_.at_once) {
    to_repair_.push_back({fence, root, ours, other});
  } else {
    ++unripe_;
  }
}

// Writing -----------------------------------------------------------------------------------------

Status Exchange::WritePulled(size_t at_least) {
  if (pull_.size() < at_least) return Status::Ok();
  const Status status = WriteInBatches(parts_.store, pull_);
  if (status.ok()) result_.pulled += pull_.size();
  pull_.Clear();
  return status;
}

void Exchange::SendPushes(size_t at_least, Millis now, Actions* actions) {
  if (push_.size() < at_least) return;
  const std::vector<Entry> entries = EntriesOf(push_);
  for (size_t begin = 0; begin < entries.size(); begin += kRepairBatchEntries) {
    const size_t count = std::min(kRepairBatchEntries, entries.size() - begin);
    Job job;
    job.kind = JobKind::kPush;
    job.pushed = count;
    job.request = Encode(WriteOf(std::span(entries).subspan(begin, count)));
    Send(std::move(job), now, actions);
  }
  push_.Clear();
}

WriteRequest Exchange::WriteOf(std::span<const Entry> entries) const {
  std::set<uint32_t> partitions;
  for (const Entry& entry : entries) {
    partitions.insert(static_cast<uint32_t>(view_->PartitionOfWord(entry.word)));
  }
  WriteRequest request;
  for (const uint32_t partition : partitions) {
    request.fences.push_back({partition, view_->partition(partition).changed});
  }
  request.entries.assign(entries.begin(), entries.end());
  return request;
}

void Exchange::Finish(Millis now, Actions* actions) {
  if (const Status written = WritePulled(1); !written.ok()) return End(written);
  SendPushes(1, now, actions);
  if (!calls_.empty()) return;
  put_off_ += to_repair_.size();
  if (to_list_.empty()) {
    divergence_->ListedAll();
  } else {
    divergence_->ListedUpTo(to_list_.front().fence.partition, put_off_ > 0);
  }
  result_.whole = to_list_.empty() && put_off_ == 0 && left_out_ == 0;
  result_.settled = result_.whole && unripe_ == 0;
  End(Status::Ok());
}

void Exchange::End(Status status) {
  if (const Status written = WritePulled(1); status.ok()) status = written;
  calls_.DropAll();
  retries_.clear();
  ended_with_ = std::move(status);
  done_ = true;
}

}  // namespace trifecta::replication
