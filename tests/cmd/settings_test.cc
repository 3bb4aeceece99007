#include "cmd/settings.h"

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::cmd {
namespace {

using std::chrono::milliseconds;

// A machine with a user's and a system's file, and an environment.
struct Machine {
  Machine() {
    std::filesystem::create_directories(dir.File("user/trifecta"));
    environment["XDG_CONFIG_HOME"] = dir.File("user");
  }

  void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  std::string UserFile() const { return dir.File("user/trifecta/config.toml"); }
  std::string SystemFile() const { return dir.File("system.toml"); }

  Result<Settings> Resolve(std::vector<std::string> flags = {}) {
    flags.push_back("count");
    Arguments arguments;
    REQUIRE(ParseArguments(flags, &arguments).ok());
    const auto get = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
    return ResolveSettings(arguments, get, SystemFile());
  }
  std::string ErrorOf(std::vector<std::string> flags = {}) {
    return Resolve(std::move(flags)).status().message();
  }

  test::TempDir dir;
  std::map<std::string, std::string> environment;
};

TEST_CASE("without any setting the node is the local one, and the timeout 5 s") {
  Machine machine;
  auto settings = machine.Resolve();
  REQUIRE(settings.ok());
  CHECK(settings->nodes.size() == 1);
  CHECK(settings->nodes[0].ToString() == "127.0.0.1:8000");
  CHECK_FALSE(settings->nodes_named);
  CHECK(settings->timeout == milliseconds(5000));
  CHECK(settings->consistency.empty());
  CHECK(settings->token.empty());
}

TEST_CASE(
    "a flag counts before the environment, that before the user's file, that before the "
    "system's, each setting by itself") {
  Machine machine;
  machine.Write(machine.SystemFile(), "timeout = \"1s\"\nconsistency = \"one\"\n");
  CHECK(machine.Resolve()->timeout == milliseconds(1000));
  machine.Write(machine.UserFile(), "timeout = \"2s\"\n");
  CHECK(machine.Resolve()->timeout == milliseconds(2000));
  CHECK(machine.Resolve()->consistency == "one");
  machine.environment["TRIFECTA_TIMEOUT"] = "3s";
  CHECK(machine.Resolve()->timeout == milliseconds(3000));
  CHECK(machine.Resolve({"--timeout", "4s"})->timeout == milliseconds(4000));
  CHECK(machine.Resolve()->consistency == "one");
  machine.environment["TRIFECTA_TIMEOUT"] = "";
  CHECK(machine.Resolve()->timeout == milliseconds(2000));
}

TEST_CASE("without XDG_CONFIG_HOME the user's file is below ~/.config") {
  Machine machine;
  machine.environment = {{"HOME", machine.dir.path()}};
  std::filesystem::create_directories(machine.dir.File(".config/trifecta"));
  machine.Write(machine.dir.File(".config/trifecta/config.toml"), "timeout = \"2s\"\n");
  CHECK(machine.Resolve()->timeout == milliseconds(2000));
}

TEST_CASE("a file that is named stands for the usual ones, and must exist") {
  Machine machine;
  machine.Write(machine.UserFile(), "timeout = \"2s\"\n");
  machine.Write(machine.dir.File("mine.toml"), "consistency = \"all\"\n");
  auto settings = machine.Resolve({"--config", machine.dir.File("mine.toml")});
  CHECK(settings->consistency == "all");
  CHECK(settings->timeout == milliseconds(5000));
  CHECK(machine.ErrorOf({"--config", "/no/such.toml"}) ==
        "option --config: /no/such.toml: No such file or directory");
  machine.environment["TRIFECTA_CONFIG"] = "/no/such.toml";
  CHECK(machine.ErrorOf() == "TRIFECTA_CONFIG: /no/such.toml: No such file or directory");
}

TEST_CASE("nodes come from repeated flags, comma lists and arrays") {
  Machine machine;
  const auto nodes = [](const Result<Settings>& settings) {
    std::string joined;
    for (const auto& node : settings->nodes) joined += node.ToString() + " ";
    return joined;
  };
  CHECK(nodes(machine.Resolve({"--node", "a", "--node", "b:1, [::1]:2"})) == "a:8000 b:1 [::1]:2 ");
  machine.environment["TRIFECTA_NODES"] = "c,d";
  CHECK(nodes(machine.Resolve()) == "c:8000 d:8000 ");
  CHECK(machine.Resolve()->nodes_named);
  machine.environment.erase("TRIFECTA_NODES");
  machine.Write(machine.UserFile(), "nodes = [\"e\", \"f:1\"]\n");
  CHECK(nodes(machine.Resolve()) == "e:8000 f:1 ");
  CHECK(machine.ErrorOf({"--node", ","}) == "option --node: names no node; give HOST or HOST:PORT");
  CHECK(
      machine.ErrorOf({"--node", "a:x"}).starts_with("option --node: 'a:x' is not a node's addr"));
}

TEST_CASE("a fault in a file is told with file and line") {
  Machine machine;
  const std::string file = machine.UserFile();
  machine.Write(file, "# mine\n\nnods = [\"a\"]\n");
  CHECK(machine.ErrorOf() == file + ":3: unknown key 'nods'; did you mean 'nodes'?");
  machine.Write(file, "timeout = \"5 parsecs\"\n");
  CHECK(machine.ErrorOf() == file +
                                 ":1: '5 parsecs' is not a time from 1ms to 24h, such as 500ms, "
                                 "5s or 1m");
  machine.Write(file, "\ntimeout = 5\n");
  CHECK(machine.ErrorOf() == file + ":2: 'timeout' is a string, or a list of strings, in quotes");
  machine.Write(file, "nodes = [1]\n");
  CHECK(machine.ErrorOf() == file + ":1: 'nodes' is a list of strings");
  machine.Write(file, "consistency = \"most\"\n");
  CHECK(machine.ErrorOf() == file + ":1: 'most' is none of one, quorum, all");
  machine.Write(file, "a = \n");
  CHECK(machine.ErrorOf().starts_with(file + ":1: "));
}

TEST_CASE("the token is the first line of its file") {
  Machine machine;
  const std::string file = machine.dir.File("token");
  machine.Write(file, "s3cret \r\nrest\n");
  CHECK(machine.Resolve({"--token-file", file})->token == "s3cret");
  machine.Write(file, "\n");
  CHECK(machine.ErrorOf({"--token-file", file}) ==
        "option --token-file: " + file + " holds no token");
  machine.Write(file, "a b\n");
  CHECK_FALSE(machine.Resolve({"--token-file", file}).ok());
  CHECK(machine.ErrorOf({"--token-file", "/no/such"}) ==
        "option --token-file: /no/such: No such file or directory");
}

TEST_CASE("times have units, and a range") {
  CHECK(*ParseDuration("500ms") == milliseconds(500));
  CHECK(*ParseDuration("5s") == milliseconds(5000));
  CHECK(*ParseDuration("1.5s") == milliseconds(1500));
  CHECK(*ParseDuration("2m") == milliseconds(120'000));
  CHECK(*ParseDuration("1h") == milliseconds(3'600'000));
  CHECK(*ParseDuration("7") == milliseconds(7000));
  for (std::string_view bad :
       {"", "s", "0", "0s", "-1s", "5x", "5 s", "nan", "inf", "25h", "1e9h"}) {
    INFO(bad);
    CHECK_FALSE(ParseDuration(bad).ok());
  }
}

TEST_CASE("where each value came from is known") {
  Machine machine;
  machine.environment["TRIFECTA_TIMEOUT"] = "3s";
  auto settings = machine.Resolve({"--node", "a"});
  CHECK(settings->sources ==
        std::vector<std::string>{"nodes = a (option --node)", "timeout = 3s (TRIFECTA_TIMEOUT)"});
}

}  // namespace
}  // namespace trifecta::cmd
