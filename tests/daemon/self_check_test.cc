#include "daemon/self_check.h"

#include "tests/support/canned_server.h"
#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a node that answers /live with 200 lives, on any of its addresses") {
  test::CannedServer server([](const test::CannedRequest& request) {
    return test::Answer(request.target == "/live" ? 200 : 404, "\"OK\"");
  });
  CHECK(CheckLive({"127.0.0.1", server.port()}, seconds(30)).ok());
  CHECK(CheckLive({"0.0.0.0", server.port()}, seconds(30)).ok());
}

TEST_CASE("a node that answers something else does not") {
  test::CannedServer server([](const test::CannedRequest&) { return test::Answer(503, "{}"); });
  CHECK(CheckLive({"127.0.0.1", server.port()}, seconds(30)).message() ==
        "GET /live on the own port: status 503");
}

TEST_CASE("a node that is silent or gone does not") {
  const test::SilentServer silent;
  CHECK_FALSE(CheckLive({"127.0.0.1", silent.port()}, milliseconds(10)).ok());
  CHECK_FALSE(CheckLive({"127.0.0.1", test::ClosedPort()}, seconds(30)).ok());
}

}  // namespace
}  // namespace trifecta::daemon
