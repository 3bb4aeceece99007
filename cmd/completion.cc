#include "cmd/completion.h"

#include "cmd/command.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

std::string Spaced(std::string_view choices) {
  std::string spaced(choices);
  for (char& c : spaced) c = c == '|' ? ' ' : c;
  return spaced;
}

template <typename Names>
std::string Joined(const Names& names) {
  std::string joined;
  for (std::string_view name : names) joined += StrCat(joined.empty() ? "" : " ", name);
  return joined;
}

bool TakesFile(const OptionSpec& option) { return option.value == "FILE"; }

// The words that may stand as a command's arguments, where these are known.
std::string ArgumentWords(const CommandSpec& command) {
  if (command.kind == ArgumentKind::kShell) return "bash zsh fish";
  return command.kind == ArgumentKind::kCommand ? Joined(CommandNames("")) : "";
}

bool TakesFiles(const CommandSpec& command) {
  return command.kind == ArgumentKind::kFile || command.kind == ArgumentKind::kFolder;
}

// Calls `visit` for every option of the program, each name once.
template <typename Visit>
void EachOption(const Visit& visit) {
  for (const OptionSpec& option : GlobalOptions()) visit(option);
  for (const CommandSpec& command : Commands()) {
    for (const OptionSpec& option : command.options) visit(option);
  }
}

// --- bash

// Cases of a shell's `case`: what follows an option that takes a value.
std::string BashValueCases() {
  std::string cases, seen = "|";
  EachOption([&](const OptionSpec& option) {
    std::string pattern;
    for (std::string_view name : SplitNames(option.names)) {
      if (seen.find(StrCat("|", name, "|")) != std::string::npos) return;
      seen += StrCat(name, "|");
      pattern += StrCat(pattern.empty() ? "" : " | ", name);
    }
    if (option.value.empty()) return;
    const std::string words =
        TakesFile(option)        ? "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")"
        : option.choices.empty() ? ":"
                                 : StrCat("mapfile -t COMPREPLY < <(compgen -W '",
                                          Spaced(option.choices), "' -- \"$current\")");
    cases += StrCat("    ", pattern, ") ", words, "; return ;;\n");
  });
  return cases;
}

std::string ValueOptionPattern() {
  std::string pattern, seen = "|";
  EachOption([&](const OptionSpec& option) {
    if (option.value.empty()) return;
    for (std::string_view name : SplitNames(option.names)) {
      if (seen.find(StrCat("|", name, "|")) != std::string::npos) continue;
      seen += StrCat(name, "|");
      pattern += StrCat(pattern.empty() ? "" : " | ", name);
    }
  });
  return pattern;
}

std::string BashCommandCases() {
  std::string cases = StrCat("    '') words='", Joined(CommandNames("")), "' ;;\n",
                             "    cluster) words='", Joined(CommandNames("cluster")), "' ;;\n");
  for (const CommandSpec& command : Commands()) {
    std::string options;
    for (const OptionSpec& option : command.options) {
      options += StrCat(" ", Joined(SplitNames(option.names)));
    }
    cases += StrCat("    '", command.name, "') words='", ArgumentWords(command), "' options+='",
                    options, "' files=", TakesFiles(command) ? "1" : "", " ;;\n");
  }
  return cases;
}

std::string BashScript() {
  std::string globals;
  for (const OptionSpec& option : GlobalOptions()) {
    globals += StrCat(globals.empty() ? "" : " ", Joined(SplitNames(option.names)));
  }
  return StrCat(
      "# bash completion for trifecta; written by: trifecta completion bash\n"
      "_trifecta() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
      "  local command='' words='' options='",
      globals,
      "' files='' i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case ${COMP_WORDS[i]} in\n"
      "    ",
      ValueOptionPattern(),
      ") ((i++)) ;;\n"
      "    -*) ;;\n"
      "    *)\n"
      "      if [[ -z $command || $command == cluster ]]; then\n"
      "        command=\"${command:+$command }${COMP_WORDS[i]}\"\n"
      "      fi\n"
      "      ;;\n"
      "    esac\n"
      "  done\n"
      "  COMPREPLY=()\n"
      "  case $previous in\n",
      BashValueCases(),
      "  esac\n"
      "  case $command in\n",
      BashCommandCases(),
      "  esac\n"
      "  if [[ $current == -* ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
      "  elif [[ -n $files ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
      "  else\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "  fi\n"
      "}\n"
      "complete -o filenames -F _trifecta trifecta\n");
}

// --- zsh

// For use within single quotes and zsh's brackets.
std::string ZshText(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':') quoted += '\\';
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted;
}

std::string ZshOption(const OptionSpec& option) {
  std::string specs;
  for (std::string_view name : SplitNames(option.names)) {
    std::string value;
    if (!option.value.empty()) {
      const std::string action = TakesFile(option) ? "_files"
                                 : option.choices.empty()
                                     ? " "
                                     : StrCat("(", Spaced(option.choices), ")");
      value = StrCat(":", ZshText(option.value), ":", action);
    }
    specs += StrCat(" '*", name, "[", ZshText(option.help), "]", value, "'");
  }
  return specs;
}

