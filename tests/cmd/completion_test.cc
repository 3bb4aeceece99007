#include "cmd/completion.h"

#include <fstream>

#include "tests/cmd/tool.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace trifecta::cmd {
namespace {

// What bash offers for a command line whose last word is being typed, a word a line.
std::string Offered(const std::vector<std::string>& words) {
  test::TempDir dir;
  std::ofstream(dir.File("script")) << CompletionScript("bash");
  std::ofstream(dir.File("some-file")) << "";
  std::string line = "source ./script; COMP_WORDS=(";
  for (const std::string& word : words) line += "'" + word + "' ";
  line += "); COMP_CWORD=" + std::to_string(words.size() - 1) +
          "; _trifecta; printf '%s\\n' \"${COMPREPLY[@]}\"";
  test::ProcessOptions options;
  options.command = {"/bin/bash", "-c", line};
  options.folder = dir.path();
  const test::ProcessResult result = test::Run(options);
  CHECK(result.error.empty());
  return result.output;
}

TEST_CASE("bash completes commands, options and values") {
  CHECK(Offered({"trifecta", "se"}) == "search\n");
  CHECK(Offered({"trifecta", "cluster", ""}) ==
        "status\nnodes\nring\nowners\ndecommission\nremove\nrepair\ndrain\n");
  CHECK(Offered({"trifecta", "search", "--li"}) == "--limit\n");
  CHECK(Offered({"trifecta", "--node", "db1", "search", "--al"}) == "--all\n");
  CHECK(Offered({"trifecta", "search", "tri", "--js"}) == "--json\n");
  CHECK(Offered({"trifecta", "--consistency", ""}) == "one\nquorum\nall\n");
  CHECK(Offered({"trifecta", "load", "--format", "nd"}) == "ndjson\n");
  CHECK(Offered({"trifecta", "load", "some"}) == "some-file\n");
  CHECK(Offered({"trifecta", "load", "--rejects", "some"}) == "some-file\n");
  CHECK(Offered({"trifecta", "completion", "z"}) == "zsh\n");
  CHECK(Offered({"trifecta", "help", "coun"}) == "count\n");
  CHECK(Offered({"trifecta", "--node", ""}) == "\n");
}

TEST_CASE("there is a script for each of the shells, and for no other") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const ToolResult result = RunTool({"completion", shell});
    CHECK(result.status == 0);
    CHECK(result.output.find("cluster-status") != std::string::npos);
    CHECK(result.output.find("on-error") != std::string::npos);
  }
  CHECK(RunTool({"completion", "tcsh"}).status == 2);
}

// Runs SHELL's check of the script's syntax where the shell is installed.
TEST_CASE("the scripts are free of syntax errors") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    test::TempDir dir;
    std::ofstream(dir.File("script")) << CompletionScript(shell);
    test::ProcessOptions options;
    options.command = {"/bin/sh", "-c",
                       std::string("command -v ") + shell + " >/dev/null || exit 0; exec " + shell +
                           " -n " + dir.File("script")};
    const test::ProcessResult result = test::Run(options);
    INFO(shell << ": " << result.error);
    CHECK(result.status == 0);
  }
}

}  // namespace
}  // namespace trifecta::cmd
