// load, against a node that stores in memory and can be told to misbehave.
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "net/json.h"
#include "tests/cmd/compressed.h"
#include "tests/cmd/tool.h"
#include "tests/support/canned_server.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::cmd {
namespace {

using test::Answer;
using test::CannedAnswer;
using test::CannedRequest;
using test::CannedServer;

// Takes bulk requests as the daemon does: rejects words that begin with '!', names at most 100.
class Node {
 public:
  Node() : server_([this](const CannedRequest& request) { return Handle(request); }) {}

  ToolResult Run(std::vector<std::string> arguments, ToolOptions options = {}) {
    options.environment["TRIFECTA_NODES"] = server_.address();
    return RunTool(std::move(arguments), options);
  }

  std::set<std::string> words;
  std::function<bool(int request)> fails = [](int) { return false; };
  CannedAnswer failure = Answer(503, R"({"code":"unavailable","detail":"busy"})");
  std::function<void(int request)> before = [](int) {};
  std::atomic<int> bulk_requests = 0;

  CannedServer& server() { return server_; }

 private:
  CannedAnswer Handle(const CannedRequest& request) {
    if (request.target == "/live") return Answer(200, "\"OK\"");
    if (!request.target.starts_with("/api/v1/bulk")) return Answer(200, R"({"nodes":[]})");
    const int number = bulk_requests++;
    before(number);
    if (fails(number)) return failure;
    return Store(request);
  }

  CannedAnswer Store(const CannedRequest& request) {
    const bool add = request.target.find("op=add") != std::string::npos;
    const bool stop = request.target.find("on_error=stop") != std::string::npos;
    const bool ndjson = request.head.find("x-ndjson") != std::string::npos;
    int lines = 0, changed = 0, unchanged = 0, rejected = 0;
    std::string errors, line;
    for (std::istringstream body(request.body); std::getline(body, line);) {
      ++lines;
      if (line.ends_with('\r')) line.pop_back();
      if (ndjson) line = *net::ParseWordObject(line);
      if (line.starts_with('!')) {
        if (++rejected <= 100) {
          errors += std::string(errors.empty() ? "" : ",") + "{\"line\":" + std::to_string(lines) +
                    ",\"code\":\"invalid_word\",\"detail\":\"not in the lexicon\"}";
        }
        if (stop) break;
        continue;
      }
      const bool changes = add ? words.insert(line).second : words.erase(line) > 0;
      ++(changes ? changed : unchanged);
    }
    const std::string body = "{\"lines\":" + std::to_string(lines) + ",\"" +
                             (add ? "added" : "deleted") + "\":" + std::to_string(changed) + ",\"" +
                             (add ? "existing" : "missing") + "\":" + std::to_string(unchanged) +
                             ",\"rejected\":" + std::to_string(rejected) + ",\"errors\":[" +
                             errors + "]}";
    return Answer(stop && rejected > 0 ? 422 : 200, body);
  }

  CannedServer server_;
};

std::string Numbers(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i) text += "w" + std::to_string(i) + "\n";
  return text;
}