std::string ZshOptions(std::span<const OptionSpec> options) {
  std::string specs;
  for (const OptionSpec& option : options) specs += ZshOption(option);
  return specs;
}

std::string ZshCommandCases(std::string_view group) {
  std::string cases;
  for (const CommandSpec& command : Commands()) {
    std::string_view name = command.name;
    const bool grouped = name.find(' ') != std::string_view::npos;
    if (grouped == group.empty()) continue;
    if (grouped) name.remove_prefix(group.size() + 1);
    const std::string arguments = ArgumentWords(command);
    const std::string rest = TakesFiles(command) ? " '*:file:_files'"
                             : arguments.empty() ? " '*: : '"
                                                 : StrCat(" '*: :(", arguments, ")'");
    cases +=
        StrCat("    ", name, ") _arguments $globals", ZshOptions(command.options), rest, " ;;\n");
  }
  return cases;
}

std::string ZshDescriptions(std::string_view group) {
  std::string list;
  for (std::string_view name : CommandNames(group)) {
    const CommandSpec* command =
        FindCommand(group.empty() ? std::string(name) : StrCat(group, " ", name));
    const std::string_view summary =
        command == nullptr ? "who is there, who owns what; change it" : command->summary;
    list += StrCat(" '", name, ":", ZshText(summary), "'");
  }
  return list;
}

std::string ZshFunction(std::string_view name, std::string_view group, std::string_view extra) {
  return StrCat(name,
                "() {\n"
                "  local context state line\n"
                "  typeset -A opt_args\n"
                "  local -a globals commands\n"
                "  globals=(",
                ZshOptions(GlobalOptions()),
                ")\n"
                "  commands=(",
                ZshDescriptions(group),
                ")\n"
                "  _arguments -C $globals '1: :->command' '*:: :->arguments'\n"
                "  case $state in\n"
                "  command) _describe command commands ;;\n"
                "  arguments)\n"
                "    case $words[1] in\n",
                extra, ZshCommandCases(group),
                "    esac ;;\n"
                "  esac\n"
                "}\n");
}

std::string ZshScript() {
  return StrCat(
      "#compdef trifecta\n"
      "# zsh completion for trifecta; written by: trifecta completion zsh\n",
      ZshFunction("_trifecta_cluster", "cluster", ""),
      ZshFunction("_trifecta", "", "    cluster) _trifecta_cluster ;;\n"),
      "if [[ $funcstack[1] == _trifecta ]]; then\n"
      "  _trifecta \"$@\"\n"
      "else\n"
      "  compdef _trifecta trifecta\n"
      "fi\n");
}

// --- fish

std::string FishText(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::string FishOption(const OptionSpec& option, std::string_view condition) {
  std::string line = StrCat("complete -c trifecta", condition);
  for (std::string_view name : SplitNames(option.names)) {
    const bool is_long = name.starts_with("--");
    line += StrCat(is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
  }
  if (!option.value.empty()) {
    line += " -r";
    if (!option.choices.empty()) line += StrCat(" -f -a '", Spaced(option.choices), "'");
    if (option.choices.empty() && !TakesFile(option)) line += " -f";
  }
  return StrCat(line, " -d '", FishText(option.help), "'\n");
}

std::string FishScript() {
  std::string script =
      "# fish completion for trifecta; written by: trifecta completion fish\n"
      "complete -c trifecta -f\n";
  for (const OptionSpec& option : GlobalOptions()) script += FishOption(option, "");
  for (const CommandSpec& command : Commands()) {
    const size_t space = command.name.find(' ');
    const std::string first(command.name.substr(0, space));
    const std::string_view last =
        command.name.substr(space == std::string_view::npos ? 0 : space + 1);
    const std::string seen = StrCat("__fish_seen_subcommand_from ", first);
    const std::string before = space == std::string_view::npos ? "__fish_use_subcommand" : seen;
    script += StrCat("complete -c trifecta -n '", before, "' -a ", last, " -d '",
                     FishText(command.summary), "'\n");
    if (space != std::string_view::npos) continue;
    const std::string condition = StrCat(" -n '", seen, "'");
    for (const OptionSpec& option : command.options) script += FishOption(option, condition);
    if (TakesFiles(command)) script += StrCat("complete -c trifecta", condition, " -F\n");
    if (const std::string words = ArgumentWords(command); !words.empty()) {
      script += StrCat("complete -c trifecta", condition, " -a '", words, "'\n");
    }
  }
  return script +
         "complete -c trifecta -n '__fish_use_subcommand' -a cluster -d 'who is there, who owns "
         "what'\n";
}

}  // namespace

std::string CompletionScript(std::string_view shell) {
  if (shell == "bash") return BashScript();
  if (shell == "zsh") return ZshScript();
  return shell == "fish" ? FishScript() : "";
}

int RunCompletion(Context& context) {
  const std::string& shell = context.arguments().positional[0];
  const std::string script = CompletionScript(shell);
  if (script.empty()) {
    return context.FailUsage(
        {StatusCode::kInvalidArgument,
         StrCat("no completion for '", shell, "'; there are bash, zsh, fish")});
  }
  context.out().Data(script);
  return kExitDone;
}

}  // namespace trifecta::cmd
