// How many batches may be under way: what was asked for, until a node has no room for so many. It
// then gives way to those that do get through, and tries more again once enough of them have.
#pragma once

#include <algorithm>
#include <cstddef>

namespace trifecta::cmd {

class Parallelism {
 public:
  explicit Parallelism(size_t max) : max_(max), allowed_(max) {}

  // So many may be under way at a time, at least 1.
  size_t allowed() const { return allowed_; }

  // A batch was turned away while `others` were under way.
  void TurnedAway(size_t others) {
    allowed_ = std::max<size_t>(1, std::min(allowed_, others));
    stored_ = 0;
  }

  void Stored() {
    if (++stored_ < kStoredPerStep || allowed_ == max_) return;
    ++allowed_;
    stored_ = 0;
  }

 private:
  // Each attempt at more costs a batch sent in vain, this many that are stored pay for it.
  static constexpr size_t kStoredPerStep = 8;

  const size_t max_;
  size_t allowed_;
  size_t stored_ = 0;  // since allowed_ changed
};

}  // namespace trifecta::cmd
