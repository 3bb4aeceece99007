#include "net/claim.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <deque>
#include <map>
#include <numeric>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "net/stable_hash.h"

namespace trifecta::net {
namespace {

// Members and zones by index here: members in the order of their numbers, zones of their names.
using Index = uint32_t;

struct ZoneRule {
  std::vector<Index> members;
  int64_t least = 0;  // copies of each partition in this zone
  int64_t most = 0;
  int64_t share = 0;  // copies of all partitions
};

struct Plan {
  std::vector<NodeNumber> numbers;  // by member
  std::vector<Index> zone_of;       // by member
  std::vector<ZoneRule> zones;
  std::vector<int64_t> share;  // by member
  int64_t copies = 0;          // of each partition
};

Plan MakePlan(std::span<const Claimant> claimants, unsigned copies) {
  std::vector<const Claimant*> sorted;
  std::map<std::string_view, std::vector<Index>> zones;
  for (const Claimant& claimant : claimants) sorted.push_back(&claimant);
  std::sort(sorted.begin(), sorted.end(),
            [](const Claimant* a, const Claimant* b) { return a->number < b->number; });
  Plan plan;
  for (const Claimant* claimant : sorted) {
    zones[claimant->zone].push_back(static_cast<Index>(plan.numbers.size()));
    plan.numbers.push_back(claimant->number);
  }
  plan.zone_of.resize(sorted.size());
  for (const auto& [name, members] : zones) {
    for (const Index member : members) plan.zone_of[member] = static_cast<Index>(plan.zones.size());
    plan.zones.push_back({.members = members});
  }
  plan.copies = std::min<int64_t>(copies, static_cast<int64_t>(sorted.size()));
  return plan;
}

// Copies of one partition fill the zones level by level: no zone gets a second before every zone
// (that has as many members) has one.
void SetZoneBounds(Plan* plan) {
  const auto size = [](const ZoneRule& zone) { return static_cast<int64_t>(zone.members.size()); };
  int64_t level = 0;
  int64_t room = 0;
  while (room < plan->copies) {
    ++level;
    room = 0;
    for (const ZoneRule& zone : plan->zones) room += std::min(size(zone), level);
  }
  for (ZoneRule& zone : plan->zones) {
    zone.least = std::min(size(zone), std::max<int64_t>(level - 1, 0));
    zone.most = std::min(size(zone), level);
  }
}

// Splits `total` over parties in proportion to `weights`, rounded to neighbours; those left over go
// to the parties whose `now` is most above what they got: that keeps most where it is.
std::vector<int64_t> Proportional(int64_t total, const std::vector<int64_t>& weights,
                                  const std::vector<int64_t>& now) {
  const int64_t sum = std::accumulate(weights.begin(), weights.end(), int64_t{0});
  std::vector<int64_t> parts;
  std::vector<size_t> fractional;
  int64_t left = total;
  for (size_t i = 0; i < weights.size(); ++i) {
    parts.push_back(total * weights[i] / sum);
    left -= parts.back();
    if (total * weights[i] % sum != 0) fractional.push_back(i);
  }
  std::stable_sort(fractional.begin(), fractional.end(),
                   [&](size_t a, size_t b) { return now[a] - parts[a] > now[b] - parts[b]; });
  for (int64_t i = 0; i < left; ++i) ++parts[fractional[static_cast<size_t>(i)]];
  return parts;
}

// Splits the zones of `free` that the load of `total` copies a member of theirs would put above
// their most (or below their least) from the others, gives them that bound as their share and takes
// it off `total`. False when there are none.
bool BindZones(Plan* plan, int64_t partitions, std::vector<Index>* free, int64_t* total) {
  const auto size = [&](Index z) { return static_cast<int64_t>(plan->zones[z].members.size()); };
  int64_t members = 0;
  for (const Index z : *free) members += size(z);
  // What the zone would get above `bound`, times `members`.
  const auto excess = [&, common = *total](Index z, int64_t bound) {
    return common * size(z) - bound * partitions * members;
  };
  int64_t above = 0;
  int64_t below = 0;
  for (const Index z : *free) {
    above += std::max<int64_t>(0, excess(z, plan->zones[z].most));
    below += std::max<int64_t>(0, -excess(z, plan->zones[z].least));
  }
  if (above == 0 && below == 0) return false;
  // Sharing the larger side's excess out again can only push further in its direction, so the zones
  // on that side are bound for good.
  std::erase_if(*free, [&](Index z) {
    ZoneRule& zone = plan->zones[z];
    const int64_t bound = above >= below ? zone.most : zone.least;
    if (above >= below ? excess(z, bound) <= 0 : excess(z, bound) >= 0) return false;
    zone.share = bound * partitions;
    *total -= zone.share;
    return true;
  });
  return true;
}

// The same load a member in every zone, except where a zone's bounds forbid it; `held` is what each
// member has now.
void SetShares(Plan* plan, int64_t partitions, const std::vector<int64_t>& held) {
  std::vector<Index> free(plan->zones.size());
  std::iota(free.begin(), free.end(), Index{0});
  int64_t total = plan->copies * partitions;
  while (BindZones(plan, partitions, &free, &total)) {
  }
  std::vector<int64_t> sizes;
  std::vector<int64_t> held_by_zone;
  for (const Index z : free) {
    sizes.push_back(static_cast<int64_t>(plan->zones[z].members.size()));
    held_by_zone.push_back(0);
    for (const Index member : plan->zones[z].members) held_by_zone.back() += held[member];
  }
  const std::vector<int64_t> shares = Proportional(total, sizes, held_by_zone);
  for (size_t i = 0; i < free.size(); ++i) plan->zones[free[i]].share = shares[i];

  plan->share.resize(plan->numbers.size());
  for (const ZoneRule& zone : plan->zones) {
    std::vector<int64_t> held_in_zone;
    for (const Index member : zone.members) held_in_zone.push_back(held[member]);
    const std::vector<int64_t> parts =
        Proportional(zone.share, std::vector<int64_t>(zone.members.size(), 1), held_in_zone);
    for (size_t i = 0; i < parts.size(); ++i) plan->share[zone.members[i]] = parts[i];
  }
}

// A number for (partition, member) that looks random: where several choices are equally good it
// decides, so that every two members share some partitions, and the load of one that fails spreads
// over all.
uint64_t Lot(size_t partition, NodeNumber member) {
  return StableMix(uint64_t{partition} << 16 | member);
}

// A copy that has to be put somewhere.
struct Hole {
  Index partition;
  std::optional<Index> zone;  // the only one it may go to
};

class Assignment {
 public:
  Assignment(const Plan& plan, const OwnerLists& now)
      : plan_(plan),
        zone_copies_(now.size() * plan.zones.size()),
        owners_(now.size()),
        owned_(plan.numbers.size()) {
    for (Index p = 0; p < now.size(); ++p) {
      for (const NodeNumber number : now[p]) {
        const std::optional<Index> member = MemberOf(number);
        if (member && !Owns(*member, p)) Add(p, *member);
      }
    }
  }

