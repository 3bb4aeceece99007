// What the disk can do at all: the measure of every durable write.
#pragma once

#include <string>

namespace trifecta::bench {

// Writes of 4 KiB to a file whose blocks are written already, each followed by fdatasync, for
// `seconds`: how many a second. The file is made in `folder` and removed.
double SyncsPerSecond(const std::string& folder, double seconds);

}  // namespace trifecta::bench
