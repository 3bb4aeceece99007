#include "daemon/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "daemon/config_file.h"
#include "daemon/token_file.h"
#include "storage/base/suggest.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

constexpr std::string_view kEnvironmentPrefix = "TRIFECTAD_";
constexpr std::string_view kConfigVariable = "TRIFECTAD_CONFIG";

// The options that are no keys, beside --config.
struct ModeFlag {
  const char *flags, *name, *help;
  Mode mode;
};
constexpr ModeFlag kModes[] = {
    {"--check-config", "--check-config", "check the configuration, print every fault, and end",
     Mode::kCheckConfig},
    {"--print-config", "--print-config", "print the configuration in effect, and end",
     Mode::kPrintConfig},
    {"-h,--help", "--help", "print this, and end", Mode::kHelp},
    {"-V,--version", "--version", "print the version, and end", Mode::kVersion},
};

Status Usage(std::string_view message) {
  return {StatusCode::kInvalidArgument,
          StrCat(message, "\nTry 'trifectad --help' or 'man trifectad'.")};
}

// The sentence for what is neither an option nor the value of one.
Status Unexpected(const std::string& argument) {
  if (!argument.starts_with('-')) return Usage(StrCat("unexpected argument '", argument, "'"));
  std::vector<std::string> flags = {"--config"};
  for (const ModeFlag& flag : kModes) flags.emplace_back(flag.name);
  for (const Key& key : Keys()) flags.push_back(FlagName(key));
  const std::vector<std::string_view> views(flags.begin(), flags.end());
  const std::string name = argument.substr(0, argument.find('='));
  return Usage(StrCat("unknown option '", name, "'", DidYouMean(name, views)));
}

// --help and --version win over the others, which come first in the table.
Mode ModeOf(const CLI::App& app) {
  Mode mode = Mode::kRun;
  for (const ModeFlag& flag : kModes) {
    if (app.get_option(flag.name)->as<bool>()) mode = flag.mode;
  }
  return mode;
}

Result<CommandLine> Collect(const CLI::App& app, const std::map<std::string, std::string>& values) {
  const std::vector<std::string> rest = app.remaining();
  if (!rest.empty()) return Unexpected(rest.front());
  CommandLine line;
  line.mode = ModeOf(app);
  if (app.count("--config") > 0) line.config_file = values.at("--config");
  Effective scratch;
  for (const Key& key : Keys()) {
    const std::string flag = FlagName(key);
    if (app.count(flag) > 0) line.settings.push_back({&key, values.at(flag), flag});
  }
  Apply(line.settings, &scratch);
  if (!scratch.errors.empty()) return Usage(scratch.errors.front());
  return line;
}

bool TakesValue(std::string_view flag) {
  if (flag == "--config") return true;
  return std::any_of(Keys().begin(), Keys().end(),
                     [&](const Key& key) { return FlagName(key) == flag; });
}

// Makes two arguments of "--flag=value", and sees to it that each flag has its value: CLI11 takes
// the next argument for the value of "--flag=", and the next flag for that of "--flag".
Status SplitArguments(std::vector<std::string> given, std::vector<std::string>* split) {
  for (size_t i = 0; i < given.size(); ++i) {
    const size_t equals = given[i].find('=');
    const std::string flag = given[i].substr(0, equals);
    if (!TakesValue(flag)) {
      split->push_back(given[i]);
      continue;
    }
    split->push_back(flag);
    if (equals != std::string::npos) {
      split->push_back(given[i].substr(equals + 1));
    } else if (i + 1 < given.size() && !given[i + 1].starts_with("--")) {
      split->push_back(given[++i]);
    } else {
      return Usage(StrCat("option '", flag, "' needs a value"));
    }
  }
  return Status::Ok();
}

void AddOptions(CLI::App* app, std::map<std::string, std::string>* values) {
  app->set_help_flag();
  app->allow_extras();
  for (const ModeFlag& flag : kModes) app->add_flag(flag.flags);
  app->add_option("--config", (*values)["--config"])->take_last();
  for (const Key& key : Keys()) {
    const std::string flag = FlagName(key);
    CLI::Option* option = app->add_option(flag, (*values)[flag]);
    // The last of several counts, as in any script that appends to a command; a list goes on.
    if (key.kind == ValueKind::kList) {
      option->join(',');
    } else {
      option->take_last();
    }
  }
}

// The variable's value; null when it is not set, or empty as a line "TRIFECTAD_ZONE=" in
// /etc/default/trifectad leaves it.
const std::string* ValueOf(const Environment& environment, const std::string& name) {
  const auto variable = environment.find(name);
  return variable == environment.end() || variable->second.empty() ? nullptr : &variable->second;
}

// Told by what follows the common prefix: with it any two names would look alike.
std::string MeantVariable(std::string_view name, std::span<const std::string> known) {
  const std::string_view own = name.substr(kEnvironmentPrefix.size());
  std::vector<std::string_view> views;
  for (std::string_view other : known) views.push_back(other.substr(kEnvironmentPrefix.size()));
  const std::string_view nearest = Nearest(own, views);
  return nearest.empty() ? "" : StrCat("; did you mean '", kEnvironmentPrefix, nearest, "'?");
}

