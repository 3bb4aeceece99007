// Files that are read whole: the configuration, a token, the node's identity.
#pragma once

#include <cstddef>
#include <string>

#include "storage/base/status.h"

namespace trifecta::daemon {

// The file's bytes. kNotFound, kPermissionDenied, kIoError; kTooLarge above `bytes_max`, so that a
// wrong path (a device, a log) costs no memory. The message names the path.
Result<std::string> ReadSmallFile(const std::string& path, size_t bytes_max);

// Writes `bytes` to a new file beside `path`, syncs it, renames it to `path` and syncs the folder:
// after a crash there is the old file or the new one, whole. Mode 0640.
Status WriteSmallFile(const std::string& path, const std::string& bytes);

}  // namespace trifecta::daemon