struct Files {
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(dir.File(name), std::ios::binary) << text;
    return dir.File(name);
  }
  std::string Read(const std::string& name) {
    std::ifstream file(dir.File(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  test::TempDir dir;
};

TEST_CASE("files of any compression and standard input are loaded, whatever the batches") {
  Files files;
  const std::string batch = GENERATE("1", "7", "10000");
  Node node;
  const ToolResult result =
      node.Run({"load", "--batch", batch, "--parallel", "3", files.Write("a", Numbers(1, 30)),
                files.Write("b", Compressed(Numbers(21, 50), Compression::kGzip)), "-"},
               {.input = Compressed(Numbers(51, 60), Compression::kZstd)});
  INFO(result.error);
  CHECK(result.status == 0);
  CHECK(node.words.size() == 60);
  CHECK(result.output.empty());
  CHECK(result.error.starts_with("loaded 70 words in "));
  CHECK(result.error.ends_with(" words/s): 60 added, 10 already there\n"));
}

TEST_CASE("carriage returns are stripped, empty lines counted, a last line may lack its end") {
  Node node;
  const ToolResult result = node.Run({"load"}, {.input = "a\r\n\n\r\nb"});
  CHECK(result.status == 0);
  CHECK(node.words == std::set<std::string>{"a", "b"});
  CHECK(result.error.ends_with(": 2 added, 2 empty lines\n"));
}

TEST_CASE("rejected lines are told by number and reason, and kept as they were") {
  Files files;
  Node node;
  const std::string batch = GENERATE("1", "3", "100");
  const std::string long_word(1025, 'x'), overlong(200'000, 'y');
  const ToolResult result = node.Run(
      {"load", "--batch", batch, "--rejects", files.dir.File("rejects"),
       files.Write("in", "ok\nbad\xff\r\n!no\n" + long_word + "\n" + overlong + "\nok2\nta\tb\n")});
  CHECK(result.status == 6);
  CHECK(node.words == std::set<std::string>{"ok", "ok2"});
  const std::string at = "trifecta: " + files.dir.File("in") + ":";
  CHECK(result.error.starts_with(at + "2: not valid UTF-8 at byte 4\n" +  //
                                 at + "3: not in the lexicon\n" +         //
                                 at + "4: longer than 1024 bytes (it has 1025)\n" + at +
                                 "5: longer than 1024 bytes (it has 200000)\n" + at +
                                 "7: control character U+0009 at byte 3"));
  CHECK(result.error.find("2 added, 5 rejected\n") != std::string::npos);
  CHECK(files.Read("rejects") == "bad\xff\r\n!no\n" + long_word + "\n" + overlong + "\nta\tb\n");
}

TEST_CASE("every line that the node rejects is found, more than it names in one answer") {
  Files files;
  std::string text;
  for (int i = 0; i < 350; ++i) text += "!" + std::to_string(i) + "\nw" + std::to_string(i) + "\n";
  Node node;
  const ToolResult result =
      node.Run({"load", "--rejects", files.dir.File("rejects")}, {.input = text});
  CHECK(result.status == 6);
  CHECK(result.error.ends_with(": 350 added, 350 rejected\n"));
  CHECK(result.error.find("further rejected lines are in ") != std::string::npos);
  std::string expected;
  for (int i = 0; i < 350; ++i) expected += "!" + std::to_string(i) + "\n";
  CHECK(files.Read("rejects") == expected);
  // Without the file it is enough to count them.
  CHECK(node.Run({"load"}, {.input = text}).error.ends_with(", 350 rejected\n"));
}

TEST_CASE("words that the node rejects are not counted as loaded") {
  Node node;
  const ToolResult result = node.Run({"load"}, {.input = "!a\nb\n!c\n"});
  CHECK(result.status == 6);
  CHECK(result.error.find("loaded 1 word in ") != std::string::npos);
  CHECK(result.error.ends_with(": 1 added, 2 rejected\n"));
}

TEST_CASE("the rejects never go into an input") {
  Files files;
  Node node;
  const std::string in = files.Write("in", "a\n");
  std::filesystem::create_hard_link(in, files.dir.File("same"));
  for (const std::string& rejects : {in, files.dir.File("same")}) {
    const ToolResult result = node.Run({"load", in, "--rejects", rejects});
    CHECK(result.status == 2);
    CHECK(result.error.find("is the input itself; name another file") != std::string::npos);
  }
  CHECK(files.Read("in") == "a\n");
  CHECK(node.words.empty());
}

TEST_CASE("NDJSON is recognised, or named, and a bad line costs that line alone") {
  Files files;
  const std::string text = "{\"word\":\"a\"}\n{\"word\":7}\n{\"word\":\"b\"}\n{\"word\":\"!\"}\n";
  Node node;
  ToolResult result = node.Run({"load", "--rejects", files.dir.File("rejects")}, {.input = text});
  CHECK(result.status == 6);
  CHECK(node.words == std::set<std::string>{"a", "b"});
  CHECK(files.Read("rejects") == "{\"word\":7}\n{\"word\":\"!\"}\n");

  // What merely begins with a brace is a word.
  result = node.Run({"load"}, {.input = "{brace\n{\"word\":\"c\"}\n"});
  CHECK(result.status == 0);
  CHECK(node.words.contains("{brace"));
  CHECK(node.words.contains("{\"word\":\"c\"}"));
  result = node.Run({"load", "--format", "lines"}, {.input = "{\"word\":\"d\"}\n"});
  CHECK(node.words.contains("{\"word\":\"d\"}"));
  result = node.Run({"load", files.Write("x.ndjson.gz", "plain\n")});
  CHECK(result.status == 6);
}

TEST_CASE("words may end with NUL") {
  Node node;
  const ToolResult result = node.Run({"load", "-0"}, {.input = std::string("a b\0c\nd\0", 8)});
  CHECK(result.status == 6);
  CHECK(node.words == std::set<std::string>{"a b"});
  CHECK(node.Run({"load", "-0", "--format", "ndjson"}).status == 2);
}

TEST_CASE("words are deleted with --delete") {
  Node node;
  node.words = {"a", "b", "c"};
  const ToolResult result = node.Run({"load", "--delete"}, {.input = "a\nb\nx\n"});
  CHECK(result.status == 0);
  CHECK(node.words == std::set<std::string>{"c"});
  CHECK(result.error.ends_with(": 2 deleted, 1 not there\n"));
}

TEST_CASE("a load begins at its start line, of the first file alone") {
  Files files;
  Node node;
  const ToolResult result = node.Run(
      {"load", "--start-line", "3", files.Write("a", "a\nb\nc\nd\n"), files.Write("b", "e\n")});
  CHECK(result.status == 0);
  CHECK(node.words == std::set<std::string>{"c", "d", "e"});
}

TEST_CASE("a start line behind the end of the file is noted") {
  Files files;
  Node node;
  const std::string in = files.Write("in", Numbers(1, 7));
  const ToolResult result = node.Run({"load", "--start-line", "99", in});
  CHECK(result.status == 0);
  CHECK(result.error.starts_with("note: " + in + " has 7 lines, none from line 99 on\n"));
  // What a load that was interrupted at its very end says is no mistake.
  CHECK(node.Run({"load", "--start-line", "8", in}).error.starts_with("loaded 0 words"));
  CHECK(node.Run({"load", "--start-line", "99", in, "--json"}).error.empty());
}

TEST_CASE("a dry run reads and checks everything, and needs no node") {
  const ToolResult result =
      RunTool({"load", "--dry-run", "--node", "nosuch.invalid"}, {.input = "a\nb\xff\n"});
  CHECK(result.status == 6);
  CHECK(result.error.starts_with("trifecta: standard input:2: not valid UTF-8"));
  CHECK(result.error.ends_with(": nothing was sent, 1 rejected\n"));
}

TEST_CASE("with --on-error stop nothing after the first bad line is stored") {
  Files files;
  for (const char* bad : {"bad\xff", "!no"}) {
    Node node;
    const ToolResult result =
        node.Run({"load", "--on-error", "stop", "--batch", "2",
                  files.Write("in", Numbers(1, 5) + bad + "\n" + Numbers(7, 20))});
    CHECK(result.status == 6);
    CHECK(node.words.size() == 5);
    CHECK(result.error.find(files.dir.File("in") + ":6: ") != std::string::npos);
    CHECK(
        result.error.ends_with("trifecta: stopped at the first rejected line\n"
                               "Stored up to line 5; go on with: trifecta load --start-line 6 " +
                               files.dir.File("in") + "\n"));
  }
}

TEST_CASE("a batch that cannot be stored for a while is repeated") {
  Node node;
  node.fails = [](int request) { return request == 1 || request == 3; };
  SECTION("the node is busy") {}
  SECTION("the connection is lost") { node.failure = {"", true}; }
  const ToolResult result = node.Run({"load", "--batch", "10"}, {.input = Numbers(1, 60)});
  CHECK(result.status == 0);
  CHECK(node.words.size() == 60);
}

TEST_CASE("batches that are turned away while others get through are stored in the end") {
  Node node;
  // Of every three requests one gets through: the others find no room.
  node.fails = [](int request) { return request % 3 != 0; };
  const std::string parallel = GENERATE("1", "8");
  const ToolResult result =
      node.Run({"load", "--batch", "10", "--parallel", parallel, "--timeout", "30s"},
               {.input = Numbers(1, 100)});
  CHECK(result.status == 0);
  CHECK(node.words.size() == 100);
  CHECK(result.error.ends_with(": 100 added\n"));
}

TEST_CASE("when a batch cannot be stored, the line to go on with is the first not stored") {
  Node node;
  node.failure = Answer(507, R"({"code":"disk_full","detail":"no room left"})");
  node.fails = [](int request) { return request >= 3; };
  const ToolResult result =
      node.Run({"load", "--batch", "10", "--parallel", "1"}, {.input = Numbers(1, 100)});
  CHECK(result.status == 5);
  CHECK(result.error.find(node.server().address() + " could not do it: no room left\n") !=
        std::string::npos);
  CHECK(result.error.ends_with(
      "Stored up to line 30; go on with: trifecta load --start-line 31 -\n"));
  CHECK(node.words.size() == 30);
}

TEST_CASE("a batch that fails early holds back the line to go on with, whatever came after it") {
  Node node;
  node.failure = Answer(507, R"({"code":"disk_full","detail":"no room left"})");
  node.fails = [](int request) { return request == 0; };
  const ToolResult result =
      node.Run({"load", "--batch", "10", "--parallel", "4"}, {.input = Numbers(1, 100)});
  CHECK(result.status == 5);
  // Which batch came first to the node is open, so is the line; it never promises too much.
  const size_t at = result.error.find("--start-line ");
  REQUIRE(at != std::string::npos);
  const int line = std::stoi(result.error.substr(at + 13));
  for (int i = 1; i < line; ++i) CHECK(node.words.contains("w" + std::to_string(i)));
}

TEST_CASE("an interruption ends the load with the line to go on with") {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  Node node;
  node.before = [&](int request) {
    if (request == 2) (void)!write(fds[1], "x", 1);
  };
  node.fails = [](int request) { return request >= 2; };
  node.failure = {"", false, false, true};
  const ToolResult result = node.Run({"load", "--batch", "10", "--parallel", "1"},
                                     {.input = Numbers(1, 100), .cancel_fd = fds[0]});
  CHECK(result.status == 130);
  CHECK(result.error.ends_with(
      "trifecta: interrupted\n"
      "Stored up to line 20; go on with: trifecta load --start-line 21 -\n"));
  close(fds[0]);
  close(fds[1]);
}

TEST_CASE("add from standard input says which words to give again") {
  Node node;
  node.failure = Answer(507, R"({"code":"disk_full","detail":"no room left"})");
  node.fails = [](int request) { return request != 1; };
  CHECK(node.Run({"add", "-"}, {.input = "a\nb\n"})
            .error.ends_with("\nGive the words again: adding a word twice does no harm\n"));
  const std::string error = node.Run({"del", "-"}, {.input = Numbers(1, 10'001)}).error;
  CHECK(error.find("--start-line") == std::string::npos);
  CHECK(error.ends_with("deleting a word twice does no harm\n"));
  CHECK(node.Run({"load", "--format", "lines"}, {.input = "a\n"})
            .error.ends_with("Go on with: trifecta load --format lines --start-line 1 -\n"));
}

TEST_CASE("damage before the first word stores nothing, and says so") {
  Files files;
  Node node;
  for (const auto compression : {Compression::kZstd, Compression::kXz}) {
    const std::string in = files.Write("cut", Compressed("a\nb\n", compression).substr(0, 9));
    const ToolResult result = node.Run({"load", in});
    CHECK(result.status == 6);
    CHECK(result.error.find("trifecta: " + in + ": ") != std::string::npos);
    CHECK(result.error.ends_with("No line of it is stored.\n"));
  }
}

TEST_CASE("a truncated file is an error that names it, and what came before it is stored") {
  Files files;
  const std::string whole = Compressed(Numbers(1, 100'000), Compression::kGzip);
  const std::string in = files.Write("cut.gz", whole.substr(0, whole.size() / 2));
  Node node;
  const ToolResult result = node.Run({"load", in});
  CHECK(result.status == 6);
  CHECK(result.error.find("trifecta: " + in + ": truncated gzip input") != std::string::npos);
  CHECK(node.words.size() > 1000);
}

TEST_CASE("with --json the summary is one object, with the rejected lines") {
  Node node;
  const ToolResult result = node.Run({"load", "--json"}, {.input = "a\n\nb\xff\n"});
  CHECK(result.status == 6);
  CHECK(result.error.empty());
  auto json = net::ParseJson(result.output);
  REQUIRE(json.ok());
  CHECK((*json)["lines"].number() == 3);
  CHECK((*json)["words"].number() == 1);
  CHECK((*json)["added"].number() == 1);
  CHECK((*json)["rejected"].number() == 1);
  CHECK((*json)["empty"].number() == 1);
  CHECK((*json)["complete"].boolean());
  CHECK((*json)["errors"].array().at(0)["line"].number() == 3);
}

TEST_CASE("what is wrong with the options or the files is told before anything is sent") {
  Node node;
  CHECK(node.Run({"load", "/no/such"}).error == "trifecta: /no/such: No such file or directory\n");
  CHECK(node.Run({"load", "/no/such"}).status == 2);
  CHECK(node.Run({"load", "-", "-"}).status == 2);
  CHECK(node.Run({"load", "--batch", "0"}).status == 2);
  CHECK(node.Run({"load", "--parallel", "1000"}).status == 2);
  CHECK(node.Run({"load", "--rejects", "/no/such/file"}).status == 2);
  CHECK(node.server().requests().empty());
}

}  // namespace
}  // namespace trifecta::cmd
