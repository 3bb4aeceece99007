// The command line and the environment of trifectad, and the configuration that follows from them
// and the file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

enum class Mode { kRun, kCheckConfig, kPrintConfig, kHelp, kVersion };

struct CommandLine {
  Mode mode = Mode::kRun;
  std::optional<std::string> config_file;  // --config
  std::vector<Setting> settings;           // the flags that are keys; origin "--listen"
};

// kInvalidArgument with a sentence for an unknown option ("; did you mean ..."), a missing or a bad
// value, or an argument that is none.
Result<CommandLine> ParseCommandLine(int argc, const char* const* argv);

// Variables by name.
using Environment = std::map<std::string, std::string>;
Environment ProcessEnvironment();

// Reads the file (--config, else TRIFECTAD_CONFIG, else kDefaultConfigFile) and puts everything
// together: flag over environment over file over default. A file that was named must exist.
// Unknown variables that begin with TRIFECTAD_ are warnings: they may be meant for a newer version.
// An empty variable counts as one that is not set. The errors about the file come first, by line.
//
// kWithFiles also reads the files that the configuration names, whose faults are errors too.
enum class CheckDepth { kValues, kWithFiles };
Effective LoadConfig(const CommandLine& command_line, const Environment& environment,
                     CheckDepth depth = CheckDepth::kValues);

// What --help prints: a line a key.
std::string HelpText();
// What --print-config prints: the configuration in effect as a file that gives it again, each line
// with where its value comes from.
std::string PrintConfig(const Effective& effective);

}  // namespace trifecta::daemon
