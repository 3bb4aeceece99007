#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>

#include "tests/daemon/api_fixture.h"
#include "tests/daemon/gzip.h"

namespace trifecta::test {
namespace {

const Headers kText = {{"content-type", "text/plain"}};
const Headers kNdjson = {{"content-type", "application/x-ndjson"}};

std::string Numbered(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i) text += "word" + std::to_string(i) + "\n";
  return text;
}

uint64_t WordCount(const Api& api) {
  const auto count = api.store.Count("");
  REQUIRE(count.ok());
  return *count;
}

// Makes the n-th write to the store (1: the first) fail, and says how many there were.
class FailingWrite {
 public:
  FailingWrite(Api* api, int n, Status status) {
    api->store.BeforeWrite([this, api, n, status] {
      if (++writes_ == n) api->store.FailWrites(status);
    });
  }
  int writes() const { return writes_; }

 private:
  std::atomic<int> writes_ = 0;
};

// Stores nothing, and notes how long it was given.
class TimedCoordinator : public daemon::Coordinator {
 public:
  Result<uint64_t> Write(daemon::Operation, std::span<const std::string_view>,
                         const daemon::CallOptions& options) override {
    given = options.deadline - std::chrono::steady_clock::now();
    return Status(StatusCode::kTimeout, "not in time");
  }
  Result<bool> Contains(std::string_view, const daemon::CallOptions&) override { return false; }
  Status Search(const storage::SearchOptions&, bool, const daemon::CallOptions&,
                daemon::SearchAnswer*) override {
    return Status::Ok();
  }
  Result<uint64_t> Count(std::string_view, const daemon::CallOptions&) override {
    return uint64_t{0};
  }
  Result<std::vector<std::string>> ShardRootsOf(net::NodeNumber,
                                                const daemon::CallOptions&) override {
    return std::vector<std::string>();
  }
  storage::StoreStats LocalStats() override { return {}; }

  std::chrono::steady_clock::duration given{0};
};

}  // namespace

TEST_CASE("A batch of a bulk load has the time of an ordinary request") {
  Api api;
  TimedCoordinator timed;
  api.context.coordinator = &timed;
  api.context.request_timeout = std::chrono::minutes(7);
  CHECK(api.Call("POST", "/api/v1/bulk?op=add", "trial\n", kText).status == 504);
  CHECK(timed.given <= std::chrono::minutes(7));
  CHECK(timed.given > std::chrono::minutes(6));
}

TEST_CASE("A bulk load answers with exact counters and costs a bad line alone") {
  Api api;
  api.store.Put({"there"});
  const auto response =
      api.Call("POST", "/api/v1/bulk?op=add", "one\nthere\r\ntwo\nbad\x01line\n\nthree", kText);
  CHECK(response.status == 200);
  CHECK(response.body ==
        "{\"lines\":6,\"added\":3,\"existing\":1,\"rejected\":1,\"errors\":[{\"line\":4,"
        "\"code\":\"invalid_word\",\"detail\":\"control character U+0001 at byte 4 "
        "(words may not contain control characters)\"}]}");
  CHECK(api.Words() == "one there three two");
}

TEST_CASE("A bulk delete counts what was there and what was missing") {
  Api api;
  api.store.Put({"a", "b", "c"});
  const auto response = api.Call("POST", "/api/v1/bulk?op=delete", "a\nb\nx\na\n", kText);
  CHECK(response.body == R"({"lines":4,"deleted":2,"missing":2,"rejected":0,"errors":[]})");
  CHECK(api.Words() == "c");
}

TEST_CASE("A word that comes twice in one body is added once") {
  Api api;
  const auto response = api.Call("POST", "/api/v1/bulk?op=add", "a\nb\na\na\n", kText);
  CHECK(response.body == R"({"lines":4,"added":2,"existing":2,"rejected":0,"errors":[]})");
}

TEST_CASE("An empty body adds nothing and is fine") {
  Api api;
  CHECK(api.Call("POST", "/api/v1/bulk?op=add", "", kText).body ==
        R"({"lines":0,"added":0,"existing":0,"rejected":0,"errors":[]})");
}

TEST_CASE("NDJSON lines are words too, and a bad one is told by its own code") {
  Api api;
  for (const char* type : {"application/x-ndjson", "application/ndjson", "Application/JSONL",
                           "application/x-ndjson; charset=UTF-8"}) {
    const auto response =
        api.Call("POST", "/api/v1/bulk", "{\"word\":\"a\"}\n{\"word\":\"\"}\n{\"wrod\":\"b\"}\n",
                 {{"content-type", type}});
    CHECK(response.status == 200);
    const auto json = Json(response);
    CHECK(json["lines"].number() == 3);
    CHECK(json["rejected"].number() == 2);
    CHECK(json["errors"].array()[0]["code"].string() == "invalid_word");
    CHECK(json["errors"].array()[1]["code"].string() == "bad_request");
    CHECK(json["errors"].array()[1]["line"].number() == 3);
  }
  CHECK(api.Words() == "a");
}

