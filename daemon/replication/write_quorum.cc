#include "daemon/replication/write_quorum.h"

#include <algorithm>

#include "net/preference.h"

namespace trifecta::replication {

WriteQuorum::WriteQuorum(const ClusterView& view, const net::Partition& partition,
                         Consistency consistency) {
  const net::OwnerSets sets = net::OwnersFor(partition);
  const std::span<const NodeNumber> lists[] = {sets.write, sets.also_write};
  for (size_t list = 0; list < 2; ++list) {
    if (lists[list].empty()) continue;  // nothing moves: none is needed
    needed_[list] = view.WritesNeeded(lists[list].size(), consistency);
    for (const NodeNumber node : lists[list]) {
      auto at = std::find_if(owners_.begin(), owners_.end(),
                             [node](const Owner& owner) { return owner.node == node; });
      if (at == owners_.end()) {
        owners_.push_back({node, view.IsLive(node) ? State::kWaiting : State::kFailed});
        at = owners_.end() - 1;
      }
      at->in_list[list] = true;
    }
  }
}

void WriteQuorum::Set(NodeNumber node, State state) {
  for (Owner& owner : owners_) {
    if (owner.node == node && owner.state != State::kStored) owner.state = state;
  }
}

size_t WriteQuorum::Count(size_t list, State state) const {
  return static_cast<size_t>(std::count_if(owners_.begin(), owners_.end(), [&](const Owner& owner) {
    return owner.in_list[list] && owner.state == state;
  }));
}

bool WriteQuorum::reached() const {
  return Count(0, State::kStored) >= needed_[0] && Count(1, State::kStored) >= needed_[1];
}

bool WriteQuorum::reachable() const {
  for (size_t list = 0; list < 2; ++list) {
    if (Count(list, State::kStored) + Count(list, State::kWaiting) < needed_[list]) return false;
  }
  return true;
}

WriteQuorum::Tally WriteQuorum::tally() const {
  Tally tallies[2];
  for (size_t list = 0; list < 2; ++list) {
    Tally& tally = tallies[list];
    tally.stored = Count(list, State::kStored);
    tally.waiting = Count(list, State::kWaiting);
    tally.copies = static_cast<size_t>(
        std::count_if(owners_.begin(), owners_.end(),
                      [list](const Owner& owner) { return owner.in_list[list]; }));
    tally.needed = needed_[list];
  }
  const auto lacks = [](const Tally& tally) {
    return tally.needed - std::min(tally.needed, tally.stored + tally.waiting);
  };
  return lacks(tallies[1]) > lacks(tallies[0]) ? tallies[1] : tallies[0];
}

}  // namespace trifecta::replication
