#include "daemon/cluster.h"

#include <algorithm>
#include <random>
#include <utility>

#include "daemon/node_identity.h"
#include "daemon/own_status.h"
#include "daemon/replication/messages.h"
#include "daemon/replication/status_operation.h"
#include "storage/base/clock.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using replication::Millis;
using replication::Topology;
using replication::TopologyEvent;
using replication::ViewPtr;
using std::chrono::milliseconds;

// How long a replica waits for the ring document that a coordinator has already: a round trip and a
// sync, with room; the coordinator tries again.
constexpr milliseconds kCatchUpTime{200};
// Messages that wait for the protocol thread while it waits for the disk, with what each takes
// beside its bytes; more are dropped, as the network might. Some ring documents fit, and what a
// thousand nodes send in a minute.
constexpr size_t kQueuedBytesMax = 64 << 20;
constexpr size_t kDeliveryOverhead = 256;
// From one message to the next that asks a node to drain.
constexpr milliseconds kAskAgain{100};
// For goodbyes at a stop; whoever misses it finds out by itself.
constexpr milliseconds kGoodbyeTime{500};

uint64_t RandomSeed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// LAN times, as long or short as the interval that was configured.
net::DetectorOptions DetectorOf(Duration interval) {
  net::DetectorOptions options = net::kLanOptions;
  const auto scaled = [&](Millis millis) {
    return std::max<Millis>(1, millis * interval.count() / net::kLanOptions.probe_interval);
  };
  options.probe_interval = scaled(options.probe_interval);
  options.probe_timeout = scaled(options.probe_timeout);
  options.gossip_interval = scaled(options.gossip_interval);
  options.sync_interval = scaled(options.sync_interval);
  options.rejoin_interval = scaled(options.rejoin_interval);
  return options;
}

replication::TopologyOptions TopologyOf(const ClusterParts& parts) {
  const Config& config = *parts.config;
  replication::TopologyOptions options;
  options.self = parts.self;
  options.address = parts.address;
  options.own_names = {config.listen.ToString()};
  options.zone = config.zone;
  options.version = TRIFECTA_VERSION;
  for (const Endpoint& seed : config.seeds) options.seeds.push_back(seed.ToString());
  options.constants = {
      config.cluster, {}, config.partitions, config.replication_factor, config.k_factor};
  options.read_quorum = config.read_quorum;
  options.write_quorum = config.write_quorum;
  options.detector = DetectorOf(config.gossip_interval);
  return options;
}

std::string Refuse(replication::Refusal refusal, net::Epoch epoch, std::string text) {
  return replication::EncodeRefusal({refusal, epoch, std::move(text)});
}

bool IsBehind(std::string_view reply) {
  const Result<replication::Refusal> refusal = replication::RefusalOf(reply);
  return refusal.ok() && *refusal == replication::Refusal::kBehind;
}

}  // namespace

Result<std::unique_ptr<Cluster>> Cluster::Start(ClusterParts parts) {
  std::unique_ptr<Cluster> cluster(new Cluster(std::move(parts)));
  TRIFECTA_RETURN_IF_ERROR(cluster->Begin());
  return cluster;
}

Cluster::Cluster(ClusterParts parts)
    : parts_(std::move(parts)), stamper_(parts_.clock), gate_([this] { AnnounceRing(); }) {}

Cluster::~Cluster() { Stop(); }

Status Cluster::Begin() {
  net::PeerTransportOptions transport;
  transport.self = parts_.self;
  transport.token = [token = parts_.token] { return token->text(); };
  transport.logger = parts_.logger;
  Result<std::unique_ptr<net::PeerTransport>> started =
      net::PeerTransport::Start(std::move(transport));
  if (!started.ok()) return started.status();
  transport_ = std::move(*started);

  replication::HintStoreOptions hints;
  hints.folder = parts_.config->data_dir + "/hints";
  hints.logger = parts_.logger;
  hints.seed = RandomSeed();
  Result<std::unique_ptr<replication::HintStore>> kept =
      replication::HintStore::Open(std::move(hints));
  if (!kept.ok()) return kept.status();
  hints_ = std::move(*kept);

  RunnerParts runner;
  runner.transport = transport_.get();
  runner.view = [this] { return gate_.view(); };
  runner.answer_locally = [this](std::string_view request) { return AnswerLocally(request); };
  runner.pull = [this](net::NodeNumber node, net::Epoch epoch) { Pull(node, epoch); };
  runner.store_hints = [this](std::span<const replication::Hint> more) {
    hints_->Add(more, SystemClock()->WallMilliseconds());
  };
  runner_ = std::make_unique<OperationRunner>(std::move(runner));

  ProtocolParts protocol;
  protocol.topology = TopologyOf(parts_);
  protocol.folder = parts_.config->data_dir;
  protocol.has_words = parts_.store->Stats().words > 0;
  protocol.seed = RandomSeed();
  protocol.transport = transport_.get();
  protocol.logger = parts_.logger;
  protocol.on_event = [this](const TopologyEvent& event, Topology* topology) {
    OnEvent(event, topology);
  };
  Result<std::unique_ptr<ProtocolThread>> thread = ProtocolThread::Make(std::move(protocol));
  if (!thread.ok()) return thread.status();
  protocol_ = std::move(*thread);
  change_ = std::make_unique<MemberChange>(protocol_.get());
  protocol_->Start();
  return Status::Ok();
}

