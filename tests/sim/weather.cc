#include "tests/sim/weather.h"

#include <functional>
#include <utility>
#include <vector>

#include "storage/base/text.h"

namespace trifecta::sim {
namespace {

// A power loss comes within so many changes of the disk.
constexpr uint64_t kChangesToPowerLoss = 12;
// What a disk that fills up has left: a few frames of the log, not a segment.
constexpr uint64_t kFewBytes = 2'000;

}  // namespace

uint64_t Climate::sum() const {
  return kill + power + blackout + pause + cut + deaf + partition + mend + links + jump + drift +
         full + damage;
}

Climate RandomClimate(Random* random) {
  Climate climate;
  uint64_t* const kinds[] = {&climate.kill,  &climate.power,     &climate.blackout, &climate.pause,
                             &climate.cut,   &climate.partition, &climate.links,    &climate.jump,
                             &climate.drift, &climate.full,      &climate.deaf};
  for (uint64_t* kind : kinds) *kind = random->Below(2) * (1 + random->Below(10));
  climate.blackout = (climate.blackout + 3) / 4;
  climate.mend = (climate.cut + climate.partition + 1) / 2;
  climate.calm_max = 200 + random->Below(3'000);
  climate.down_max = 200 + random->Below(8'000);
  climate.pause_max = 100 + random->Below(8'000);
  climate.jump_max = 10 + static_cast<int64_t>(random->Below(20'000));
  return climate;
}

Weather::Weather(SimCluster* cluster, const Climate& climate)
    : cluster_(cluster),
      climate_(climate),
      random_(cluster->random()->Fork()),
      damaged_(AnyNode()) {}

void Weather::Begin() {
  clear_ = false;
  Next();
}

void Weather::Next() {
  if (clear_ || climate_.sum() == 0) return;
  cluster_->After(1 + random_.Below(climate_.calm_max), [this] {
    if (clear_) return;
    Strike();
    Next();
  });
}

void Weather::Note(const std::string& what) {
  log_ += StrCat("  ", cluster_->now(), " ms: ", what, "\n");
}

void Weather::Strike() {
  const std::pair<uint64_t, std::function<void()>> events[] = {
      {climate_.kill, [this] { Kill(AnyNode(), false, false); }},
      {climate_.power, [this] { Kill(AnyNode(), true, random_.Below(2) == 0); }},
      {climate_.blackout,
       [this] {
         for (NodeIndex node = 0; node < cluster_->size(); ++node) Kill(node, true, false);
       }},
      {climate_.pause, [this] { Pause(AnyNode()); }},
      {climate_.cut,
       [this] {
         const NodeIndex from = AnyNode(), to = AnyNode();
         if (from == to) return;
         cluster_->network().Cut(from, to);
         Note(StrCat("cut ", from, " to ", to));
       }},
      {climate_.deaf, [this] { Deafen(AnyNode()); }},
      {climate_.partition, [this] { Partition(); }},
      {climate_.mend,
       [this] {
         cluster_->network().MendAll();
         Note("mended");
       }},
      {climate_.links, [this] { ChangeLinks(); }},
      {climate_.jump,
       [this] {
         const auto range = static_cast<uint64_t>(2 * climate_.jump_max);
         const int64_t by = static_cast<int64_t>(random_.Below(range)) - climate_.jump_max;
         const NodeIndex node = AnyNode();
         cluster_->node(node).clock().Jump(by);
         Note(StrCat("clock ", node, " by ", by));
       }},
      {climate_.drift,
       [this] {
         const auto range = static_cast<uint64_t>(2 * climate_.drift_max);
         const int64_t rate = static_cast<int64_t>(random_.Below(range)) - climate_.drift_max;
         cluster_->node(AnyNode()).clock().SetDrift(rate);
       }},
      {climate_.damage, [this] { Damage(); }},
      {climate_.full,
       [this] {
         const NodeIndex node = AnyNode();
         const bool full = random_.Below(2) == 0;
         cluster_->node(node).disk().SetFreeBytes(full ? std::optional<uint64_t>(kFewBytes)
                                                       : std::nullopt);
         Note(StrCat("disk ", node, full ? " full" : " has room"));
       }},
  };
  uint64_t drawn = random_.Below(climate_.sum());
  for (const auto& [part, event] : events) {
    if (drawn < part) return event();
    drawn -= part;
  }
}

void Weather::Kill(NodeIndex index, bool power, bool soon) {
  SimNode& node = cluster_->node(index);
  if (!node.running()) return;
  if (soon) {
    Note(StrCat("power loss soon of ", index));
    return node.LosePowerSoon(kChangesToPowerLoss);
  }
  Note(StrCat(power ? "power loss of " : "kill of ", index));
  power ? node.LosePower() : node.Kill();
  cluster_->After(random_.Below(climate_.down_max + 1), [this, index] { cluster_->Start(index); });
}

void Weather::Pause(NodeIndex node) {
  SimNetwork& network = cluster_->network();
  if (!network.running(node) || network.paused(node)) return;
  Note(StrCat("pause of ", node));
  network.Pause(node);
  cluster_->After(random_.Below(climate_.pause_max + 1),
                  [&network, node] { network.Resume(node); });
}

void Weather::Deafen(NodeIndex node) {
  SimNetwork& network = cluster_->network();
  Note(StrCat(node, " is deaf"));
  network.SetDeaf(node, true);
  cluster_->After(random_.Below(climate_.pause_max + 1),
                  [&network, node] { network.SetDeaf(node, false); });
}

// While the node is down: what a page held that was read before is not read again.
void Weather::Damage() {
  if (!cluster_->node(damaged_).running()) return;
  Kill(damaged_, false, false);
  if (cluster_->node(damaged_).disk().Damage(&random_)) Note(StrCat("damage of ", damaged_));
}

// Outsiders stay connected to everybody.
void Weather::Partition() {
  std::vector<bool> left(cluster_->size());
  for (NodeIndex node = 0; node < left.size(); ++node) left[node] = random_.Below(2) == 0;
  SimNetwork& network = cluster_->network();
  network.MendAll();
  std::string groups;
  for (NodeIndex from = 0; from < left.size(); ++from) {
    groups += left[from] ? 'L' : 'R';
    for (NodeIndex to = 0; to < left.size(); ++to) {
      if (left[from] != left[to]) network.Cut(from, to);
    }
  }
  Note("partition " + groups);
}

void Weather::ChangeLinks() {
  LinkFaults faults;
  if (random_.Below(3) != 0) {
    faults.loss_per_million = random_.Below(150'000);
    faults.twice_per_million = random_.Below(50'000);
    faults.delay_max = 1 + random_.Below(40);
    faults.slow_per_million = random_.Below(100'000);
    faults.slow_max = random_.Below(2'000);
  }
  cluster_->network().SetFaults(faults);
  Note(StrCat("links lose ", faults.loss_per_million, " of a million"));
}

void Weather::Clear() {
  clear_ = true;
  SimNetwork& network = cluster_->network();
  network.MendAll();
  network.SetFaults(LinkFaults());
  for (NodeIndex index = 0; index < cluster_->size(); ++index) {
    SimNode& node = cluster_->node(index);
    if (network.paused(index)) network.Resume(index);
    network.SetDeaf(index, false);
    node.disk().SetFreeBytes(std::nullopt);
    if (!node.disk().power_lost()) node.disk().KeepPower();
    node.clock().SetRight();
    cluster_->Start(index);
  }
  Note("all is well");
}

}  // namespace trifecta::sim
