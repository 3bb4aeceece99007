// Takes a command line apart (CLI11, in options.cc alone) by the table of cmd/grammar.h. Every
// value stays the text that was typed; what it means is judged where it is used.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/grammar.h"
#include "storage/base/status.h"

namespace trifecta::cmd {

struct Arguments {
  const CommandSpec* command = nullptr;  // null: none was given (-h, --help and -V need none)
  std::string group;                     // "cluster" when it stands alone
  std::vector<std::string> positional;   // words, files
  size_t before_dashes = 0;              // so many of them; those after "--" are words in any case
  // Values by key ("limit"); of a flag one empty value for each time it was given.
  std::map<std::string, std::vector<std::string>, std::less<>> options;

  bool Has(std::string_view key) const { return options.contains(key); }
  // The last value given, or `otherwise`.
  std::string Value(std::string_view key, std::string_view otherwise = {}) const;
  // The same as a number; kInvalidArgument when it is none, or out of its range.
  Result<uint64_t> Number(std::string_view key, uint64_t otherwise, uint64_t min,
                          uint64_t max) const;
};

// `arguments` without the program's name. kInvalidArgument with one sentence ("unknown command
// 'serch'; did you mean 'search'?") for anything that the grammar does not know. `command` and
// `group` of `parsed` are set as far as they were understood, for the hint that follows the error.
Status ParseArguments(const std::vector<std::string>& arguments, Arguments* parsed);

// Whether the flag stands among arguments that may not parse: errors need to know of --json.
bool MentionsFlag(const std::vector<std::string>& arguments, std::string_view flag);

}  // namespace trifecta::cmd
