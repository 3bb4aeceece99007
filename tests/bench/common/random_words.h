// Words made from their number, so that any number of them can be had, and had again, without a
// list of them.
#pragma once

#include <cstdint>
#include <string>

namespace trifecta::bench {

// A bijection on 64 bits (SplitMix64's finisher): neighbouring numbers end up far apart.
uint64_t Scatter(uint64_t number);

// Base62 of 11 characters, in random order of bytes, distinct for distinct numbers.
void RandomCode(uint64_t number, std::string* word);

// A URL as sites have them: one of 20,000 hosts, some far more often than others, a section, a few
// words and the number. About 60 bytes, distinct for distinct numbers.
void RandomUrl(uint64_t number, std::string* word);

}  // namespace trifecta::bench
