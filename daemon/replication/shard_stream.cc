#include "daemon/replication/shard_stream.h"

#include <algorithm>
#include <utility>

#include "daemon/replication/entry_comparison.h"
#include "storage/base/text.h"

namespace trifecta::replication {
namespace {

// Shards fetched side by side: small ones come in one page each, and waiting for one at a time
// would cost a round trip a shard.
constexpr size_t kFetchesAtOnce = 8;
// Entries of one page.
constexpr uint32_t kStreamPageEntries = kRepairBatchEntries;
// How long one call may take: a page is read in a millisecond, but the owner may be busy.
constexpr Millis kCallPatience = 5'000;
// A node whose ring document is older is asked again this often, that long; then it counts as
// failed.
constexpr Millis kBehindPause = 50;
constexpr unsigned kBehindTimes = 40;
// A ring document that was to be fetched and has not come is asked for again.
constexpr Millis kPullAgain = 1'000;

}  // namespace

// From view to view -------------------------------------------------------------------------------

void ShardStream::Start(ViewPtr view, Millis now, Actions* actions) {
  view_ = std::move(view);
  got_on_at_ = now;
  if (CheckSession()) BeginAgain(now, actions);
}

void ShardStream::OnView(ViewPtr view, Millis now, Actions* actions) {
  if (done()) return;
  const net::Epoch fenced = moving().changed;
  view_ = std::move(view);
  if (!CheckSession()) return;
  const bool waited_for = pull_from_ != net::kNoNodeNumber && view_->ring->epoch >= pull_epoch_;
  if (waited_for) pull_from_ = net::kNoNodeNumber;
  if (waited_for || moving().changed != fenced) BeginAgain(now, actions);
}

bool ShardStream::CheckSession() {
  const auto& operation = view_->ring->operation;
  if (!operation || operation->session != session_) {
    End({StatusCode::kCancelled,
         StrCat("the stream of partition ", partition_, ": its operation has ended")});
    return false;
  }
  if (moving().step != net::MoveStep::kStreaming) {
    End({StatusCode::kCancelled,
         StrCat("the stream of partition ", partition_, ": it is not at the step for that")});
    return false;
  }
  return true;
}

void ShardStream::BeginAgain(Millis now, Actions* actions) {
  calls_.DropAll();
  lists_.clear();
  wanted_.clear();
  next_wanted_ = 0;
  fetches_.clear();
  phase_ = Phase::kWaiting;
  std::vector<NodeNumber> owners = view_->NearestFirst(moving().owners);
  size_t needed = view_->ReadsNeeded(moving().owners.size(), Consistency::kQuorum);
  // What this node has as an owner is what it need not read.
  if (std::erase(owners, view_->self) > 0) needed = std::max<size_t>(1, needed - 1);
  sources_.Set(owners, needed);
  Pump(now, actions);
}

void ShardStream::WaitForView(NodeNumber node, net::Epoch epoch, Millis now, Actions* actions) {
  calls_.DropAll();
  phase_ = Phase::kWaiting;
  pull_from_ = node;
  pull_epoch_ = epoch;
  actions->pull_from = node;
  actions->pull_epoch = epoch;
  due_ = now + kPullAgain;
}

void ShardStream::End(Status status) {
  calls_.DropAll();
  fetches_.clear();
  due_ = kNever;
  result_ = std::move(status);
  phase_ = Phase::kEnded;
}

// Calls -------------------------------------------------------------------------------------------

void ShardStream::Pump(Millis now, Actions* actions) {
  if (done()) return;
  due_ = got_on_at_ + parts_.patience;
  if (pull_from_ != net::kNoNodeNumber) {
    due_ = std::min(due_, now + kPullAgain);
    return;
  }
  if (phase_ == Phase::kWaiting) {
    if (!sources_.Choose(now)) {
      due_ = std::min(due_, sources_.next_due());
      return;
    }
    for (const NodeNumber node : sources_.chosen()) lists_.push_back({node, {}, false, false});
    phase_ = Phase::kListing;
  }
  if (phase_ == Phase::kListing) AskForLists(now, actions);
  if (phase_ == Phase::kFetching) AskForEntries(now, actions);
}

bool ShardStream::MaySend(NodeNumber node, Millis now) {
  if (parts_.throttle != nullptr && parts_.throttle->ready_at() > now) {
    got_on_at_ = now;  // it is this node that waits
    due_ = std::min(due_, parts_.throttle->ready_at());
    return false;
  }
  const auto behind = behind_.find(node);
  if (behind == behind_.end() || behind->second.until <= now) return true;
  due_ = std::min(due_, behind->second.until);
  return false;
}

void ShardStream::Send(NodeNumber node, std::string request, Task task, Millis now,
                       Actions* actions) {
  calls_.Send(node, std::move(request), task, now + kCallPatience, actions);
}

void ShardStream::AskForLists(Millis now, Actions* actions) {
  for (size_t i = 0; i < lists_.size(); ++i) {
    List& list = lists_[i];
    if (list.asked || list.end || !MaySend(list.node, now)) continue;
    ShardsRequest request;
    request.fence = fence();
    request.first = list.shards.empty();
    if (!request.first) request.after = list.shards.back().root;
    list.asked = true;
    Send(list.node, Encode(request), {i, 0}, now, actions);
  }
}

void ShardStream::AskForEntries(Millis now, Actions* actions) {
  BeginFetches();
  for (const auto& fetch : fetches_) {
    for (size_t i = 0; i < fetch->from.size(); ++i) {
      if (fetch->asked[i] || !fetch->merge.Wants(i) || !MaySend(fetch->from[i], now)) continue;
      ScanRequest request;
      request.fences = {fence()};
      request.prefix = fetch->merge.root();
      request.after = fetch->merge.After(i);
      request.limit = kStreamPageEntries;
      request.one_shard = true;
      fetch->asked[i] = true;
      Send(fetch->from[i], Encode(request), {i, fetch->number}, now, actions);
    }
  }
  if (!fetches_.empty()) return;
  const Status status = FlushPulled(1);
  End(status);
}

void ShardStream::BeginFetches() {
  while (fetches_.size() < kFetchesAtOnce && next_wanted_ < wanted_.size()) {
    fetches_.push_back(
        std::make_unique<Fetch>(std::move(wanted_[next_wanted_++]), ++fetches_begun_));
  }
}

ShardStream::Fetch* ShardStream::Find(uint64_t number) {
  const auto at = std::find_if(fetches_.begin(), fetches_.end(),
                               [number](const auto& fetch) { return fetch->number == number; });
  return at == fetches_.end() ? nullptr : at->get();
}

void ShardStream::Unask(const Task& task) {
  if (task.fetch == 0) {
    lists_[task.source].asked = false;
  } else if (Fetch* const fetch = Find(task.fetch); fetch != nullptr) {
    fetch->asked[task.source] = false;
  }
}

// Replies -----------------------------------------------------------------------------------------

void ShardStream::OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                          Actions* actions) {
  const auto call = calls_.Take(id);
  if (!call || done()) return;
  if (!reply.ok()) return SourceFailed(call->node, reply.status().message(), now, actions);
  if (parts_.throttle != nullptr) parts_.throttle->Spend(reply->size(), now);
  const Task& task = call->task;
  ReplyHead head;
  ShardsReply list;
  ScanReply page;
  const Status decoded =
      task.fetch == 0 ? Decode(*reply, &head, &list) : Decode(*reply, &head, &page);
  if (!decoded.ok()) return SourceFailed(call->node, decoded.message(), now, actions);
  if (head.refusal != Refusal::kNone) return Refused(call->node, head, task, now, actions);
  sources_.Answered(call->node);
  behind_.erase(call->node);
  Unask(task);
  if (task.fetch == 0) {
    OnList(&lists_[task.source], std::move(list), now);
  } else {
    const Status status = OnPage(Find(task.fetch), task.source, std::move(page), now);
    if (done()) return;
    if (!status.ok()) return SourceFailed(call->node, status.message(), now, actions);
  }
  Pump(now, actions);
}

