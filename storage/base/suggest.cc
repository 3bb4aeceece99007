#include "storage/base/suggest.h"

#include <algorithm>
#include <vector>

#include "storage/base/text.h"

namespace trifecta {
namespace {

// More edits than this is another name, not a misspelt one.
constexpr size_t kEditsMax = 3;
// No name that we know is longer; a longer input is not compared (the cost is the product).
constexpr size_t kNameBytesMax = 64;

size_t EditsAllowed(std::string_view name, std::string_view candidate) {
  const size_t longer = std::max(name.size(), candidate.size());
  return std::min(kEditsMax, (longer + 2) / 3);
}

}  // namespace

size_t EditDistance(std::string_view from, std::string_view to) {
  const size_t width = to.size() + 1;
  std::vector<size_t> before_last(width), last(width), row(width);
  for (size_t j = 0; j < width; ++j) last[j] = j;
  for (size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j < width; ++j) {
      const size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[to.size()];
}

std::string_view Nearest(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.size() > kNameBytesMax) return {};
  std::string_view best;
  size_t best_edits = kEditsMax + 1;
  for (std::string_view candidate : candidates) {
    const size_t edits = EditDistance(name, candidate);
    if (edits < best_edits && edits <= EditsAllowed(name, candidate)) {
      best = candidate;
      best_edits = edits;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates) {
  const std::string_view nearest = Nearest(name, candidates);
  return nearest.empty() ? "" : StrCat("; did you mean '", nearest, "'?");
}

}  // namespace trifecta
