// Whose clock stamps the writes that this node coordinates.
#pragma once

#include <cstdint>
#include <vector>

#include "net/node.h"

namespace trifecta::replication {

// A clock that is off by more than this from the median of all must not give versions: words
// written here would be newer, or older, than what is written elsewhere afterwards. Clocks that
// NTP holds are off by less than a tenth of it.
inline constexpr int64_t kClockOffsetMax = 500;  // milliseconds
// Fewer clocks have no majority that could be right.
inline constexpr size_t kClocksMin = 3;

struct ClockReading {
  net::NodeNumber node = net::kNoNodeNumber;
  int64_t offset = 0;  // that node's clock less ours, milliseconds
};

// This node, `self`, as long as its clock is right as far as it can tell; else the one of the
// others whose clock is nearest to the median, of equals the one with the lowest number. `others`
// are live active members whose clocks were measured.
net::NodeNumber ChooseStamper(net::NodeNumber self, const std::vector<ClockReading>& others);

}  // namespace trifecta::replication