void ShardStream::Refused(NodeNumber node, const ReplyHead& head, const Task& task, Millis now,
                          Actions* actions) {
  if (head.refusal == Refusal::kStale) return WaitForView(node, head.epoch, now, actions);
  Behind& behind = behind_[node];
  if (head.refusal != Refusal::kBehind || ++behind.times > kBehindTimes) {
    behind_.erase(node);
    return SourceFailed(node, head.text, now, actions);
  }
  behind.until = now + kBehindPause;
  Unask(task);
  Pump(now, actions);
}

void ShardStream::SourceFailed(NodeNumber node, std::string_view why, Millis now,
                               Actions* actions) {
  last_failure_ = StrCat("node ", node, ": ", why);
  sources_.Failed(node, now);
  BeginAgain(now, actions);
}

void ShardStream::OnTick(Millis now, Actions* actions) {
  if (done()) return;
  if (now >= got_on_at_ + parts_.patience) {
    return End({StatusCode::kUnavailable,
                StrCat("partition ", partition_, " cannot be fetched: ",
                       last_failure_.empty() ? "its owners do not answer" : last_failure_)});
  }
  const auto overdue = calls_.TakeOverdue(now);
  if (!overdue.empty()) {
    for (const auto& call : overdue) sources_.Failed(call.node, now);
    return SourceFailed(overdue.front().node, "it did not answer in time", now, actions);
  }
  if (now < due_) return;
  if (pull_from_ != net::kNoNodeNumber) {
    return WaitForView(pull_from_, pull_epoch_, now, actions);
  }
  Pump(now, actions);
}

