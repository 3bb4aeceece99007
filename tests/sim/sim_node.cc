#include "tests/sim/sim_node.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <string_view>
#include <utility>

#include "daemon/replication/messages.h"
#include "net/preference.h"
#include "storage/base/word.h"

namespace trifecta::sim {

using replication::DigestTable;
using replication::ViewPtr;

namespace {

// Small, so that some hundred words make several files.
constexpr uint64_t kSegmentBytes = 16 * 1024;
constexpr uint64_t kTabletBytes = 1024;
constexpr uint64_t kMemtableBytes = 1u << 20;

// For one node: a few hundred hints.
constexpr uint64_t kHintBytesMax = 16 * 1024;

// A request with a later ring than this node's waits for that so long, and looks so often.
constexpr Millis kBehindWait = 300;
constexpr Millis kBehindLook = 10;

constexpr Millis kPurgeAgain = 500;

net::NodeNumber NumberOf(const ViewPtr& view) {
  return view == nullptr ? net::kNoNodeNumber : view->self;
}

// The same views, in which one owner is enough for a read.
std::function<ViewPtr()> OneSource(std::function<ViewPtr()> real) {
  return [real = std::move(real)]() -> ViewPtr {
    const ViewPtr view = real();
    if (view == nullptr) return nullptr;
    auto copy = std::make_shared<replication::ClusterView>(*view);
    copy->read_quorum = 1;
    return copy;
  };
}

// The node's clock and number; every version is also told to `given`.
class SimStamper : public replication::Stamper {
 public:
  SimStamper(daemon::HybridClock* clock, std::function<net::NodeNumber()> number)
      : clock_(clock), number_(std::move(number)) {}

  Result<Version> Stamp() override {
    const net::NodeNumber number = number_();
    if (number == net::kNoNodeNumber) {
      return Status(StatusCode::kUnavailable, "this node has no number yet");
    }
    const Result<uint64_t> time = clock_->Now();
    if (!time.ok()) return time.status();
    return Version{*time, number};
  }
  void Observe(const Version& version) override { clock_->Observe(version.time); }

 private:
  daemon::HybridClock* const clock_;
  const std::function<net::NodeNumber()> number_;
};

class WatchedStamper : public replication::Stamper {
 public:
  WatchedStamper(std::unique_ptr<replication::Stamper> real, std::function<void(uint64_t)> given)
      : real_(std::move(real)), given_(std::move(given)) {}

  Result<Version> Stamp() override {
    Result<Version> version = real_->Stamp();
    if (version.ok()) given_(version->time);
    return version;
  }
  void Observe(const Version& version) override { real_->Observe(version); }

