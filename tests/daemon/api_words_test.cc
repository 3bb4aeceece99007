#include "tests/daemon/api_fixture.h"
#include "tests/daemon/gzip.h"

namespace trifecta::test {
TEST_CASE("Adding a word says whether it was new") {
  Api api;
  const auto first = api.Call("POST", "/api/v1/words", R"({"word":"trial"})");
  CHECK(first.status == 200);
  CHECK(first.content_type == "application/json; charset=utf-8");
  CHECK(first.body ==
        R"({"message":"Added 'trial' to Trifecta db","word":"trial","created":true})");
  const auto again = api.Call("POST", "/api/v1/words", R"({"word":"trial"})");
  CHECK(again.body ==
        R"({"message":"Added 'trial' to Trifecta db","word":"trial","created":false})");
  CHECK(api.Words() == "trial");
}

TEST_CASE("Deleting a word says so, and a word that is not there is 404") {
  Api api;
  api.store.Put({"trial"});
  const auto gone = api.Call("DELETE", "/api/v1/words", R"({"word":"trial"})");
  CHECK(gone.status == 200);
  CHECK(gone.body ==
        R"({"message":"Removed 'trial' from Trifecta db","word":"trial","deleted":true})");
  CHECK(ProblemOf(api.Call("DELETE", "/api/v1/words", R"({"word":"trial"})")) ==
        "404 word_not_found");
}

TEST_CASE("Deleting a word that is not there stores its tombstone all the same") {
  Api api;
  CHECK(ProblemOf(api.Call("DELETE", "/api/v1/words/trial")) == "404 word_not_found");
  const auto found = api.store.Get("trial");
  REQUIRE(found.ok());
  CHECK(found->known);
  CHECK_FALSE(found->live);
  CHECK(found->version.node == 1);
  CHECK(found->version.time > 0);
}

TEST_CASE("Deleting a word that is not there is 503, not 404, where it cannot be stored") {
  Api api;
  api.store.FailWrites({StatusCode::kUnavailable, "1 of 2 owners answered"});
  CHECK(ProblemOf(api.Call("DELETE", "/api/v1/words/trial")) == "503 unavailable");
}

TEST_CASE("A word in the path is added, asked for and deleted") {
  Api api;
  CHECK(ProblemOf(api.Call("GET", "/api/v1/words/trial")) == "404 word_not_found");
  CHECK(api.Call("PUT", "/api/v1/words/trial").body ==
        R"({"message":"Added 'trial' to Trifecta db","word":"trial","created":true})");
  const auto found = api.Call("GET", "/api/v1/words/trial");
  CHECK(found.status == 200);
  CHECK(found.body == R"({"word":"trial"})");
  CHECK(api.Call("DELETE", "/api/v1/words/trial").status == 200);
  CHECK(ProblemOf(api.Call("GET", "/api/v1/words/trial")) == "404 word_not_found");
}

TEST_CASE("A word keeps its bytes whatever they are: slashes, quotes, blanks, other scripts") {
  Api api;
  CHECK(api.Call("PUT", "/api/v1/words/a%2Fb%20%22c%22%5C").status == 200);
  CHECK(api.Call("GET", "/api/v1/words/a%2Fb%20%22c%22%5C").body == R"({"word":"a/b \"c\"\\"})");
  CHECK(api.Call("POST", "/api/v1/words", R"({"word":" Z\u00fcrich \ud83d\ude42 "})").status ==
        200);
  CHECK(api.Call("GET", "/api/v1/words/%20Z%C3%BCrich%20%F0%9F%99%82%20").status == 200);
}

TEST_CASE("A body is read as JSON whatever its Content-Type says") {
  Api api;
  for (const char* type : {"application/x-www-form-urlencoded", "text/plain", "image/png", ""}) {
    CHECK(
        api.Call("POST", "/api/v1/words", R"({"word":"trial"})", {{"content-type", type}}).status ==
        200);
  }
}

TEST_CASE("A body may be gzip, and no other coding") {
  Api api;
  const Headers gzip = {{"content-encoding", "gzip"}};
  CHECK(api.Call("POST", "/api/v1/words", Gzip(R"({"word":"trial"})"), gzip).status == 200);
  CHECK(api.Words() == "trial");
  CHECK(ProblemOf(api.Call("POST", "/api/v1/words", "x", {{"content-encoding", "br"}})) ==
        "415 unsupported_media_type");
  CHECK(ProblemOf(api.Call("POST", "/api/v1/words", "x", {{"content-encoding", "gzip"}})) ==
        "400 bad_request");
}

TEST_CASE("A body that is not one word object is 400") {
  Api api;
  for (const char* body :
       {"", "trial", "{}", "[]", R"({"word":1})", R"({"word":"a","word":"b"})",
        R"({"word":"a"}{"word":"b"})", R"({"word":"a","x":1})", "{\"word\":\"\xff\"}"}) {
    INFO("body " << body);
    CHECK(ProblemOf(api.Call("POST", "/api/v1/words", body)) == "400 bad_request");
    CHECK(ProblemOf(api.Call("DELETE", "/api/v1/words", body)) == "400 bad_request");
  }
  CHECK(api.Words().empty());
}

