#include "tests/daemon/api_fixture.h"

namespace trifecta::test {
namespace {

std::string Results(Api& api, const std::string& query) {
  const auto response = api.Call("GET", "/api/v1/search?" + query);
  INFO("body " << response.body);
  CHECK(response.status == 200);
  std::string words;
  const auto json = Json(response);
  for (const auto& word : json["results"].array()) {
    words.append(words.empty() ? "" : " ").append(word.string());
  }
  return words;
}

}  // namespace

TEST_CASE("A search without limit and after answers the first ten and nothing else") {
  Api api;
  api.store.Put({"trial", "triathlon", "trie", "tree"});
  for (const char* path : {"/search?q=tria", "/api/v1/search?q=tria"}) {
    const auto response = api.Call("GET", path);
    CHECK(response.status == 200);
    CHECK(response.body == R"({"results":["trial","triathlon"]})");
  }
  api.store.Put({"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "aa"});
  CHECK(Results(api, "q=a") == "a0 a1 a2 a3 a4 a5 a6 a7 a8 a9");
}

TEST_CASE("No match is an empty list, and the empty prefix is all words") {
  Api api;
  api.store.Put({"b", "a", "zürich"});
  CHECK(api.Call("GET", "/search?q=x").body == R"({"results":[]})");
  CHECK(api.Call("GET", "/search?q=").body == R"({"results":["a","b","zürich"]})");
}

TEST_CASE("Pages join to the whole list, in either order") {
  Api api;
  api.store.Put({"ab", "a", "abc", "b", "abd", "ac"});
  for (const auto& [order, whole] :
       {std::pair{"asc", "a ab abc abd ac"}, std::pair{"desc", "ac abd abc ab a"}}) {
    for (const char* limit : {"1", "2", "3", "5", "1000"}) {
      std::string words, after;
      while (true) {
        const auto page = Json(api.Call("GET", std::string("/search?q=a&order=") + order +
                                                   "&limit=" + limit + "&after=" + after));
        for (const auto& word : page["results"].array()) {
          words.append(words.empty() ? "" : " ").append(word.string());
        }
        if (page["next"].is_null()) break;
        after = page["next"].string();
        CHECK(after == page["results"].array().back().string());
      }
      CHECK(words == whole);
    }
  }
}

TEST_CASE("With limit or after given the answer says where the next page begins") {
  Api api;
  api.store.Put({"a", "b", "c"});
  CHECK(api.Call("GET", "/search?q=&limit=2").body == R"({"results":["a","b"],"next":"b"})");
  CHECK(api.Call("GET", "/search?q=&limit=3").body == R"({"results":["a","b","c"],"next":null})");
  CHECK(api.Call("GET", "/search?q=&after=b").body == R"({"results":["c"],"next":null})");
  CHECK(api.Call("GET", "/search?q=&after=c&limit=1").body == R"({"results":[],"next":null})");
}

TEST_CASE("A word to go on after need not exist, nor begin with the prefix") {
  Api api;
  api.store.Put({"ba", "bb", "bc", "c"});
  CHECK(Results(api, "q=b&after=bab") == "bb bc");
  CHECK(Results(api, "q=b&after=a") == "ba bb bc");
  CHECK(Results(api, "q=b&after=z").empty());
  CHECK(Results(api, "q=b&after=z&order=desc") == "bc bb ba");
  CHECK(Results(api, "q=b&after=a&order=desc").empty());
}

TEST_CASE("A search with a bad parameter is 400 and names it") {
  Api api;
  const auto detail_of = [&](const std::string& query) {
    const auto response = api.Call("GET", "/search?" + query);
    INFO("query " << query);
    CHECK(ProblemOf(response) == "400 bad_request");
    return std::string(Json(response)["detail"].string());
  };
  CHECK(detail_of("q=a&limt=5") == "unknown query parameter 'limt'; did you mean 'limit'?");
  CHECK(detail_of("q=a&limit=0") == "limit='0': expected a whole number from 1 to 1000");
  for (const char* limit : {"1001", "-1", "5x", "", "1e2", "+5", "99999999999999999999"}) {
    detail_of(std::string("q=a&limit=") + net::PercentEncode(limit));
  }
  CHECK(detail_of("q=a&order=down") == "order='down': expected asc or desc");
  CHECK(detail_of("q=a&partial=yes").starts_with("partial='yes': expected false or true"));
  detail_of("q=a&consistency=two");
  CHECK(detail_of("limit=5").starts_with("the query parameter q is missing"));
  CHECK(detail_of("q=a&%ff%00=1")
            .starts_with("unknown query parameter '?"
                         "?'"));
}

TEST_CASE("A prefix or after that cannot be of a word is 422") {
  Api api;
  CHECK(ProblemOf(api.Call("GET", "/search?q=%FF")) == "422 invalid_word");
  CHECK(ProblemOf(api.Call("GET", "/search?q=a%0A")) == "422 invalid_word");
  CHECK(ProblemOf(api.Call("GET", "/search?q=a&after=%01")) == "422 invalid_word");
  CHECK(ProblemOf(api.Call("GET", "/search?q=" + std::string(1025, 'a'))) == "422 invalid_word");
  CHECK(api.Call("GET", "/search?q=" + std::string(1024, 'a')).status == 200);
}

TEST_CASE("What damage keeps from being read is 503, and trying again does not help") {
  Api api;
  api.store.FailReads({StatusCode::kDataDamaged, "base-7: checksum at byte 4096"});
  for (const char* target :
       {"/search?q=tri", "/api/v1/count?q=tri", "/api/v1/export?q=tri", "/api/v1/words/trial"}) {
    const auto response = api.Call("GET", target);
    CHECK(ProblemOf(response) == "503 unavailable");
    CHECK(HeaderOf(response, "Retry-After") == "1");
    CHECK_FALSE(Json(response)["retryable"].boolean());
    CHECK(Json(response)["detail"].string() == "base-7: checksum at byte 4096");
  }
}

TEST_CASE("With partial=true a search goes on without the shards that cannot be read") {
  Api api;
  api.store.FailReads({StatusCode::kDataDamaged, "base-7: checksum at byte 4096"});
  CHECK(api.Call("GET", "/search?q=trial&partial=true").body ==
        R"({"results":[],"complete":false,"missing":["tr"]})");
  CHECK(api.Call("GET", "/search?q=t&partial=true&limit=5").body ==
        R"({"results":[],"next":null,"complete":false,"missing":["t"]})");
  api.store.FailReads({});
  api.store.Put({"trial"});
  CHECK(api.Call("GET", "/search?q=tri&partial=true").body == R"({"results":["trial"]})");
}

TEST_CASE("Words are written as JSON strings") {
  Api api;
  api.store.Put({"say \"hi\"", "back\\slash"});
  CHECK(api.Call("GET", "/search?q=").body == R"({"results":["back\\slash","say \"hi\""]})");
}

TEST_CASE("A count is exact, and counts everything without a prefix") {
  Api api;
  api.store.Put({"tri", "trial", "tree"});
  CHECK(api.Call("GET", "/api/v1/count?q=tri").body == R"({"prefix":"tri","count":2})");
  CHECK(api.Call("GET", "/api/v1/count").body == R"({"prefix":"","count":3})");
  CHECK(api.Call("GET", "/api/v1/count?q=x").body == R"({"prefix":"x","count":0})");
  CHECK(ProblemOf(api.Call("GET", "/api/v1/count?q=%FF")) == "422 invalid_word");
  CHECK(ProblemOf(api.Call("GET", "/api/v1/count?limit=1")) == "400 bad_request");
}

}  // namespace trifecta::test
