#include "daemon/replication/hint_replay.h"

#include <algorithm>
#include <utility>

#include "daemon/replication/write_operation.h"
#include "net/preference.h"
#include "storage/base/text.h"

namespace trifecta::replication {

void HintReplay::Start(ViewPtr view, Millis now, Actions* actions) {
  view_ = std::move(view);
  Next(now, actions);
}

void HintReplay::Next(Millis now, Actions* actions) {
  due_ = kNever;
  if (view_->Find(target_) != nullptr && !view_->IsLive(target_)) {
    return End({StatusCode::kUnavailable, StrCat("node ", target_, " is down")});
  }
  if (parts_.throttle != nullptr && parts_.throttle->ready_at() > now) {
    due_ = parts_.throttle->ready_at();
    return;
  }
  parts_.store->Expire(parts_.clock->WallMilliseconds(), parts_.window);
  batch_ = parts_.store->Next(target_, kHintBatchEntries, kHintBatchBytes);
  if (batch_.entries.empty()) return End(Status::Ok());
  tries_ = 0;
  if (parts_.throttle != nullptr) parts_.throttle->Spend(batch_.end - batch_.begin, now);
  SendBatch(now, actions);
}

void HintReplay::SendBatch(Millis now, Actions* actions) {
  due_ = kNever;
  wants_view_ = false;
  std::map<NodeNumber, Share> shares;
  if (!Divide(&shares)) {
    return End({StatusCode::kUnavailable,
                StrCat("words hinted for node ", target_, " have other owners, and none is up")});
  }
  for (auto& [node, share] : shares) {
    WriteRequest request{std::move(share.fences), 0, std::move(share.entries)};
    calls_.Send(node, Encode(request), {}, now + kHintPatience, actions);
  }
}

std::vector<NodeNumber> HintReplay::ReceiversOf(uint32_t partition) const {
  std::vector<NodeNumber> owners = net::PreferenceList(view_->partition(partition));
  if (std::find(owners.begin(), owners.end(), target_) != owners.end()) return {target_};
  std::erase_if(owners, [this](NodeNumber owner) { return !view_->IsLive(owner); });
  return owners;
}

bool HintReplay::Divide(std::map<NodeNumber, Share>* shares) const {
  std::map<uint32_t, std::vector<Entry>> by_partition;
  for (size_t i = 0; i < batch_.entries.size(); ++i) {
    const std::string_view word = batch_.entries.word(i);
    by_partition[static_cast<uint32_t>(view_->PartitionOfWord(word))].push_back(
        {word, batch_.entries.version(i), batch_.entries.tombstone(i)});
  }
  for (const auto& [partition, entries] : by_partition) {
    const std::vector<NodeNumber> receivers = ReceiversOf(partition);
    if (receivers.empty()) return false;
    for (const NodeNumber node : receivers) {
      Share& share = (*shares)[node];
      share.fences.push_back({partition, view_->partition(partition).changed});
      share.entries.insert(share.entries.end(), entries.begin(), entries.end());
    }
  }
  return true;
}

void HintReplay::OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                         Actions* actions) {
  const auto pending = calls_.Take(id);
  if (done_ || !pending) return;
  ReplyHead head;
  WriteReply outcomes;
  const Status status = reply.ok() ? Decode(*reply, &head, &outcomes) : reply.status();
  if (!status.ok()) return End(status);
  switch (head.refusal) {
    case Refusal::kNone:
      break;
    case Refusal::kBehind:
      return Retry(now + kBehindDelay, {StatusCode::kUnavailable, head.text});
    case Refusal::kStale:
      if (head.epoch > view_->ring->epoch) {
        wants_view_ = true;
        actions->pull_from = pending->node;
        actions->pull_epoch = head.epoch;
      }
      return Retry(now + (wants_view_ ? kHintPatience : kBehindDelay),
                   {StatusCode::kUnavailable, "no ring document stays in force"});
    default:
      return End({StatusCode::kUnavailable, StrCat("node ", pending->node, ": ", head.text)});
  }
  if (!calls_.empty()) return;
  replayed_ += batch_.entries.size();
  parts_.store->Done(batch_);
  batch_ = {};
  Next(now, actions);
}

void HintReplay::Retry(Millis due, Status why) {
  calls_.DropAll();
  due_ = due;
  if (++tries_ > kHintTriesMax) End(std::move(why));
}

void HintReplay::OnView(ViewPtr view, Millis now, Actions* actions) {
  if (done_) return;
  view_ = std::move(view);
  if (wants_view_) SendBatch(now, actions);
}

void HintReplay::OnTick(Millis now, Actions* actions) {
  if (done_) return;
  if (!calls_.TakeOverdue(now).empty()) {
    return End({StatusCode::kTimeout, StrCat("node ", target_, " is too slow to take hints now")});
  }
  if (now < due_) return;
  if (wants_view_) {
    return End({StatusCode::kTimeout, "a later ring document did not come in time"});
  }
  if (batch_.entries.empty()) {
    Next(now, actions);
  } else {
    SendBatch(now, actions);
  }
}

Millis HintReplay::next_due() const { return done_ ? kNever : std::min(due_, calls_.next_due()); }

void HintReplay::End(Status status) {
  calls_.DropAll();
  status_ = std::move(status);
  done_ = true;
}

}  // namespace trifecta::replication
