#include "daemon/replication/lookup_operation.h"

#include <algorithm>

namespace trifecta::replication {

using storage::Lookup;

LookupOperation::LookupOperation(std::string_view word, Consistency consistency, Millis deadline,
                                 Millis hedge)
    : ReadOperation({consistency, deadline, hedge}), word_(word) {}

void LookupOperation::Begin(Millis now, Actions* actions) {
  const auto partition = static_cast<uint32_t>(view().PartitionOfWord(word_));
  cover_.Begin(view(), {&partition, 1}, context().options().consistency);
  lookups_.assign(cover_.sources().size(), {});
  newest_ = {};
  holders_.clear();
  behind_ = 0;
  widen_at_ = kNever;
  Go(now, actions);
}

void LookupOperation::Go(Millis now, Actions* actions) {
  if (!cover_.Short().empty()) return Finish(context().TooFew(cover_, 0));
  if (cover_.IsAnswered()) return Judge(now, actions);
  for (const size_t source : cover_.Choose()) {
    context().Ask(&cover_, source, Encode(LookupRequest{cover_.FencesOf(source).front(), word_}),
                  now, actions);
  }
}

void LookupOperation::TakeReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                                Actions* actions) {
  if (!holders_.empty()) {
    for (Holder& holder : holders_) {
      if (holder.call == id) return TakeRepairReply(&holder, reply, now, actions);
    }
    return;
  }
  const size_t source = cover_.Find(id);
  if (source == ReadCover::kNone) return;
  context().Accept(reply, &cover_, source, now, actions, &lookups_[source]);
  if (!context().awaits_view()) Go(now, actions);
}

void LookupOperation::Tick(Millis now, Actions* actions) {
  if (now >= widen_at_) {
    widen_at_ = kNever;
    WriteToAll(actions);
    if (!IsPossible()) return FailRepair();
  }
  if (holders_.empty() && cover_.OnTick(now)) Go(now, actions);
}

Millis LookupOperation::due() const { return holders_.empty() ? cover_.next_due() : widen_at_; }

bool LookupOperation::IsNewest(const Lookup& lookup) const {
  return lookup.known == newest_.known && lookup.live == newest_.live &&
         lookup.version == newest_.version;
}

void LookupOperation::Judge(Millis now, Actions* actions) {
  bool differ = false;
  for (size_t i = 0; i < lookups_.size(); ++i) {
    const Lookup& lookup = lookups_[i];
    if (cover_.source(i).state != SourceState::kAnswered || !lookup.known) continue;
    if (!newest_.known ||
        Supersedes(lookup.version, !lookup.live, newest_.version, !newest_.live)) {
      newest_ = lookup;
    }
  }
  for (size_t i = 0; i < lookups_.size(); ++i) {
    const bool answered = cover_.source(i).state == SourceState::kAnswered;
    differ = differ || (answered && !IsNewest(lookups_[i]));
  }
  if (!differ) return Finish(Status::Ok());
  BeginRepair(now, actions);
}

// Repair -----------------------------------------------------------------------------------------

void LookupOperation::BeginRepair(Millis now, Actions* actions) {
  const net::Partition& partition = view().partition(cover_.partitions().front());
  const net::OwnerSets sets = net::OwnersFor(partition);
  const auto contains = [](std::span<const NodeNumber> nodes, NodeNumber node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  };
  for (const NodeNumber node : net::PreferenceList(partition)) {
    holders_.push_back({node, contains(sets.read, node), contains(sets.also_write, node)});
  }
  std::vector<Holder*> stale;
  for (size_t i = 0; i < lookups_.size(); ++i) {
    if (cover_.source(i).state != SourceState::kAnswered) continue;
    const auto holder = std::find_if(holders_.begin(), holders_.end(), [&](const Holder& one) {
      return one.node == cover_.source(i).node;
    });
    holder->holds = holder->asked = IsNewest(lookups_[i]);
    if (!holder->holds) WriteTo(&*holder, actions);
  }
  for (Holder& holder : holders_) {
    if (holder.also) WriteTo(&holder, actions);
  }
  widen_at_ = now + context().options().hedge;
}

void LookupOperation::WriteTo(Holder* holder, Actions* actions) {
  if (holder->asked || !view().IsLive(holder->node)) return;
  holder->asked = true;
  WriteRequest request;
  request.fences = {
      {cover_.partitions().front(), view().partition(cover_.partitions().front()).changed}};
  request.entries = {{word_, newest_.version, !newest_.live}};
  holder->call = context().Send(holder->node, CallClass::kWrite, Encode(request),
                                context().options().deadline, actions);
}

void LookupOperation::WriteToAll(Actions* actions) {
  for (Holder& holder : holders_) WriteTo(&holder, actions);
}

// R of the owners that are read hold it; while the partition moves, W of those that will be read
// afterwards as well.
bool LookupOperation::IsRepaired() const {
  size_t read = 0, also = 0, also_copies = 0;
  for (const Holder& holder : holders_) {
    if (holder.read && holder.holds) ++read;
    if (holder.also && holder.holds) ++also;
    if (holder.also) ++also_copies;
  }
  if (read < cover_.needed(0)) return false;
  return also_copies == 0 ||
         also >= view().WritesNeeded(also_copies, context().options().consistency);
}

void LookupOperation::TakeRepairReply(Holder* holder, const Result<std::string_view>& reply,
                                      Millis now, Actions* actions) {
  if (reply.status().code() == StatusCode::kTimeout) return;  // the deadline has come
  holder->call = 0;
  ReplyHead head{Refusal::kFailed, 0, {}};
  WriteReply outcomes;
  if (!reply.ok() || !Decode(*reply, &head, &outcomes).ok()) head.refusal = Refusal::kFailed;
  if (head.refusal == Refusal::kStale && context().AwaitView(holder->node, head.epoch, actions)) {
    return;
  }
  // Reads go on when a disk is full: what was acknowledged is on enough others.
  holder->holds = head.refusal == Refusal::kNone || head.refusal == Refusal::kDiskFull;
  if (!holder->holds) WriteToAll(actions);
  if (head.refusal == Refusal::kBehind && ++behind_ <= kBehindRetriesMax) {
    holder->asked = false;
    widen_at_ = now + kBehindPause;
  }
  if (IsRepaired()) return Finish(Status::Ok());
  if (!IsPossible()) FailRepair();
}

bool LookupOperation::IsPossible() const {
  return widen_at_ != kNever || std::any_of(holders_.begin(), holders_.end(),
                                            [](const Holder& one) { return one.call != 0; });
}

void LookupOperation::FailRepair() {
  Finish({StatusCode::kUnavailable,
          "the replicas of the word differ, and too few can store its newest state"});
}

}  // namespace trifecta::replication