 private:
  const std::unique_ptr<replication::Stamper> real_;
  const std::function<void(uint64_t)> given_;
};

}  // namespace

SimNode::SimNode(SimNetwork* network, SimCalls* calls, Options options, Listener listener)
    : network_(network),
      calls_(calls),
      options_(std::move(options)),
      listener_(std::move(listener)),
      disk_(options_.flaws.forgetful_disk),
      clock_(network) {}

SimNode::~SimNode() = default;

// A life --------------------------------------------------------------------------------------

void SimNode::Start() {
  dead_.clear();
  if (disk_.power_lost()) disk_.LosePower(network_->random());
  network_->Restart(options_.index);
  const Status status = StartProcess();
  if (status.ok() && !disk_.power_lost()) return;
  const bool power = disk_.power_lost();
  EndProcess();
  listener_.fault(this, power ? Status(StatusCode::kIoError, "power lost") : status);
}

Status SimNode::StartProcess() {
  process_ = std::make_unique<Process>();
  Process* const process = process_.get();
  TRIFECTA_RETURN_IF_ERROR(OpenStore(process));
  TRIFECTA_RETURN_IF_ERROR(OpenHints(process));
  Result<std::unique_ptr<daemon::HybridClock>> clock =
      daemon::HybridClock::Open(disk_.folder(), disk_.files(), &clock_);
  if (!clock.ok()) return clock.status();
  process->hybrid_clock = std::move(*clock);
  process->hybrid_clock->OnFailure([process](const Status&) { process->failed = true; });

  const auto number = [process] { return NumberOf(process->view); };
  std::unique_ptr<replication::Stamper> stamper =
      options_.flaws.no_ceiling ? ForgetfulStamper(&clock_, number)
                                : std::make_unique<SimStamper>(process->hybrid_clock.get(), number);
  process->stamper = std::make_unique<WatchedStamper>(
      std::move(stamper), [this](uint64_t time) { given_twice_ += !given_.insert(time).second; });
  process->replica = std::make_unique<replication::Replica>(replication::Replica::Parts{
      process->store.get(), process->digests.get(), process->stamper.get(), {}, &process->lost});
  const auto view = [process] { return process->view; };
  process->runner = MakeRunner(view, true);
  process->read_runner = MakeRunner(view, !options_.flaws.no_repair);
  process->stream_runner = MakeRunner(options_.flaws.one_source ? OneSource(view) : view, true);
  process->upkeep = MakeUpkeep();
  process->rebuild = MakeRebuild();
  FillDigestsLater();
  CheckpointLater();
  if (!options_.topology) return Status::Ok();
  process->member = MakeMember();
  return process->member->Start(process->store->Stats().words > 0);
}

Status SimNode::OpenStore(Process* process) {
  process->digests = std::make_unique<DigestTable>(options_.k_factor, options_.partitions);
  storage::StoreOptions options;
  options.folder = disk_.folder();
  options.file_system = disk_.files();
  options.memtable_bytes = kMemtableBytes;
  options.tablet_bytes = kTabletBytes;
  options.log_segment_bytes = kSegmentBytes;
  options.background = false;
  options.tolerate_damage = true;
  options.observer = process->digests.get();
  Result<std::unique_ptr<storage::Store>> store = storage::Store::Open(options);
  if (!store.ok()) return store.status();
  process->store = std::move(*store);
  process->store->OnFailure([process](const Status&) { process->failed = true; });
  return Status::Ok();
}

Status SimNode::OpenHints(Process* process) {
  replication::HintStoreOptions options;
  options.folder = disk_.folder() + "/hints";
  options.file_system = disk_.files();
  options.seed = network_->random()->Next();
  options.node_bytes_max = kHintBytesMax;
  Result<std::unique_ptr<replication::HintStore>> hints =
      replication::HintStore::Open(std::move(options));
  if (!hints.ok()) return hints.status();
  process->hints = std::move(*hints);
  return Status::Ok();
}

void SimNode::Kill() {
  if (running()) EndProcess();
}

void SimNode::LosePower() {
  Kill();
  dead_.clear();
  disk_.LosePower(network_->random());
}

void SimNode::LosePowerSoon(uint64_t changes) {
  disk_.LosePowerAt(1 + network_->random()->Below(changes));
}

bool SimNode::Survived() {
  if (process_ == nullptr) return false;
  if (!process_->failed && !disk_.power_lost()) return true;
  EndProcess();
  listener_.fault(this, {StatusCode::kIoError, "the disk failed"});
  return false;
}

// It may be one of the process's own calls that ends it, so its parts stay until the next start.
void SimNode::EndProcess() {
  network_->Crash(options_.index);
  calls_->Forget(options_.index);
  dead_.push_back(std::move(process_));
}

// What it does by itself --------------------------------------------------------------------------

void SimNode::FillDigestsLater() {
  network_->After(options_.index, Within(options_.pace.fill_max), [this] {
    static const std::atomic<bool> never = false;
    const Status filled = process_->digests->Fill(*process_->store, never);
    // What is damaged may be given up and fetched.
    if (Survived() && !filled.ok()) FillDigestsLater();
  });
}

void SimNode::CheckpointLater() {
  network_->After(options_.index, Within(options_.pace.checkpoint_max), [this] {
    (void)process_->store->Checkpoint();
    if (Survived()) CheckpointLater();
  });
}

std::unique_ptr<SimUpkeep> SimNode::MakeUpkeep() {
  Process* const process = process_.get();
  SimUpkeep::Parts parts;
  parts.network = network_;
  parts.node = options_.index;
  parts.store = process->store.get();
  parts.digests = process->digests.get();
  parts.hints = process->hints.get();
  parts.clock = &clock_;
  parts.view = [process] { return process->view; };
  parts.runner = process->runner.get();
  parts.stream_runner = process->stream_runner.get();
  parts.repairs = !options_.flaws.no_repair;
  parts.streamed = [process](net::Epoch session, uint32_t partition) {
    if (process->member) process->member->StreamDone(session, {&partition, 1});
  };
  return std::make_unique<SimUpkeep>(std::move(parts));
}

std::unique_ptr<SimRebuild> SimNode::MakeRebuild() {
  Process* const process = process_.get();
  SimRebuild::Parts parts;
  parts.network = network_;
  parts.node = options_.index;
  parts.store = process->store.get();
  parts.digests = process->digests.get();
  parts.lost = &process->lost;
  parts.runner = process->runner.get();
  parts.view = [process] { return process->view; };
  parts.count_again = [this, process] {
    std::vector<uint32_t> all(options_.partitions);
    std::iota(all.begin(), all.end(), 0);
    process->digests->Forget(all);
    FillDigestsLater();
  };
  parts.survived = [this] { return Survived(); };
  return std::make_unique<SimRebuild>(std::move(parts));
}

void SimNode::TakeView(ViewPtr view) {
  if (!options_.topology) process_->ready = true;
  process_->view = std::move(view);
  process_->runner->OnView();
  process_->read_runner->OnView();
  process_->stream_runner->OnView();
  process_->upkeep->OnView();
}

// Its cluster -------------------------------------------------------------------------------------

std::unique_ptr<SimMember> SimNode::MakeMember() {
  SimMember::Parts parts;
  parts.network = network_;
  parts.node = options_.index;
  parts.disk = &disk_;
  parts.clock = &clock_;
  parts.id_of = listener_.id_of;
  parts.take = [this](const replication::TopologyEvent& event) { Take(event); };
  parts.survived = [this] { return Survived(); };
  replication::TopologyOptions options;
  options.self = options_.id;
  options.address = options_.address;
  options.zone = options_.zone;
  options.version = "0.1.0";
  options.seeds = options_.seeds;
  options.constants = options_.constants;
  options.detector = options_.detector;
  return std::make_unique<SimMember>(std::move(parts), std::move(options));
}

void SimNode::Receive(const SimMessage& message) {
  if (process_ != nullptr && process_->member) process_->member->Receive(message);
}

void SimNode::Take(const replication::TopologyEvent& event) {
  using Kind = replication::TopologyEvent::Kind;
  switch (event.kind) {
    case Kind::kRing:
      listener_.ring(this, event.ring);
      network_->After(options_.index, Within(options_.pace.view_max),
                      [this, epoch = event.ring->epoch] {
                        // None once it has left.
                        if (ViewPtr view = process_->member->topology().View())
                          TakeView(std::move(view));
                        // Requests are answered whole, at one instant.
                        process_->member->RingInUse(epoch);
                      });
      return;
    case Kind::kView:
      network_->After(options_.index, Within(options_.pace.view_max), [this] {
        if (ViewPtr view = process_->member->topology().View()) TakeView(std::move(view));
      });
      return;
    case Kind::kReady:
      process_->ready = true;
      return;
    case Kind::kPurge:
      network_->After(options_.index, 0, [this, event] { Purge(event.partitions); });
      return;
    case Kind::kFatal:
      listener_.fault(this, {StatusCode::kInternal, event.text});
      return;
    case Kind::kLeft:
      network_->After(options_.index, 0, [this] {
        EndProcess();
        listener_.left(this);
      });
      return;
    case Kind::kStream:   // the upkeep knows by the view
    case Kind::kDrain:    // nobody asks for it here
    case Kind::kOutcome:  // whoever asks looks at the ring
      return;
  }
}

void SimNode::Purge(const std::vector<uint32_t>& partitions) {
  const net::RingPtr ring = process_->member->topology().ring();
  const net::Member* self = ring->Find(options_.id);
  std::vector<bool> gone(ring->partitions.size());
  for (const uint32_t partition : partitions) {
    gone[partition] = self == nullptr || !net::Holds(ring->partitions[partition], self->number);
  }
  const Status status = process_->store->Purge([&](std::string_view word) {
    return !gone[net::PartitionOf(ShardRoot(word, ring->k_factor), gone.size())];
  });
  if (!Survived()) return;
  if (!status.ok()) {
    // A full disk may have room again.
    network_->After(options_.index, kPurgeAgain, [this, partitions] { Purge(partitions); });
    return;
  }
  for (const uint32_t partition : partitions) {
    if (gone[partition]) process_->digests->Drop(partition);
  }
}

// Requests ----------------------------------------------------------------------------------------

void SimNode::Serve(NodeIndex from, std::string request, Millis patience, SimCalls::Reply reply) {
  const bool idle = process_->waiting.empty();
  process_->waiting.push_back(
      {from, std::move(request), network_->now() + patience, std::move(reply)});
  if (idle) WorkAfter(Within(options_.pace.serve_max));
}

void SimNode::WorkAfter(Millis delay) {
  network_->After(options_.index, delay, [this] { Work(); });
}

void SimNode::Work() {
  std::vector<Waiting> waiting = std::exchange(process_->waiting, {});
  std::erase_if(waiting, [this](const Waiting& one) { return one.until < network_->now(); });
  if (!waiting.empty()) Answer(std::move(waiting));
}

void SimNode::Answer(std::vector<Waiting> waiting) {
  const ViewPtr& view = process_->view;
  net::RingPtr ring = view == nullptr ? nullptr : view->ring;
  if (options_.flaws.no_fence && ring) ring = OwningAll(*ring, view->self);
  for (Waiting& one : waiting) {
    if (options_.flaws.no_fence && ring) one.request = WithFencesOf(*ring, one.request);
    if (options_.flaws.last_by_arrival) {
      one.request = WithLaterVersions(*process_->store, one.request);
    }
  }
  std::vector<std::string_view> requests;
  for (const Waiting& one : waiting) requests.push_back(one.request);
  std::vector<std::string> replies;
  process_->replica->Answer(ring, NumberOf(view), requests, &replies);
  if (!Survived()) return;
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (WaitsForRing(&waiting[i], replies[i])) continue;
    network_->After(
        options_.index, Within(options_.pace.reply_max),
        [reply = std::move(waiting[i].reply), bytes = std::move(replies[i])] { reply(bytes); });
  }
}

