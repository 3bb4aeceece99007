// A port for a program that cannot choose one itself.
#pragma once

#include <cstdint>

namespace trifecta::bench {

// Of 127.0.0.1, free a moment ago.
uint16_t FreePort();

}  // namespace trifecta::bench
