// add, del, get, search, count and dump, against a node with canned answers.
#include "tests/cmd/tool.h"
#include "tests/support/canned_server.h"
#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

using test::Answer;
using test::CannedAnswer;
using test::CannedRequest;
using test::CannedServer;

ToolResult RunAt(const CannedServer& server, std::vector<std::string> arguments,
                 ToolOptions options = {}) {
  options.environment["TRIFECTA_NODES"] = server.address();
  return RunTool(std::move(arguments), options);
}

CannedServer::Handler Always(int status, std::string body) {
  return [=](const CannedRequest&) { return Answer(status, body); };
}

const CannedServer::Handler kCreated = Always(200, R"({"created":true,"deleted":true})");

TEST_CASE("a few words are added one by one, and the outcome is a note") {
  CannedServer server(kCreated);
  const ToolResult result = RunAt(server, {"add", "trial", "[x]"});
  CHECK(result.status == 0);
  CHECK(result.output.empty());
  CHECK(result.error == "2 added\n");
  REQUIRE(server.requests().size() == 2);
  CHECK(server.requests()[1].body == R"({"word":"[x]"})");
  CHECK(RunAt(server, {"add", "trial", "-q"}).error.empty());
}

TEST_CASE("many words are one bulk request") {
  CannedServer server(
      Always(200, R"({"lines":5,"added":4,"existing":1,"rejected":0,"errors":[]})"));
  const ToolResult result = RunAt(server, {"add", "a", "b", "c", "d", "e"});
  CHECK(result.status == 0);
  CHECK(result.error == "4 added, 1 already there\n");
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].target == "/api/v1/bulk?op=add&on_error=skip");
  CHECK(server.requests()[0].body == "a\nb\nc\nd\ne\n");
}

TEST_CASE("an invalid word is told by name; alone it is refused, beside others it is partial") {
  CannedServer server(kCreated);
  ToolResult result = RunAt(server, {"add", "bad\x01word"});
  CHECK(result.status == 4);
  CHECK(result.error ==
        "trifecta: 'bad\\x01word': control character U+0001 at byte 4 (words may not contain "
        "control characters)\n");
  CHECK(server.requests().empty());
  result = RunAt(server, {"add", "good", "bad\xff"});
  CHECK(result.status == 6);
  CHECK(result.error == "trifecta: 'bad\\xff': not valid UTF-8 at byte 4\n1 added\n");
}

TEST_CASE("a word that the node refuses is told by name too, one by one and in bulk") {
  CannedServer single(Always(422, R"({"code":"invalid_word","detail":"not in the lexicon"})"));
  ToolResult result = RunAt(single, {"add", "trial"});
  CHECK(result.status == 4);
  CHECK(result.error == "trifecta: 'trial': not in the lexicon\n");

  CannedServer bulk(Always(200, R"({"lines":5,"added":4,"existing":0,"rejected":1,)"
                                R"("errors":[{"line":3,"code":"invalid_word","detail":"no"}]})"));
  result = RunAt(bulk, {"add", "a", "b", "c", "d", "e"});
  CHECK(result.status == 6);
  CHECK(result.error == "trifecta: 'c': no\n4 added\n");
}

TEST_CASE("with --json the outcome of add is one object") {
  CannedServer server(kCreated);
  const ToolResult result = RunAt(server, {"add", "good", "bad\xff", "--json"});
  CHECK(result.output ==
        "{\"added\":1,\"existing\":0,\"rejected\":1,\"errors\":[{\"word\":\"bad\\\\xff\","
        "\"code\":\"invalid_word\",\"detail\":\"not valid UTF-8 at byte 4\"}]}\n");
  CHECK(result.error.empty());
}

TEST_CASE("del says no when none of its words was there") {
  CannedServer gone(Always(404, R"({"code":"word_not_found"})"));
  ToolResult result = RunAt(gone, {"del", "nosuch"});
  CHECK(result.status == 1);
  CHECK(result.error == "0 deleted, 1 not there\n");
  CannedServer there(kCreated);
  CHECK(RunAt(there, {"del", "trial"}).status == 0);
  CHECK(there.requests()[0].method == "DELETE");
}

TEST_CASE("add - reads words from standard input, a line each") {
  CannedServer server([](const CannedRequest& request) {
    if (request.method == "GET") return Answer(200, R"({"nodes":[]})");
    return Answer(200, R"({"lines":2,"added":2,"existing":0,"rejected":0,"errors":[]})");
  });
  ToolResult result = RunAt(server, {"add", "-"}, {.input = "a\r\n\n{\"word\":\"b\"}\n"});
  CHECK(result.status == 0);
  CHECK(result.error == "2 added, 1 empty line\n");
  CHECK(server.requests().back().body == "a\r\n{\"word\":\"b\"}\n");
  result = RunAt(server, {"add", "-"}, {.input = "\x01\n"});
  CHECK(result.status == 4);
  CHECK(result.error.starts_with("trifecta: standard input:1: control character"));
  CHECK(RunAt(server, {"add", "-", "x"}).status == 2);
}

TEST_CASE("behind -- a dash is a word") {
  for (const char* command : {"add", "del"}) {
    CannedServer server(kCreated);
    CHECK(RunAt(server, {command, "--", "-", "-x", "--"}).status == 0);
    REQUIRE(server.requests().size() == 3);
    CHECK(server.requests()[0].body == R"({"word":"-"})");
    CHECK(server.requests()[1].body == R"({"word":"-x"})");
    CHECK(server.requests()[2].body == R"({"word":"--"})");
    CHECK(RunAt(server, {command, "-", "--", "x"}).status == 2);
  }
}

