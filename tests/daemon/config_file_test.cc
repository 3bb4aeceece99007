#include "daemon/config_file.h"

#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::daemon {
namespace {

std::vector<std::string> Errors(std::string_view text) {
  return ParseConfigText(text, "f.toml").errors;
}

TEST_CASE("keys become settings in the order of their lines") {
  const FileSettings file = ParseConfigText(
      "# a comment\n"
      "zone = \"a\"\n"
      "cluster = 'words'  # another\n"
      "\n"
      "k_factor = 3\n"
      "seeds = [\n  \"a:1\",\n  \"b:2\",\n]\n"
      "write_quorum = 2\n"
      "read_quorum = \"majority\"\n",
      "f.toml");
  REQUIRE(file.errors.empty());
  REQUIRE(file.settings.size() == 6);
  CHECK(file.settings[0].key == FindKey("zone"));
  CHECK(file.settings[0].text == "a");
  CHECK(file.settings[0].origin == "f.toml:2");
  CHECK(file.settings[1].origin == "f.toml:3");
  CHECK(file.settings[2].text == "3");
  CHECK(file.settings[3].text == "a:1,b:2");
  CHECK(file.settings[4].text == "2");
  CHECK(file.settings[5].text == "majority");
}

TEST_CASE("an unknown key is an error with its line and the key that was meant") {
  CHECK(Errors("\nlisten = \"a:1\"\nk_factr = 3\n") ==
        std::vector<std::string>{"f.toml:3: unknown key 'k_factr'; did you mean 'k_factor'?"});
  CHECK(Errors("data-dir = \"/x\"\n") ==
        std::vector<std::string>{"f.toml:1: unknown key 'data-dir'; did you mean 'data_dir'?"});
  CHECK(Errors("whatever = 3\n") == std::vector<std::string>{"f.toml:1: unknown key 'whatever'"});
}

TEST_CASE("every fault of a file is reported, in order") {
  CHECK(Errors("x = 1\nk_factor = \"3\"\n[log]\nlevel = 'info'\n") ==
        std::vector<std::string>{"f.toml:1: unknown key 'x'",
                                 "f.toml:2: k_factor must be a whole number",
                                 "f.toml:3: unknown table 'log'; all keys are at the top level"});
}

TEST_CASE("a value of another kind is an error that says which is wanted") {
  CHECK(Errors("listen = 8000") ==
        std::vector<std::string>{"f.toml:1: listen must be a string in quotes"});
  CHECK(Errors("seeds = [1]") ==
        std::vector<std::string>{"f.toml:1: seeds must be an array of strings"});
  CHECK(Errors("read_quorum = true") ==
        std::vector<std::string>{
            "f.toml:1: read_quorum must be a whole number or a string in quotes"});
  CHECK(Errors("k_factor = 1.5").size() == 1);
  CHECK(Errors("zone = 1979-05-27").size() == 1);
  CHECK(Errors("zone = { a = 1 }").size() == 1);
}

TEST_CASE("one string may stand for a list of one or more") {
  const FileSettings file = ParseConfigText("seeds = \"a:1, b:2\"", "f.toml");
  REQUIRE(file.settings.size() == 1);
  CHECK(file.settings[0].text == "a:1, b:2");
}

TEST_CASE("text that is not TOML is an error with its line") {
  for (std::string_view text :
       {"zone = \"a\"\nk_factor 3\n", "zone = \"a\"\nzone = \"b\"\n", "zone = \"a\"\nk_factor = \n",
        "zone = \"a\"\nk_factor = 99999999999999999999\n", "zone = 'a'\nlexicon = \"\xff\"\n"}) {
    INFO(text);
    const std::vector<std::string> errors = Errors(text);
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].starts_with("f.toml:2: "));
  }
}

TEST_CASE("a file that was named must exist, the default one need not") {
  const test::TempDir folder;
  const std::string missing = folder.File("none.toml");
  CHECK(ReadConfigFile(missing, false).errors.empty());
  CHECK(ReadConfigFile(missing, true).errors ==
        std::vector<std::string>{missing + ": No such file or directory"});
  CHECK(ReadConfigFile(folder.path(), false).errors.size() == 1);
  CHECK(ReadConfigFile("", true).errors ==
        std::vector<std::string>{"the name of the configuration file is empty"});
  CHECK(ReadConfigFile("/dev/null", true).errors.empty());
  CHECK(ReadConfigFile("/dev/zero", true).errors.size() == 1);
}

TEST_CASE("a file's settings name the file") {
  const test::TempDir folder;
  const std::string path = folder.File("d.toml");
  std::ofstream(path) << "\nzone = 'a'\n";
  const FileSettings file = ReadConfigFile(path, true);
  REQUIRE(file.settings.size() == 1);
  CHECK(file.settings[0].origin == path + ":2");
}

}  // namespace
}  // namespace trifecta::daemon
