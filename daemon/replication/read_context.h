// What the parts of one read share: the view that it works by, its call ids, what its nodes'
// replies mean for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"
#include "daemon/replication/read_cover.h"

namespace trifecta::replication {

// After so long another owner is asked beside the one that has not answered. Ten times what a
// loaded node takes for a search: not so early that load makes more load.
inline constexpr Millis kHedgeDefault = 20;

struct ReadOptions {
  Consistency consistency = Consistency::kQuorum;
  Millis deadline = kNever;
  Millis hedge = kHedgeDefault;
};

class ReadContext {
 public:
  explicit ReadContext(const ReadOptions& options) : options_(options) {}

  const ReadOptions& options() const { return options_; }
  const ClusterView& view() const { return *view_; }
  void SetView(ViewPtr view) {
    view_ = std::move(view);
    awaited_ = 0;
  }

  // Appends the call and gives its id.
  uint32_t Send(NodeNumber to, CallClass call_class, std::string request, Millis deadline,
                Actions* actions);
  // Sends a read to the source of `cover`.
  void Ask(ReadCover* cover, size_t source, std::string request, Millis now, Actions* actions);

  // Decodes what `source` of `cover` has replied. False when it is no answer: then the source's
  // state says what is to come of it, and `actions` asks for a later ring document if the reply
  // shows that there is one (see awaits_view).
  template <typename Reply>
  bool Accept(const Result<std::string_view>& bytes, ReadCover* cover, size_t source, Millis now,
              Actions* actions, Reply* reply) {
    // That comes at the read's deadline: time is up, nobody failed.
    if (bytes.status().code() == StatusCode::kTimeout) return false;
    if (!bytes.ok()) return Refused(bytes.status().message(), cover, source);
    ReplyHead head;
    const Status status = Decode(*bytes, &head, reply);
    if (!status.ok()) return Refused(status.message(), cover, source);
    if (head.refusal == Refusal::kNone) {
      cover->Answered(source);
      return true;
    }
    return Refused(head, cover, source, now, actions);
  }

  // The ring document is known to be too old: the read begins anew when a later one is in force,
  // and replies until then mean nothing.
  // False when the view has a document of that epoch already: nothing to wait for.
  bool AwaitView(NodeNumber node, net::Epoch epoch, Actions* actions);
  bool awaits_view() const { return awaited_ != 0; }
  net::Epoch awaited() const { return awaited_; }

  // kUnavailable: too few of the owners of a partition of `cover` can answer. `index` is its index
  // there.
  Status TooFew(const ReadCover& cover, size_t index) const;

 private:
  bool Refused(std::string_view why, ReadCover* cover, size_t source);
  bool Refused(const ReplyHead& head, ReadCover* cover, size_t source, Millis now,
               Actions* actions);

  const ReadOptions options_;
  ViewPtr view_;
  uint32_t last_call_ = 0;
  net::Epoch awaited_ = 0;
  std::string last_loss_;  // a sentence; empty: nothing has failed
};

}  // namespace trifecta::replication
