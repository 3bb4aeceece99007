#include "net/peer_transport.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "net/limits.h"
#include "net/peer.h"
#include "net/peer_channel.h"
#include "net/peer_resolver.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

using Clock = std::chrono::steady_clock;
using TimePoint = PeerTransport::TimePoint;
using ConnectionPtr = PeerHost::ConnectionPtr;

// The loop looks at all deadlines this often at least; and sooner when one is due sooner.
constexpr std::chrono::seconds kLookInterval{1};
constexpr Clock::rep kNever = TimePoint::max().time_since_epoch().count();
// A peer without connections and items is forgotten after this long.
constexpr std::chrono::minutes kKeepUnused{10};
// Peers known at a time: four times the members of the largest ring.
constexpr size_t kPeersMax = 16'384;

}  // namespace

class PeerTransport::Loop final : public PeerHost {
 public:
  explicit Loop(PeerTransportOptions options)
      : options_(std::move(options)), resolver_([this] { OnLookup(); }), scratch_(kReadBytes) {}
  ~Loop() { Stop(); }

  Status Open();
  void Stop();

  void Submit(PeerClass peer_class, const PeerAddress& to, PendingItem item);
  void SetCluster(const NodeId& cluster);
  std::vector<PeerStats> Stats() const;

  const PeerTransportOptions& options() const override { return options_; }
  NodeId cluster() const override;
  bool Hold(size_t bytes) override;
  void Release(size_t bytes) override { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  void WakeBy(TimePoint time) override;
  void WantConnect(ConnectionPtr connection) override;
  void WantEvent(ConnectionPtr connection) override;
  Status Watch(PeerConnection* connection) override;
  void Retire(ConnectionPtr connection) override { retired_.push_back(std::move(connection)); }
  std::optional<Result<std::vector<SocketAddress>>> Resolve(const Endpoint& endpoint) override {
    return resolver_.Find(endpoint);
  }
  void ForgetName(const Endpoint& endpoint) override { resolver_.Forget(endpoint); }

 private:
  using PeerPtr = std::shared_ptr<Peer>;

  // What other threads ask of the loop.
  struct Wishes {
    std::vector<ConnectionPtr> connects, events;
    bool lookup = false;

    bool empty() const { return connects.empty() && events.empty() && !lookup; }
  };

  Result<PeerPtr> FindOrAdd(const PeerAddress& address);
  PeerPtr Find(const PeerAddress& address) const;
  void OnLookup();

  void Run();
  void Turn(int count, const epoll_event* events);
  bool Grant();
  void Look(TimePoint now);
  void ForgetUnused(TimePoint now);
  void CloseAll();
  void Wake();

  const PeerTransportOptions options_;
  Socket epoll_;
  Socket wake_;
  std::thread thread_;
  std::mutex stop_mutex_;
  std::atomic<bool> stopping_{false};

  mutable std::mutex cluster_mutex_;
  NodeId cluster_;  // under cluster_mutex_

  mutable std::shared_mutex peers_mutex_;
  // By id, since that is what they are asked for by; few ids have several addresses. Both under
  // peers_mutex_.
  std::unordered_map<NodeId, std::vector<PeerPtr>> peers_;
  bool closed_ = false;

  std::mutex wishes_mutex_;
  Wishes wishes_;  // under wishes_mutex_

  std::atomic<bool> woken_{false};
  std::atomic<Clock::rep> look_at_{0};       // when the loop looks at all deadlines next
  std::atomic<Clock::rep> soonest_{kNever};  // of what came since and is due before that
  std::atomic<size_t> held_{0};

  // The loop's own.
  PeerResolver resolver_;
  std::vector<char> scratch_;
  std::vector<ConnectionPtr> retired_;
};

Status PeerTransport::Loop::Open() {
  epoll_ = Socket(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.open()) return ErrnoStatus(errno, "cannot create the loop for peers");
  wake_ = Socket(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.open()) return ErrnoStatus(errno, "cannot create the loop for peers");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, wake_.fd(), &event) != 0) {
    return ErrnoStatus(errno, "cannot watch the event descriptor");
  }
  thread_ = std::thread([this] { Run(); });
  return Status::Ok();
}

void PeerTransport::Loop::Stop() {
  std::lock_guard lock(stop_mutex_);
  if (!thread_.joinable()) return;
  stopping_.store(true);
  Wake();
  thread_.join();
}

// --- any thread

PeerTransport::Loop::PeerPtr PeerTransport::Loop::Find(const PeerAddress& address) const {
  const auto known = peers_.find(address.id);
  if (known == peers_.end()) return nullptr;
  for (const PeerPtr& peer : known->second) {
    if (peer->address.address == address.address) return peer;
  }
  return nullptr;
}