  std::vector<int64_t> Held() const {
    std::vector<int64_t> held;
    for (const auto& partitions : owned_) held.push_back(static_cast<int64_t>(partitions.size()));
    return held;
  }

  // Once the plan has its shares.
  void Balance() {
    std::vector<Hole> holes;
    for (Index p = 0; p < owners_.size(); ++p) {
      DropSurplus(p);
      FindHoles(p, &holes);
    }
    for (const Hole& hole : holes) Fill(hole);
    while (MoveFromFullest()) {
    }
  }

  OwnerLists Lists() const {
    OwnerLists lists(owners_.size());
    for (size_t p = 0; p < owners_.size(); ++p) {
      for (const Index member : owners_[p]) lists[p].push_back(plan_.numbers[member]);
      std::sort(lists[p].begin(), lists[p].end(),
                [&](NodeNumber a, NodeNumber b) { return Lot(p, a) < Lot(p, b); });
    }
    return lists;
  }

 private:
  std::optional<Index> MemberOf(NodeNumber number) const {
    const auto at = std::lower_bound(plan_.numbers.begin(), plan_.numbers.end(), number);
    if (at == plan_.numbers.end() || *at != number) return std::nullopt;
    return static_cast<Index>(at - plan_.numbers.begin());
  }

  uint8_t& ZoneCopies(Index p, Index zone) { return zone_copies_[p * plan_.zones.size() + zone]; }
  uint8_t ZoneCopies(Index p, Index zone) const {
    return zone_copies_[p * plan_.zones.size() + zone];
  }
  bool Owns(Index member, Index p) const {
    return std::find(owners_[p].begin(), owners_[p].end(), member) != owners_[p].end();
  }
  // Copies that the member has above its share.
  int64_t Surplus(Index member) const {
    return static_cast<int64_t>(owned_[member].size()) - plan_.share[member];
  }

