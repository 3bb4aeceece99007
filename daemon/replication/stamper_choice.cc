#include "daemon/replication/stamper_choice.h"

#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace trifecta::replication {

net::NodeNumber ChooseStamper(net::NodeNumber self, const std::vector<ClockReading>& others) {
  if (others.size() + 1 < kClocksMin) return self;
  std::vector<int64_t> offsets = {0};
  for (const ClockReading& reading : others) offsets.push_back(reading.offset);
  std::sort(offsets.begin(), offsets.end());
  const size_t middle = offsets.size() / 2;
  const int64_t median = offsets.size() % 2 == 1
                             ? offsets[middle]
                             : offsets[middle - 1] + (offsets[middle] - offsets[middle - 1]) / 2;
  if (std::abs(median) <= kClockOffsetMax) return self;
  const auto nearest = std::min_element(others.begin(), others.end(),
                                        [median](const ClockReading& a, const ClockReading& b) {
                                          return std::tuple(std::abs(a.offset - median), a.node) <
                                                 std::tuple(std::abs(b.offset - median), b.node);
                                        });
  return nearest->node;
}

}  // namespace trifecta::replication
