#include "daemon/replication/read_context.h"

#include <algorithm>

#include "storage/base/text.h"

namespace trifecta::replication {

uint32_t ReadContext::Send(NodeNumber to, CallClass call_class, std::string request,
                           Millis deadline, Actions* actions) {
  actions->calls.push_back({++last_call_, to, call_class, std::move(request), deadline});
  return last_call_;
}

void ReadContext::Ask(ReadCover* cover, size_t source, std::string request, Millis now,
                      Actions* actions) {
  const uint32_t call = Send(cover->source(source).node, CallClass::kRead, std::move(request),
                             options_.deadline, actions);
  cover->Asked(source, call, now + options_.hedge);
}

bool ReadContext::Refused(std::string_view why, ReadCover* cover, size_t source) {
  last_loss_ = StrCat("node ", cover->source(source).node, ": ", why);
  cover->Lost(source);
  return false;
}

bool ReadContext::Refused(const ReplyHead& head, ReadCover* cover, size_t source, Millis now,
                          Actions* actions) {
  if (head.refusal == Refusal::kBehind) {
    last_loss_ = StrCat("node ", cover->source(source).node, ": ", head.text);
    cover->Behind(source, now);
    return false;
  }
  if (head.refusal == Refusal::kStale &&
      AwaitView(cover->source(source).node, head.epoch, actions)) {
    return false;
  }
  return Refused(head.text, cover, source);
}

bool ReadContext::AwaitView(NodeNumber node, net::Epoch epoch, Actions* actions) {
  if (epoch <= view_->ring->epoch) return false;
  actions->pull_from = node;
  actions->pull_epoch = awaited_ = epoch;
  return true;
}

Status ReadContext::TooFew(const ReadCover& cover, size_t index) const {
  const uint32_t partition = cover.partitions()[index];
  const size_t owners = net::OwnersFor(view_->partition(partition)).read.size();
  std::string text =
      StrCat("too few of the ", owners, " replicas of partition ", partition,
             " can be read: ", cover.needed(index), owners == 1 ? " is" : " are", " needed");
  if (!last_loss_.empty()) text += StrCat(" (", last_loss_, ")");
  return {StatusCode::kUnavailable, std::move(text)};
}

}  // namespace trifecta::replication
