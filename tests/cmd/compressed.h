// Text compressed as the usual tools do it, for tests of inputs.
#pragma once

#include <string>
#include <string_view>

namespace trifecta::cmd {

enum class Compression { kNone, kGzip, kZstd, kXz };

// One member or frame of it. Throws when the library cannot.
std::string Compressed(std::string_view text, Compression compression);

}  // namespace trifecta::cmd
