// The life of a node in its cluster. How it finds one is in topology_joining.cc, what it does for a
// change of members in topology_operation.cc.
#include "daemon/replication/topology.h"

#include <algorithm>
#include <utility>

#include "daemon/replication/stamper_choice.h"
#include "net/incarnation.h"
#include "storage/base/text.h"

namespace trifecta::replication {

using net::Member;
using net::MemberState;
using net::NodeNumber;
using net::Protocol;

namespace {

// Partitions of one step go on together for as long as this many intervals; it bounds the documents
// of an operation whose partitions are streamed one after the other to one in two intervals.
constexpr Millis kPatienceIntervals = 2;
// The rest counts intervals, too. Round trips in views, which only order replicas, are as old as
// this at most.
constexpr Millis kViewIntervals = 10;
// How long members that nothing is known of count as live: those that a node that starts has not
// heard of yet, and one that joins. A comparison of tables takes one interval.
constexpr Millis kHopefulIntervals = 5;
// Beats in an interval: while a change is agreed on, while an operation is under way.
constexpr Millis kBeatsAgreeing = 20;
constexpr Millis kBeatsMoving = 10;
// A gossiped epoch is pulled once in this part of an interval: the document is on its way.
constexpr Millis kPulls = 10;

net::LocalNode LocalNodeOf(const TopologyOptions& options) {
  return {options.self, options.address, options.zone, options.version, NodeId()};
}

}  // namespace

Topology::Topology(TopologyOptions options, uint64_t seed, net::Outbox* outbox)
    : options_(std::move(options)),
      outbox_(outbox),
      random_(seed),
      detector_(LocalNodeOf(options_), options_.detector, random_.Next(), &inner_),
      register_(options_.self, options_.constants.cluster_name, random_.Next(), &inner_),
      driver_([this](size_t copies) { return QuorumsOf(copies); },
              kPatienceIntervals * options_.interval) {}

Status Topology::Start(const SavedState& saved, uint64_t unix_milliseconds, Millis now) {
  saved_ = saved;
  SetClock(unix_milliseconds, now);
  const Result<uint64_t> incarnation = net::ParseIncarnation(saved.incarnation);
  if (!incarnation.ok()) return incarnation.status();
  if (!saved.ring.empty()) TRIFECTA_RETURN_IF_ERROR(register_.Restore(saved.ring));
  if (register_.ring()) {
    const Member* own = register_.ring()->Find(options_.self);
    if (own == nullptr) {
      return {StatusCode::kInvalidArgument,
              StrCat("node ", options_.self.ToString(), " is not of the cluster '",
                     options_.constants.cluster_name,
                     "' that the data folder is of: it was put together from two")};
    }
    if (own->state == MemberState::kLeft) return {StatusCode::kUnavailable, HasLeft()};
  } else if (saved.has_words && !MayFound()) {
    return {StatusCode::kInvalidArgument,
            StrCat("the data folder has words and cannot join another cluster: start this node ",
                   "without `seeds` and have the others join it, or empty the folder and load the ",
                   "words again once it has joined")};
  } else {
    search_.emplace(options_.self, options_.constants.cluster_name, OtherSeeds(), MayFound(),
                    options_.interval);
    search_due_ = now;
    JudgeSearch(now);
  }
  Finish(now);
  return Status::Ok();
}

void Topology::SetClock(uint64_t unix_milliseconds, Millis now) {
  now_ = now;
  unix_milliseconds_ = unix_milliseconds;
  detector_.SetClock(unix_milliseconds, now);
}

void Topology::Receive(Protocol protocol, const NodeId& from, std::string_view bytes, Millis now) {
  now_ = now;
  switch (protocol) {
    case Protocol::kMembership:
      detector_.Receive(from, bytes, now);
      if (const net::KnownNode* node = members().Find(from)) {
        PullLater(from, node->record.vitals.ring_epoch, now);
      }
      break;
    case Protocol::kRing:
      register_.Receive(from, bytes, now);
      break;
    case Protocol::kTopology:
      ReceiveTopology(from, bytes, now);
      break;
  }
  Finish(now);
}

void Topology::ReceiveTopology(const NodeId& from, std::string_view bytes, Millis now) {
  const Result<TopologyMessage> message = DecodeTopologyMessage(bytes);
  if (!message.ok()) {
    return inner_.Log(LogLevel::kWarning, StrCat("from node ", from.ToString(), ": ",
                                                 message.status().message(), "; dropped"));
  }
  switch (message->kind) {
    case TopologyKind::kHello:
    case TopologyKind::kHelloReply:
      return OnHello(from, *message, now);
    case TopologyKind::kJoin:
      return OnJoin(from, *message, now);
    case TopologyKind::kJoinReply:
      return OnJoinReply(from, *message);
    case TopologyKind::kProgress:
      return OnProgress(from, *message, now);
    case TopologyKind::kGiveUp:
      return OnGiveUp(*message, now);
    case TopologyKind::kDrain:
      return OnDrain(from, *message);
  }
}

void Topology::OnRefused(const Address& address, Millis now) {
  now_ = now;
  if (!search_) return;
  search_->OnRefused(address, now);
  JudgeSearch(now);
  Finish(now);
}

void Topology::Tick(Millis now) {
  now_ = now;
  if (detector_started_) detector_.Tick(now);
  register_.Tick(now);
  if (search_ && now >= search_due_) Search(now);
  if (search_ && now >= join_due_) AskToJoin(now);
  if (ring_ && now >= beat_due_) Beat(now);
  Finish(now);
}

Millis Topology::next_due() const {
  Millis due = detector_started_ ? detector_.next_due() : net::FailureDetector::kNever;
  if (search_ && !over_) due = std::min({due, search_due_, join_due_});
  if (ring_) due = std::min(due, beat_due_);
  return due;
}

void Topology::OnPersisted(uint64_t token, Millis now) {
  now_ = now;
  if (token % 2 == 1) {
    register_.OnPersisted(token / 2, now);
  } else {
    detector_.OnPersisted(token / 2, now);
  }
  Finish(now);
}

void Topology::RingInUse(net::Epoch epoch, Millis now) {
  now_ = now;
  if (epoch <= in_use_) return;
  in_use_ = epoch;
  net::Vitals vitals = detector_.self().vitals;
  vitals.ring_epoch = in_use_;
  detector_.SetVitals(vitals, now);
  if (ring_ && ring_->epoch == epoch) AskForPurges();
  ReportProgress(now);
  Finish(now);
}

void Topology::PullFrom(const NodeId& node, net::Epoch epoch, Millis now) {
  now_ = now;
  if (epoch > register_.epoch()) register_.Pull(node);
  Finish(now);
}

void Topology::AskToDrain(const NodeId& node, Millis now) {
  now_ = now;
  TopologyMessage message;
  message.kind = TopologyKind::kDrain;
  Send(node, "", std::move(message));
  Finish(now);
}

void Topology::OnDrain(const NodeId& from, const TopologyMessage& message) {
  if (over_ || OwnMember() == nullptr || message.cluster != ring_->cluster_id) return;
  inner_.Log(LogLevel::kInfo,
             StrCat("node ", from.ToString(), " was asked to have this node drain"));
  Emit({.kind = Event::Kind::kDrain});
}

void Topology::SayGoodbye(Millis now) {
  now_ = now;
  if (detector_started_) detector_.Leave(now);
  Finish(now);
}

void Topology::Beat(Millis now) {
  const Millis beats = register_.proposing() ? kBeatsAgreeing : session_ != 0 ? kBeatsMoving : 1;
  beat_due_ = now + std::max<Millis>(1, options_.interval / beats);
  if (over_) return;
  const Member* own = OwnMember();
  if (own != nullptr && own->address != options_.address && !register_.proposing()) {
    TryPropose(net::ChangeAddress(*ring_, options_.self, options_.address), now);
  }
  NoteGossip(now);
  if (now >= report_due_) ReportProgress(now);
  Drive(now);
  const NodeNumber stamper = Stamper();
  if (std::exchange(seen_stamper_, stamper) != stamper || now >= view_due_) {
    view_due_ = now + kViewIntervals * options_.interval;
    if (now < hopeful_until_) view_due_ = std::min(view_due_, hopeful_until_);
    Emit({.kind = Event::Kind::kView});
  }
}

void Topology::Finish(Millis now) {
  if (register_.ring() != ring_) TakeRing(now);
  TakeResult();
  if (ring_ && std::exchange(seen_changes_, members().changes()) != members().changes()) {
    Emit({.kind = Event::Kind::kView});
  }
  if (register_.proposing()) {
    beat_due_ = std::min(beat_due_, now + std::max<Millis>(1, options_.interval / kBeatsAgreeing));
  }
  Flush();
}

// The caller knows one space of tokens, and needs an address for each message.
void Topology::Flush() {
  for (net::OutgoingMessage& message : inner_.messages) {
    if (message.address.empty()) message.address = AddressOf(message.to);
    if (!message.address.empty()) outbox_->messages.push_back(std::move(message));
  }
  for (net::PersistRequest& request : inner_.persists) {
    request.token = 2 * request.token + (request.name == net::RingRegister::kFileName ? 1 : 0);
    outbox_->persists.push_back(std::move(request));
  }
  for (net::LogLine& line : inner_.log) outbox_->log.push_back(std::move(line));
  inner_ = {};
}

void Topology::TakeRing(Millis now) {
  const bool first = ring_ == nullptr;
  ring_ = register_.ring();
  search_.reset();
  purged_.resize(ring_->partitions.size(), false);
  driver_.OnRing(ring_);
  StartDetector(ring_->cluster_id, now);
  SetRingOfDetector();
  const net::Epoch session_before = session_;
  TakeSession();
  if (first || session_ != session_before) {
    hopeful_until_ = now + kHopefulIntervals * options_.interval;
    view_due_ = std::min(view_due_, hopeful_until_);
  }
  beat_due_ = now;
  if (first) WarnOfDifferences();
  Emit({.kind = Event::Kind::kRing, .ring = ring_});
  CheckOwnMember();
  AskForStreams();
}

void Topology::SetRingOfDetector() {
  std::set<NodeId> ids;
  std::vector<Address> addresses = OtherSeeds();
  for (const Member& member : ring_->members) {
    if (member.state == MemberState::kLeft || member.id == options_.self) continue;
    ids.insert(member.id);
    if (std::find(addresses.begin(), addresses.end(), member.address) == addresses.end()) {
      addresses.push_back(member.address);
    }
  }
  detector_.SetRingMembers(std::move(ids));
  detector_.SetSeeds(std::move(addresses));
}

void Topology::CheckOwnMember() {
  const Member* own = ring_->Find(options_.self);
  if (own == nullptr) return Fail("this node is not in the ring of its own data folder");
  if (own->state == MemberState::kLeft) {
    over_ = true;
    return Emit(
        {.kind = Event::Kind::kLeft,
         .status = was_leaving_ ? Status::Ok() : Status(StatusCode::kUnavailable, HasLeft())});
  }
  was_leaving_ = own->state == MemberState::kLeaving;
  if (own->state == MemberState::kJoining || std::exchange(ready_, true)) return;
  Emit({.kind = Event::Kind::kReady, .ring = ring_});
}

std::string Topology::HasLeft() const {
  return StrCat("node ", options_.self.ToString(), " has left the cluster '",
                options_.constants.cluster_name,
                "' for ever, and the others have all that it had: to use this machine again, start "
                "it with an empty data folder");
}

void Topology::WarnOfDifferences() {
  const net::RingConstants& mine = options_.constants;
  const auto warn = [this](std::string_view key, auto configured, auto actual) {
    if (configured == actual) return;
    inner_.Log(LogLevel::kWarning, StrCat(key, " is ", actual, ", as the cluster was founded; ",
                                          configured, " in the configuration has no effect"));
  };
  warn("partitions", size_t{mine.partitions}, ring_->partitions.size());
  warn("replication_factor", mine.replication_factor, ring_->replication_factor);
  warn("k_factor", mine.k_factor, ring_->k_factor);
  const Member* own = ring_->Find(options_.self);
  if (own != nullptr && own->zone != options_.zone) {
    inner_.Log(LogLevel::kWarning,
               StrCat("this node joined in zone '", own->zone, "' and stays in it; '",
                      options_.zone, "' in the configuration has no effect"));
  }
}

void Topology::NoteGossip(Millis now) {
  const net::KnownNode* latest = nullptr;
  for (const net::KnownNode& node : members().nodes()) {
    const net::Epoch epoch = node.record.vitals.ring_epoch;
    if (const Member* member = ring_->Find(node.record.id)) {
      driver_.NoteRecorded(member->number, epoch);
    }
    const bool later = latest == nullptr || epoch > latest->record.vitals.ring_epoch;
    if (later && net::IsLive(node.record.liveness)) latest = &node;
  }
  if (latest != nullptr) PullLater(latest->record.id, latest->record.vitals.ring_epoch, now);
}

void Topology::PullLater(const NodeId& node, net::Epoch epoch, Millis now) {
  if (!ring_ || epoch <= register_.epoch() || now < pull_allowed_at_) return;
  pull_allowed_at_ = now + options_.interval / kPulls;
  register_.Pull(node);
}

const Member* Topology::OwnMember() const {
  const Member* own = ring_ ? ring_->Find(options_.self) : nullptr;
  return own != nullptr && own->state != MemberState::kLeft ? own : nullptr;
}

bool Topology::IsLive(const NodeId& node) const {
  if (node == options_.self) return true;
  const net::KnownNode* known = members().Find(node);
  if (known == nullptr) return now_ < hopeful_until_;
  return net::IsLive(known->record.liveness);
}

NodeNumber Topology::Stamper() const {
  const Member* own = OwnMember();
  if (own == nullptr) return net::kNoNodeNumber;
  std::vector<ClockReading> readings;
  for (const Member& member : ring_->members) {
    const net::KnownNode* known = members().Find(member.id);
    if (member.id == options_.self || member.state != MemberState::kActive || known == nullptr) {
      continue;
    }
    // A reading is right to within half of the round trip.
    const bool measured = known->measured_at != 0 && known->round_trip <= kClockOffsetMax;
    if (measured && net::IsLive(known->record.liveness)) {
      readings.push_back({member.number, known->clock_offset});
    }
  }
  return ChooseStamper(own->number, readings);
}

ViewPtr Topology::View() const {
  const Member* own = OwnMember();
  if (own == nullptr) return nullptr;
  auto view = std::make_shared<ClusterView>();
  view->ring = ring_;
  view->self = own->number;
  view->read_quorum = options_.read_quorum;
  view->write_quorum = options_.write_quorum;
  view->stamper = Stamper();
  for (const Member& member : ring_->members) {
    if (member.state == MemberState::kLeft) continue;
    const net::KnownNode* known = members().Find(member.id);
    view->nodes.push_back({member.number, member.id, AddressOf(member.id), member.zone,
                           IsLive(member.id), known == nullptr ? 0 : known->round_trip});
  }
  view->Finish();
  return view;
}

// A node's own word about its address is newer than the ring's.
Address Topology::AddressOf(const NodeId& node) const {
  if (node == options_.self) return options_.address;
  if (const net::KnownNode* known = members().Find(node)) return known->record.address;
  if (const Member* member = ring_ ? ring_->Find(node) : nullptr) return member->address;
  if (search_) {
    const auto contact = search_->contacts().find(node);
    if (contact != search_->contacts().end()) return contact->second;
  }
  return "";
}

void Topology::Send(const NodeId& to, const Address& address, TopologyMessage message) {
  message.cluster = cluster();
  inner_.messages.push_back({Protocol::kTopology, to, address, EncodeTopologyMessage(message)});
}

void Topology::Fail(std::string text) {
  if (std::exchange(over_, true)) return;
  Emit({.kind = Event::Kind::kFatal, .text = std::move(text)});
}

}  // namespace trifecta::replication