TEST_CASE(
    "Lines are taken as plain text, as a form's, or without a type, and other types are 415") {
  Api api;
  for (const char* type :
       {"text/plain", "text/plain;charset=\"utf-8\"", "", "application/x-www-form-urlencoded"}) {
    CHECK(api.Call("POST", "/api/v1/bulk", "a\n", {{"content-type", type}}).status == 200);
  }
  for (const char* type : {"application/json", "text/csv", "text/plain; charset=iso-8859-1"}) {
    const auto response = api.Call("POST", "/api/v1/bulk", "a\n", {{"content-type", type}});
    CHECK(ProblemOf(response) == "415 unsupported_media_type");
  }
  CHECK(ProblemOf(api.Call("POST", "/api/v1/bulk", "a", {{"content-encoding", "zstd"}})) ==
        "415 unsupported_media_type");
}

TEST_CASE("A gzip body of several members is loaded as one") {
  Api api;
  const auto response = api.Call("POST", "/api/v1/bulk", Gzip("a\nb") + Gzip("c\nd\n"),
                                 {{"content-type", "text/plain"}, {"content-encoding", "GZIP"}});
  CHECK(response.body == R"({"lines":3,"added":3,"existing":0,"rejected":0,"errors":[]})");
  CHECK(api.Words() == "a bc d");
}

TEST_CASE("At most 100 bad lines are listed, and all are counted") {
  Api api;
  std::string text;
  for (int i = 0; i < 250; ++i) text += "bad\x7f\n";
  const auto json = Json(api.Call("POST", "/api/v1/bulk", text + "good\n", kText));
  CHECK(json["rejected"].number() == 250);
  CHECK(json["errors"].array().size() == 100);
  CHECK(json["errors"].array()[99]["line"].number() == 100);
  CHECK(json["added"].number() == 1);
}

TEST_CASE("on_error=stop answers 422 and stores nothing after the bad line") {
  Api api;
  const auto response =
      api.Call("POST", "/api/v1/bulk?op=add&on_error=stop", "a\nb\n\x02\nc\nd\n", kText);
  CHECK(ProblemOf(response) == "422 invalid_word");
  const auto json = Json(response);
  CHECK(json["lines"].number() == 3);
  CHECK(json["added"].number() == 2);
  CHECK(json["rejected"].number() == 1);
  CHECK(json["errors"].array()[0]["line"].number() == 3);
  CHECK(json["detail"].string().starts_with("line 3: control character U+0002"));
  CHECK(api.Words() == "a b");
}

