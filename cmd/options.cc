#include "cmd/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <memory>

#include "storage/base/suggest.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

// CLI11 takes "[a,b]", "{}" and "%%" for lists and nothings, and "--after=" for an option without
// its value; to it they must look like any other word. An argument that begins like one, or with
// the mark itself, gets the mark in front.
constexpr char kMark = '\x01';

void AppendMarked(const std::string& argument, std::vector<std::string>* to) {
  const bool special = argument == "{}" || argument == "%%" || argument.starts_with('[') ||
                       argument.starts_with(kMark);
  if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
    to->push_back(argument.substr(0, argument.size() - 1));
    to->push_back(std::string(1, kMark));
  } else {
    to->push_back(special ? kMark + argument : argument);
  }
}

std::string Unmarked(const std::string& value) {
  return value.starts_with(kMark) ? value.substr(1) : value;
}

Status Usage(std::string text) { return {StatusCode::kInvalidArgument, std::move(text)}; }

// A command line being parsed: the CLI11 tree and what belongs to its parts.
class Parser {
 public:
  Parser() : app_("", "trifecta") {
    Prepare(&app_);
    app_.require_subcommand(0, 1);
    AddOptions(&app_, GlobalOptions());
    for (const CommandSpec& command : Commands()) AddCommand(command);
  }

  Status Parse(const std::vector<std::string>& arguments, Arguments* parsed) {
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    std::vector<std::string> marked;
    for (auto at = arguments.begin(); at != dashes; ++at) AppendMarked(*at, &marked);
    std::reverse(marked.begin(), marked.end());  // as CLI11 wants them
    try {
      app_.parse(std::move(marked));
    } catch (const CLI::ParseError& error) {
      FindCommandOf(parsed);
      return Explain(error);
    } catch (const std::exception& error) {
      return Usage(error.what());
    }
    FindCommandOf(parsed);
    TRIFECTA_RETURN_IF_ERROR(CheckRest(*parsed));
    TRIFECTA_RETURN_IF_ERROR(Collect(&app_, GlobalOptions(), parsed));
    if (parsed->command == nullptr) return Status::Ok();
    CLI::App* const app = apps_[parsed->command];
    TRIFECTA_RETURN_IF_ERROR(Collect(app, parsed->command->options, parsed));
    for (const std::string& word : app->get_option("ARGUMENT")->results()) {
      parsed->positional.push_back(Unmarked(word));
    }
    parsed->before_dashes = parsed->positional.size();
    // CLI11 gives what follows "--" to the program instead of the command.
    if (dashes != arguments.end()) {
      parsed->positional.insert(parsed->positional.end(), dashes + 1, arguments.end());
    }
    return CheckChoices(*parsed);
  }

 private:
  static void Prepare(CLI::App* app) {
    app->set_help_flag();
    app->allow_extras();
    app->fallthrough();
  }

  static void AddOptions(CLI::App* app, std::span<const OptionSpec> options) {
    for (const OptionSpec& option : options) {
      const std::string names(option.names);
      if (option.value.empty()) {
        app->add_flag(names);
      } else {
        app->add_option(names)
            ->expected(1)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
            ->allow_extra_args(false);
      }
    }
  }

  void AddCommand(const CommandSpec& command) {
    CLI::App* parent = &app_;
    std::string_view name = command.name;
    if (const size_t space = name.find(' '); space != std::string_view::npos) {
      const std::string group(name.substr(0, space));
      parent = groups_[group];
      if (parent == nullptr) {
        parent = groups_[group] = app_.add_subcommand(group);
        Prepare(parent);
        parent->require_subcommand(0, 1);
      }
      name.remove_prefix(space + 1);
    }
    CLI::App* const app = parent->add_subcommand(std::string(name));
    Prepare(app);
    AddOptions(app, command.options);
    app->add_option("ARGUMENT")->expected(0, 1 << 28)->allow_extra_args(true);
    apps_[&command] = app;
  }

  void FindCommandOf(Arguments* parsed) const {
    const auto chosen = app_.get_subcommands();
    if (chosen.empty()) return;
    const std::string name = chosen[0]->get_name();
    const auto below = chosen[0]->get_subcommands();
    parsed->command = FindCommand(below.empty() ? name : name + " " + below[0]->get_name());
    if (parsed->command == nullptr) parsed->group = name;
  }