Result<PeerTransport::Loop::PeerPtr> PeerTransport::Loop::FindOrAdd(const PeerAddress& address) {
  {
    std::shared_lock lock(peers_mutex_);
    if (PeerPtr peer = Find(address)) return peer;
  }
  Result<Endpoint> endpoint = ParseEndpoint(address.address);
  if (!endpoint.ok()) return endpoint.status();
  std::unique_lock lock(peers_mutex_);
  if (closed_) return Status(StatusCode::kCancelled, "the node is stopping");
  if (PeerPtr peer = Find(address)) return peer;
  if (peers_.size() >= kPeersMax) {
    return Status(StatusCode::kUnavailable,
                  StrCat(address.address, ": more than ", kPeersMax, " nodes are talked to"));
  }
  auto peer = std::make_shared<Peer>(address, std::move(*endpoint), this);
  peers_[address.id].push_back(peer);
  return peer;
}

void PeerTransport::Loop::Submit(PeerClass peer_class, const PeerAddress& to, PendingItem item) {
  PeerCallbacks callbacks;
  Result<PeerPtr> peer = FindOrAdd(to);
  if (peer.ok()) {
    (*peer)->channels[static_cast<size_t>(peer_class)].Submit(std::move(item), &callbacks);
  } else if (item.done) {
    callbacks.Add(std::move(item.done), peer.status());
  }
}

void PeerTransport::Loop::SetCluster(const NodeId& cluster) {
  std::lock_guard lock(cluster_mutex_);
  cluster_ = cluster;
}

NodeId PeerTransport::Loop::cluster() const {
  std::lock_guard lock(cluster_mutex_);
  return cluster_;
}

std::vector<PeerStats> PeerTransport::Loop::Stats() const {
  std::vector<PeerStats> all;
  {
    std::shared_lock lock(peers_mutex_);
    for (const auto& [id, peers] : peers_) {
      for (const PeerPtr& peer : peers) {
        const PeerCounters& counters = peer->counters;
        PeerStats stats{
            peer->address,           counters.requests, counters.items,    counters.bytes_sent,
            counters.bytes_received, counters.failures, counters.connects, 0};
        for (const PeerChannel& channel : peer->channels) stats.waiting += channel.waiting();
        all.push_back(std::move(stats));
      }
    }
  }
  std::sort(all.begin(), all.end(), [](const PeerStats& a, const PeerStats& b) {
    return std::tie(a.peer.id, a.peer.address) < std::tie(b.peer.id, b.peer.address);
  });
  return all;
}

bool PeerTransport::Loop::Hold(size_t bytes) {
  if (held_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= options_.held_bytes) return true;
  Release(bytes);
  return false;
}

// While the loop looks, `look_at_` is at its latest, so that what comes meanwhile is noted here.
void PeerTransport::Loop::WakeBy(TimePoint time) {
  const Clock::rep count = time.time_since_epoch().count();
  if (count >= look_at_.load()) return;
  Clock::rep soonest = soonest_.load();
  while (count < soonest) {
    if (soonest_.compare_exchange_weak(soonest, count)) return Wake();
  }
}

void PeerTransport::Loop::WantConnect(ConnectionPtr connection) {
  {
    std::lock_guard lock(wishes_mutex_);
    wishes_.connects.push_back(std::move(connection));
  }
  Wake();
}

void PeerTransport::Loop::WantEvent(ConnectionPtr connection) {
  {
    std::lock_guard lock(wishes_mutex_);
    wishes_.events.push_back(std::move(connection));
  }
  Wake();
}

void PeerTransport::Loop::OnLookup() {
  {
    std::lock_guard lock(wishes_mutex_);
    wishes_.lookup = true;
  }
  Wake();
}

void PeerTransport::Loop::Wake() {
  if (woken_.exchange(true)) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.fd(), &one, sizeof one);
}

// --- the loop

// Edge-triggered and for good: a connection costs one call for all of its life.
Status PeerTransport::Loop::Watch(PeerConnection* connection) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.ptr = connection}};
  if (epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, connection->fd(), &event) == 0) return Status::Ok();
  return ErrnoStatus(errno, "cannot watch the connection");
}

