#include "tests/daemon/api_fixture.h"

namespace trifecta::test {
namespace {

// What an export with this Accept header streams.
std::string Exported(Api& api, const std::string& target, Headers headers = {}) {
  const auto response = api.Call("GET", target, "", std::move(headers));
  CHECK(response.status == 200);
  REQUIRE(response.stream);
  CollectingWriter out;
  CHECK(response.stream(out));
  return out.text;
}

std::string TypeFor(Api& api, const std::string& accept) {
  return api.Call("GET", "/api/v1/export", "", {{"accept", accept}}).content_type;
}

}  // namespace

TEST_CASE("An export is every word that begins with the prefix, a line each, in order") {
  Api api;
  api.store.Put({"tri", "trial", "tree", "zürich", "say \"hi\""});
  CHECK(Exported(api, "/api/v1/export?q=tri") == "tri\ntrial\n");
  CHECK(Exported(api, "/api/v1/export") == "say \"hi\"\ntree\ntri\ntrial\nzürich\n");
  CHECK(Exported(api, "/api/v1/export?q=none").empty());
}

TEST_CASE("An export of many pages is whole and in order") {
  Api api;
  std::string expected;
  for (int i = 10'000; i < 30'000; ++i) {
    const std::string word = "w" + std::to_string(i);
    api.store.Put({word});
    expected += word + "\n";
  }
  const auto response = api.Call("GET", "/api/v1/export?q=w");
  CollectingWriter out;
  CHECK(response.stream(out));
  CHECK(out.text == expected);
  CHECK(out.writes > 1);
}

TEST_CASE("An export whose words end with a page has no more, and no less") {
  Api api;
  std::string expected;
  for (int i = 0; i < 4096; ++i) {
    const std::string word = std::to_string(10'000 + i);
    api.store.Put({word});
    expected += word + "\n";
  }
  CHECK(Exported(api, "/api/v1/export") == expected);
}

TEST_CASE("NDJSON is exported where the client likes it better") {
  Api api;
  api.store.Put({"say \"hi\"", "trial"});
  CHECK(Exported(api, "/api/v1/export", {{"accept", "application/x-ndjson"}}) ==
        "{\"word\":\"say \\\"hi\\\"\"}\n{\"word\":\"trial\"}\n");
}

TEST_CASE("The format of an export follows the Accept header and its q-values") {
  Api api;
  const std::string text = "text/plain; charset=utf-8", ndjson = "application/x-ndjson";
  for (const char* accept :
       {"", "*/*", "text/*", "text/plain", "TEXT/PLAIN ; Q=1", "image/png, */*",
        "text/plain, application/x-ndjson", "application/x-ndjson;q=0.5, text/plain",
        "application/x-ndjson;q=0.8, */*"}) {
    INFO("accept " << accept);
    CHECK(TypeFor(api, accept) == text);
  }
  for (const char* accept : {"application/x-ndjson", "application/ndjson", "application/jsonl",
                             "application/*", "text/plain;q=0.1, application/x-ndjson;q=0.2",
                             "text/plain;q=0, */*", "*/*;q=0.1, application/x-ndjson"}) {
    INFO("accept " << accept);
    CHECK(TypeFor(api, accept) == ndjson);
  }
}

TEST_CASE("A client that takes neither format gets 406") {
  Api api;
  for (const char* accept : {"application/json", "image/*", "text/html", "*/*;q=0", "nonsense"}) {
    INFO("accept " << accept);
    CHECK(ProblemOf(api.Call("GET", "/api/v1/export", "", {{"accept", accept}})) ==
          "406 not_acceptable");
  }
}

TEST_CASE("An export that must be cut says so by its missing end") {
  Api api;
  for (int i = 0; i < 5'000; ++i) api.store.Put({"w" + std::to_string(i)});
  const auto response = api.Call("GET", "/api/v1/export");
  CHECK(response.status == 200);
  api.store.FailReads({StatusCode::kDataDamaged, "base-7: checksum at byte 4096"});
  CollectingWriter out;
  CHECK_FALSE(response.stream(out));
  CHECK_FALSE(out.text.empty());
}

TEST_CASE("An export ends when its client is gone") {
  Api api;
  for (int i = 0; i < 15'000; ++i) api.store.Put({"w" + std::to_string(i)});
  const auto response = api.Call("GET", "/api/v1/export");
  CollectingWriter out(2);
  CHECK_FALSE(response.stream(out));
  CHECK(out.writes == 2);
}

TEST_CASE("An export with a bad parameter is refused before it begins") {
  Api api;
  CHECK(ProblemOf(api.Call("GET", "/api/v1/export?q=%00")) == "422 invalid_word");
  CHECK(ProblemOf(api.Call("GET", "/api/v1/export?limit=5")) == "400 bad_request");
  CHECK(ProblemOf(api.Call("GET", "/api/v1/export?consistency=x")) == "400 bad_request");
}

}  // namespace trifecta::test