  static Status Explain(const CLI::ParseError& error) {
    const std::string text = error.what();
    const std::string subject = text.substr(0, text.find(':'));
    if (error.get_name() == "ArgumentMismatch") {
      return Usage(StrCat("option ", subject, " needs a value"));
    }
    return Usage(text);
  }

  // What CLI11 could not place: the first of it is what the user got wrong.
  Status CheckRest(const Arguments& parsed) const {
    for (const std::string& marked : app_.remaining(true)) {
      const std::string rest = Unmarked(marked);
      if (rest.size() > 1 && rest.starts_with('-')) {
        const std::string name = rest.substr(0, rest.find('='));
        return Usage(
            StrCat("unknown option '", name, "'", DidYouMean(name, OptionNames(parsed.command))));
      }
      if (parsed.command != nullptr) {
        return Usage(StrCat("'", parsed.command->name, "' takes no argument '", rest, "'"));
      }
      const std::string what = parsed.group.empty() ? "" : parsed.group + " ";
      return Usage(StrCat("unknown command '", what, rest, "'",
                          DidYouMean(rest, CommandNames(parsed.group))));
    }
    return Status::Ok();
  }

  static Status Collect(CLI::App* app, std::span<const OptionSpec> options, Arguments* parsed) {
    for (const OptionSpec& option : options) {
      const std::string name(SplitNames(option.names).back());
      const CLI::Option* const given = app->get_option(name);
      if (given->count() == 0) continue;
      auto& values = parsed->options[std::string(option.key())];
      for (const std::string& value : given->results()) {
        if (option.value.empty() && value != "true") return Usage(StrCat(name, " takes no value"));
        values.push_back(option.value.empty() ? "" : Unmarked(value));
      }
    }
    return Status::Ok();
  }

  static Status CheckChoices(const Arguments& parsed) {
    for (const auto options : {GlobalOptions(), parsed.command->options}) {
      for (const OptionSpec& option : options) {
        if (option.choices.empty() || !parsed.Has(option.key())) continue;
        const std::string value = parsed.Value(option.key());
        const std::string all = StrCat("|", option.choices, "|");
        if (value.find('|') == std::string::npos &&
            all.find("|" + value + "|") != std::string::npos)
          continue;
        return Usage(
            StrCat("option --", option.key(), ": '", value, "' is none of ", option.choices));
      }
    }
    return Status::Ok();
  }

  CLI::App app_;
  std::map<const CommandSpec*, CLI::App*> apps_;
  std::map<std::string, CLI::App*> groups_;  // "cluster"
};

}  // namespace

std::string Arguments::Value(std::string_view key, std::string_view otherwise) const {
  const auto found = options.find(key);
  return found == options.end() ? std::string(otherwise) : found->second.back();
}

Result<uint64_t> Arguments::Number(std::string_view key, uint64_t otherwise, uint64_t min,
                                   uint64_t max) const {
  if (!Has(key)) return otherwise;
  const std::string text = Value(key);
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && parsed == end && number >= min && number <= max) return number;
  return Usage(
      StrCat("option --", key, ": '", text, "' is not a number ",
             max == UINT64_MAX ? StrCat("of at least ", min) : StrCat("from ", min, " to ", max)));
}

Status ParseArguments(const std::vector<std::string>& arguments, Arguments* parsed) {
  Parser parser;
  TRIFECTA_RETURN_IF_ERROR(parser.Parse(arguments, parsed));
  const CommandSpec* const command = parsed->command;
  if (command == nullptr || parsed->Has("h") || parsed->Has("help")) return Status::Ok();
  const size_t count = parsed->positional.size();
  if (count < command->arguments_min) {
    return Usage(StrCat("'", command->name, "' needs ", command->arguments));
  }
  if (count > command->arguments_max) {
    return Usage(StrCat("'", command->name, "' takes no further argument '",
                        parsed->positional[command->arguments_max], "'"));
  }
  return Status::Ok();
}

bool MentionsFlag(const std::vector<std::string>& arguments, std::string_view flag) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::find(arguments.begin(), end, flag) != end;
}

}  // namespace trifecta::cmd