bool SimNode::WaitsForRing(Waiting* waiting, const std::string& reply) {
  replication::ReplyHead head;
  replication::StampReply none;
  const Status decoded = Decode(reply, &head, &none);
  if (!decoded.ok() || head.refusal != replication::Refusal::kBehind || !process_->member) {
    return false;
  }
  const Millis now = network_->now();
  if (waiting->behind_until == 0) {
    waiting->behind_until = std::min(waiting->until, now + kBehindWait);
    process_->member->PullFrom(waiting->from, head.epoch + 1);
  }
  if (now >= waiting->behind_until) return false;
  const bool idle = process_->waiting.empty();
  process_->waiting.push_back(std::move(*waiting));
  if (idle) WorkAfter(kBehindLook);
  return true;
}

// Operations --------------------------------------------------------------------------------------

std::unique_ptr<SimRunner> SimNode::MakeRunner(std::function<ViewPtr()> view, bool repairs) {
  Process* const process = process_.get();
  SimRunner::Parts parts;
  parts.network = network_;
  parts.node = options_.index;
  parts.view = std::move(view);
  parts.call = [this, repairs](const replication::ClusterView& seen, replication::Call call,
                               SimCalls::Done done) {
    const auto pretended = repairs ? std::nullopt : PretendToStore(call.request);
    if (!pretended) return Call(seen, std::move(call), std::move(done));
    network_->After(options_.index, 1,
                    [done = std::move(done), reply = *pretended] { done(reply); });
  };
  parts.pull = [this, process](net::NodeNumber node, net::Epoch epoch) {
    const replication::NodeView* from = process->view->Find(node);
    const auto at = from == nullptr ? std::nullopt : network_->Listener(from->address);
    if (at && process->member) process->member->PullFrom(*at, epoch);
  };
  parts.store_hints = [this, process](std::span<const replication::Hint> hints) {
    process->hints->Add(hints, clock_.WallMilliseconds());
  };
  parts.alive = [this, process] { return Survived() && process_.get() == process; };
  return std::make_unique<SimRunner>(std::move(parts));
}

// To itself it goes without the network, but not at once.
void SimNode::Call(const replication::ClusterView& view, replication::Call call,
                   SimCalls::Done done) {
  const Millis now = network_->now();
  const replication::NodeView* to = view.Find(call.to);
  const auto target = to == nullptr ? std::nullopt : network_->Listener(to->address);
  if (target && *target != options_.index) {
    return calls_->Call(options_.index, *target, std::move(call.request), call.deadline,
                        std::move(done));
  }
  if (!target) {
    network_->After(options_.index, 0, [done = std::move(done)] {
      done(Status(StatusCode::kUnavailable, "the node is no member any more"));
    });
    return;
  }
  Serve(options_.index, std::move(call.request), call.deadline > now ? call.deadline - now : 0,
        [done = std::move(done)](std::string reply) { done(reply); });
}

}  // namespace trifecta::sim
