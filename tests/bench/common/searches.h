// Searches as people type them: prefixes that words begin with.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/bench/common/word_list.h"

namespace trifecta::bench {

// Words that each search finds at least.
inline constexpr size_t kSearchResults = 10;

// Prefixes of half of random words, shortened until kSearchResults words begin with them; always
// the same ones. More than fit any cache of answers.
std::vector<std::string> DrawPrefixes(const WordList& list);
// The targets of the requests for them: "/search?q=...".
std::vector<std::string> DrawSearches(const WordList& list);

}  // namespace trifecta::bench
