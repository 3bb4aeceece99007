#include "cmd/words.h"

#include <algorithm>

#include "cmd/load_job.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::cmd {
namespace {

// Up to so many words go one by one; more are one bulk request.
constexpr size_t kSingleWordsMax = 4;

struct Refusal {
  std::string word, code, detail;
};

struct Tally {
  uint64_t changed = 0, unchanged = 0;
  std::vector<Refusal> refused;
};

struct Names {
  const char* changed;  // member of the JSON object, as the API calls it
  const char* unchanged;
  const char* changed_text;  // for people
  const char* unchanged_text;
};

Names NamesOf(net::BulkOp op) {
  if (op == net::BulkOp::kAdd) return {"added", "existing", "added", "already there"};
  return {"deleted", "missing", "deleted", "not there"};
}

// The words that may be sent; the others are refused here in the server's own words.
std::vector<std::string> ValidWords(const std::vector<std::string>& words, Tally* tally) {
  std::vector<std::string> valid;
  for (const std::string& word : words) {
    if (Status status = ValidateWord(word); status.ok()) {
      valid.push_back(word);
    } else {
      tally->refused.push_back({word, "invalid_word", status.message()});
    }
  }
  return valid;
}

// One request a word. A word that the server refuses is its own affair; everything else ends it.
Status SendSingly(net::Client* client, net::BulkOp op, const std::vector<std::string>& words,
                  Tally* tally) {
  for (const std::string& word : words) {
    auto changed = op == net::BulkOp::kAdd ? client->Add(word) : client->Delete(word);
    if (changed.ok()) {
      ++(*changed ? tally->changed : tally->unchanged);
    } else if (client->problem().http_status == 422) {
      tally->refused.push_back({word, client->problem().code, client->problem().detail});
    } else {
      return changed.status();
    }
  }
  return Status::Ok();
}

Status SendTogether(net::Client* client, net::BulkOp op, const std::vector<std::string>& words,
                    Tally* tally) {
  std::string body;
  for (const std::string& word : words) body += word + "\n";
  auto summary = client->Bulk(op, body, false, false, std::chrono::milliseconds(0));
  if (!summary.ok()) return summary.status();
  tally->changed += summary->changed;
  tally->unchanged += summary->unchanged;
  for (const net::BulkError& error : summary->errors) {
    if (error.line == 0 || error.line > words.size()) continue;
    tally->refused.push_back({words[error.line - 1], error.code, error.detail});
  }
  return Status::Ok();
}

void PrintJson(Output* out, const Tally& tally, const Names& names) {
  net::JsonWriter json;
  json.BeginObject();
  json.Key(names.changed).Number(tally.changed);
  json.Key(names.unchanged).Number(tally.unchanged);
  json.Key("rejected").Number(uint64_t{tally.refused.size()});
  json.Key("errors").BeginArray();
  for (const Refusal& refusal : tally.refused) {
    json.BeginObject().Key("word").String(Escaped(refusal.word));
    json.Key("code").String(refusal.code);
    json.Key("detail").String(Escaped(refusal.detail)).EndObject();
  }
  out->Data(json.EndArray().EndObject().Take() + "\n");
}

void PrintText(Output* out, const Tally& tally, const Names& names) {
  for (const Refusal& refusal : tally.refused) {
    out->Warn(StrCat(Quoted(refusal.word), ": ", Escaped(refusal.detail)));
  }
  if (tally.changed + tally.unchanged == 0) return;
  std::string line = StrCat(Thousands(tally.changed), " ", names.changed_text);
  if (tally.unchanged > 0) {
    line += StrCat(", ", Thousands(tally.unchanged), " ", names.unchanged_text);
  }
  out->Note(line);
}

int ExitStatusOf(const Tally& tally, net::BulkOp op) {
  const uint64_t taken = tally.changed + tally.unchanged;
  if (!tally.refused.empty()) return taken > 0 ? kExitPartial : kExitRefused;
  return op == net::BulkOp::kDelete && tally.changed == 0 ? kExitNo : kExitDone;
}

}  // namespace

int ChangeWords(Context& context, net::BulkOp op) {
  const std::vector<std::string>& words = context.arguments().positional;
  const auto dashes = words.begin() + static_cast<ptrdiff_t>(context.arguments().before_dashes);
  if (std::find(words.begin(), dashes, "-") != dashes) {
    if (words.size() > 1) {
      return context.FailUsage({StatusCode::kInvalidArgument, "'-' stands alone, without words"});
    }
    LoadOptions options;
    options.op = op;
    options.format = LoadFormat::kLines;
    options.progress = ProgressKind::kNone;
    options.terse = true;
    return RunLoadJob(context, options);
  }
  Tally tally;
  const std::vector<std::string> valid = ValidWords(words, &tally);
  Status sent;
  if (valid.size() <= kSingleWordsMax) {
    sent = SendSingly(&context.client(), op, valid, &tally);
  } else {
    sent = SendTogether(&context.client(), op, valid, &tally);
  }
  if (!sent.ok()) return context.FailCall();
  if (context.out().json()) {
    PrintJson(&context.out(), tally, NamesOf(op));
  } else {
    PrintText(&context.out(), tally, NamesOf(op));
  }
  return ExitStatusOf(tally, op);
}

}  // namespace trifecta::cmd