TEST_CASE("on_error=stop counts exactly however many batches come before the bad line") {
  Api api;
  const std::string text = Numbered(1, 35'000) + "\x02\n" + Numbered(40'000, 60'000);
  const auto json = Json(api.Call("POST", "/api/v1/bulk?on_error=stop", text, kText));
  CHECK(json["lines"].number() == 35'001);
  CHECK(json["added"].number() == 35'000);
  CHECK(WordCount(api) == 35'000);
}

TEST_CASE("A long body is stored in batches of one version each, whole and counted exactly") {
  Api api;
  const auto response =
      api.Call("POST", "/api/v1/bulk", Numbered(1, 55'555) + Numbered(1, 1'000), kText);
  CHECK(response.body ==
        R"({"lines":56555,"added":55555,"existing":1000,"rejected":0,"errors":[]})");
  CHECK(WordCount(api) == 55'555);
  storage::Page page;
  REQUIRE(api.store.Search({.prefix = "", .after = {}, .limit = 10'000}, &page).ok());
  std::set<uint64_t> versions;
  for (size_t i = 0; i < page.size(); ++i) versions.insert(page.version(i).time);
  CHECK(versions.size() <= 6);
}

TEST_CASE("A batch that cannot be stored ends the load with 503 and says how far it came") {
  for (const int n : {1, 2, 3}) {
    Api api;
    FailingWrite failing(&api, n, {StatusCode::kUnavailable, "1 of 2 owners answered"});
    const auto response = api.Call("POST", "/api/v1/bulk", Numbered(1, 60'000), kText);
    CHECK(ProblemOf(response) == "503 unavailable");
    CHECK_FALSE(HeaderOf(response, "Retry-After").empty());
    const auto json = Json(response);
    const uint64_t stored = 10'000 * (n - 1);
    CHECK(json["outcome"].string() == "unknown");
    CHECK(json["durable_through_line"].number() == stored);
    CHECK(json["added"].number() == stored);
    CHECK(json["lines"].number() > stored);
    CHECK(WordCount(api) == stored);
    CHECK(failing.writes() == n);
  }
}

TEST_CASE("A full disk ends the load with 507, and what was stored stays") {
  Api api;
  FailingWrite failing(&api, 2, {StatusCode::kDiskFull, "no space left on device"});
  const auto response = api.Call("POST", "/api/v1/bulk", Numbered(1, 15'000), kText);
  CHECK(ProblemOf(response) == "507 disk_full");
  CHECK(Json(response)["durable_through_line"].number() == 10'000);
  CHECK(Json(response)["outcome"].is_null());
  CHECK(WordCount(api) == 10'000);
}

TEST_CASE("The next batch is read while the one before is being stored") {
  Api api;
  std::mutex mutex;
  std::condition_variable changed;
  bool read_on = false;
  // The second half of the body is given only from within the first write.
  class TwoHalves : public net::BodyReader {
   public:
    TwoHalves(std::string text, std::function<void()> between)
        : text_(std::move(text)), between_(std::move(between)) {}
    Result<size_t> Read(std::span<char> buffer) override {
      if (at_ > 0 && between_) std::exchange(between_, nullptr)();
      const size_t size = std::min(buffer.size(), text_.size() - at_);
      std::copy_n(text_.data() + at_, size, buffer.data());
      at_ += size;
      return size;
    }

   private:
    const std::string text_;
    std::function<void()> between_;
    size_t at_ = 0;
  };
  api.store.BeforeWrite([&] {
    std::unique_lock lock(mutex);
    CHECK(changed.wait_for(lock, std::chrono::seconds(30), [&] { return read_on; }));
  });
  std::string body;
  for (int i = 0; i < 10'000; ++i) body += "a\n";
  TwoHalves halves(body + std::string(70'000, '\n') + "b\n", [&] {
    std::lock_guard lock(mutex);
    read_on = true;
    changed.notify_all();
  });
  const auto response = api.CallWith("POST", "/api/v1/bulk", &halves, kText);
  CHECK(Json(response)["added"].number() == 2);
}

TEST_CASE("A client that goes away leaves what was stored, and half a line is never stored") {
  Api api;
  const std::string text = Numbered(1, 10'000) + "one more\nhalf";
  PiecewiseBody body(text, 1000, {StatusCode::kCancelled, "the client went away"});
  const auto response = api.CallWith("POST", "/api/v1/bulk", &body, kText);
  CHECK(response.status == 400);
  const auto half = api.store.Get("half");
  REQUIRE(half.ok());
  CHECK_FALSE(half->known);
}

TEST_CASE("A body that breaks off is told by its reason, with what was stored until then") {
  for (const auto& [code, problem] : {std::pair{StatusCode::kTimeout, "408 request_timeout"},
                                      std::pair{StatusCode::kTooLarge, "413 too_large"},
                                      std::pair{StatusCode::kInvalidArgument, "400 bad_request"}}) {
    Api api;
    PiecewiseBody body("a\nb\n", 2, {code, "the reason"});
    const auto response = api.CallWith("POST", "/api/v1/bulk", &body, kText);
    CHECK(ProblemOf(response) == problem);
    CHECK(Json(response)["durable_through_line"].number() == Json(response)["added"].number());
  }
  Api api;
  CHECK(ProblemOf(api.Call("POST", "/api/v1/bulk", Gzip("a\nb\n").substr(0, 15),
                           {{"content-encoding", "gzip"}})) == "400 bad_request");
}

TEST_CASE("Bad parameters of a bulk load are refused before anything is stored") {
  Api api;
  for (const char* query :
       {"op=update", "on_error=ignore", "consistency=2", "ops=add", "batch=5"}) {
    CHECK(ProblemOf(api.Call("POST", std::string("/api/v1/bulk?") + query, "a\n", kText)) ==
          "400 bad_request");
  }
  CHECK(api.Words().empty());
}

TEST_CASE("Words outside the lexicon are bad lines of a bulk add") {
  Api api;
  api.context.lexicon = daemon::Lexicon("abc");
  const auto json = Json(api.Call("POST", "/api/v1/bulk", "abc\nabx\n", kText));
  CHECK(json["added"].number() == 1);
  CHECK(json["errors"].array()[0]["line"].number() == 2);
}

}  // namespace trifecta::test
