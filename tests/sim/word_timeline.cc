#include "tests/sim/word_timeline.h"

#include <algorithm>
#include <limits>

namespace trifecta::sim {
namespace {

constexpr uint64_t kForever = std::numeric_limits<uint64_t>::max();

constexpr size_t kOne = static_cast<size_t>(Consistency::kOne);
constexpr size_t kQuorum = static_cast<size_t>(Consistency::kQuorum);
constexpr size_t kAll = static_cast<size_t>(Consistency::kAll);
static_assert(kOne == 0 && kQuorum == 1 && kAll == 2);

bool Meet(size_t a, size_t b) { return a == kAll || b == kAll || (a == kQuorum && b == kQuorum); }

}  // namespace

void WordTimeline::Add(Points* points, uint64_t at, uint64_t value) {
  points->push_back({at, std::max(value, points->empty() ? 0 : points->back().most)});
}

uint64_t WordTimeline::MostBefore(const Points& points, uint64_t before) {
  const auto beyond =
      std::lower_bound(points.begin(), points.end(), before,
                       [](const Point& point, uint64_t wanted) { return point.at < wanted; });
  return beyond == points.begin() ? 0 : std::prev(beyond)->most;
}

void WordTimeline::Add(const Record& write) { writes_.push_back(&write); }

void WordTimeline::Finish() {
  const auto begins_before = [](const Record* a, const Record* b) { return a->begin < b->begin; };
  std::sort(writes_.begin(), writes_.end(), begins_before);
  for (const Record* write : writes_) {
    const bool live = write->action == Action::kAdd;
    const bool known = write->outcome == Outcome::kOk;
    const auto level = static_cast<size_t>(write->consistency);
    Add(&ends_[live][known ? level : kUnknown], write->begin, known ? write->end : kForever);
    for (size_t reader = 0; reader < settled_.size(); ++reader) {
      const bool seen = known && Meet(level, reader);
      Add(&settled_[reader], write->begin, seen ? write->end : kForever);
    }
  }
  std::vector<const Record*> by_end = writes_;
  std::sort(by_end.begin(), by_end.end(),
            [](const Record* a, const Record* b) { return a->end < b->end; });
  for (const Record* write : by_end) {
    if (write->outcome != Outcome::kOk) continue;
    const bool live = write->action == Action::kAdd;
    Add(&begins_[live][static_cast<size_t>(write->consistency)], write->end, write->begin);
  }
}

bool WordTimeline::MayFind(const Read& read, bool live) const {
  const auto reader = static_cast<size_t>(read.consistency);
  // When the last write began that says otherwise, and that this read must have seen.
  std::array<uint64_t, 3> other{};
  for (size_t level = 0; level < other.size(); ++level) {
    if (Meet(level, reader)) other[level] = MostBefore(begins_[!live][level], read.begin);
  }
  const uint64_t any = *std::max_element(other.begin(), other.end());
  if (!live && any == 0) return true;  // as in the beginning
  for (size_t level = 0; level < kClasses; ++level) {
    const uint64_t end = MostBefore(ends_[live][level], read.end);
    uint64_t between = 0;
    for (size_t by = 0; by < other.size(); ++by) {
      if (level != kUnknown && Meet(level, by)) between = std::max(between, other[by]);
    }
    if (end != 0 && end >= between) return true;
  }
  return false;
}

std::optional<size_t> WordTimeline::Settled(const Read& read) const {
  const Points& points = settled_[static_cast<size_t>(read.consistency)];
  if (MostBefore(points, read.end) >= read.begin) return std::nullopt;
  const auto beyond =
      std::lower_bound(points.begin(), points.end(), read.end,
                       [](const Point& point, uint64_t wanted) { return point.at < wanted; });
  return static_cast<size_t>(beyond - points.begin());
}

}  // namespace trifecta::sim
