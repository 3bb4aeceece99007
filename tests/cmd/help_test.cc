#include "cmd/help.h"

#include <algorithm>

#include "cmd/options.h"
#include "net/json.h"
#include "tests/cmd/tool.h"
#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

TEST_CASE("the short help fits a screen and names every command") {
  const ToolResult result = RunTool({"-h"});
  CHECK(result.status == 0);
  CHECK(std::count(result.output.begin(), result.output.end(), '\n') <= 30);
  for (const CommandSpec& command : Commands()) {
    CHECK(result.output.find("\n  " + std::string(command.name)) != std::string::npos);
  }
  CHECK(RunTool({"help"}).output == result.output);
}

TEST_CASE("the whole help names every option of all commands, and every exit status") {
  const std::string help = RunTool({"--help"}).output;
  for (const OptionSpec& option : GlobalOptions()) {
    for (std::string_view name : SplitNames(option.names)) {
      CHECK(help.find(name) != std::string::npos);
    }
  }
  for (const char* status : {"\n  0 ", "\n  1 ", "\n  2 ", "\n  3 ", "\n  4 ", "\n  5 ", "\n  6 ",
                             "\n  130 ", "\n  141 "}) {
    CHECK(help.find(status) != std::string::npos);
  }
}

TEST_CASE("no line of any help is wider than 80 columns") {
  std::vector<std::string> helps = {RunTool({"-h"}).output, RunTool({"--help"}).output};
  for (const CommandSpec& command : Commands()) {
    std::vector<std::string> words = {"help"};
    const std::string name(command.name);
    const size_t space = name.find(' ');
    words.push_back(name.substr(0, space));
    if (space != std::string::npos) words.push_back(name.substr(space + 1));
    const ToolResult result = RunTool(words);
    CHECK(result.status == 0);
    CHECK(result.output.starts_with("Usage: trifecta " + name));
    for (const OptionSpec& option : command.options) {
      CHECK(result.output.find("--" + std::string(option.key())) != std::string::npos);
    }
    helps.push_back(result.output);
  }
  for (const std::string& help : helps) {
    size_t begin = 0;
    for (size_t end; (end = help.find('\n', begin)) != std::string::npos; begin = end + 1) {
      INFO(help.substr(begin, end - begin));
      CHECK(end - begin <= 80);
    }
  }
}

TEST_CASE("help of a command comes from help, -h and --help") {
  CHECK(RunTool({"help", "load"}).output == RunTool({"load", "--help"}).output);
  CHECK(RunTool({"load", "-h"}).output.size() < RunTool({"load", "--help"}).output.size());
  CHECK(RunTool({"help", "cluster"}).output.find("cluster owners WORD...") != std::string::npos);
  CHECK(RunTool({"help", "serch"}).status == 2);
  CHECK(RunTool({"help", "serch"}).error ==
        "trifecta: unknown command 'serch'; did you mean 'search'?\n"
        "Run 'trifecta help' for the list of commands.\n");
}

TEST_CASE("the version is a line, or JSON") {
  for (const char* word : {"-V", "--version", "version"}) {
    CHECK(RunTool({word}).output == "trifecta " TRIFECTA_VERSION "\n");
  }
  CHECK(RunTool({"version", "--json"}).output == "{\"version\":\"" TRIFECTA_VERSION "\"}\n");
}

TEST_CASE("help is JSON too when asked for") {
  auto json = net::ParseJson(RunTool({"help", "search", "--json"}).output);
  REQUIRE(json.ok());
  REQUIRE((*json)["commands"].array().size() == 1);
  CHECK((*json)["commands"].array()[0]["name"].string() == "search");
  auto all = net::ParseJson(RunTool({"--help", "--json"}).output);
  REQUIRE(all.ok());
  CHECK((*all)["commands"].array().size() == Commands().size());
}

TEST_CASE("examples in the help parse") {
  for (const CommandSpec& command : Commands()) {
    const std::string examples(command.examples);
    for (size_t begin = 0; begin < examples.size();) {
      const size_t end = std::min(examples.find('\n', begin), examples.size());
      const std::string line = examples.substr(begin, end - begin);
      begin = end + 1;
      std::vector<std::string> words;
      for (size_t at = line.find("trifecta "); at != std::string::npos && at < line.size();) {
        const size_t blank = std::min(line.find_first_of(" )", at), line.size());
        const std::string word = line.substr(at, blank - at);
        if (word == ">" || word == "|" || word == "||" || word == "&&") break;
        words.push_back(word == "''" ? "" : word);
        at = blank + 1;
      }
      INFO(line);
      REQUIRE_FALSE(words.empty());
      words.erase(words.begin());
      Arguments parsed;
      CHECK(ParseArguments(words, &parsed).message().empty());
    }
  }
}

}  // namespace
}  // namespace trifecta::cmd
