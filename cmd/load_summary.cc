#include "cmd/load_summary.h"

#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._/+,=:@%").find(c) != std::string_view::npos;
}

// As a shell takes it.
std::string ShellWord(const std::string& text) {
  bool plain = !text.empty();
  for (const char c : text) plain &= IsPlain(c);
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string Plural(uint64_t count, std::string_view one, std::string_view many) {
  return StrCat(Thousands(count), " ", count == 1 ? one : many);
}

std::string Outcome(const LoadTotals& totals, const LoadOptions& options) {
  const bool adding = options.op == net::BulkOp::kAdd;
  std::string text = options.dry_run
                         ? "nothing was sent"
                         : StrCat(Thousands(totals.changed), adding ? " added" : " deleted");
  if (totals.unchanged > 0) {
    text += StrCat(", ", Thousands(totals.unchanged), adding ? " already there" : " not there");
  }
  if (totals.rejected > 0) text += StrCat(", ", Thousands(totals.rejected), " rejected");
  if (totals.empty > 0) text += StrCat(", ", Plural(totals.empty, "empty line", "empty lines"));
  return text;
}

// add and del cannot skip lines, and what a pipe brought is gone.
std::string AgainHint(const LoadOptions& options, const LoadPosition& position) {
  const std::string harmless =
      StrCat(options.op == net::BulkOp::kAdd ? "adding" : "deleting", " a word twice does no harm");
  if (position.line == 1) return StrCat("Give the words again: ", harmless);
  return StrCat("Stored up to line ", Thousands(position.line - 1),
                "; give the words after it, or all of them again: ", harmless);
}

std::string CommandHint(const LoadOptions& options, const LoadPosition& position) {
  std::string command = " with: trifecta load";
  if (options.op == net::BulkOp::kDelete) command += " --delete";
  if (options.null) command += " -0";
  if (options.format == LoadFormat::kLines) command += " --format lines";
  if (options.format == LoadFormat::kNdjson) command += " --format ndjson";
  command += StrCat(" --start-line ", position.line);
  for (size_t i = position.input; i < options.files.size(); ++i) {
    command += StrCat(" ", ShellWord(options.files[i]));
  }
  return command;
}

}  // namespace

std::string SummaryText(const LoadTotals& totals, const LoadOptions& options) {
  if (options.terse) return Outcome(totals, options);
  const char* verb = options.dry_run                      ? "checked "
                     : options.op == net::BulkOp::kDelete ? "unloaded "
                                                          : "loaded ";
  const double rate = totals.seconds > 0 ? static_cast<double>(totals.words) / totals.seconds : 0;
  return StrCat(verb, Plural(totals.words, "word", "words"), " in ", Seconds(totals.seconds), " (",
                Rounded(rate), " words/s): ", Outcome(totals, options));
}

std::string SummaryJson(const LoadTotals& totals, const LoadOptions& options,
                        const LoadPosition& position, const Rejects& rejects, bool complete) {
  const bool adding = options.op == net::BulkOp::kAdd;
  const double rate = totals.seconds > 0 ? static_cast<double>(totals.words) / totals.seconds : 0;
  net::JsonWriter json;
  json.BeginObject().Key("lines").Number(totals.lines).Key("words").Number(totals.words);
  json.Key(adding ? "added" : "deleted").Number(totals.changed);
  json.Key(adding ? "existing" : "missing").Number(totals.unchanged);
  json.Key("rejected").Number(totals.rejected).Key("empty").Number(totals.empty);
  json.Key("seconds").Number(totals.seconds, 3).Key("words_per_second").Number(rate, 0);
  json.Key("dry_run").Bool(options.dry_run).Key("complete").Bool(complete);
  if (!complete) {
    json.Key("file").String(Escaped(options.files[position.input]));
    json.Key("start_line").Number(position.line);
  }
  json.Key("errors").BeginArray();
  for (const Rejects::Told& told : rejects.told()) {
    json.BeginObject().Key("file").String(Escaped(told.input)).Key("line").Number(told.line);
    json.Key("code").String(told.code).Key("detail").String(Escaped(told.detail)).EndObject();
  }
  return json.EndArray().EndObject().Take() + "\n";
}

std::string HowFarHint(const LoadOptions& options, const LoadPosition& position) {
  const char* const done = options.dry_run ? "sound" : "stored";
  const uint64_t first = position.input == 0 ? options.start_line : 1;
  if (position.line <= first) return options.dry_run ? "" : "No line of it is stored.";
  return StrCat("What came before is ", done, " up to line ", Thousands(position.line - 1), ".");
}

std::string GoOnHint(const LoadOptions& options, const LoadPosition& position) {
  if (options.dry_run) return "";
  if (options.terse) return AgainHint(options, position);
  if (position.line == 1) return "Go on" + CommandHint(options, position);
  return StrCat("Stored up to line ", Thousands(position.line - 1),
                options.files.size() > 1 ? StrCat(" of ", ShellWord(options.files[position.input]))
                                         : std::string(),
                "; go on", CommandHint(options, position));
}

}  // namespace trifecta::cmd
