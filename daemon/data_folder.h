// The data folder before it is opened: what keeps it from being one, told as the operator's choice
// of a wrong path rather than as a failure of the disk.
#pragma once

#include <string>

#include "storage/base/status.h"

namespace trifecta::daemon {

// Ok when `path` can be a data folder: it is missing and can be made, it is empty, or it has a
// store; then whatever else lies in it does not matter. A failure ends the daemon with 73:
// kNotFound when something on the way to it is no folder, kAlreadyInUse when it holds files and no
// store, as a mistyped path to somebody's home does. Changes nothing; what cannot be looked at is
// left to the store to complain about.
Status CheckDataFolder(const std::string& path);

}  // namespace trifecta::daemon