TEST_CASE("A word that breaks the rules is 422 and says where") {
  Api api;
  for (const char* body :
       {R"({"word":""})", R"({"word":"a\u0000b"})", R"({"word":"a\nb"})", R"({"word":"\u007f"})"}) {
    INFO("body " << body);
    CHECK(ProblemOf(api.Call("POST", "/api/v1/words", body)) == "422 invalid_word");
  }
  CHECK(ProblemOf(api.Call("PUT", "/api/v1/words/a%00")) == "422 invalid_word");
  CHECK(ProblemOf(api.Call("GET", "/api/v1/words/a%FF")) == "422 invalid_word");
  const std::string long_word(1025, 'x');
  CHECK(ProblemOf(api.Call("PUT", "/api/v1/words/" + long_word)) == "422 invalid_word");
  CHECK(api.Call("PUT", "/api/v1/words/" + long_word.substr(1)).status == 200);
  const auto json = Json(api.Call("POST", "/api/v1/words", R"({"word":"ab\u0001"})"));
  CHECK(json["detail"].string().find("U+0001 at byte 3") != std::string_view::npos);
  CHECK_FALSE(json["retryable"].boolean());
}

TEST_CASE("A body above 64 KiB is 413, also when it was smaller before it was unpacked") {
  Api api;
  const std::string body = R"({"word":"a"})" + std::string(64 * 1024, ' ');
  CHECK(ProblemOf(api.Call("POST", "/api/v1/words", body)) == "413 too_large");
  CHECK(ProblemOf(api.Call("POST", "/api/v1/words", Gzip(body), {{"content-encoding", "gzip"}})) ==
        "413 too_large");
  CHECK(api.Call("POST", "/api/v1/words", body.substr(0, 64 * 1024)).status == 200);
}

TEST_CASE("A word outside the lexicon is refused, but one from before may be deleted") {
  Api api;
  api.context.lexicon = daemon::Lexicon("abcé");
  api.store.Put({"xyz"});
  CHECK(api.Call("PUT", "/api/v1/words/cab%C3%A9").status == 200);
  const auto refused = api.Call("PUT", "/api/v1/words/abx");
  CHECK(ProblemOf(refused) == "422 invalid_word");
  CHECK(Json(refused)["detail"].string().find("'x' at byte 3") != std::string_view::npos);
  CHECK(api.Call("DELETE", "/api/v1/words/xyz").status == 200);
}

TEST_CASE("Every consistency is met by one node, and others are refused") {
  Api api;
  for (const char* consistency : {"one", "quorum", "all"}) {
    const std::string query = std::string("?consistency=") + consistency;
    CHECK(api.Call("PUT", "/api/v1/words/trial" + query).status == 200);
    CHECK(api.Call("GET", "/api/v1/words/trial" + query).status == 200);
    CHECK(api.Call("DELETE", "/api/v1/words/trial" + query).status == 200);
  }
  const auto refused = api.Call("PUT", "/api/v1/words/trial?consistency=qorum");
  CHECK(ProblemOf(refused) == "400 bad_request");
  CHECK(Json(refused)["detail"].string() ==
        "consistency='qorum': expected quorum, one or all; did you mean 'quorum'?");
}

TEST_CASE("A write that failed says whether a part of it may be stored") {
  struct Row {
    StatusCode code;
    const char* problem;
    const char* outcome;
  };
  for (const Row& row : {Row{StatusCode::kUnavailable, "503 unavailable", "unknown"},
                         Row{StatusCode::kIoError, "503 unavailable", "unknown"},
                         Row{StatusCode::kDataDamaged, "503 unavailable", ""},
                         Row{StatusCode::kDiskFull, "507 disk_full", ""}}) {
    Api api;
    api.store.FailWrites({row.code, "the reason"});
    for (const char* method : {"PUT", "DELETE"}) {
      const auto response = api.Call(method, "/api/v1/words/trial");
      CHECK(ProblemOf(response) == row.problem);
      CHECK(Json(response)["outcome"].string() == row.outcome);
      CHECK(Json(response)["detail"].string() == "the reason");
      CHECK((HeaderOf(response, "Retry-After").empty() == (response.status != 503)));
    }
  }
}

TEST_CASE("Reads go on while writes are refused for a full disk") {
  Api api;
  api.store.Put({"trial"});
  api.store.FailWrites({StatusCode::kDiskFull, "no space left"});
  CHECK(api.Call("PUT", "/api/v1/words/more").status == 507);
  CHECK(api.Call("GET", "/api/v1/words/trial").status == 200);
}

TEST_CASE("A request whose time is up is 504 and does nothing") {
  Api api;
  api.deadline = std::chrono::steady_clock::time_point::min();
  CHECK(ProblemOf(api.Call("PUT", "/api/v1/words/trial")) == "504 timeout");
  CHECK(ProblemOf(api.Call("GET", "/api/v1/words/trial")) == "504 timeout");
  CHECK(api.Words().empty());
}

}  // namespace trifecta::test
