#include "daemon/maintenance.h"

#include <algorithm>
#include <numeric>
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

// The partitions of a ring: damage lies across all of them.
std::vector<uint32_t> AllPartitions(const replication::ClusterView& view) {
  std::vector<uint32_t> all(view.ring->partitions.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

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
      rebuild_({parts_.store, parts_.digests}),
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
  threads_.emplace_back(&Maintenance::RunRebuild, this);
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
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    count_again_ = false;
    lock.unlock();
    const Status filled = parts_.digests->Fill(*parts_.store, stopping_);
    lock.lock();
    if (filled.ok()) {
      changed_.wait(lock, [this] { return stopping_ || count_again_; });
      continue;
    }
    parts_.logger->Warning(StrCat("digests: ", filled.message(),
                                  "; replicas are not compared until this can be read"));
    changed_.wait_for(lock, kFillRetry, [this] { return stopping_ || count_again_; });
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
  CountAgain({partitions.begin(), partitions.end()});
  if (purged.code() == StatusCode::kDataDamaged &&
      replication::HasOtherOwners(*parts_.gate->view())) {
    return Purge(
        std::vector<uint32_t>(partitions.begin(), partitions.end()));  // again, once that is mended
  }
  if (!purged.ok()) {
    parts_.logger->Warning(StrCat("shards that other nodes hold now are kept: ", purged.message()));
  }
}

// Of what went, and of what was written meanwhile, nobody was told.
void Maintenance::CountAgain(const std::vector<uint32_t>& partitions) {
  parts_.digests->Forget(partitions);
  std::lock_guard lock(mutex_);
  count_again_ = true;
  changed_.notify_all();
}

void Maintenance::RunRebuild() {
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    LookForDamage();
    lock.lock();
  } while (Sleep(&lock, kNever));
}

void Maintenance::LookForDamage() {
  const storage::StoreStats stats = parts_.store->Stats();
  if (stats.damaged_ranges.empty() && stats.lost_ranges.empty()) return;
  if (!replication::HasOtherOwners(*parts_.gate->view())) return;
  if (!stats.damaged_ranges.empty() && !GiveUpDamage(stats)) return;
  const std::vector<storage::WordRange> lost = parts_.store->Stats().lost_ranges;
  if (!lost.empty()) FetchLost(lost);
}

// What is given up is known to be lost before it is gone, so that no reader takes it for never
// having been there.
bool Maintenance::GiveUpDamage(const storage::StoreStats& stats) {
  std::vector<storage::WordRange> lost = stats.lost_ranges;
  for (const storage::WordRange& range : stats.damaged_ranges) storage::AddRange(&lost, range);
  parts_.lost->Set(lost);
  TellOnce("what cannot be read of damaged files is given up here, and fetched from other nodes");
  Status given_up;
  for (const storage::WordRange& range : stats.damaged_ranges) {
    given_up = parts_.store->Discard(range);
    if (!given_up.ok()) break;
  }
  rebuild_.Begin();
  CountAgain(AllPartitions(*parts_.gate->view()));
  if (!given_up.ok()) {
    TellOnce(StrCat("the damage cannot be cleared yet: ", given_up.message()));
    return false;
  }
  const storage::StoreStats after = parts_.store->Stats();
  if (!after.damaged_ranges.empty()) return false;  // more was met meanwhile
  parts_.lost->Set(after.lost_ranges);
  return true;
}

void Maintenance::FetchLost(const std::vector<storage::WordRange>& lost) {
  while (!stopping_) {
    const ViewPtr view = parts_.gate->view();
    if (rebuild_.IsEnough(*view)) return EndRebuild(lost);
    if (!parts_.digests->ready()) return;
    const auto exchange = rebuild_.Next(*view, NowMillis());
    if (exchange == nullptr) return;
    parts_.runner->RunToEnd(exchange);
    if (!exchange->done()) return;  // the runner stops
    rebuild_.OnEnded(*exchange, parts_.gate->epoch(), NowMillis());
    if (!exchange->status().ok()) {
      TellOnce(StrCat("lost words have to come from node ", exchange->peer(),
                      " too: ", exchange->status().message()));
    }
  }
}

void Maintenance::EndRebuild(const std::vector<storage::WordRange>& lost) {
  // Damage that was met while words were fetched begins it anew.
  if (!parts_.store->Stats().damaged_ranges.empty()) return;
  for (const storage::WordRange& range : lost) {
    const Status refilled = parts_.store->Refilled(range);
    if (refilled.ok()) continue;
    return TellOnce(StrCat("that lost words are here again cannot be noted: ", refilled.message()));
  }
  parts_.lost->Set({});
  told_.clear();
  parts_.logger->Info(StrCat("what was lost with a damaged file is here again: ", rebuild_.pulled(),
                             " words came from other nodes"));
}

void Maintenance::TellOnce(std::string why) {
  if (why != told_) parts_.logger->Warning(why);
  told_ = std::move(why);
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
