#include "tests/replication/mini_cluster.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <utility>

#include "storage/base/text.h"
#include "tests/net/ring_samples.h"
#include "tests/support/fake_store.h"

namespace trifecta::test {

using replication::Actions;
using replication::ClusterView;
using replication::kNever;
using replication::Operation;

namespace {

// The clocks begin here, so that tests have room for older versions.
constexpr uint64_t kFirstTime = uint64_t{1} << 32;
// An operation that takes more events than this will not end.
constexpr int kEventsMax = 100'000;

}  // namespace

MiniCluster::MiniCluster(Options options) {
  const net::Ring ring = net::SampleRing(options.nodes, options.partitions, options.copies);
  for (NodeNumber number = 1; number <= options.nodes; ++number) {
    MiniNode node;
    node.number = number;
    node.zone = ring.Find(number)->zone;
    node.store = options.store ? options.store(number) : std::make_unique<FakeStore>();
    node.digests = std::make_unique<replication::DigestTable>(ring.k_factor, options.partitions);
    node.store->Observe(node.digests.get());
    const std::atomic<bool> stop = false;
    if (!node.digests->Fill(*node.store, stop).ok()) throw std::runtime_error("no digests");
    node.stamper = std::make_unique<CountingStamper>(number, kFirstTime);
    replication::Replica::Parts parts;
    parts.store = node.store.get();
    parts.digests = node.digests.get();
    parts.stamper = node.stamper.get();
    node.replica = std::make_unique<replication::Replica>(std::move(parts));
    nodes_.push_back(std::move(node));
  }
  InstallEverywhere(ring);
}

ViewPtr MiniCluster::ViewOf(NodeNumber number) {
  auto view = std::make_shared<ClusterView>();
  view->ring = node(number).ring;
  view->self = number;
  view->stamper = node(number).stamped_by != 0 ? node(number).stamped_by : number;
  view->read_quorum = read_quorum;
  view->write_quorum = write_quorum;
  for (const MiniNode& one : nodes_) {
    const net::Member* member = view->ring->Find(one.number);
    if (member == nullptr || member->state == net::MemberState::kLeft) continue;
    view->nodes.push_back({one.number, member->id, member->address, one.zone,
                           one.live || one.number == number, one.round_trip});
  }
  view->Finish();
  return view;
}

void MiniCluster::Install(NodeNumber number, const net::Ring& ring) {
  node(number).ring = std::make_shared<const net::Ring>(ring);
}

void MiniCluster::InstallEverywhere(const net::Ring& ring) {
  for (const MiniNode& one : nodes_) Install(one.number, ring);
}

void MiniCluster::Start(Operation* operation, NodeNumber coordinator) {
  running_.push_back({operation, coordinator});
  Actions actions;
  operation->Start(ViewOf(coordinator), now_, &actions);
  CarryOut(operation, &actions);
}

void MiniCluster::Forget(Operation* operation) {
  std::erase_if(running_, [&](const Running& one) { return one.operation == operation; });
  std::erase_if(flights_, [&](const Flight& one) { return one.operation == operation; });
}

MiniCluster::Running* MiniCluster::Find(const Operation* operation) {
  const auto at = std::find_if(running_.begin(), running_.end(),
                               [&](const Running& one) { return one.operation == operation; });
  return at == running_.end() ? nullptr : &*at;
}

void MiniCluster::CarryOut(Operation* operation, Actions* actions) {
  Running* running = Find(operation);
  for (replication::Call& call : actions->calls) {
    flights_.push_back({operation, running->coordinator, std::move(call), false});
  }
  std::move(actions->hints.begin(), actions->hints.end(), std::back_inserter(hints));
  if (actions->pull_from != net::kNoNodeNumber) {
    running->pull_from = actions->pull_from;
    running->pull_epoch = actions->pull_epoch;
    if (fetches_rings) return FetchRing(operation);
  }
  DropDone();
}

void MiniCluster::FetchRing(Operation* operation) {
  Running* running = Find(operation);
  if (running == nullptr || running->pull_from == net::kNoNodeNumber) return;
  MiniNode& coordinator = node(running->coordinator);
  const net::RingPtr ring = node(running->pull_from).ring;
  if (ring->epoch > coordinator.ring->epoch) coordinator.ring = ring;
  if (coordinator.ring->epoch < running->pull_epoch) return;
  running->pull_from = net::kNoNodeNumber;
  Actions actions;
  operation->OnView(ViewOf(running->coordinator), now_, &actions);
  CarryOut(operation, &actions);
}

void MiniCluster::DropDone() {
  const auto is_done = [](const auto& one) { return one.operation->done(); };
  std::erase_if(flights_, is_done);
  std::erase_if(running_, is_done);
}

Fate MiniCluster::FateOf(const Flight& flight) {
  const bool exists = flight.call.to >= 1 && flight.call.to <= nodes_.size();
  if (!exists) return Fate::kFail;
  if (fate_of) return fate_of(flight);
  return flight.call.to == flight.from ? Fate::kDeliver : node(flight.call.to).fate;
}

void MiniCluster::Answer(Flight flight, const Result<std::string_view>& reply) {
  Actions actions;
  flight.operation->OnReply(flight.call.id, reply, now_, &actions);
  CarryOut(flight.operation, &actions);
}

void MiniCluster::Deliver(size_t index) {
  const Fate fate = FateOf(flights_.at(index));
  flights_[index].lost = fate == Fate::kLoseRequest || fate == Fate::kLoseReply;
  std::vector<std::string> replies;
  if (fate == Fate::kDeliver || fate == Fate::kLoseReply) {
    const std::string request = flights_[index].call.request;
    const std::string_view view = request;
    MiniNode& replica = node(flights_[index].call.to);
    replica.replica->Answer(replica.ring, replica.number, {&view, 1}, &replies);
    ++delivered;
  }
  if (flights_[index].lost) return;
  Flight flight = std::move(flights_[index]);
  flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(index));
  if (fate == Fate::kFail) {
    Answer(std::move(flight),
           Status(StatusCode::kUnavailable, StrCat("node ", flight.call.to, ": refused")));
  } else {
    Answer(std::move(flight), std::string_view(replies.at(0)));
  }
}

