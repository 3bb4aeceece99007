// How a node without a ring founds a cluster or joins one, and how a member lets it in.
#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>

#include "daemon/replication/topology.h"
#include "storage/base/text.h"

namespace trifecta::replication {

using net::Member;
using net::MemberState;
using net::Ring;

namespace {

// Questions to members in an interval: a turn is to be taken soon after it comes.
constexpr Millis kAsksToJoin = 4;

// Of version 4 (RFC 9562).
NodeId RandomUuid(Random* random) {
  std::array<uint8_t, NodeId::kBytes> bytes;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random->Next());
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return NodeId(bytes);
}

}  // namespace

bool Topology::MayFound() const {
  if (options_.seeds.empty()) return true;
  const Address& first = options_.seeds.front();
  return first == options_.address || options_.own_names.contains(first);
}

std::vector<Address> Topology::OtherSeeds() const {
  std::vector<Address> seeds = options_.seeds;
  std::erase_if(seeds, [this](const Address& seed) {
    return seed == options_.address || options_.own_names.contains(seed);
  });
  return seeds;
}

void Topology::StartDetector(const NodeId& cluster, Millis now) {
  detector_.SetCluster(cluster);
  if (std::exchange(detector_started_, true)) return;
  detector_.SetSeeds(OtherSeeds());
  const Status started = detector_.Start(saved_.incarnation, unix_milliseconds_ / 1'000, now);
  if (!started.ok()) Fail(started.message());
}

void Topology::Search(Millis now) {
  search_due_ = now + options_.interval;
  if (over_) return;
  for (const Address& seed : search_->seeds()) {
    TopologyMessage hello;
    hello.kind = TopologyKind::kHello;
    hello.cluster_name = options_.constants.cluster_name;
    hello.address = options_.address;
    hello.asked = seed;
    hello.may_found = search_->may_found();
    Send(NodeId(), seed, std::move(hello));
  }
  JudgeSearch(now);
}

void Topology::JudgeSearch(Millis now) {
  if (over_ || founding_) return;
  switch (search_->Judge(now)) {
    case ClusterSearch::Verdict::kGoOn:
      return;
    case ClusterSearch::Verdict::kFound:
      return FoundCluster();
    case ClusterSearch::Verdict::kJoin:
      if (saved_.has_words) {
        return Fail(StrCat("the data folder has words, but another seed is of the cluster '",
                           options_.constants.cluster_name,
                           "' already: empty the folder and load the words again once this node "
                           "has joined"));
      }
      if (join_due_ == net::FailureDetector::kNever) join_due_ = now;
      return StartDetector(search_->cluster(), now);
    case ClusterSearch::Verdict::kFailed:
      return Fail(search_->reason());
  }
}

void Topology::FoundCluster() {
  founding_ = true;
  net::RingConstants constants = options_.constants;
  constants.cluster_id = RandomUuid(&random_);
  const Result<Ring> ring =
      net::FoundRing(constants, {options_.self, options_.address, options_.zone});
  if (!ring.ok()) return Fail(ring.status().message());
  inner_.Log(LogLevel::kInfo, StrCat("founding the cluster '", ring->cluster_name, "', id ",
                                     ring->cluster_id.ToString()));
  const Status installed = register_.Install(*ring);
  if (!installed.ok()) Fail(installed.message());
}

// The members by turns: one that is down costs a moment.
void Topology::AskToJoin(Millis now) {
  join_due_ = now + std::max<Millis>(1, options_.interval / kAsksToJoin);
  if (over_) return;
  std::map<NodeId, Address> askable = search_->contacts();
  for (const net::KnownNode& node : members().nodes()) {
    const bool is_member = node.record.vitals.ring_epoch > 0;
    if (!net::IsLive(node.record.liveness)) {
      askable.erase(node.record.id);
    } else if (is_member && node.record.id != options_.self) {
      askable[node.record.id] = node.record.address;
    }
  }
  if (askable.empty()) return;
  const auto chosen =
      std::next(askable.begin(), static_cast<ptrdiff_t>(next_contact_++ % askable.size()));
  TopologyMessage join;
  join.kind = TopologyKind::kJoin;
  join.cluster_name = options_.constants.cluster_name;
  join.address = options_.address;
  join.zone = options_.zone;
  Send(chosen->first, chosen->second, std::move(join));
}

void Topology::OnHello(const NodeId& from, const TopologyMessage& message, Millis now) {
  // While a ring of its own is on the way to the disk, this node is neither founded nor not.
  const bool answers = !(founding_ && !ring_) && !over_;
  if (message.kind == TopologyKind::kHello && answers) {
    TopologyMessage reply;
    reply.kind = TopologyKind::kHelloReply;
    reply.cluster_name = options_.constants.cluster_name;
    reply.address = options_.address;
    reply.asked = message.asked;
    reply.may_found = search_ && search_->may_found();
    Send(from, message.address, std::move(reply));
  }
  if (!search_) return;
  search_->OnHello(from, message, now);
  JudgeSearch(now);
}

void Topology::OnJoinReply(const NodeId& from, const TopologyMessage& message) {
  if (!search_ || message.cluster != search_->cluster()) return;
  switch (message.answer) {
    case JoinAnswer::kWait:
      join_text_ = message.text;
      return;
    case JoinAnswer::kMember:
      return register_.Pull(from);
    case JoinAnswer::kRefused:
      return Fail(message.text);
  }
}

void Topology::OnJoin(const NodeId& from, const TopologyMessage& message, Millis now) {
  if (from == options_.self || over_) return;
  TopologyMessage reply;
  reply.kind = TopologyKind::kJoinReply;
  reply.epoch = register_.epoch();
  std::tie(reply.answer, reply.text) = AnswerJoin(from, message, now);
  Send(from, message.address, std::move(reply));
}

std::pair<JoinAnswer, std::string> Topology::AnswerJoin(const NodeId& from,
                                                        const TopologyMessage& message,
                                                        Millis now) {
  using Answer = std::pair<JoinAnswer, std::string>;
  if (OwnMember() == nullptr) {
    return Answer(JoinAnswer::kWait, StrCat(options_.address, " is itself about to join"));
  }
  if (message.cluster_name != ring_->cluster_name) {
    return Answer(JoinAnswer::kRefused,
                  StrCat("the cluster at ", options_.address, " is '", ring_->cluster_name,
                         "', not '", message.cluster_name, "': correct `cluster` or `seeds`"));
  }
  if (const Member* known = ring_->Find(from)) return AnswerMember(*known, message, now);
  if (ring_->operation) {
    return Answer(JoinAnswer::kWait, StrCat("waiting for its turn: ", driver_.Describe()));
  }
  if (register_.proposing()) {
    return Answer(JoinAnswer::kWait, "waiting for its turn: a change of the ring is agreed on");
  }
  // Writes will need it as soon as it is a target.
  const net::KnownNode* known = members().Find(from);
  if (known == nullptr || !net::IsLive(known->record.liveness)) {
    return Answer(JoinAnswer::kWait, StrCat(options_.address, " has not heard that it is alive"));
  }
  const Status proposed =
      Propose(net::BeginJoin(*ring_, {from, message.address, message.zone}), now);
  if (proposed.ok() || proposed.code() == StatusCode::kUnavailable) {
    return Answer(JoinAnswer::kWait, "the members are agreeing on it");
  }
  return Answer(JoinAnswer::kRefused, proposed.message());
}

std::pair<JoinAnswer, std::string> Topology::AnswerMember(const Member& member,
                                                          const TopologyMessage& message,
                                                          Millis now) {
  using Answer = std::pair<JoinAnswer, std::string>;
  switch (member.state) {
    case MemberState::kJoining:
      if (member.address != message.address) {
        TryPropose(net::ChangeAddress(*ring_, member.id, message.address), now);
      }
      return Answer(JoinAnswer::kMember, "");
    case MemberState::kActive:
    case MemberState::kLeaving:
      return Answer(JoinAnswer::kRefused,
                    StrCat("node ", member.id.ToString(), " is a member already, but its file '",
                           net::RingRegister::kFileName,
                           "' is lost, and with it what it has promised: remove the node from the "
                           "cluster and start it with an empty data folder"));
    case MemberState::kLeft:
      break;
  }
  return Answer(JoinAnswer::kRefused,
                StrCat("node ", member.id.ToString(),
                       " has left the cluster for ever: start it with an empty data folder"));
}

NodeId Topology::cluster() const {
  if (ring_) return ring_->cluster_id;
  return search_ ? search_->cluster() : NodeId();
}

std::string Topology::Waiting() const {
  if (ready_) return "";
  if (ring_) {
    return StrCat("joining the cluster: ",
                  session_ != 0 ? driver_.Describe() : "this node is no member with a vote");
  }
  if (founding_ || !search_) return "founding the cluster";
  if (search_->contacts().empty()) return search_->reason();
  return StrCat("joining the cluster: ", join_text_.empty() ? "asking its members" : join_text_);
}

}  // namespace trifecta::replication
