// The rules for words and prefixes: valid UTF-8, no control characters
// (U+0000..U+001F, U+007F), 1 to kWordBytesMax bytes (a prefix may be empty); byte for byte as
// given. Every word that enters Trifecta passes here once, at its edge.
#pragma once

#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace trifecta {

// kInvalidWord with a sentence that names the byte ("control character U+0001 at byte 3"), counted
// from 1 as editors do; ok for a word that may be stored.
Status ValidateWord(std::string_view word);
// The same, but the empty prefix is fine.
Status ValidatePrefix(std::string_view prefix);

// The smallest string greater than every string that begins with `prefix`; empty when there is
// none (the prefix is empty or all 0xff): then the range is open.
std::string PrefixEnd(std::string_view prefix);

// The word's first `characters` Unicode characters, or "" when it has fewer: the root of the shard
// that holds it before anything was carved (a shorter word belongs to the root ""). Never cuts a
// character.
std::string_view ShardRoot(std::string_view word, unsigned characters);

}  // namespace trifecta
