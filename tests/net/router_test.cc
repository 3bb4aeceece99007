#include "net/router.h"

#include <string>

#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

Route NewRoute(std::string method, std::string pattern) {
  Route route;
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  return route;
}

Router NewRouter() {
  Result<Router> router =
      Router::Build({NewRoute("GET", "/"), NewRoute("GET", "/search"),
                     NewRoute("GET", "/search/nodes"), NewRoute("POST", "/api/v1/words"),
                     NewRoute("DELETE", "/api/v1/words"), NewRoute("GET", "/api/v1/words/*"),
                     NewRoute("PUT", "/api/v1/words/*"), NewRoute("GET", "/nodes/*/ranges"),
                     NewRoute("GET", "/nodes/*/*"), NewRoute("GET", "/nodes/self/ranges")});
  REQUIRE(router.ok());
  return std::move(*router);
}

std::string PatternOf(const Router& router, std::string_view method, std::string_view path) {
  const RouteMatch match = router.Find(method, path);
  return match.route == nullptr ? "-" + match.allow : match.route->pattern;
}

TEST_CASE("a path finds its route, segment by segment") {
  const Router router = NewRouter();
  struct Row {
    const char* method;
    const char* path;
    const char* pattern;
  };
  for (const Row& row : {
           Row{"GET", "/", "/"},
           Row{"GET", "/search", "/search"},
           Row{"HEAD", "/search", "/search"},
           Row{"GET", "/search/nodes", "/search/nodes"},
           Row{"GET", "/search/", "-"},
           Row{"GET", "/searching", "-"},
           Row{"GET", "//search", "-"},
           Row{"GET", "/api/v1/words/trial", "/api/v1/words/*"},
           Row{"GET", "/api/v1/words/a%2Fb", "/api/v1/words/*"},
           Row{"GET", "/api/v1/words/", "-"},
           Row{"GET", "/api/v1/words/a/b", "-"},
           Row{"GET", "/nodes/n1/ranges", "/nodes/*/ranges"},
           Row{"GET", "/nodes/n1/other", "/nodes/*/*"},
           Row{"GET", "/nodes/self/ranges", "/nodes/self/ranges"},
           Row{"POST", "/search", "-GET, HEAD"},
           Row{"GET", "/api/v1/words", "-POST, DELETE"},
           Row{"HEAD", "/api/v1/words", "-POST, DELETE"},
           Row{"DELETE", "/api/v1/words/x", "-GET, HEAD, PUT"},
           Row{"get", "/search", "-GET, HEAD"},
       }) {
    INFO(row.method << " " << row.path);
    CHECK(PatternOf(router, row.method, row.path) == row.pattern);
  }
}

TEST_CASE("wildcards give their segments as they were sent") {
  CHECK(WildcardSegments("/nodes/*/ranges", "/nodes/n%31/ranges") ==
        std::vector<std::string_view>{"n%31"});
  CHECK(WildcardSegments("/*/b/*", "/x/b/y") == std::vector<std::string_view>{"x", "y"});
  CHECK(WildcardSegments("/search", "/search").empty());
}

TEST_CASE("routes that contradict each other are refused") {
  const auto code = [](std::vector<Route> routes) {
    return Router::Build(std::move(routes)).status().code();
  };
  CHECK(code({NewRoute("GET", "/a"), NewRoute("GET", "/a")}) == StatusCode::kInvalidArgument);
  CHECK(code({NewRoute("GET", "/*"), NewRoute("GET", "/*")}) == StatusCode::kInvalidArgument);
  CHECK(code({NewRoute("GET", "a")}) == StatusCode::kInvalidArgument);
  CHECK(code({NewRoute("GET", "/a"), NewRoute("PUT", "/a")}) == StatusCode::kOk);
}

}  // namespace
}  // namespace trifecta::net
