#include "cmd/grammar.h"

#include <algorithm>

#include "cmd/command.h"

namespace trifecta::cmd {
namespace {

constexpr OptionSpec kGlobalOptions[] = {
    {"--node", "HOST[:PORT]", "a node to ask; repeatable, or a comma list, tried in order", ""},
    {"--consistency", "LEVEL", "replicas that must answer: one, quorum or all", "one|quorum|all"},
    {"--timeout", "TIME", "for a request, such as 500ms, 5s or 1m (5s)", ""},
    {"--token-file", "FILE", "the access token, if the cluster asks for one", ""},
    {"--config", "FILE", "read this configuration instead of the usual ones", ""},
    {"--json", "", "print JSON, errors too", ""},
    {"-q,--quiet", "", "no notes on standard error, only errors", ""},
    {"-v,--verbose", "", "say which settings count and which nodes are tried", ""},
    {"--no-color", "", "no colours, as with NO_COLOR in the environment", ""},
    {"-h", "", "a short help", ""},
    {"--help", "", "the whole help", ""},
    {"-V,--version", "", "the version", ""},
};

constexpr OptionSpec kSearchOptions[] = {
    {"-n,--limit", "N", "at most so many words (10)", ""},
    {"--all", "", "all of them", ""},
    {"--after", "WORD", "go on after this word, the last one of the page before", ""},
    {"--desc", "", "from the last word to the first", ""},
    {"-0,--null", "", "end each word with NUL instead of a newline", ""},
};

constexpr OptionSpec kDumpOptions[] = {
    {"-0,--null", "", "end each word with NUL instead of a newline", ""},
};

constexpr OptionSpec kLoadOptions[] = {
    {"--delete", "", "delete the words instead of adding them", ""},
    {"--format", "FORMAT", "auto, lines, or ndjson: {\"word\":\"...\"} a line (auto)",
     "auto|lines|ndjson"},
    {"-0,--null", "", "words end with NUL instead of a newline", ""},
    {"--batch", "N", "lines in a request (10000)", ""},
    {"--parallel", "N", "requests under way at a time (4)", ""},
    {"--on-error", "WHAT", "skip bad lines, or stop at the first (skip)", "skip|stop"},
    {"--rejects", "FILE", "write the rejected lines there, as they were", ""},
    {"--start-line", "N", "begin at this line of the first file", ""},
    {"--dry-run", "", "read and check everything, send nothing", ""},
    {"--progress", "HOW", "auto, bar, log (a line every 10 s) or none (auto)", "auto|bar|log|none"},
};

constexpr OptionSpec kPingOptions[] = {
    {"-c,--count", "N", "so many requests (3)", ""},
};

constexpr OptionSpec kChangeOptions[] = {
    {"--dry-run", "", "say what would move where, and change nothing", ""},
};

constexpr OptionSpec kDrainOptions[] = {
    {"--dry-run", "", "say what would not work meanwhile, and change nothing", ""},
};

constexpr OptionSpec kRepairOptions[] = {
    {"--dry-run", "", "say who would be compared, and change nothing", ""},
};

constexpr CommandSpec kCommands[] = {
    {"add",
     "WORD... | -",
     "add words",
     "With -, words are read from standard input, one a line. For large inputs see load.",
     "trifecta add trial triathlon\n"
     "cut -d, -f1 names.csv | trifecta add -",
     1,
     kManyArguments,
     ArgumentKind::kWord,
     {},
     RunAdd},
    {"del",
     "WORD... | -",
     "delete words",
     "With -, words are read from standard input, one a line.",
     "trifecta del trial",
     1,
     kManyArguments,
     ArgumentKind::kWord,
     {},
     RunDel},
    {"get",
     "WORD...",
     "which of the words are there",
     "Prints those that are. The exit status is 1 when none is.",
     "trifecta get trial || echo not there",
     1,
     kManyArguments,
     ArgumentKind::kWord,
     {},
     RunGet},
    {"search", "PREFIX", "words that begin with a prefix, in order",
     "The exit status is 1 when there is none. An empty prefix ('') finds every word.",
     "trifecta search tria\n"
     "trifecta search tria -n 100 --after trial\n"
     "trifecta search '' --all --desc",
     1, 1, ArgumentKind::kWord, kSearchOptions, RunSearch},
    {"count",
     "[PREFIX]",
     "how many words begin with a prefix",
     "",
     "trifecta count tri",
     0,
     1,
     ArgumentKind::kWord,
     {},
     RunCount},
    {"load", "[FILE...|-]", "add or delete whole files of words",
     "A word a line; plain, gzip, zstd or xz, whatever the file's name; standard input without "
     "FILE "
     "or with -. Bad lines are told by number and reason. After an interruption the --start-line "
     "to go on with is told; adding a word twice does no harm.",
     "trifecta load words.txt.gz --rejects bad.txt\n"
     "zcat words.gz | trifecta load\n"
     "trifecta load --delete old.txt",
     0, kManyArguments, ArgumentKind::kFile, kLoadOptions, RunLoad},
    {"dump", "[PREFIX]", "every word that begins with a prefix, in order", "",
     "trifecta dump > words.txt", 0, 1, ArgumentKind::kWord, kDumpOptions, RunDump},
    {"cluster-status",
     "",
     "the cluster on one screen",
     "The exit status is 1 when the cluster is not healthy.",
     "",
     0,
     0,
     ArgumentKind::kNone,
     {},
     RunClusterStatus},
    {"cluster status",
     "",
     "the same as cluster-status",
     "",
     "",
     0,
     0,
     ArgumentKind::kNone,
     {},
     RunClusterStatus},
    {"cluster nodes",
     "",
     "the nodes, one a line: id, address, zone, state",
     "",
     "",
     0,
     0,
     ArgumentKind::kNone,
     {},
     RunClusterNodes},
    {"cluster ring",
     "",
     "who owns which partition, one a line",
     "",
     "",
     0,
     0,
     ArgumentKind::kNone,
     {},
     RunClusterRing},
    {"cluster owners",
     "WORD...",
     "the nodes that own a word or prefix",
     "",
     "trifecta cluster owners trial",
     1,
     kManyArguments,
     ArgumentKind::kWord,
     {},
     RunClusterOwners},
    {"cluster decommission", "NODE", "have a node hand over what it has, and leave",
     "NODE is an id, the first 8 characters of one, or an address. Reads and writes go on; the "
     "node then stops by itself. Waits until it is done; interrupted, it goes on all the same.",
     "trifecta cluster decommission 10.0.0.2:8000 --dry-run\n"
     "trifecta cluster decommission 10.0.0.2:8000",
     1, 1, ArgumentKind::kNone, kChangeOptions, RunClusterDecommission},
    {"cluster remove", "NODE", "give up a node that is down for good",
     "NODE is an id, the first 8 characters of one, or an address. What it had is made anew from "
     "the other owners; reads and writes go on. A node that is up is decommissioned instead. Waits "
     "until it is done; interrupted, it goes on all the same.",
     "trifecta cluster remove 46a7c62a", 1, 1, ArgumentKind::kNone, kChangeOptions,
     RunClusterRemove},
    {"cluster repair", "[PREFIX]", "compare all owners, and make them equal",
     "Nodes do that by themselves, a little at a time; this does all of it at once, node by node, "
     "for all words or those that begin with PREFIX. The exit status is 6 when some owners could "
     "not be compared.",
     "trifecta cluster repair\n"
     "trifecta cluster repair tri",
     0, 1, ArgumentKind::kWord, kRepairOptions, RunClusterRepair},
    {"cluster drain", "[NODE]", "have a node take no more requests before a stop",
     "NODE is an id, the first 8 characters of one, or an address; without it, the node that "
     "answers. Requests under way finish, and everything is checkpointed; the node then stays as "
     "it is until it is stopped. Waits until that is done; interrupted, it goes on all the same.",
     "trifecta cluster drain 10.0.0.2:8000", 0, 1, ArgumentKind::kNone, kDrainOptions,
     RunClusterDrain},
    {"status",
     "",
     "the node that answers, in detail",
     "",
     "",
     0,
     0,
     ArgumentKind::kNone,
     {},
     RunStatus},
    {"health",
     "",
     "whether the node is ready and the cluster healthy",
     "The exit status is 0 when both are, else 1; 3 when no node can be reached.",
     "trifecta health -q && echo fine",
     0,
     0,
     ArgumentKind::kNone,
     {},
     RunHealth},
    {"ping", "", "the latency of the node that answers", "", "trifecta ping -c 100", 0, 0,
     ArgumentKind::kNone, kPingOptions, RunPing},
    {"check",
     "DIR",
     "verify a data folder offline, changing nothing",
     "Reads every file of a folder that no node uses, and prints every fault with its file and "
     "offset. The exit status is 1 when there is one.",
     "trifecta check /var/lib/trifecta",
     1,
     1,
     ArgumentKind::kFolder,
     {},
     RunCheck,
     true},
    {"completion",
     "bash|zsh|fish",
     "print the completion script for a shell",
     "",
     "source <(trifecta completion bash)",
     1,
     1,
     ArgumentKind::kShell,
     {},
     RunCompletion,
     true},
    {"version", "", "print the version", "", "", 0, 0, ArgumentKind::kNone, {}, RunVersion, true},
    {"help",
     "[COMMAND]",
     "print the help, or that of a command",
     "",
     "trifecta help load",
     0,
     2,
     ArgumentKind::kCommand,
     {},
     RunHelp,
     true},
};

}  // namespace

std::string_view OptionSpec::key() const {
  const std::string_view last = names.substr(names.rfind(',') + 1);
  return last.substr(last.find_first_not_of('-'));
}

std::span<const OptionSpec> GlobalOptions() { return kGlobalOptions; }
std::span<const CommandSpec> Commands() { return kCommands; }

const CommandSpec* FindCommand(std::string_view name) {
  const auto found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                  [&](const CommandSpec& command) { return command.name == name; });
  return found == std::end(kCommands) ? nullptr : found;
}

std::vector<std::string_view> CommandNames(std::string_view group) {
  std::vector<std::string_view> names;
  for (const CommandSpec& command : kCommands) {
    const size_t space = command.name.find(' ');
    const std::string_view first = command.name.substr(0, space);
    const std::string_view name = group.empty() ? first
                                  : first == group && space != std::string_view::npos
                                      ? command.name.substr(space + 1)
                                      : std::string_view();
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    if (!name.empty() && !known) names.push_back(name);
  }
  return names;
}

std::vector<std::string_view> OptionNames(const CommandSpec* command) {
  std::vector<std::string_view> all;
  const auto add = [&all](std::span<const OptionSpec> options) {
    for (const OptionSpec& option : options) {
      for (std::string_view name : SplitNames(option.names)) all.push_back(name);
    }
  };
  if (command != nullptr) add(command->options);
  add(kGlobalOptions);
  return all;
}

std::vector<std::string_view> SplitNames(std::string_view names) {
  std::vector<std::string_view> split;
  for (size_t begin = 0; begin <= names.size();) {
    const size_t comma = std::min(names.find(',', begin), names.size());
    split.push_back(names.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return split;
}

}  // namespace trifecta::cmd
