#include "daemon/readiness.h"

#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

TEST_CASE("a node begins recovering, with a reason") {
  Readiness readiness;
  CHECK(readiness.phase() == Phase::kRecovering);
  CHECK_FALSE(readiness.ready());
  CHECK(readiness.Reasons().size() == 1);
  CHECK(readiness.Check().code() == StatusCode::kUnavailable);
}

TEST_CASE("a ready node has no reasons") {
  Readiness readiness;
  readiness.Set(Phase::kReady, "");
  CHECK(readiness.ready());
  CHECK(readiness.Reasons().empty());
  CHECK(readiness.Check().ok());
}

TEST_CASE("a node that stops is never ready again, however late the news comes") {
  Readiness readiness;
  readiness.Set(Phase::kDraining, "draining: asked to stop");
  readiness.Set(Phase::kReady, "");
  CHECK(readiness.phase() == Phase::kDraining);
  CHECK(readiness.Reasons() == std::vector<std::string>{"draining: asked to stop"});
  CHECK(readiness.Check().message().starts_with("draining: asked to stop"));
}

}  // namespace
}  // namespace trifecta::daemon
