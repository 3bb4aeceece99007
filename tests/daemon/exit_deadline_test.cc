#include "daemon/exit_deadline.h"

#include <sys/wait.h>
#include <unistd.h>

#include "daemon/exit_status.h"
#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

TEST_CASE("a deadline that passes ends the process with its status") {
  const pid_t child = fork();
  if (child == 0) {
    const ExitDeadline deadline(std::chrono::milliseconds(1), kExitIoError, "late", NullLogger());
    while (true) pause();
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == kExitIoError);
}

TEST_CASE("a deadline that is met does nothing") {
  const ExitDeadline deadline(std::chrono::hours(1), kExitIoError, "late", NullLogger());
}

}  // namespace
}  // namespace trifecta::daemon
