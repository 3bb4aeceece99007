#include "daemon/replication/cluster_search.h"

#include <algorithm>

#include "storage/base/text.h"

namespace trifecta::replication {
namespace {

// Rounds after which an answer is asked for anew before it counts.
constexpr Millis kFreshRounds = 5;

}  // namespace

ClusterSearch::ClusterSearch(NodeId self, std::string cluster_name, std::vector<Address> seeds,
                             bool may_found, Millis round)
    : self_(self),
      cluster_name_(std::move(cluster_name)),
      seeds_(std::move(seeds)),
      may_found_(may_found),
      fresh_(kFreshRounds * round) {}

void ClusterSearch::OnRefused(const Address& seed, Millis now) {
  answers_[seed] = {true, NodeId(), false, now};
}

void ClusterSearch::OnHello(const NodeId& from, const TopologyMessage& hello, Millis now) {
  if (failed_) return;
  const bool is_reply = hello.kind == TopologyKind::kHelloReply;
  if (from == self_) {
    if (is_reply)
      alias_ = StrCat("the seed ", hello.asked, " is this node itself, which calls itself ",
                      hello.address, ": write the same in `seeds` and `advertise`");
    return;
  }
  if (is_reply && hello.cluster_name != cluster_name_) {
    failed_ = true;
    reason_ = StrCat("the seed ", hello.asked, " is a node of the cluster '", hello.cluster_name,
                     "', this node is configured for '", cluster_name_,
                     "': correct `cluster` or `seeds`");
    return;
  }
  if (is_reply && !hello.cluster.is_zero()) {
    if (!cluster_.is_zero() && cluster_ != hello.cluster) {
      failed_ = true;
      reason_ = StrCat("the seeds are of two clusters that are both called '", cluster_name_, "', ",
                       cluster_.ToString(), " and, at ", hello.asked, ", ",
                       hello.cluster.ToString(), ": remove the seeds of one");
      return;
    }
    cluster_ = hello.cluster;
    contacts_[from] = hello.address;
    return;
  }
  // Whoever may found is a seed here too, or is no rival.
  const Address& seed = is_reply ? hello.asked : hello.address;
  if (std::find(seeds_.begin(), seeds_.end(), seed) == seeds_.end()) return;
  answers_[seed] = {false, from, hello.may_found, now};
}

ClusterSearch::Verdict ClusterSearch::Judge(Millis now) {
  if (failed_) return Verdict::kFailed;
  if (!contacts_.empty()) return Verdict::kJoin;
  if (!alias_.empty()) {
    reason_ = alias_;
    return Verdict::kGoOn;
  }
  if (!may_found_) {
    std::string list;
    for (const Address& seed : seeds_) list += StrCat(list.empty() ? "" : ", ", seed);
    reason_ = StrCat("waiting until one of the seeds is of a cluster: ", list,
                     " (the node that is first in its own list founds one)");
    return Verdict::kGoOn;
  }
  for (const Address& seed : seeds_) {
    if (std::optional<std::string> obstacle = Obstacle(seed, now)) {
      reason_ = std::move(*obstacle);
      return Verdict::kGoOn;
    }
  }
  return Verdict::kFound;
}

std::optional<std::string> ClusterSearch::Obstacle(const Address& seed, Millis now) const {
  const auto found = answers_.find(seed);
  if (found == answers_.end() || now > found->second.at + fresh_) {
    return StrCat("waiting for an answer of the seed ", seed,
                  ", which may be of a cluster already; if it is gone for good, remove it from "
                  "seeds");
  }
  const Answer& answer = found->second;
  if (answer.refused || !answer.may_found || self_ < answer.from) return std::nullopt;
  return StrCat("waiting for the seed ", seed, " to found the cluster");
}

}  // namespace trifecta::replication
