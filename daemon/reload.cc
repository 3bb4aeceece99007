#include "daemon/reload.h"

#include "storage/base/text.h"

namespace trifecta::daemon {

ReloadReport TakeReloadable(const Config& fresh, Config* running) {
  ReloadReport report;
  for (const Key& key : Keys()) {
    const std::string before = key.show(*running), after = key.show(fresh);
    if (before == after) continue;
    // What was shown parses back, so the set cannot fail.
    if (key.reloads && key.set(running, after).ok()) {
      report.changed.push_back(StrCat(key.name, ": '", before, "' is now '", after, "'"));
    } else {
      report.needs_restart.push_back(StrCat(key.name, ": stays '", before, "' until a restart; '",
                                            after, "' is in the configuration now"));
    }
  }
  return report;
}

}  // namespace trifecta::daemon
