#include "net/http.h"

#include <string>

#include "net/json.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

std::string HeaderOf(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST_CASE("a problem has every member of RFC 9457, and ours") {
  const Response response = Problem(422, "invalid_word", "line \"1\"", R"("line":1)");
  CHECK(response.status == 422);
  CHECK(response.content_type == "application/problem+json");
  const Result<JsonValue> json = ParseJson(response.body);
  REQUIRE(json.ok());
  CHECK((*json)["type"].string() == "urn:trifecta:problem:invalid_word");
  CHECK((*json)["title"].string() == "Unprocessable content");
  CHECK((*json)["status"].number() == 422);
  CHECK((*json)["code"].string() == "invalid_word");
  CHECK((*json)["detail"].string() == "line \"1\"");
  CHECK_FALSE((*json)["retryable"].boolean());
  CHECK((*json)["line"].number() == 1);
}

TEST_CASE("what may be tried again says so, and when") {
  for (const int status : {408, 429, 503, 504}) {
    CHECK((*ParseJson(Problem(status, "x", "y").body))["retryable"].boolean());
  }
  for (const int status : {400, 404, 413, 500, 507}) {
    CHECK_FALSE((*ParseJson(Problem(status, "x", "y").body))["retryable"].boolean());
  }
  CHECK(HeaderOf(Problem(503, "unavailable", "y"), "Retry-After") == "1");
  CHECK(HeaderOf(Problem(500, "internal", "y"), "Retry-After").empty());
}

TEST_CASE("damage stays until somebody mends it: 503, but trying again does not help") {
  const Response damaged = ProblemFor(Status(StatusCode::kDataDamaged, "base-7 at byte 4096"));
  CHECK(damaged.status == 503);
  CHECK_FALSE((*ParseJson(damaged.body))["retryable"].boolean());
}

TEST_CASE("every status of the library has its problem") {
  struct Row {
    StatusCode from;
    int status;
    std::string code;
  };
  for (const Row& row :
       {Row{StatusCode::kInvalidArgument, 400, "bad_request"},
        Row{StatusCode::kInvalidWord, 422, "invalid_word"},
        Row{StatusCode::kNotFound, 404, "not_found"}, Row{StatusCode::kTooLarge, 413, "too_large"},
        Row{StatusCode::kUnavailable, 503, "unavailable"},
        Row{StatusCode::kTimeout, 504, "timeout"}, Row{StatusCode::kDiskFull, 507, "disk_full"},
        Row{StatusCode::kDataDamaged, 503, "unavailable"},
        Row{StatusCode::kIoError, 500, "io_error"}, Row{StatusCode::kInternal, 500, "internal"},
        Row{StatusCode::kCancelled, 500, "internal"}}) {
    const Response response = ProblemFor(Status(row.from, "why"));
    CHECK(response.status == row.status);
    const Result<JsonValue> json = ParseJson(response.body);
    CHECK((*json)["code"].string() == row.code);
    CHECK((*json)["detail"].string() == "why");
  }
}

TEST_CASE("a request finds its headers and parameters by name") {
  Request request;
  request.headers = {{"host", "a"}, {"accept", "b"}};
  request.query = {{"q", ""}, {"limit", "5"}};
  CHECK(request.Header("accept") == "b");
  CHECK(request.Header("range").empty());
  CHECK(request.Query("q") == std::string_view());
  CHECK(request.Query("limit") == "5");
  CHECK_FALSE(request.Query("after"));
}

}  // namespace
}  // namespace trifecta::net
