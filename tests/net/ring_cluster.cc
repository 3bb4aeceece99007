#include "tests/net/ring_cluster.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "net/ring_change.h"
#include "storage/base/text.h"
#include "tests/net/ring_samples.h"

namespace trifecta::net {

struct RingCluster::Node {
  NodeId id;
  Outbox outbox;
  std::unique_ptr<RingRegister> ring_register;  // null while it is down
  std::string disk;                             // the register's file, as it is after a crash
  std::vector<PersistRequest> writing;          // in order; the disk may or may not have them
  Millis disk_free = 0;                         // when all of that is written
  uint64_t life = 0;
  Epoch shown = 0;  // the highest epoch that it ever showed
};

RingCluster::RingCluster(uint64_t seed, const RingClusterOptions& options)
    : seed_(seed), options_(options), random_(seed) {
  Node& founder = NodeOf(SampleId(1));
  if (!founder.ring_register->Install(SampleFounding()).ok()) Break("founding failed");
  Drain(&founder);
  StepTo(now_ + 1'000);  // until its disk has it
}

RingCluster::~RingCluster() = default;

RingCluster::Node& RingCluster::NodeOf(const NodeId& id) {
  std::unique_ptr<Node>& node = nodes_[id];
  if (!node) {
    node = std::make_unique<Node>();
    node->id = id;
    Restart(node.get());
  }
  return *node;
}

void RingCluster::Schedule(Event event) {
  event.order = ++order_;
  events_.push(std::move(event));
}

Millis RingCluster::Delay() {
  const bool late = random_.Chance(options_.late_per_million);
  return 1 + random_.Below(late ? options_.late_most : options_.delay_most);
}

void RingCluster::Run(Millis time) {
  for (const Millis end = now_ + time; now_ < end && broken_.empty();) {
    StepTo(now_ + options_.turn_length);
    Turn();
  }
}

void RingCluster::StepTo(Millis end) {
  while (!events_.empty() && events_.top().at <= end) {
    Event event = events_.top();
    events_.pop();
    now_ = event.at;
    Take(std::move(event));
  }
  now_ = end;
}

void RingCluster::Take(Event event) {
  Node& node = NodeOf(event.node);
  if (event.kind == Event::kRestart) return Restart(&node);
  if (!node.ring_register) return;
  if (event.kind == Event::kArrival) {
    node.ring_register->Receive(event.from, event.bytes, now_);
  } else if (event.life == node.life) {
    node.disk = std::move(node.writing.front().bytes);
    node.writing.erase(node.writing.begin());
    if (!options_.answers_before_sync) node.ring_register->OnPersisted(event.token, now_);
  }
  Drain(&node);
}

void RingCluster::Turn() {
  std::vector<NodeId> ids;
  for (const auto& [id, node] : nodes_) ids.push_back(id);
  for (const NodeId& id : ids) {
    Node& node = NodeOf(id);
    if (!node.ring_register) continue;
    if (random_.Chance(options_.crash_per_million)) {
      Crash(&node);
      continue;
    }
    node.ring_register->Tick(now_);
    if (random_.Chance(100'000)) node.ring_register->Pull(ids[random_.Below(ids.size())]);
    if (random_.Chance(options_.propose_per_million)) ProposeAt(&node);
    Drain(&node);
  }
}

void RingCluster::Drain(Node* node) {
  while (!node->outbox.empty()) {
    Outbox box = std::exchange(node->outbox, {});
    for (const OutgoingMessage& message : box.messages) SendOut(*node, message);
    for (PersistRequest& request : box.persists) Write(node, std::move(request));
    for (const LogLine& line : box.log) {
      if (line.level == LogLevel::kError) Break(line.text);
    }
  }
  Check(node);
}

void RingCluster::SendOut(const Node& node, const OutgoingMessage& message) {
  const int copies = random_.Chance(options_.loss_per_million)     ? 0
                     : random_.Chance(options_.double_per_million) ? 2
                                                                   : 1;
  for (int i = 0; i < copies; ++i) {
    Schedule({now_ + Delay(), 0, Event::kArrival, message.to, 0, node.id, message.bytes});
  }
}

void RingCluster::Write(Node* node, PersistRequest request) {
  // One after the other, as a disk has them.
  node->disk_free = std::max(node->disk_free, now_) + 1 + random_.Below(options_.sync_most);
  const uint64_t token = request.token;
  node->writing.push_back(std::move(request));
  Schedule({node->disk_free, 0, Event::kSynced, node->id, node->life, {}, {}, token});
  if (options_.answers_before_sync) node->ring_register->OnPersisted(token, now_);
}

void RingCluster::Crash(Node* node) {
  ++crashes_;
  // What was being written is there or not, but in order.
  const size_t kept = random_.Below(node->writing.size() + 1);
  if (kept > 0) node->disk = std::move(node->writing[kept - 1].bytes);
  node->writing.clear();
  node->ring_register.reset();
  node->outbox = {};
  ++node->life;
  Schedule({now_ + 1 + random_.Below(options_.down_most), 0, Event::kRestart, node->id, 0, {}, {}});
}

void RingCluster::Restart(Node* node) {
  node->ring_register =
      std::make_unique<RingRegister>(node->id, "sample", random_.Next(), &node->outbox);
  if (node->disk.empty()) return;
  if (options_.forgets) {
    RingState state = *DecodeRingState(node->disk);
    state.promised = state.accepted = Ballot();
    state.proposed.reset();
    node->disk = EncodeRingState(state);
  }
  const Status status = node->ring_register->Restore(node->disk);
  if (!status.ok()) Break(status.ToString());
  Check(node);
}

// A change that the ring allows, in favour of those that change who has a vote.
Ring RingCluster::Change(const Ring& ring) {
  if (!ring.operation) {
    size_t voters = VotersOf(ring).size();
    const Member& member = ring.members[random_.Below(ring.members.size())];
    const uint64_t dice = random_.Below(10);
    Result<Ring> next = ChangeAddress(ring, member.id, StrCat("h:", random_.Below(1000)));
    if (dice < 5 && voters < 6) next = BeginJoin(ring, SampleMember(++last_id_));
    if (dice >= 5 && dice < 8) next = BeginLeave(ring, member.id);
    if (dice == 8) next = BeginReplace(ring, member.id, SampleMember(++last_id_));
    return next.ok() ? *next : ring;
  }
  if (random_.Chance(100'000)) {
    const Result<Ring> aborted = AbortOperation(ring);
    if (aborted.ok()) return *aborted;
  }
  for (int step = 1; step <= 6; ++step) {
    const auto from = static_cast<MoveStep>(step);
    const auto to = step == 6 ? MoveStep::kNone : static_cast<MoveStep>(step + 1);
    const auto moves = MovesAt(ring, from);
    if (!moves.empty()) return *AdvanceMoves(ring, moves, to);
  }
  Node& joins = NodeOf(ring.operation->node);
  const bool joined = joins.shown > 0;
  return joined ? *FinishOperation(ring) : ring;
}

void RingCluster::ProposeAt(Node* node) {
  RingRegister* ring_register = node->ring_register.get();
  const RingPtr ring = ring_register->ring();
  if (!ring || ring_register->proposing()) return;
  Ring next = Change(*ring);
  if (next.epoch == ring->epoch) return;
  // No two proposals are alike, so that each can be told from the others.
  const auto live =
      std::find_if(next.members.begin(), next.members.end(),
                   [](const Member& member) { return member.state != MemberState::kLeft; });
  live->address = StrCat("proposal-", ++proposals_, ":1");
  parents_[live->address] = ring;
  const Status status = ring_register->Propose(next, now_ + options_.proposal_deadline, now_);
  if (status.code() == StatusCode::kInvalidArgument) Break(status.message());
}

void RingCluster::Break(std::string text) {
  if (broken_.empty()) broken_ = StrCat("seed ", seed_, " at ", now_, " ms: ", text);
}

void RingCluster::Check(Node* node) {
  if (!node->ring_register) return;
  if (const auto result = node->ring_register->TakeResult()) CheckResult(*result);
  const Epoch epoch = node->ring_register->epoch();
  if (epoch < node->shown)
    Break(StrCat("a node went back from epoch ", node->shown, " to ", epoch));
  if (epoch <= node->shown) return;
  node->shown = epoch;
  CheckDocument(node->ring_register->ring());
}

// What a node shows is what every other shows of that epoch, and was made from the one before.
void RingCluster::CheckDocument(const RingPtr& ring) {
  const auto [known, is_new] = history_.emplace(ring->epoch, ring);
  if (*known->second != *ring) Break(StrCat("two documents of epoch ", ring->epoch));
  if (!is_new) return;
  const auto before = history_.find(ring->epoch - 1);
  const auto parent =
      std::find_if(ring->members.begin(), ring->members.end(), [&](const Member& member) {
        return parents_.count(member.address) > 0 &&
               parents_[member.address]->epoch == ring->epoch - 1;
      });
  if (before != history_.end() &&
      (parent == ring->members.end() || *parents_[parent->address] != *before->second)) {
    Break(StrCat("epoch ", ring->epoch, " does not follow the one before"));
  }
  CheckLost();
}

void RingCluster::CheckResult(const ProposalResult& result) {
  switch (result.outcome) {
    case ProposalOutcome::kAgreed:
      ++agreed_;
      return CheckDocument(result.proposed);
    case ProposalOutcome::kLost:
      ++lost_;
      lost_documents_[result.proposed->epoch].push_back(result.proposed);
      return CheckLost();
    case ProposalOutcome::kUnknown:
      ++unknown_;
  }
}

// What was reported as lost is never in force.
void RingCluster::CheckLost() {
  for (const auto& [epoch, documents] : lost_documents_) {
    const auto chosen = history_.find(epoch);
    if (chosen == history_.end()) continue;
    for (const RingPtr& document : documents) {
      if (*document == *chosen->second) Break(StrCat("epoch ", epoch, " was reported as lost"));
    }
  }
}

size_t RingCluster::voter_changes() const {
  size_t changes = 0;
  const Ring* before = nullptr;
  for (const auto& [epoch, ring] : history_) {
    if (before != nullptr && VotersOf(*before) != VotersOf(*ring)) ++changes;
    before = ring.get();
  }
  return changes;
}

bool RingCluster::HasSettled(Epoch wanted) {
  const RingPtr newest = history_.rbegin()->second;
  if (newest->epoch < wanted) return false;
  return std::all_of(newest->members.begin(), newest->members.end(), [&](const Member& member) {
    const Node& node = NodeOf(member.id);
    return member.state == MemberState::kLeft ||
           (node.ring_register && node.ring_register->epoch() == newest->epoch);
  });
}

bool RingCluster::Settle() {
  options_.loss_per_million = options_.double_per_million = options_.late_per_million = 0;
  options_.crash_per_million = 0;
  const Epoch wanted = newest() + 1;
  for (const Millis end = now_ + 60'000; now_ < end && broken_.empty();) {
    options_.propose_per_million = newest() < wanted ? 60'000 : 0;
    StepTo(now_ + options_.turn_length);
    Turn();
    if (HasSettled(wanted)) return true;
  }
  return false;
}

}  // namespace trifecta::net
