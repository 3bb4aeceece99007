// Who of a partition's owners has a write, and whether those are enough: W of the owners that are
// written, and W of those that are written too while the partition moves. Pure counting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daemon/replication/cluster_view.h"
#include "net/ring.h"

namespace trifecta::replication {

class WriteQuorum {
 public:
  enum class State : uint8_t {
    kWaiting,  // asked, or to be asked
    kStored,
    kFailed,  // will not say that it has it: dead, refused, no answer
  };
  struct Owner {
    NodeNumber node = net::kNoNodeNumber;
    State state = State::kWaiting;
    bool in_list[2] = {false, false};  // of OwnerSets::write, of OwnerSets::also_write
  };

  WriteQuorum() = default;
  // Owners that are not live have failed.
  WriteQuorum(const ClusterView& view, const net::Partition& partition, Consistency consistency);

  std::span<const Owner> owners() const { return owners_; }
  // Does nothing for a node that is no owner, or that has stored it.
  void Set(NodeNumber node, State state);

  // Enough have it.
  bool reached() const;
  // Enough may still have it.
  bool reachable() const;

  // Of the list that lacks most: how many have it and may still, of how many, and how many are
  // needed.
  struct Tally {
    size_t stored = 0, waiting = 0, copies = 0, needed = 0;
  };
  Tally tally() const;

 private:
  size_t Count(size_t list, State state) const;

  std::vector<Owner> owners_;
  size_t needed_[2] = {0, 0};
};

}  // namespace trifecta::replication
