#include "cmd/options.h"

#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

using Words = std::vector<std::string>;

// The error's sentence, "" when there is none.
std::string ErrorOf(const Words& arguments) {
  Arguments parsed;
  return ParseArguments(arguments, &parsed).message();
}

Arguments Parsed(const Words& arguments) {
  Arguments parsed;
  const Status status = ParseArguments(arguments, &parsed);
  INFO(status.message());
  REQUIRE(status.ok());
  return parsed;
}

TEST_CASE("options may stand before, within and after a command") {
  for (const Words& words : {Words{"--node", "db1", "search", "tri", "-n", "5", "--json"},
                             Words{"search", "--node=db1", "--json", "-n5", "tri"},
                             Words{"search", "tri", "--limit=5", "--node", "db1", "--json"}}) {
    const Arguments parsed = Parsed(words);
    CHECK(parsed.command->name == "search");
    CHECK(parsed.positional == Words{"tri"});
    CHECK(parsed.Value("node") == "db1");
    CHECK(*parsed.Number("limit", 10, 1, 1000) == 5);
    CHECK(parsed.Has("json"));
    CHECK_FALSE(parsed.Has("quiet"));
  }
}

TEST_CASE("every word is taken as it is typed") {
  const Words words = {"[a,b]",   "{}",   "%%",   "[]", "\x01x", "",  "a b", "add", "search",
                       "cluster", "help", "true", "-",  "[",     "]", "a=b", "ü"};
  Words arguments = {"get"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  CHECK(Parsed(arguments).positional == words);
}

TEST_CASE("after -- nothing is an option") {
  CHECK(Parsed({"add", "--", "-n", "--json", "-"}).positional == Words{"-n", "--json", "-"});
  CHECK(Parsed({"add", "--json", "--", "-x"}).Has("json"));
}

TEST_CASE("values that look like lists stay whole") {
  CHECK(Parsed({"search", "x", "--after", "[a,b]"}).Value("after") == "[a,b]");
  CHECK(Parsed({"--node", "[::1]", "count"}).Value("node") == "[::1]");
  CHECK(Parsed({"search", "x", "--after="}).Value("after").empty());
  CHECK(Parsed({"search", "x", "--after=-y"}).Value("after") == "-y");
}

TEST_CASE("an option given twice keeps both values, the last one counts") {
  const Arguments parsed = Parsed({"--node", "a", "--node", "b,c", "search", "x", "-n1", "-n2"});
  CHECK(parsed.options.at("node") == Words{"a", "b,c"});
  CHECK(parsed.Value("limit") == "2");
}

TEST_CASE("an option does not swallow the words behind its value") {
  const Arguments parsed = Parsed({"get", "--node", "a", "b", "c"});
  CHECK(parsed.Value("node") == "a");
  CHECK(parsed.positional == Words{"b", "c"});
}

TEST_CASE("commands of a group are found, and its names are words elsewhere") {
  CHECK(Parsed({"cluster", "owners", "nodes", "status"}).command->name == "cluster owners");
  CHECK(Parsed({"cluster", "owners", "nodes", "status"}).positional == Words{"nodes", "status"});
  CHECK(Parsed({"cluster"}).group == "cluster");
  CHECK(Parsed({"cluster-status"}).command->name == "cluster-status");
}

TEST_CASE("a misspelt command or option is told with what may have been meant") {
  CHECK(ErrorOf({"serch"}) == "unknown command 'serch'; did you mean 'search'?");
  CHECK(ErrorOf({"serch", "tri"}) == "unknown command 'serch'; did you mean 'search'?");
  CHECK(ErrorOf({"frobnicate"}) == "unknown command 'frobnicate'");
  CHECK(ErrorOf({"cluster", "nods"}) == "unknown command 'cluster nods'; did you mean 'nodes'?");
  CHECK(ErrorOf({"search", "x", "--limt=3"}) == "unknown option '--limt'; did you mean '--limit'?");
  CHECK(ErrorOf({"--jsn", "count"}) == "unknown option '--jsn'; did you mean '--json'?");
  CHECK(ErrorOf({"count", "--limit", "3"}).starts_with("unknown option '--limit'"));
  CHECK(ErrorOf({"count", "-x"}).starts_with("unknown option '-x'"));
}

TEST_CASE("too few and too many arguments are told") {
  CHECK(ErrorOf({"search"}) == "'search' needs PREFIX");
  CHECK(ErrorOf({"add"}) == "'add' needs WORD... | -");
  CHECK(ErrorOf({"search", "a", "b"}) == "'search' takes no further argument 'b'");
  CHECK(ErrorOf({"ping", "a"}) == "'ping' takes no further argument 'a'");
  CHECK(ErrorOf({"search", "--help"}).empty());
}

TEST_CASE("a missing or impossible value is told") {
  CHECK(ErrorOf({"search", "x", "-n"}) == "option --limit needs a value");
  CHECK(ErrorOf({"--consistency", "most", "count"}) ==
        "option --consistency: 'most' is none of one|quorum|all");
  CHECK(ErrorOf({"load", "--on-error", "skip|stop"}) ==
        "option --on-error: 'skip|stop' is none of skip|stop");
  CHECK_FALSE(ErrorOf({"count", "--json=maybe"}).empty());
}

TEST_CASE("numbers are checked against their range") {
  const auto number = [](const std::string& text) {
    auto parsed = Parsed({"load", "--batch", text}).Number("batch", 1, 1, 100);
    return parsed.ok() ? std::to_string(*parsed) : parsed.status().message();
  };
  CHECK(number("100") == "100");
  for (const char* bad : {"0", "101", "x", "1x", "", "1.5", "99999999999999999999"}) {
    CHECK(number(bad) ==
          std::string("option --batch: '") + bad + "' is not a number from 1 to 100");
  }
}

TEST_CASE("a flag is found among arguments that may not parse, up to --") {
  CHECK(MentionsFlag({"serch", "--json"}, "--json"));
  CHECK_FALSE(MentionsFlag({"add", "--", "--json"}, "--json"));
}

TEST_CASE("many words parse in a moment") {
  Words arguments(100'000, "word");
  arguments[0] = "add";
  CHECK(Parsed(arguments).positional.size() == 99'999);
}

}  // namespace
}  // namespace trifecta::cmd
