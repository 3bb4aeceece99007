// Updates about nodes that wait to be sent along with messages that are sent anyway.
//
// An update is sent in up to mult * ceil(log10(n + 1)) messages of this node, then it is dropped:
// enough that it reaches all n nodes with high probability, as each node that it reaches sends it
// on as often (memberlist's TransmitLimitedQueue). What was sent least goes first, among equals
// the newest; so an update that is lost is never starved by those behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "net/node.h"

namespace trifecta::net {

// mult * ceil(log10(n + 1)) for a cluster of n nodes, at least mult.
unsigned RetransmitLimit(unsigned mult, size_t nodes);

// Its length is bounded by that of the member table: an update a node. Not safe for concurrent use.
class BroadcastQueue {
 public:
  // `update` replaces the one about the same node that waits, and its count begins anew.
  void Put(const NodeId& about, std::string update);

  // Appends updates to `to`, whole, in the order they are due, `bytes_max` in all at most, and
  // drops those that now have been sent `limit` times. Stops before the first that doesn't fit: it
  // will be among the first of the next message. Returns how many were appended.
  size_t Take(size_t bytes_max, unsigned limit, std::string* to);

  bool Contains(const NodeId& about) const { return items_.contains(about); }
  void Drop(const NodeId& about);
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }

 private:
  struct Item {
    std::string update;
    unsigned sent = 0;
    uint64_t number = 0;  // counts Put calls
  };
  using Key = std::tuple<unsigned, uint64_t, NodeId>;
  // Fewest sent first, then the newest.
  static Key KeyOf(const NodeId& about, const Item& item) {
    return {item.sent, ~item.number, about};
  }

  std::map<NodeId, Item> items_;
  std::set<Key> order_;
  uint64_t puts_ = 0;
};

}  // namespace trifecta::net