Status Cluster::BeginLeave(const net::NodeId& node,
                           std::chrono::steady_clock::time_point deadline) {
  return change_->BeginLeave(node, deadline);
}

Status Cluster::Drain(const net::NodeId& node, std::chrono::steady_clock::time_point deadline) {
  if (node == parts_.self) {
    parts_.on_drain();
    return Status::Ok();
  }
  bool gone = false;
  const auto ask = [&](Topology* topology, Millis now) {
    const net::KnownNode* known = topology->members().Find(node);
    gone = known != nullptr && known->record.liveness == net::Liveness::kLeft;
    if (!gone) topology->AskToDrain(node, now);
  };
  while (std::chrono::steady_clock::now() < deadline) {
    if (!protocol_->PostAndWait(ask)) return {StatusCode::kUnavailable, "the node stops"};
    if (gone) return Status::Ok();
    std::unique_lock lock(ring_mutex_);
    ring_changed_.wait_for(lock, kAskAgain, [this] { return stopping_; });
  }
  return {StatusCode::kTimeout, "the node was asked to drain, and has not said that it does"};
}

void Cluster::SayGoodbye() {
  protocol_->Post([](Topology* topology, Millis now) { topology->SayGoodbye(now); });
}

void Cluster::Stop() {
  {
    std::lock_guard lock(ring_mutex_);
    if (std::exchange(stopping_, true) || protocol_ == nullptr) return;
    ring_changed_.notify_all();
  }
  const auto end = std::chrono::steady_clock::now() + kGoodbyeTime;
  SayGoodbye();
  bool said = false;
  while (!said && std::chrono::steady_clock::now() < end) {
    if (!protocol_->PostAndWait(
            [&said](Topology* topology, Millis) { said = topology->said_goodbye(); })) {
      break;
    }
    if (!said) std::this_thread::sleep_for(milliseconds(5));
  }
  protocol_->Stop();
  transport_->Stop();
  runner_->Stop();
  if (maintenance_ != nullptr) maintenance_->Stop();
  if (repair_ != nullptr) repair_->Stop();
  if (digests_ != nullptr) parts_.store->Observe(nullptr);
}

// Events -----------------------------------------------------------------------------------------

void Cluster::OnEvent(const TopologyEvent& event, Topology* topology) {
  switch (event.kind) {
    case TopologyEvent::Kind::kRing:
      return OnRing(topology);
    case TopologyEvent::Kind::kView:
      return OnView(topology);
    case TopologyEvent::Kind::kReady:
      ready_.store(true, std::memory_order_release);
      return parts_.on_ready();
    case TopologyEvent::Kind::kPurge:
      return maintenance_->Purge(event.partitions);
    case TopologyEvent::Kind::kFatal:
      return Fail(event.status.ok() ? Status(StatusCode::kUnavailable, event.text) : event.status);
    case TopologyEvent::Kind::kLeft:
      return event.status.ok() ? parts_.on_left() : Fail(event.status);
    case TopologyEvent::Kind::kOutcome:
      return change_->OnOutcome(event.status);
    case TopologyEvent::Kind::kDrain:
      return parts_.on_drain();
    case TopologyEvent::Kind::kStream:  // the streams follow the view
      break;
  }
}

void Cluster::OnRing(Topology* topology) {
  OnView(topology);
  {
    std::lock_guard lock(ring_mutex_);
    ring_changed_.notify_all();
  }
  topology->RingInUse(gate_.oldest(), NowMillis());
}

void Cluster::OnView(Topology* topology) {
  const ViewPtr view = topology->View();
  if (view == nullptr) return;
  if (replica_ == nullptr) BecomeMember(view);
  gate_.Install(view);
  runner_->OnView(view);
  if (maintenance_->started()) {
    maintenance_->OnView(view);
  } else {
    maintenance_->Start();
  }
}

