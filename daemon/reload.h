// What a SIGHUP changes: the keys that may, and a word about those that may not.
#pragma once

#include <string>
#include <vector>

#include "daemon/config.h"

namespace trifecta::daemon {

struct ReloadReport {
  std::vector<std::string> changed;        // "log_level: 'info' is now 'debug'"
  std::vector<std::string> needs_restart;  // "listen: stays '...' until a restart; ..."
};

// Takes over from `fresh` what may change without a restart, and reports every key that differs.
ReloadReport TakeReloadable(const Config& fresh, Config* running);

}  // namespace trifecta::daemon