Millis ShardStream::next_due() const { return done() ? kNever : std::min(due_, calls_.next_due()); }

// Lists -------------------------------------------------------------------------------------------

void ShardStream::OnList(List* list, ShardsReply reply, Millis now) {
  const bool follows = list->shards.empty() || reply.shards.empty() ||
                       list->shards.back().root < reply.shards.front().root;
  if (follows)
    std::move(reply.shards.begin(), reply.shards.end(), std::back_inserter(list->shards));
  list->end = reply.end || !follows;
  if (std::all_of(lists_.begin(), lists_.end(), [](const List& one) { return one.end; })) {
    MergeLists();
    got_on_at_ = now;
    phase_ = Phase::kFetching;
  }
}

void ShardStream::MergeLists() {
  progress_.shards = finished_.size();
  progress_.shards_done = finished_.size();
  std::vector<size_t> next(lists_.size(), 0);
  for (;;) {
    const std::string* lowest = nullptr;
    for (size_t i = 0; i < lists_.size(); ++i) {
      if (next[i] == lists_[i].shards.size()) continue;
      const std::string& root = lists_[i].shards[next[i]].root;
      if (lowest == nullptr || root < *lowest) lowest = &root;
    }
    if (lowest == nullptr) return;
    const std::string root = *lowest;
    std::vector<const ShardDigest*> told(lists_.size(), nullptr);
    for (size_t i = 0; i < lists_.size(); ++i) {
      if (next[i] == lists_[i].shards.size() || lists_[i].shards[next[i]].root != root) continue;
      told[i] = &lists_[i].shards[next[i]++];
    }
    if (!finished_.contains(root)) Want(root, told);
  }
}

void ShardStream::Want(std::string root, const std::vector<const ShardDigest*>& told) {
  ++progress_.shards;
  const ShardDigest* const first = told.front();
  const bool agree = std::all_of(told.begin(), told.end(), [first](const ShardDigest* one) {
    return one != nullptr && first != nullptr && one->digest == first->digest;
  });
  if (agree && parts_.digests->ready() && parts_.digests->OfShard(root) == first->digest) {
    ++progress_.shards_done;
    finished_.insert(std::move(root));
    return;
  }
  std::vector<NodeNumber> from = sources_.chosen();
  // By turns, so that all share the work.
  if (agree) from = {from[wanted_.size() % from.size()]};
  wanted_.push_back({std::move(root), std::move(from)});
}

// Entries -----------------------------------------------------------------------------------------

Status ShardStream::OnPage(Fetch* fetch, size_t source, ScanReply reply, Millis now) {
  TRIFECTA_RETURN_IF_ERROR(fetch->merge.Add(source, view_->ring->k_factor, std::move(reply)));
  for (size_t i = 0; i < fetch->merge.sources(); ++i) {
    if (fetch->merge.Wants(i)) return Status::Ok();
  }
  got_on_at_ = now;
  Status written = Write(fetch);
  if (written.ok()) written = FlushPulled(kRepairBatchEntries);
  if (!written.ok()) {
    End(written);
    return written;
  }
  DropFinished();
  return Status::Ok();
}

Status ShardStream::Write(Fetch* fetch) {
  storage::Page merged;
  std::string upto;
  fetch->merge.Take(&merged, &upto);
  progress_.entries += merged.size();
  const ShardRange range{fetch->merge.root(), fetch->written_to, upto};
  TRIFECTA_RETURN_IF_ERROR(
      CompareWithOwn(*parts_.store, view_->ring->k_factor, range, merged, &pulled_, nullptr));
  fetch->written_to = upto;
  return Status::Ok();
}

Status ShardStream::FlushPulled(size_t at_least) {
  if (pulled_.size() < at_least) return Status::Ok();
  TRIFECTA_RETURN_IF_ERROR(WriteInBatches(parts_.store, pulled_));
  progress_.written += pulled_.size();
  pulled_.Clear();
  return Status::Ok();
}

void ShardStream::DropFinished() {
  std::erase_if(fetches_, [this](const auto& fetch) {
    if (!fetch->merge.done()) return false;
    ++progress_.shards_done;
    finished_.insert(fetch->merge.root());
    return true;
  });
}

}  // namespace trifecta::replication