void AddEnvironment(const Environment& environment, std::vector<Setting>* settings,
                    std::vector<std::string>* warnings) {
  std::vector<std::string> known = {std::string(kConfigVariable)};
  for (const Key& key : Keys()) {
    known.push_back(EnvironmentName(key));
    const std::string* value = ValueOf(environment, known.back());
    if (value != nullptr) settings->push_back({&key, *value, known.back()});
  }
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kEnvironmentPrefix)) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    warnings->push_back(StrCat("unknown variable ", name, " in the environment is ignored",
                               MeantVariable(name, known)));
  }
}

struct FileChoice {
  std::string path;
  bool must_exist;
};

FileChoice ChooseFile(const CommandLine& command_line, const Environment& environment) {
  if (command_line.config_file) return {*command_line.config_file, true};
  const std::string* variable = ValueOf(environment, std::string(kConfigVariable));
  if (variable != nullptr) return {*variable, true};
  return {std::string(kDefaultConfigFile), false};
}

// The line of `file` that an error is about; beyond all lines for one about something else.
unsigned LineOf(std::string_view error, std::string_view file) {
  unsigned line = UINT_MAX;
  if (error.starts_with(file) && error.substr(file.size()).starts_with(':')) {
    std::from_chars(error.data() + file.size() + 1, error.data() + error.size(), line);
  }
  return line;
}

void SortByLine(std::string_view file, std::vector<std::string>* errors) {
  std::stable_sort(errors->begin(), errors->end(),
                   [&](const auto& a, const auto& b) { return LineOf(a, file) < LineOf(b, file); });
}

void CheckTokenFile(Effective* effective) {
  if (effective->faulty.contains("token_file")) return;
  const Result<Token> token = ReadTokenFile(effective->config.token_file);
  if (!token.ok()) {
    AddError("token_file", token.status().message(), effective);
  } else if (!token->warning.empty()) {
    effective->warnings.push_back(StrCat("token_file: ", token->warning));
  }
}

// "  --listen HOST:PORT      where to serve HTTP", the second column at a fixed place.
void AppendHelpLine(std::string* text, std::string_view left, std::string_view right) {
  constexpr size_t kColumn = 30;
  std::string line = StrCat("  ", left);
  line.resize(std::max(kColumn, line.size() + 1), ' ');
  *text += StrCat(line, right, "\n");
}

}  // namespace

Result<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  TRIFECTA_RETURN_IF_ERROR(SplitArguments({argv + 1, argv + argc}, &arguments));
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  std::map<std::string, std::string> values;
  CLI::App app;
  try {  // CLI11 reports by exceptions; they end here
    AddOptions(&app, &values);
    app.parse(std::move(arguments));
    return Collect(app, values);
  } catch (const CLI::Error& error) {
    return Usage(error.what());
  }
}

Environment ProcessEnvironment() {
  Environment variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Effective LoadConfig(const CommandLine& command_line, const Environment& environment,
                     CheckDepth depth) {
  Effective effective;
  const FileChoice choice = ChooseFile(command_line, environment);
  FileSettings file = ReadConfigFile(choice.path, choice.must_exist);
  effective.errors = std::move(file.errors);
  effective.faulty.insert(file.faulty.begin(), file.faulty.end());
  std::vector<Setting> settings = std::move(file.settings);
  AddEnvironment(environment, &settings, &effective.warnings);
  settings.insert(settings.end(), command_line.settings.begin(), command_line.settings.end());
  Apply(settings, &effective);
  CheckTogether(&effective);
  if (depth == CheckDepth::kWithFiles) CheckTokenFile(&effective);
  SortByLine(choice.path, &effective.errors);
  return effective;
}

std::string HelpText() {
  std::string text =
      "trifectad, the daemon of Trifecta, a distributed trie database\n\n"
      "  trifectad --data-dir DIR    run a cluster of one node on 127.0.0.1:8000\n\n"
      "Options\n";
  AppendHelpLine(&text, "--config FILE",
                 StrCat("the configuration file (", kDefaultConfigFile, ")"));
  for (const ModeFlag& flag : kModes) AppendHelpLine(&text, flag.flags, flag.help);
  text +=
      "\nKeys: each is an option, a key of the file (data_dir = \"DIR\") and a variable of the\n"
      "environment (TRIFECTAD_DATA_DIR); the option wins, then the variable, then the file.\n";
  const Config defaults;
  for (const Key& key : Keys()) {
    const std::string value = key.show(defaults);
    AppendHelpLine(&text, StrCat(FlagName(key), " ", key.placeholder),
                   value.empty() ? std::string(key.help) : StrCat(key.help, " (", value, ")"));
  }
  return text + "\nSee trifectad(8) and trifectad.toml(5).\n";
}

std::string PrintConfig(const Effective& effective) {
  std::string text;
  for (const Key& key : Keys()) {
    const auto origin = effective.origins.find(key.name);
    text += StrCat(ShowTomlLine(key, effective.config), "  # ",
                   origin == effective.origins.end() ? "default" : origin->second, "\n");
  }
  return text;
}

}  // namespace trifecta::daemon