void Cluster::BecomeMember(const ViewPtr& view) {
  const net::Ring& ring = *view->ring;
  transport_->SetCluster(ring.cluster_id);
  {
    std::lock_guard lock(cluster_mutex_);
    cluster_ = ring.cluster_id;
  }
  stamper_.SetNumber(view->self);
  digests_ = std::make_unique<replication::DigestTable>(ring.k_factor, ring.partitions.size());
  parts_.store->Observe(digests_.get());

  replication::Replica::Parts replica;
  replica.store = parts_.store;
  replica.digests = digests_.get();
  replica.stamper = &stamper_;
  replica.status = [this] { return OwnReply(); };
  // From before the last stop.
  lost_.Set(parts_.store->Stats().lost_ranges);
  replica.lost = &lost_;
  replica_ = std::make_unique<replication::Replica>(std::move(replica));

  sole_ = std::make_unique<SoleCoordinator>(parts_.store, parts_.clock, view->self, ring.k_factor);
  coordinator_ = std::make_unique<ClusterCoordinator>(
      CoordinatorParts{sole_.get(), &gate_, runner_.get(), &stamper_});

  MaintenanceParts maintenance;
  maintenance.store = parts_.store;
  maintenance.digests = digests_.get();
  maintenance.hints = hints_.get();
  maintenance.lost = &lost_;
  maintenance.hint_window = parts_.config->hint_window.count();
  maintenance.runner = runner_.get();
  maintenance.gate = &gate_;
  maintenance.logger = parts_.logger;
  maintenance.seed = RandomSeed();
  maintenance.on_fetched = [this](net::Epoch session, std::span<const uint32_t> partitions) {
    protocol_->Post(
        [session, done = std::vector<uint32_t>(partitions.begin(), partitions.end())](
            Topology* topology, Millis now) { topology->StreamDone(session, done, now); });
  };
  maintenance_ = std::make_unique<Maintenance>(std::move(maintenance));
  repair_ = std::make_unique<Repair>(
      RepairParts{{parts_.store, digests_.get()}, runner_.get(), &gate_, parts_.logger});
}

void Cluster::Fail(Status status) {
  if (!failed_.exchange(true)) parts_.on_failure(status);
}

// The last request that ran under an older ring has ended.
void Cluster::AnnounceRing() {
  if (protocol_ == nullptr) return;
  protocol_->Post(
      [this](Topology* topology, Millis now) { topology->RingInUse(gate_.oldest(), now); });
}

void Cluster::Pull(net::NodeNumber node, net::Epoch epoch) {
  const ViewPtr view = gate_.view();
  const replication::NodeView* from = view->Find(node);
  if (from == nullptr) return;
  protocol_->Post([id = from->id, epoch](Topology* topology, Millis now) {
    topology->PullFrom(id, epoch, now);
  });
}

std::string Cluster::Waiting() {
  std::string waiting = "the node stops";
  protocol_->PostAndWait([&](Topology* topology, Millis) { waiting = topology->Waiting(); });
  return waiting;
}

std::string Cluster::Summary() {
  const ViewPtr view = gate_.view();
  const size_t nodes = view->nodes.size();
  std::string text =
      StrCat("node ", parts_.self.ToString(), " of cluster '", view->ring->cluster_name,
             "', number ", view->self, " of ", nodes, nodes == 1 ? " node" : " nodes");
  if (nodes < view->ring->replication_factor) {
    text += StrCat(": fewer than replication_factor ", view->ring->replication_factor,
                   ", so there are as many copies of each word as nodes");
  }
  return text;
}

// Peers ------------------------------------------------------------------------------------------

net::NodeId Cluster::cluster() const {
  std::lock_guard lock(cluster_mutex_);
  return cluster_;
}

void Cluster::Deliver(net::ItemKind kind, const net::NodeId& from, std::string_view bytes) {
  const size_t size = bytes.size() + kDeliveryOverhead;
  if (queued_bytes_.fetch_add(size) > kQueuedBytesMax) {
    queued_bytes_.fetch_sub(size);
    return;
  }
  protocol_->Post(
      [this, kind, from, size, message = std::string(bytes)](Topology* topology, Millis now) {
        queued_bytes_.fetch_sub(size);
        topology->Receive(static_cast<net::Protocol>(kind), from, message, now);
      });
}

void Cluster::Answer(const net::NodeId& from, std::span<const PeerCall> calls,
                     std::vector<net::PeerAnswer>* answers) {
  std::vector<std::string_view> requests;
  std::vector<size_t> places;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].kind != net::ItemKind::kReplica) {
      (*answers)[i] = {true, "this version does not know such a request"};
      continue;
    }
    requests.push_back(calls[i].bytes);
    places.push_back(i);
  }
  if (!gate_.open()) {
    for (const size_t place : places) {
      (*answers)[place].bytes =
          Refuse(replication::Refusal::kUnavailable, 0, "the node has not joined its cluster yet");
    }
    return;
  }
  std::vector<std::string> replies;
  net::Epoch epoch = 0;
  {
    const RingGate::Guard guard = gate_.Enter();
    epoch = guard.view()->ring->epoch;
    AnswerUnder(guard, requests, &replies);
  }
  if (std::any_of(replies.begin(), replies.end(), IsBehind) && CatchUp(from, epoch)) {
    const RingGate::Guard guard = gate_.Enter();
    for (size_t i = 0; i < replies.size(); ++i) {
      if (!IsBehind(replies[i])) continue;
      std::vector<std::string> again;
      AnswerUnder(guard, {&requests[i], 1}, &again);
      replies[i] = std::move(again.front());
    }
  }
  for (size_t i = 0; i < places.size(); ++i) (*answers)[places[i]].bytes = std::move(replies[i]);
}

