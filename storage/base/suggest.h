// Did-you-mean: the known name nearest to one that was misspelt.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace trifecta {

// Edits that make `from` into `to`, each one a byte inserted, removed or replaced, or two
// neighbours swapped (optimal string alignment). Case counts.
size_t EditDistance(std::string_view from, std::string_view to);

// The candidate with the fewest edits from `name`, the first of equals; "" when none is near enough
// to be meant: up to a third of the longer name's length, and never more than 3 edits.
std::string_view Nearest(std::string_view name, std::span<const std::string_view> candidates);

// "; did you mean 'search'?", or "" when nothing is near: for the end of an error's sentence.
std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace trifecta
