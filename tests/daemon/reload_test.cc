#include "daemon/reload.h"

#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

TEST_CASE("what may change changes, the rest stays and is named") {
  Config running, fresh;
  fresh.log_level = LogLevel::kDebug;
  fresh.log_format = LogFormat::kJson;
  fresh.k_factor = 3;
  const ReloadReport report = TakeReloadable(fresh, &running);
  CHECK(running.log_level == LogLevel::kDebug);
  CHECK(running.log_format == LogFormat::kJson);
  CHECK(running.k_factor == 2);
  CHECK(report.changed == std::vector<std::string>{"log_level: 'info' is now 'debug'",
                                                   "log_format: 'auto' is now 'json'"});
  CHECK(report.needs_restart ==
        std::vector<std::string>{"k_factor: stays '2' until a restart; '3' is in the configuration "
                                 "now"});
}

TEST_CASE("an unchanged configuration reports nothing") {
  Config running;
  const ReloadReport report = TakeReloadable(Config(), &running);
  CHECK(report.changed.empty());
  CHECK(report.needs_restart.empty());
}

}  // namespace
}  // namespace trifecta::daemon