void Cluster::AnswerUnder(const RingGate::Guard& guard, std::span<const std::string_view> requests,
                          std::vector<std::string>* replies) {
  const replication::ClusterView& view = *guard.view();
  replica_->Answer(view.ring, view.self, requests, replies);
}

bool Cluster::CatchUp(const net::NodeId& from, net::Epoch epoch) {
  protocol_->Post(
      [from, epoch](Topology* topology, Millis now) { topology->PullFrom(from, epoch + 1, now); });
  std::unique_lock lock(ring_mutex_);
  return ring_changed_.wait_for(lock, kCatchUpTime,
                                [&] { return gate_.view()->ring->epoch > epoch; });
}

std::string Cluster::AnswerLocally(std::string_view request) {
  std::vector<std::string> replies;
  const RingGate::Guard guard = gate_.Enter();
  AnswerUnder(guard, {&request, 1}, &replies);
  return std::move(replies.front());
}

replication::StatusReply Cluster::OwnReply() const {
  replication::StatusReply status =
      OwnStatus(parts_.store->Stats(), TRIFECTA_VERSION, parts_.started);
  status.shards = digests_->shards();
  status.hints = hints_->hints();
  status.ring_epoch = gate_.view()->ring->epoch;
  status.started_streams = maintenance_->streams_left();
  return status;
}

// Snapshots --------------------------------------------------------------------------------------

ClusterSnapshot Cluster::LocalSnapshot() {
  ClusterSnapshot snapshot;
  snapshot.read_quorum = parts_.config->read_quorum;
  snapshot.write_quorum = parts_.config->write_quorum;
  snapshot.ring = gate_.view()->ring;
  for (const net::Member& member : snapshot.ring->members) {
    if (member.state == net::MemberState::kLeft) continue;
    NodeSnapshot node{member, net::Liveness::kDead, member.id == parts_.self, {}, {}, {}};
    if (node.self) node.status = OwnReply();
    snapshot.nodes.push_back(std::move(node));
  }
  protocol_->PostAndWait([&snapshot](Topology* topology, Millis now) {
    for (NodeSnapshot& node : snapshot.nodes) {
      const net::KnownNode* known = topology->members().Find(node.member.id);
      if (node.self) node.liveness = net::Liveness::kAlive;
      if (known == nullptr || node.self) continue;
      node.liveness = known->record.liveness;
      if (known->heard_at > 0) node.heard_ms_ago = now - std::min(known->heard_at, now);
      if (known->measured_at > 0) node.clock_offset_ms = known->clock_offset;
    }
  });
  return snapshot;
}

ClusterStats Cluster::LocalStats() const {
  const ViewPtr view = gate_.view();
  const replication::AntiEntropyStats compared = maintenance_->anti_entropy();
  const replication::LostRanges lost = lost_.ranges();
  ClusterStats stats;
  stats.members = view->nodes.size();
  stats.members_live = static_cast<size_t>(std::count_if(
      view->nodes.begin(), view->nodes.end(), [](const auto& node) { return node.live; }));
  stats.ring_epoch = view->ring->epoch;
  stats.operations = runner_->running();
  stats.hints = hints_->hints();
  stats.streams_left = maintenance_->streams_left();
  stats.lost_ranges = lost == nullptr ? 0 : lost->size();
  stats.exchanges = compared.exchanges;
  stats.exchange_failures = compared.failures;
  stats.pulled = compared.pulled;
  stats.pushed = compared.pushed;
  stats.peers = transport_->Stats();
  return stats;
}

ClusterSnapshot Cluster::Snapshot(std::chrono::steady_clock::time_point deadline) {
  ClusterSnapshot snapshot = LocalSnapshot();
  const auto asking = std::make_shared<replication::StatusOperation>(
      std::chrono::duration_cast<milliseconds>(deadline.time_since_epoch()).count());
  runner_->Run(asking);
  if (!asking->answered()) return snapshot;
  for (NodeSnapshot& node : snapshot.nodes) {
    const auto reply = asking->replies().find(node.member.number);
    if (reply != asking->replies().end()) node.status = reply->second;
  }
  return snapshot;
}

}  // namespace trifecta::daemon
