// The command line as data: every command with its arguments, options and help. Parsing
// (cmd/options.h), help, shell completion and the check of the man page all read this one table.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trifecta::cmd {

class Context;

struct OptionSpec {
  std::string_view names;    // "-n,--limit"; the last one is how code asks for it, without dashes
  std::string_view value;    // "N"; empty for a flag
  std::string_view help;     // what it does, in half a sentence
  std::string_view choices;  // "skip|stop": the values allowed; empty: any

  // "limit" of "-n,--limit".
  std::string_view key() const;
};

// What an argument is, for shell completion.
enum class ArgumentKind { kNone, kWord, kFile, kFolder, kShell, kCommand };

struct CommandSpec {
  std::string_view name;       // "search", or "cluster nodes"
  std::string_view arguments;  // "WORD... | -"
  std::string_view summary;    // one line
  std::string_view details;    // more, for the long help; may be empty
  std::string_view examples;   // lines; may be empty
  size_t arguments_min;
  size_t arguments_max;
  ArgumentKind kind;
  std::span<const OptionSpec> options;
  int (*run)(Context&);  // gives the exit status
  // Asks no node, so that it needs no settings and works whatever is wrong with them.
  bool local = false;
};

inline constexpr size_t kManyArguments = SIZE_MAX;

// Options that every command takes.
std::span<const OptionSpec> GlobalOptions();

// All commands, in the order of the help.
std::span<const CommandSpec> Commands();

// The command of that name, null when there is none.
const CommandSpec* FindCommand(std::string_view name);

// The names that may follow `group`: of all commands for "", "nodes", ... for "cluster".
std::vector<std::string_view> CommandNames(std::string_view group);

// Every name an option of the command can be given by, "--limit" and "-n" alike, the global ones
// included. `command` may be null.
std::vector<std::string_view> OptionNames(const CommandSpec* command);

// "-n,--limit" apart.
std::vector<std::string_view> SplitNames(std::string_view names);

}  // namespace trifecta::cmd
