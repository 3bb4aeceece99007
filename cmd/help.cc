#include "cmd/help.h"

#include <algorithm>

#include "cmd/command.h"
#include "cmd/table.h"
#include "net/json.h"
#include "storage/base/suggest.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

constexpr size_t kWidth = 79;

std::string Pad(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// "  search PREFIX    words that begin with ...": the text on the next line where the left is wide.
std::string Row(const std::string& left, std::string_view text) {
  constexpr size_t kTextColumn = 30;
  std::string row = "  " + left;
  if (row.size() + 2 > kTextColumn) {
    row += "\n" + std::string(kTextColumn, ' ');
  } else {
    row = Pad(row, kTextColumn);
  }
  for (const char c : Wrap(text, kWidth - kTextColumn)) {
    row += c;
    if (c == '\n') row.append(kTextColumn, ' ');
  }
  return row + "\n";
}

std::string Rows(std::span<const OptionSpec> options) {
  std::string rows;
  for (const OptionSpec& option : options) {
    std::string left;
    for (std::string_view name : SplitNames(option.names)) {
      if (left.empty() && name.starts_with("--")) left = "    ";
      left += StrCat(left.empty() || left == "    " ? "" : ", ", name);
    }
    if (!option.value.empty()) left += StrCat(" ", option.value);
    rows += Row(left, option.help);
  }
  return rows;
}

// "How many words begin with a prefix."
std::string Sentence(std::string_view summary) {
  std::string sentence = Wrap(StrCat(summary, "."), kWidth);
  if (sentence[0] >= 'a' && sentence[0] <= 'z') sentence[0] = static_cast<char>(sentence[0] - 32);
  return sentence;
}

std::string CommandRow(const CommandSpec& command) {
  std::string left(command.name);
  if (!command.arguments.empty()) left += StrCat(" ", command.arguments);
  return Row(left, command.summary);
}

std::string Examples(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    text += StrCat("  $ ", lines.substr(0, end), "\n");
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

constexpr std::string_view kExitStatuses =
    "Exit status:\n"
    "  0    done; search, get: something found\n"
    "  1    ran well, and the answer is no: no match, word not there,\n"
    "       cluster degraded\n"
    "  2    usage or configuration\n"
    "  3    no node reachable\n"
    "  4    refused by the server\n"
    "  5    the server could not\n"
    "  6    partial: lines rejected, or an answer or output incomplete\n"
    "  130  interrupted\n"
    "  141  the reader of the output went away\n";

constexpr std::string_view kEnvironment =
    "Environment: TRIFECTA_NODES, TRIFECTA_CONSISTENCY, TRIFECTA_TIMEOUT,\n"
    "TRIFECTA_TOKEN_FILE, TRIFECTA_CONFIG. Files:\n"
    "$XDG_CONFIG_HOME/trifecta/config.toml, /etc/trifecta/trifecta.toml. A flag\n"
    "counts before the environment, that before the files. More in trifecta(1).\n";

std::string ProgramHelp(bool whole) {
  std::string text =
      "Usage: trifecta [OPTIONS] COMMAND ...\n"
      "Ask and change a Trifecta cluster: words in, and back by their beginnings.\n\nCommands:\n";
  for (const CommandSpec& command : Commands()) text += CommandRow(command);
  if (!whole) {
    return text +
           "\nA node is named with --node HOST[:PORT] or TRIFECTA_NODES (127.0.0.1:8000).\n"
           "Options and more: trifecta --help; of a command: trifecta help COMMAND.\n";
  }
  text += StrCat("\nOptions:\n", Rows(GlobalOptions()), "\n", kExitStatuses, "\n", kEnvironment);
  return text + "\nExamples:\n" +
         Examples(
             "trifecta add trial triathlon\n"
             "trifecta search tria\n"
             "trifecta load words.txt.gz --rejects bad.txt\n"
             "trifecta --node db1,db2 cluster-status");
}

std::string CommandHelp(const CommandSpec& command, bool whole) {
  std::string text = StrCat("Usage: trifecta ", command.name);
  if (!command.options.empty()) text += " [OPTIONS]";
  if (!command.arguments.empty()) text += StrCat(" ", command.arguments);
  text += StrCat("\n", Sentence(command.summary), "\n");
  if (whole && !command.details.empty()) text += StrCat("\n", Wrap(command.details, kWidth), "\n");
  if (!command.options.empty()) text += StrCat("\nOptions:\n", Rows(command.options));
  if (whole) text += StrCat("\nOptions of every command:\n", Rows(GlobalOptions()));
  if (!command.examples.empty()) {
    text += StrCat("\nExamples:\n", Examples(command.examples));
  }
  return text;
}

std::string GroupHelp(std::string_view group) {
  std::string text = StrCat("Usage: trifecta ", group, " COMMAND ...\n\nCommands:\n");
  for (const CommandSpec& command : Commands()) {
    if (command.name.starts_with(StrCat(group, " "))) text += CommandRow(command);
  }
  return text;
}

void WriteOptions(net::JsonWriter* json, std::span<const OptionSpec> options) {
  json->Key("options").BeginArray();
  for (const OptionSpec& option : options) {
    json->BeginObject().Key("names").BeginArray();
    for (std::string_view name : SplitNames(option.names)) json->String(name);
    json->EndArray();
    if (!option.value.empty()) json->Key("value").String(option.value);
    json->Key("help").String(option.help).EndObject();
  }
  json->EndArray();
}

void WriteCommand(net::JsonWriter* json, const CommandSpec& command) {
  json->BeginObject();
  json->Key("name").String(command.name);
  json->Key("arguments").String(command.arguments);
  json->Key("summary").String(command.summary);
  json->Key("details").String(command.details);
  WriteOptions(json, command.options);
  json->EndObject();
}

std::string JsonHelp(const CommandSpec* command, std::string_view group) {
  net::JsonWriter json;
  json.BeginObject().Key("commands").BeginArray();
  for (const CommandSpec& each : Commands()) {
    const bool wanted =
        command != nullptr ? &each == command : group.empty() || each.name.starts_with(group);
    if (wanted) WriteCommand(&json, each);
  }
  json.EndArray();
  WriteOptions(&json, GlobalOptions());
  return json.EndObject().Take() + "\n";
}

}  // namespace

void PrintHelp(Output* out, const CommandSpec* command, std::string_view group, bool whole) {
  if (out->json()) {
    out->Data(JsonHelp(command, group));
  } else if (command != nullptr) {
    out->Data(CommandHelp(*command, whole));
  } else {
    out->Data(group.empty() ? ProgramHelp(whole) : GroupHelp(group));
  }
}

void PrintVersion(Output* out) {
  if (out->json()) {
    out->Data(
        net::JsonWriter().BeginObject().Key("version").String(TRIFECTA_VERSION).EndObject().Take() +
        "\n");
  } else {
    out->Data("trifecta " TRIFECTA_VERSION "\n");
  }
}

std::string JoinNames(const std::vector<std::string_view>& names) {
  std::string joined;
  for (std::string_view name : names) joined += StrCat(joined.empty() ? "" : ", ", name);
  return joined;
}

int RunVersion(Context& context) {
  PrintVersion(&context.out());
  return kExitDone;
}

int RunHelp(Context& context) {
  const auto& words = context.arguments().positional;
  if (words.empty()) {
    PrintHelp(&context.out(), nullptr, "", false);
    return kExitDone;
  }
  const std::string name = words.size() == 1 ? words[0] : StrCat(words[0], " ", words[1]);
  const CommandSpec* const command = FindCommand(name);
  const bool group = command == nullptr && !CommandNames(name).empty();
  if (command != nullptr || group) {
    PrintHelp(&context.out(), command, group ? name : "", true);
    return kExitDone;
  }
  std::vector<std::string_view> names;
  for (const CommandSpec& each : Commands()) names.push_back(each.name);
  return context.out().Fail({kExitUsage, "usage",
                             StrCat("unknown command ", Quoted(name), DidYouMean(name, names)),
                             "Run 'trifecta help' for the list of commands."});
}

}  // namespace trifecta::cmd
