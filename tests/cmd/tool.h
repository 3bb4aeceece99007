// Runs the command line tool within the test: its streams are files in memory, its environment is
// what the test says, and nothing of the machine's own configuration counts.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace trifecta::cmd {

struct ToolResult {
  int status = 0;
  std::string output, error;
};

struct ToolOptions {
  std::map<std::string, std::string> environment = {};
  std::string input = {};                     // standard input
  int cancel_fd = -1;                         // readable: the user has interrupted
  std::string system_settings = "/dev/null";  // instead of /etc/trifecta/trifecta.toml
};

ToolResult RunTool(std::vector<std::string> arguments, const ToolOptions& options = {});

}  // namespace trifecta::cmd
