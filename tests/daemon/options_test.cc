#include "daemon/options.h"

#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::daemon {
namespace {

Result<CommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "trifectad");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

// The first line of the error.
std::string Fault(std::vector<const char*> arguments) {
  const Result<CommandLine> line = Parse(std::move(arguments));
  if (line.ok()) return "";
  CHECK(line.status().code() == StatusCode::kInvalidArgument);
  return line.status().message().substr(0, line.status().message().find('\n'));
}

Effective Load(std::vector<const char*> arguments, const Environment& environment) {
  const Result<CommandLine> line = Parse(std::move(arguments));
  REQUIRE(line.ok());
  return LoadConfig(*line, environment);
}

TEST_CASE("every key is a flag, with or without '='") {
  const Result<CommandLine> line =
      Parse({"--data-dir", "/x", "--listen=:0", "--lexicon=", "--zone="});
  REQUIRE(line.ok());
  CHECK(line->mode == Mode::kRun);
  REQUIRE(line->settings.size() == 4);
  CHECK(line->settings[0].key == FindKey("listen"));
  CHECK(line->settings[0].text == ":0");
  CHECK(line->settings[0].origin == "--listen");
  CHECK(line->settings[1].text.empty());
  CHECK(line->settings[2].text == "/x");
  CHECK(line->settings[3].text.empty());
}

TEST_CASE("the last of several flags counts, a list of them goes on") {
  const Result<CommandLine> line =
      Parse({"--zone", "a", "--zone", "b", "--seeds", "a:1,b:2", "--seeds", "c:3"});
  REQUIRE(line.ok());
  REQUIRE(line->settings.size() == 2);
  CHECK(line->settings[0].text == "a:1,b:2,c:3");
  CHECK(line->settings[1].text == "b");
}

TEST_CASE("modes have flags of their own") {
  CHECK(Parse({"--help"})->mode == Mode::kHelp);
  CHECK(Parse({"-h"})->mode == Mode::kHelp);
  CHECK(Parse({"--version"})->mode == Mode::kVersion);
  CHECK(Parse({"-V"})->mode == Mode::kVersion);
  CHECK(Parse({"--check-config"})->mode == Mode::kCheckConfig);
  CHECK(Parse({"--print-config", "--zone", "a"})->mode == Mode::kPrintConfig);
  CHECK(Parse({"--config", "f"})->config_file == "f");
}

TEST_CASE("a misspelt option is an error with the one that was meant") {
  CHECK(Fault({"--lisen", "a:1"}) == "unknown option '--lisen'; did you mean '--listen'?");
  CHECK(Fault({"--data_dir=/x"}) == "unknown option '--data_dir'; did you mean '--data-dir'?");
  CHECK(Fault({"--chek-config"}) ==
        "unknown option '--chek-config'; did you mean '--check-config'?");
  CHECK(Fault({"-x"}) == "unknown option '-x'");
  CHECK(Fault({"start"}) == "unexpected argument 'start'");
}

TEST_CASE("a flag without a value, or with a bad one, is an error") {
  CHECK(Fault({"--zone", "a", "--data-dir"}) == "option '--data-dir' needs a value");
  CHECK(Fault({"--data-dir", "--zone", "a"}) == "option '--data-dir' needs a value");
  CHECK(Fault({"--config"}) == "option '--config' needs a value");
  CHECK(Fault({"--k-factor", "0"}) ==
        "--k-factor: k_factor: '0' is out of range; 1 to 16 are allowed");
  CHECK_FALSE(Fault({"--check-config=maybe"}).empty());
}

TEST_CASE("the flag wins over the environment, that over the file, that over the default") {
  const test::TempDir folder;
  const std::string path = folder.File("d.toml");
  std::ofstream(path) << "zone = 'file'\ncluster = 'file'\nlog_level = 'debug'\n";
  const Effective effective =
      Load({"--config", path.c_str(), "--zone", "flag"},
           {{"TRIFECTAD_ZONE", "variable"}, {"TRIFECTAD_CLUSTER", "variable"}});
  REQUIRE(effective.errors.empty());
  CHECK(effective.config.zone == "flag");
  CHECK(effective.config.cluster == "variable");
  CHECK(effective.config.log_level == LogLevel::kDebug);
  CHECK(effective.config.k_factor == 2);
  CHECK(effective.origins.at("zone") == "--zone");
  CHECK(effective.origins.at("cluster") == "TRIFECTAD_CLUSTER");
  CHECK(effective.origins.at("log_level") == path + ":3");
}

TEST_CASE("the file may be named by the environment, and then must exist") {
  const test::TempDir folder;
  const std::string path = folder.File("d.toml");
  CHECK(Load({}, {{"TRIFECTAD_CONFIG", path}}).errors.size() == 1);
  std::ofstream(path) << "zone = 'file'\n";
  CHECK(Load({}, {{"TRIFECTAD_CONFIG", path}}).config.zone == "file");
  CHECK(Load({"--config", "/dev/null"}, {{"TRIFECTAD_CONFIG", path}}).config.zone.empty());
}