TEST_CASE("get prints the words that are there, and says no when none is") {
  CannedServer server([](const CannedRequest& request) {
    if (request.target == "/api/v1/words/trial") return Answer(200, R"({"word":"trial"})");
    return Answer(404, R"({"code":"word_not_found"})");
  });
  ToolResult result = RunAt(server, {"get", "trial", "nosuch"});
  CHECK(result.status == 0);
  CHECK(result.output == "trial\n");
  CHECK(result.error == "'nosuch' is not there\n");
  CHECK(RunAt(server, {"get", "nosuch"}).status == 1);
  CHECK(
      RunAt(server, {"get", "trial", "nosuch", "--json"}).output ==
      "{\"words\":[{\"word\":\"trial\",\"found\":true},{\"word\":\"nosuch\",\"found\":false}]}\n");
}

TEST_CASE("search prints a word a line, with -0 a NUL, and says no when there is none") {
  CannedServer server(Always(200, R"({"results":["trial","triathlon"],"next":null})"));
  ToolResult result = RunAt(server, {"search", "tria"});
  CHECK(result.status == 0);
  CHECK(result.output == "trial\ntriathlon\n");
  CHECK(result.error.empty());
  CHECK(RunAt(server, {"search", "tria", "-0"}).output == std::string("trial\0triathlon\0", 16));
  CHECK(RunAt(server, {"search", "tria", "--json"}).output ==
        "{\"results\":[\"trial\",\"triathlon\"],\"next\":null,\"complete\":true}\n");
  CannedServer empty(Always(200, R"({"results":[],"next":null})"));
  CHECK(RunAt(empty, {"search", "zzz"}).status == 1);
  CHECK(RunAt(empty, {"search", "zzz", "--json"}).output ==
        "{\"results\":[],\"next\":null,\"complete\":true}\n");
}

TEST_CASE("search goes from page to page, up to its limit") {
  CannedServer server([](const CannedRequest& request) {
    if (request.target.find("after=") == std::string::npos) {
      return Answer(200, R"({"results":["a","b"],"next":"b"})");
    }
    return Answer(200, R"({"results":["c"],"next":null})");
  });
  CHECK(RunAt(server, {"search", "", "--all"}).output == "a\nb\nc\n");
  CHECK(server.requests()[0].target == "/api/v1/search?q=&limit=1000");
  CHECK(server.requests()[1].target == "/api/v1/search?q=&limit=1000&after=b");
  CHECK(RunAt(server, {"search", "", "-n", "2", "--desc", "--json"}).output ==
        "{\"results\":[\"a\",\"b\"],\"next\":\"b\",\"complete\":true}\n");
  CHECK(server.requests()[2].target == "/api/v1/search?q=&limit=2&order=desc");
  CHECK(RunAt(server, {"search", "", "-n", "2", "--all"}).status == 2);
}

TEST_CASE("an incomplete answer of a search is partial") {
  CannedServer server(Always(200, R"({"results":["a"],"next":null,"complete":false})"));
  const ToolResult result = RunAt(server, {"search", "a"});
  CHECK(result.status == 6);
  CHECK(result.output == "a\n");
  CHECK(result.error.starts_with("trifecta: the answer is incomplete"));
}

TEST_CASE("count prints a number, and nothing found is 0 and no failure") {
  CannedServer server(Always(200, R"({"prefix":"tri","count":12345})"));
  CHECK(RunAt(server, {"count", "tri"}).output == "12345\n");
  CHECK(RunAt(server, {"count", "--json"}).output == "{\"prefix\":\"\",\"count\":12345}\n");
  CannedServer none(Always(200, R"({"prefix":"x","count":0})"));
  CHECK(RunAt(none, {"count", "x"}).status == 0);
}

TEST_CASE("a prefix that can be none is refused by name") {
  CannedServer server(kCreated);
  for (const char* command : {"search", "count", "dump"}) {
    const ToolResult result = RunAt(server, {command, "\x02"});
    CHECK(result.status == 4);
    CHECK(result.error.starts_with("trifecta: '\\x02': control character"));
  }
  CHECK(server.requests().empty());
}

// A node whose export is cut after two words; searches go on from there.
CannedAnswer CutExport(const CannedRequest& request) {
  if (request.target.starts_with("/api/v1/export")) {
    return {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\na\nb\nc1\r\n", true};
  }
  if (request.target.starts_with("/api/v1/search")) {
    return Answer(200, R"({"results":["c11","d"],"next":null})");
  }
  return Answer(200, R"({"nodes":[]})");
}

TEST_CASE("dump prints every word, and goes on in pages when the stream is cut") {
  CannedServer whole([](const CannedRequest& request) {
    return request.target == "/api/v1/cluster" ? Answer(200, "{}") : Answer(200, "a\nb\n");
  });
  CHECK(RunAt(whole, {"dump"}).output == "a\nb\n");
  CHECK(RunAt(whole, {"dump", "--json"}).output == "{\"words\":[\"a\",\"b\"],\"count\":2}\n");

  CannedServer cut(CutExport);
  const ToolResult result = RunAt(cut, {"dump"});
  CHECK(result.status == 0);
  CHECK(result.output == "a\nb\nc11\nd\n");
  CHECK(cut.requests().back().target == "/api/v1/search?q=&limit=1000&after=b");
}

TEST_CASE("a dump that cannot go on is partial, and says how far it came") {
  CannedServer cut([](const CannedRequest& request) {
    if (request.target.starts_with("/api/v1/search")) return Answer(500, R"({"detail":"broken"})");
    return CutExport(request);
  });
  const ToolResult result = RunAt(cut, {"dump"});
  CHECK(result.status == 6);
  CHECK(result.output == "a\nb\n");
  CHECK(result.error.starts_with("trifecta: the dump is incomplete, it ends after 2 words: " +
                                 cut.address()));
}

}  // namespace
}  // namespace trifecta::cmd
