#include "daemon/maintenance.h"

#include <algorithm>
#include <utility>

#include "daemon/replication/hint_replay.h"
#include "storage/base/clock.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::daemon {

using replication::kNever;
using replication::Millis;
using replication::ViewPtr;

namespace {

// Streams side by side; each has several shards under way.
constexpr size_t kStreamsAtOnce = 2;
// Threads look around at least so often, whatever they were told.
constexpr Millis kBeat = 1'000;
// Hints are handed on so fast that a node which missed an hour of writes has them in minutes, and
// so slowly that clients hardly notice: some 200,000 words a second.
constexpr uint64_t kHintBytesPerSecond = 4u << 20;
// A digest table that could not be filled is tried again after this.
constexpr std::chrono::seconds kFillRetry{5};

replication::StreamParts StreamPartsOf(const MaintenanceParts& parts) {
  replication::StreamParts streams;
  streams.store = parts.store;
  streams.digests = parts.digests;
  return streams;
}

}  // namespace

Maintenance::Maintenance(MaintenanceParts parts)
    : parts_(std::move(parts)),
      hint_rate_(kHintBytesPerSecond),
      streams_(StreamPartsOf(parts_), kStreamsAtOnce),
      anti_entropy_({parts_.store, parts_.digests}, parts_.seed) {}

Maintenance::~Maintenance() { Stop(); }

void Maintenance::Start() {
  OnView(parts_.gate->view());
  threads_.emplace_back(&Maintenance::Fill, this);
  for (size_t i = 0; i < kStreamsAtOnce; ++i) threads_.emplace_back(&Maintenance::RunStreams, this);
  threads_.emplace_back(&Maintenance::RunExchanges, this);
  threads_.emplace_back(&Maintenance::RunHints, this);
  threads_.emplace_back(&Maintenance::RunPurges, this);
}

void Maintenance::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool Maintenance::Sleep(std::unique_lock<std::mutex>* lock, Millis due) {
  const Millis now = NowMillis();
  if (!stopping_ && due > now) {
    changed_.wait_until(*lock, TimePointOf(std::min(due, now + kBeat)));
  }
  return !stopping_;
}

void Maintenance::OnView(const ViewPtr& view) {
  std::lock_guard lock(mutex_);
  streams_.OnView(view);
  changed_.notify_all();
}

void Maintenance::Fill() {
  while (!stopping_) {
    const Status filled = parts_.digests->Fill(*parts_.store, stopping_);
    if (filled.ok() || stopping_) return;
    parts_.logger->Warning(StrCat("digests: ", filled.message(),
                                  "; replicas are not compared until this can be read"));
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kFillRetry, [this] { return stopping_.load(); });
  }
}

void Maintenance::RunStreams() {
  std::unique_lock lock(mutex_);
  do {
    const std::shared_ptr<replication::ShardStream> stream = streams_.Next(NowMillis());
    if (stream != nullptr) {
      lock.unlock();
      parts_.runner->RunToEnd(stream);
      lock.lock();
      if (stopping_) return;
      streams_.OnEnded(*stream, NowMillis());
    }
    const std::vector<uint32_t> fetched = streams_.fetched();
    const net::Epoch session = streams_.session();
    if (!fetched.empty()) {
      lock.unlock();
      parts_.on_fetched(session, fetched);
      lock.lock();
    }
    if (stream != nullptr) continue;
  } while (Sleep(&lock, streams_.next_due()));
}

void Maintenance::RunExchanges() {
  std::unique_lock lock(mutex_);
  do {
    const auto exchange = anti_entropy_.Next(parts_.gate->view(), NowMillis());
    if (exchange == nullptr) continue;
    lock.unlock();
    parts_.runner->RunToEnd(exchange);
    lock.lock();
    if (stopping_) return;
    anti_entropy_.OnEnded(*exchange);
  } while (Sleep(&lock, anti_entropy_.next_due()));
}

void Maintenance::RunHints() {
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    parts_.hints->Expire(SystemClock()->WallMilliseconds(), parts_.hint_window);
    for (const replication::HintCount& count : parts_.hints->Counts()) {
      if (!stopping_) ReplayHints(count.node);
    }
    lock.lock();
  } while (Sleep(&lock, kNever));
}

void Maintenance::ReplayHints(net::NodeNumber node) {
  const ViewPtr view = parts_.gate->view();
  if (view->Find(node) == nullptr) return parts_.hints->Drop(node);
  if (!view->IsLive(node)) return;
  replication::HintReplay::Parts replay;
  replay.store = parts_.hints;
  replay.clock = SystemClock();
  replay.throttle = &hint_rate_;
  replay.window = parts_.hint_window;
  parts_.runner->RunToEnd(std::make_shared<replication::HintReplay>(node, replay));
}

void Maintenance::Purge(std::span<const uint32_t> partitions) {
  std::lock_guard lock(mutex_);
  to_purge_.insert(partitions.begin(), partitions.end());
  changed_.notify_all();
}

void Maintenance::RunPurges() {
  std::unique_lock lock(mutex_);
  do {
    const std::set<uint32_t> partitions = std::exchange(to_purge_, {});
    if (partitions.empty()) continue;
    lock.unlock();
    PurgeNow(partitions);
    lock.lock();
  } while (Sleep(&lock, kNever));
}

// A partition may come back while the store is purged, and then what is written must stay. Such
// writes come after the gate has the new epoch, and get into the store's files, which are what is
// purged, only between its looks at words; so a look that finds the old epoch looks at old entries.
void Maintenance::PurgeNow(const std::set<uint32_t>& partitions) {
  net::Epoch seen = 0;
  unsigned k_factor = 0;
  std::vector<bool> gone;
  const auto look = [&] {
    const ViewPtr view = parts_.gate->view();
    seen = view->ring->epoch;
    k_factor = view->ring->k_factor;
    gone.assign(view->ring->partitions.size(), false);
    for (const uint32_t partition : partitions) {
      const net::Partition& moves = view->partition(partition);
      gone.at(partition) = moves.step == net::MoveStep::kNone && !net::Holds(moves, view->self);
    }
  };
  look();
  const Status purged = parts_.store->Purge([&](std::string_view word) {
    if (parts_.gate->epoch() != seen) look();
    return !gone[net::PartitionOf(ShardRoot(word, k_factor), gone.size())];
  });
  if (!purged.ok()) {
    parts_.logger->Warning(StrCat("shards that other nodes hold now are kept: ", purged.message()));
    return;
  }
  for (const uint32_t partition : partitions) {
    if (gone[partition]) parts_.digests->Drop(partition);
  }
}

size_t Maintenance::streams_left() const {
  std::lock_guard lock(mutex_);
  return streams_.left();
}

replication::AntiEntropyStats Maintenance::anti_entropy() const {
  std::lock_guard lock(mutex_);
  return anti_entropy_.stats();
}

}  // namespace trifecta::daemon
