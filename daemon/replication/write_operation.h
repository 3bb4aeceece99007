// Stores words, or deletes them: at all owners of each at once, answered when W have it durable.
//
// A write that was acknowledged before this one began is older than it, also when this node's clock
// is behind: W owners of each then include one that holds the other entry, and says so. Its words
// are stamped anew, above all that W owners hold, and written a second time. Only the second time
// counts then; who is still newer is concurrent.
//
// What owners lack when the operation is done is left as hints. A write that fails is not taken
// back: it may take effect later, and its status says so.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"
#include "daemon/replication/stamper.h"
#include "daemon/replication/write_findings.h"
#include "daemon/replication/write_groups.h"

namespace trifecta::replication {

// A replica that is behind with the ring document fetches it within some milliseconds; it is asked
// again after 50, 100, 200, 400 and 800.
inline constexpr Millis kBehindDelay = 50;
inline constexpr unsigned kBehindTriesMax = 5;
// After the answer an owner has so long to say that it has the words too, before it gets a hint:
// longer than any sync but a broken disk's.
inline constexpr Millis kLastOwnersPatience = 5'000;
// When W have it that were sent it twice, because the ring changed in between: how long answers to
// the first sending are waited for, since they alone tell what was there before. Replies overtake
// each other by milliseconds; one that is lost must not hold the client up.
inline constexpr Millis kFirstRepliesPatience = 200;
// How long a node whose clock is asked for a version has, before another one is.
inline constexpr Millis kStampPatience = 1'000;
// Nodes that are asked for one version.
inline constexpr size_t kStampersMax = 3;
// Later ring documents that one write follows. An operation on the ring makes some ten documents,
// seconds apart.
inline constexpr unsigned kRingsMax = 16;
// A write takes no longer than this, whatever its deadline: an owner that hangs must not hold one
// for ever that has none.
inline constexpr Millis kWriteTimeMax = 60'000;

class WriteOperation : public Operation {
 public:
  // The words are valid ones, at most kWriteEntriesMax, and copied; one that is given twice is
  // written once. `deadline` is absolute, or kNever. `stamper` is this node's and outlives the
  // operation.
  WriteOperation(std::span<const std::string_view> words, bool tombstone, Consistency consistency,
                 Millis deadline, Stamper* stamper);

  // Once answered these do not change any more.
  // - kUnavailable: too few owners are up (then nothing was sent), or too few of them have stored
  //   it; or no clock gives a version.
  // - kDiskFull, kDataDamaged: an owner gave this as the reason, and none is known to have stored
  //   anything.
  // - kTimeout: too few have said so by the deadline.
  // - What the stamper says.
  const Status& status() const { return status_; }
  // How many of the words were live before, by the newest entry that an owner which answered had. A
  // word given again counts as the first time made it: live when adding.
  uint64_t existed() const { return existed_; }

  void Start(ViewPtr view, Millis now, Actions* actions) override;
  void OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
               Actions* actions) override;
  void OnView(ViewPtr view, Millis now, Actions* actions) override;
  void OnTick(Millis now, Actions* actions) override;
  Millis next_due() const override;
  bool answered() const override { return answered_; }
  bool done() const override { return done_; }

 private:
  struct Sent {
    NodeNumber to = net::kNoNodeNumber;
    std::vector<GroupTurn> groups;  // none: it asks for a version
    unsigned tries = 0;
    bool under_way = true;
  };
  struct Retry {
    Millis due;
    Sent call;
  };

  // A version for this round, and what follows when it is there.
  void AskForVersion(Millis now, Actions* actions);
  NodeNumber NextStamper();
  void TakeVersion(const Result<std::string_view>& reply, Millis now, Actions* actions);
  void SendRound(Actions* actions);

  void Send(const std::vector<uint32_t>& groups, Actions* actions);
  void SendCall(Sent call, std::string request, Actions* actions);
  // Sends what replicas that were behind are to be sent again.
  void Resend(Millis now, Actions* actions);

  void TakeReply(const Sent& call, const Result<std::string_view>& reply, Millis now,
                 Actions* actions);
  void TakeOutcomes(const Sent& call);
  void Fail(const Sent& call, bool may_be_stored, std::string_view why);
  void Stale(const Sent& call, const ReplyHead& head, Actions* actions);
  // The group, if the reply to this sending of it counts; else null.
  WriteGroup* Current(const GroupTurn& sent);
  // A group of this round for which `is` holds; null when there is none.
  template <typename Is>
  const WriteGroup* FindInRound(const Is& is) const;
  bool MayBeStored() const;

  // Whether replies to earlier sendings of this round are still to come, and in time.
  bool AwaitsFirstReplies(Millis now);
  // Whether it can be answered, or is done.
  void Judge(Millis now, Actions* actions);
  void EndRound(Millis now, Actions* actions);
  void Answer(Status status, Millis now);
  std::string Shortfall(const WriteGroup& group) const;
  Status TooFew(const WriteGroup& group, Millis now) const;
  void Finish(Actions* actions);
  void LeaveHints(const WriteGroup& group, Actions* actions) const;

  const bool tombstone_;
  Millis deadline_;
  Stamper* const stamper_;

  ViewPtr view_;
  WriteGroups groups_;  // of the first round, then of the second
  WriteFindings findings_;
  unsigned round_ = 0;
  Version versions_[2];               // by round
  size_t first_of_round_ = 0;         // in groups_
  bool is_sent_ = false;              // this round; before that a version is awaited
  std::vector<NodeNumber> stampers_;  // that were asked for this round's version

  std::vector<Sent> calls_;  // by id, which begin with 1
  size_t under_way_ = 0;
  std::vector<Retry> retries_;
  net::Epoch wanted_epoch_ = 0;  // not 0: of a ring document that was asked for
  unsigned rings_ = 0;
  WriteReply reply_;  // reused

  bool disk_full_ = false, damaged_ = false;  // owners said so
  std::string last_failure_;                  // a sentence; empty: none
  Status status_;
  uint64_t existed_ = 0;
  bool answered_ = false, done_ = false;
  Millis first_replies_end_ = kNever;  // for replies to earlier sendings, once W have it
  Millis patience_end_ = kNever;       // for owners that have not answered, once the client is
};

}  // namespace trifecta::replication