  void Add(Index p, Index member) {
    owners_[p].push_back(member);
    owned_[member].push_back(p);
    ++ZoneCopies(p, plan_.zone_of[member]);
  }
  void Drop(Index p, Index member) {
    std::erase(owners_[p], member);
    std::erase(owned_[member], p);
    --ZoneCopies(p, plan_.zone_of[member]);
  }

  // Drops the copy of `p`, of those in a zone that `may_lose` one, whose member is most above its
  // share. False when no zone may.
  template <typename MayLose>
  bool DropOne(Index p, MayLose&& may_lose) {
    std::optional<Index> fullest;
    for (const Index member : owners_[p]) {
      if (!may_lose(plan_.zone_of[member])) continue;
      if (!fullest || Surplus(member) > Surplus(*fullest)) fullest = member;
    }
    if (fullest) Drop(p, *fullest);
    return fullest.has_value();
  }

  // Drops copies until no zone has more than its most, the partition not more than its copies, and
  // there is a place for every copy that a zone lacks to its least.
  void DropSurplus(Index p) {
    while (DropOne(p, [&](Index z) { return ZoneCopies(p, z) > plan_.zones[z].most; })) {
    }
    while (static_cast<int64_t>(owners_[p].size()) + Lacking(p) > plan_.copies &&
           DropOne(p, [&](Index z) { return ZoneCopies(p, z) > plan_.zones[z].least; })) {
    }
  }

  int64_t Lacking(Index p) const {
    int64_t lacking = 0;
    for (Index z = 0; z < plan_.zones.size(); ++z) {
      lacking += std::max<int64_t>(0, plan_.zones[z].least - ZoneCopies(p, z));
    }
    return lacking;
  }

  // The copies that `p` lacks. Those that a zone lacks to its least count as being there from now
  // on, so that nothing else takes their place.
  void FindHoles(Index p, std::vector<Hole>* holes) {
    int64_t missing = plan_.copies - static_cast<int64_t>(owners_[p].size());
    for (Index z = 0; z < plan_.zones.size(); ++z) {
      for (; ZoneCopies(p, z) < plan_.zones[z].least; --missing) {
        holes->push_back({p, z});
        ++ZoneCopies(p, z);
      }
    }
    for (; missing > 0; --missing) holes->push_back({p, std::nullopt});
  }

  bool MayFill(const Hole& hole, Index member) const {
    const Index zone = plan_.zone_of[member];
    if (Owns(member, hole.partition)) return false;
    if (hole.zone) return *hole.zone == zone;
    return ZoneCopies(hole.partition, zone) < plan_.zones[zone].most;
  }

  bool MayMove(Index p, Index from, Index to) const {
    const Index zone = plan_.zone_of[from];
    const Index other = plan_.zone_of[to];
    if (Owns(to, p)) return false;
    return zone == other || (ZoneCopies(p, zone) > plan_.zones[zone].least &&
                             ZoneCopies(p, other) < plan_.zones[other].most);
  }

