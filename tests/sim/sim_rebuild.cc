#include "tests/sim/sim_rebuild.h"

#include <utility>

namespace trifecta::sim {
namespace {

// As the daemon has it.
constexpr Millis kLookPeriod = 1'000;

}  // namespace

SimRebuild::SimRebuild(Parts parts)
    : parts_(std::move(parts)), rebuild_({parts_.store, parts_.digests}) {
  parts_.lost->Set(parts_.store->Stats().lost_ranges);
  LookLater();
}

bool SimRebuild::idle() const {
  const storage::StoreStats stats = parts_.store->Stats();
  return stats.damaged_ranges.empty() && stats.lost_ranges.empty();
}

void SimRebuild::LookLater() {
  parts_.network->After(parts_.node, kLookPeriod, [this] { Look(); });
}

void SimRebuild::Look() {
  const replication::ViewPtr view = parts_.view();
  if (idle() || view == nullptr || !replication::HasOtherOwners(*view)) return LookLater();
  const bool given_up = parts_.store->Stats().damaged_ranges.empty() || GiveUp();
  if (!parts_.survived()) return;
  if (!given_up || idle()) return LookLater();
  Fetch();
}

bool SimRebuild::GiveUp() {
  const storage::StoreStats stats = parts_.store->Stats();
  std::vector<storage::WordRange> lost = stats.lost_ranges;
  for (const storage::WordRange& range : stats.damaged_ranges) storage::AddRange(&lost, range);
  parts_.lost->Set(lost);
  Status given_up;
  for (const storage::WordRange& range : stats.damaged_ranges) {
    given_up = parts_.store->Discard(range);
    if (!given_up.ok()) break;
  }
  rebuild_.Begin();
  parts_.count_again();
  const storage::StoreStats after = parts_.store->Stats();
  if (!given_up.ok() || !after.damaged_ranges.empty()) return false;
  parts_.lost->Set(after.lost_ranges);
  return true;
}

void SimRebuild::Fetch() {
  const replication::ViewPtr view = parts_.view();
  if (rebuild_.IsEnough(*view)) return End();
  const auto exchange = parts_.digests->ready() ? rebuild_.Next(*view, now()) : nullptr;
  if (exchange == nullptr) return LookLater();
  parts_.runner->Run(exchange, {}, [this, exchange] {
    rebuild_.OnEnded(*exchange, parts_.view()->ring->epoch, now());
    Fetch();
  });
}

void SimRebuild::End() {
  const storage::StoreStats stats = parts_.store->Stats();
  bool refilled = stats.damaged_ranges.empty();
  for (const storage::WordRange& range : stats.lost_ranges) {
    refilled = refilled && parts_.store->Refilled(range).ok();
  }
  if (!parts_.survived()) return;
  if (refilled) parts_.lost->Set({});
  LookLater();
}

}  // namespace trifecta::sim