void PeerTransport::Loop::Run() {
  pthread_setname_np(pthread_self(), "peer-loop");
  epoll_event events[kEventsPerTurn];
  while (!stopping_.load()) {
    const auto left = TimePoint(Clock::duration(look_at_.load())) - Clock::now();
    const auto patience = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const int count = epoll_wait(epoll_.fd(), events, kEventsPerTurn,
                                 static_cast<int>(std::clamp<int64_t>(patience, 0, 1'000)));
    Turn(count, events);
    while (Grant()) {
    }
    const TimePoint now = Clock::now();
    if (now.time_since_epoch().count() >= look_at_.load()) Look(now);
    const Clock::rep soonest = soonest_.exchange(kNever);
    if (soonest < look_at_.load()) look_at_.store(soonest);
    retired_.clear();
  }
  CloseAll();
}

void PeerTransport::Loop::Turn(int count, const epoll_event* events) {
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr == nullptr) {
      uint64_t times;
      [[maybe_unused]] const ssize_t taken = read(wake_.fd(), &times, sizeof times);
      woken_.store(false);  // before the wishes are looked at
      continue;
    }
    auto* connection = static_cast<PeerConnection*>(events[i].data.ptr);
    PeerCallbacks callbacks;
    connection->channel->OnEvent(connection, scratch_, &callbacks);
  }
}

// Does what was wished; false when nothing was.
bool PeerTransport::Loop::Grant() {
  Wishes wishes;
  {
    std::lock_guard lock(wishes_mutex_);
    std::swap(wishes, wishes_);
  }
  PeerCallbacks callbacks;
  for (const ConnectionPtr& connection : wishes.connects) {
    connection->channel->ContinueConnect(connection, &callbacks);
  }
  for (const ConnectionPtr& connection : wishes.events) {
    connection->channel->OnEvent(connection.get(), scratch_, &callbacks);
  }
  if (wishes.lookup) {
    std::shared_lock lock(peers_mutex_);
    for (const auto& [id, peers] : peers_) {
      for (const PeerPtr& peer : peers) {
        for (PeerChannel& channel : peer->channels) channel.OnResolved(&callbacks);
      }
    }
  }
  return !wishes.empty();
}

void PeerTransport::Loop::Look(TimePoint now) {
  look_at_.store(kNever);
  PeerCallbacks callbacks;
  TimePoint next = now + kLookInterval;
  {
    std::shared_lock lock(peers_mutex_);
    for (const auto& [id, peers] : peers_) {
      for (const PeerPtr& peer : peers) {
        for (PeerChannel& channel : peer->channels) {
          next = std::min(next, channel.Expire(now, &callbacks));
        }
      }
    }
  }
  look_at_.store(next.time_since_epoch().count());
  callbacks.Run();
  ForgetUnused(now);
}

void PeerTransport::Loop::ForgetUnused(TimePoint now) {
  const auto forgotten = [now](const PeerPtr& peer) {
    const bool unused = std::all_of(peer->channels.begin(), peer->channels.end(),
                                    [](const PeerChannel& channel) { return channel.unused(); });
    if (!unused) {
      peer->unused_since = {};
    } else if (peer->unused_since == TimePoint()) {
      peer->unused_since = now;
    }
    // Whoever is about to send something to it holds it.
    return unused && now - peer->unused_since > kKeepUnused && peer.use_count() == 1;
  };
  std::unique_lock lock(peers_mutex_);
  for (auto& [id, peers] : peers_) std::erase_if(peers, forgotten);
  std::erase_if(peers_, [](const auto& entry) { return entry.second.empty(); });
}

void PeerTransport::Loop::CloseAll() {
  PeerCallbacks callbacks;
  {
    std::unique_lock lock(peers_mutex_);
    closed_ = true;
    for (const auto& [id, peers] : peers_) {
      for (const PeerPtr& peer : peers) {
        for (PeerChannel& channel : peer->channels) channel.Close(&callbacks);
      }
    }
  }
  callbacks.Run();
  {
    std::lock_guard lock(wishes_mutex_);
    wishes_ = {};
  }
  retired_.clear();
}

// --- the face

PeerTransport::PeerTransport(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

PeerTransport::~PeerTransport() { Stop(); }

Result<std::unique_ptr<PeerTransport>> PeerTransport::Start(PeerTransportOptions options) {
  auto loop = std::make_unique<Loop>(std::move(options));
  if (Status status = loop->Open(); !status.ok()) return status;
  return std::unique_ptr<PeerTransport>(new PeerTransport(std::move(loop)));
}

void PeerTransport::Post(ItemKind kind, const PeerAddress& to, std::string bytes) {
  if (bytes.size() > kPeerItemBytesMax) return;
  PendingItem item;
  item.kind = kind;
  item.bytes = std::move(bytes);
  item.deadline = Clock::now() + loop_->options().one_way_patience;
  loop_->Submit(PeerClass::kProtocol, to, std::move(item));
}

void PeerTransport::Call(ItemKind kind, PeerClass peer_class, const PeerAddress& to,
                         std::string bytes, TimePoint deadline, PeerReply done) {
  if (bytes.size() > kPeerItemBytesMax) {
    return done(Status(StatusCode::kTooLarge,
                       StrCat("a message of ", bytes.size(), " bytes for ", to.address,
                              "; at most ", kPeerItemBytesMax, " are possible")));
  }
  if (deadline <= std::chrono::steady_clock::now()) {
    return done(Status(StatusCode::kTimeout, StrCat(to.address, ": no time was left to ask it")));
  }
  PendingItem item;
  item.kind = kind;
  item.bytes = std::move(bytes);
  item.deadline = deadline;
  item.done = std::move(done);
  loop_->Submit(peer_class, to, std::move(item));
}

void PeerTransport::SetCluster(const NodeId& cluster) { loop_->SetCluster(cluster); }

std::vector<PeerStats> PeerTransport::Stats() const { return loop_->Stats(); }

void PeerTransport::Stop() { loop_->Stop(); }

}  // namespace trifecta::net
