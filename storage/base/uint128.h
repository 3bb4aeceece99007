// An integer of 128 bits, for whole products of two of 64. Not standard C++: GCC and Clang have it.
#pragma once

namespace trifecta {

__extension__ using Uint128 = unsigned __int128;

}  // namespace trifecta
