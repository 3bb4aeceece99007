// The characters that words may be made of (the setting `lexicon`; empty: any).
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace trifecta::daemon {

// Immutable; any thread.
class Lexicon {
 public:
  Lexicon() = default;  // allows everything
  // The characters of `allowed`, valid UTF-8.
  explicit Lexicon(std::string_view allowed);

  // Ok when every character of the valid UTF-8 `word` is allowed; else kInvalidWord, naming the
  // first that is not and the byte where it begins, counted from 1.
  Status Check(std::string_view word) const;

 private:
  bool Allows(std::string_view character) const;

  bool any_ = true;
  std::bitset<128> ascii_;
  std::vector<std::string> others_;  // sorted; UTF-8
};

}  // namespace trifecta::daemon