  // How a chain of moves came to a member: by `partition`, taken from the member `from`.
  struct Step {
    Index from = kUnreached;
    Index partition = 0;
  };
  static constexpr Index kUnreached = UINT32_MAX;
  static constexpr Index kStart = UINT32_MAX - 1;  // instead of `from`: the chain begins here
  static constexpr Index kHole = UINT32_MAX - 2;   // instead of `from`: the copy is new

  // Where a chain may end: the member furthest below its share is best, then the lot decides.
  struct End {
    Index member;
    int64_t surplus;
    uint64_t lot;
    bool operator<(const End& other) const {
      return std::tie(surplus, lot) < std::tie(other.surplus, other.lot);
    }
  };

  struct Search {
    std::vector<Step> steps;  // by member
    std::deque<Index> queue;  // reached, to be gone on from
    std::optional<End> best;
  };

  // Takes the chain that has come to `from` on to every member that may get `p`.
  template <typename May>
  void Reach(Index p, Index from, const May& may_get, Search* search) const {
    for (Index to = 0; to < plan_.numbers.size(); ++to) {
      Step& step = search->steps[to];
      const int64_t surplus = Surplus(to);
      if ((surplus >= 0 && step.from != kUnreached) || !may_get(to)) continue;
      if (surplus >= 0) {
        search->queue.push_back(to);
      } else {
        const End end{to, surplus, Lot(p, plan_.numbers[to])};
        if (search->best && !(end < *search->best)) continue;
        search->best = end;
      }
      step = {from, p};
    }
  }

  // Makes the moves of the shortest chain to a member below its share. There is one as long as
  // somebody is below: see the head of net/claim.h.
  void Push(Search search) {
    while (!search.best && !search.queue.empty()) {
      const Index from = search.queue.front();
      search.queue.pop_front();
      for (const Index p : owned_[from]) {
        Reach(
            p, from, [&](Index to) { return MayMove(p, from, to); }, &search);
      }
    }
    assert(search.best);
    if (!search.best) return;
    for (Index to = search.best->member; search.steps[to].from != kStart;) {
      const auto [from, p] = search.steps[to];
      if (from != kHole) Drop(p, from);
      Add(p, to);
      if (from == kHole) return;
      to = from;
    }
  }

  void Fill(const Hole& hole) {
    Search search;
    search.steps.resize(plan_.numbers.size());
    Reach(
        hole.partition, kHole, [&](Index to) { return MayFill(hole, to); }, &search);
    if (hole.zone) --ZoneCopies(hole.partition, *hole.zone);
    Push(std::move(search));
  }

  bool MoveFromFullest() {
    Search search;
    search.steps.resize(plan_.numbers.size());
    for (Index member = 0; member < plan_.numbers.size(); ++member) {
      if (Surplus(member) <= 0) continue;
      search.steps[member].from = kStart;
      search.queue.push_back(member);
    }
    if (search.queue.empty()) return false;
    std::stable_sort(search.queue.begin(), search.queue.end(),
                     [&](Index a, Index b) { return Surplus(a) > Surplus(b); });
    Push(std::move(search));
    return true;
  }

  const Plan& plan_;
  std::vector<uint8_t> zone_copies_;        // by partition and zone
  std::vector<std::vector<Index>> owners_;  // by partition
  std::vector<std::vector<Index>> owned_;   // by member
};

}  // namespace

OwnerLists Claim(std::span<const Claimant> claimants, const OwnerLists& now, unsigned copies) {
  if (claimants.empty()) return OwnerLists(now.size());
  Plan plan = MakePlan(claimants, copies);
  SetZoneBounds(&plan);
  Assignment assignment(plan, now);
  SetShares(&plan, static_cast<int64_t>(now.size()), assignment.Held());
  assignment.Balance();
  return assignment.Lists();
}

size_t CountMoves(const OwnerLists& before, const OwnerLists& after) {
  size_t moves = 0;
  for (size_t p = 0; p < after.size(); ++p) {
    for (const NodeNumber number : after[p]) {
      if (std::find(before[p].begin(), before[p].end(), number) == before[p].end()) ++moves;
    }
  }
  return moves;
}

}  // namespace trifecta::net
