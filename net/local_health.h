// How well this node itself is doing, as far as it can tell (Lifeguard's local health multiplier):
// where answers stay away that helpers should have given, the fault is likely here, and probes wait
// longer before they accuse anyone.
#pragma once

#include <algorithm>

namespace trifecta::net {

class LocalHealth {
 public:
  // Multipliers go from 1 to `most`.
  explicit LocalHealth(unsigned most) : worst_(static_cast<int>(most) - 1) {}

  // 1: as well as can be.
  unsigned multiplier() const { return static_cast<unsigned>(score_) + 1; }

  void Improve() { Apply(-1); }
  void Worsen(unsigned by) { Apply(static_cast<int>(std::min(by, kStepMax))); }

 private:
  static constexpr unsigned kStepMax = 100;  // any number above the greatest score

  void Apply(int change) { score_ = std::clamp(score_ + change, 0, worst_); }

  int worst_;
  int score_ = 0;
};

}  // namespace trifecta::net