TEST_CASE("a bad value in the environment names its variable") {
  const Effective effective =
      Load({"--config", "/dev/null"}, {{"TRIFECTAD_K_FACTOR", "many"}, {"OTHER", "x"}});
  CHECK(effective.errors ==
        std::vector<std::string>{"TRIFECTAD_K_FACTOR: k_factor: 'many' is not a whole number"});
}

TEST_CASE("a value that is overruled must be right all the same") {
  const test::TempDir folder;
  const std::string path = folder.File("d.toml");
  std::ofstream(path) << "k_factor = 0\n";
  CHECK(Load({"--config", path.c_str(), "--k-factor", "3"}, {}).errors.size() == 1);
}

TEST_CASE("an unknown variable of ours is warned of") {
  const Effective effective =
      Load({"--config", "/dev/null"}, {{"TRIFECTAD_LISTNE", "a:1"}, {"TRIFECTA_NODES", "x"}});
  CHECK(effective.errors.empty());
  CHECK(effective.warnings ==
        std::vector<std::string>{"unknown variable TRIFECTAD_LISTNE in the environment is "
                                 "ignored; did you mean 'TRIFECTAD_LISTEN'?"});
}

TEST_CASE("an unknown variable that is near to none of ours has no suggestion") {
  const Effective effective = Load({"--config", "/dev/null"}, {{"TRIFECTAD_FOO", "x"}});
  CHECK(effective.warnings ==
        std::vector<std::string>{"unknown variable TRIFECTAD_FOO in the environment is ignored"});
}

TEST_CASE("an empty variable counts as one that is not set") {
  const Effective effective =
      Load({"--config", "/dev/null"}, {{"TRIFECTAD_K_FACTOR", ""}, {"TRIFECTAD_ZONE", ""}});
  CHECK(effective.errors.empty());
  CHECK(effective.origins.empty());
  CHECK(Load({}, {{"TRIFECTAD_CONFIG", ""}}).errors.empty());
}

TEST_CASE("every fault of the file is told, with its line and in the order of the lines") {
  const test::TempDir folder;
  const std::string path = folder.File("d.toml");
  std::ofstream(path) << "seeds = ['db1:x']\ntls_key_file = '/k'\nk_factor = 0\nsegmnt = 1\n"
                         "write_quorum = 4\ntoken_file = '/no/such/file'\nzone = 3\n";
  const Result<CommandLine> line = Parse({"--config", path.c_str()});
  REQUIRE(line.ok());
  const Effective effective =
      LoadConfig(*line, {{"TRIFECTAD_WORKERS", "x"}}, CheckDepth::kWithFiles);
  const std::vector<std::string> begins = {
      path + ":1: seeds: 'db1:x'",        path + ":2: tls_key_file: this version",
      path + ":3: k_factor: '0'",         path + ":4: unknown key 'segmnt'",
      path + ":5: write_quorum: 4 is",    path + ":6: token_file: /no/such/file: ",
      path + ":7: zone must be a string", "TRIFECTAD_WORKERS: workers: 'x'"};
  REQUIRE(effective.errors.size() == begins.size());
  for (size_t i = 0; i < begins.size(); ++i) {
    INFO(effective.errors[i]);
    CHECK(effective.errors[i].starts_with(begins[i]));
  }
}

TEST_CASE("the printed configuration is a file that gives it again") {
  const test::TempDir folder;
  const std::string path = folder.File("d.toml");
  const Effective first =
      Load({"--config", "/dev/null", "--lexicon", "ab\"\\", "--data-dir", "a\nb\x7f", "--advertise",
            "db1:80", "--read-quorum", "2", "--memtable-size", "4MiB", "--seeds", "db1:80"},
           {});
  REQUIRE(first.errors.empty());
  const std::string printed = PrintConfig(first);
  CHECK(printed.find("memtable_size = \"4MiB\"  # --memtable-size\n") != std::string::npos);
  CHECK(printed.find("listen = \"127.0.0.1:8000\"  # default\n") != std::string::npos);
  std::ofstream(path) << printed;
  const Effective second = Load({"--config", path.c_str()}, {});
  REQUIRE(second.errors.empty());
  for (const Key& key : Keys()) CHECK(key.show(first.config) == key.show(second.config));
}

TEST_CASE("the help names every flag and fits a terminal") {
  const std::string help = HelpText();
  for (const Key& key : Keys()) {
    INFO(key.name);
    CHECK(help.find("  " + FlagName(key) + " " + std::string(key.placeholder)) !=
          std::string::npos);
  }
  for (size_t at = 0; at < help.size();) {
    const size_t end = help.find('\n', at);
    INFO(help.substr(at, end - at));
    CHECK(end - at <= 110);
    at = end + 1;
  }
}

}  // namespace
}  // namespace trifecta::daemon