void MiniCluster::DeliverAll() {
  for (int events = 0;; ++events) {
    const auto at = std::find_if(flights_.begin(), flights_.end(),
                                 [](const Flight& flight) { return !flight.lost; });
    if (at == flights_.end()) return;
    if (events > kEventsMax) throw std::runtime_error("calls without end");
    Deliver(static_cast<size_t>(at - flights_.begin()));
  }
}

Millis MiniCluster::NextDue() const {
  Millis due = kNever;
  for (const Running& one : running_) due = std::min(due, one.operation->next_due());
  for (const Flight& flight : flights_) due = std::min(due, flight.call.deadline);
  return due;
}

void MiniCluster::DoDue() {
  for (size_t i = 0; i < flights_.size();) {
    if (flights_[i].call.deadline > now_) {
      ++i;
      continue;
    }
    Flight flight = std::move(flights_[i]);
    flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(i));
    Answer(std::move(flight), Status(StatusCode::kTimeout, "no answer in time"));
    i = 0;  // the answer may have changed anything
  }
  const std::vector<Running> running = running_;
  for (const Running& one : running) {
    if (Find(one.operation) == nullptr || one.operation->next_due() > now_) continue;
    Actions actions;
    one.operation->OnTick(now_, &actions);
    CarryOut(one.operation, &actions);
  }
}

void MiniCluster::AdvanceTo(Millis time) {
  for (int events = 0; NextDue() <= time; ++events) {
    if (events > kEventsMax) throw std::runtime_error("timers without end");
    now_ = std::max(now_, NextDue());
    DoDue();
  }
  now_ = std::max(now_, time);
}

bool MiniCluster::Step(Random* random) {
  std::vector<size_t> waiting;
  for (size_t i = 0; i < flights_.size(); ++i) {
    if (!flights_[i].lost) waiting.push_back(i);
  }
  const bool has_due = NextDue() != kNever;
  if (waiting.empty() && !has_due) return false;
  // Time moves seldom, or deadlines would be all that happens.
  if (waiting.empty() || (has_due && random->Below(16) == 0)) {
    AdvanceTo(NextDue());
  } else {
    Deliver(waiting[random->Below(waiting.size())]);
  }
  return true;
}

void MiniCluster::RunUntil(Operation* operation, bool (Operation::*end)() const) {
  for (int events = 0; !(operation->*end)(); ++events) {
    DeliverAll();
    if ((operation->*end)()) return;
    if (NextDue() == kNever || events > kEventsMax) throw std::runtime_error("it does not end");
    AdvanceTo(NextDue());
  }
}

void MiniCluster::Run(Operation* operation, NodeNumber coordinator) {
  Start(operation, coordinator);
  RunUntil(operation, &Operation::done);
}

void MiniCluster::RunUntilAnswered(Operation* operation, NodeNumber coordinator) {
  Start(operation, coordinator);
  RunUntil(operation, &Operation::answered);
}

storage::Lookup MiniCluster::Held(NodeNumber number, std::string_view word) const {
  const auto held = nodes_.at(number - 1).store->Get(word);
  if (!held.ok()) throw std::runtime_error(held.status().ToString());
  return *held;
}

void MiniCluster::Put(NodeNumber number, std::string_view word, Version version, bool tombstone) {
  const Entry entry{word, version, tombstone};
  const Status status = node(number).store->Write({&entry, 1}, {});
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

}  // namespace trifecta::test
