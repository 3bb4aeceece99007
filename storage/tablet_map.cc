#include "storage/tablet_map.h"

#include <utility>

namespace trifecta::storage {
namespace {

std::vector<std::string> LowsBehindFirst(const std::vector<TabletPtr>& tablets) {
  std::vector<std::string> lows;
  for (size_t i = 1; i < tablets.size(); ++i) lows.push_back(tablets[i]->record.low);
  return lows;
}

}  // namespace

TabletPtr WithLow(const TabletPtr& tablet, std::string_view low) {
  auto moved = std::make_shared<Tablet>(*tablet);
  moved->record.low = low;
  return moved;
}

TabletMap::TabletMap(std::vector<TabletPtr> tablets)
    : tablets_(std::move(tablets)), ranges_(LowsBehindFirst(tablets_)) {}

}  // namespace trifecta::storage
