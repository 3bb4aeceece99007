#include "tests/sim/history.h"

#include <algorithm>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::sim {
namespace {

constexpr std::string_view kActionNames[] = {"add", "delete", "lookup", "search", "count"};
constexpr std::string_view kOutcomeNames[] = {"open", "ok", "failed", "unknown"};
constexpr std::string_view kConsistencyNames[] = {"one", "quorum", "all"};

std::string Seconds(Millis time) {
  const std::string rest = StrCat(time % 1'000);
  return StrCat(time / 1'000, ".", std::string(3 - rest.size(), '0'), rest);
}

std::string AnswerText(const Record& record) {
  switch (record.action) {
    case Action::kAdd:
    case Action::kDelete:
      if (!record.found_is_known) return ", among others";
      return record.found ? ", it was there" : ", it was not there";
    case Action::kLookup:
      return record.found ? ", it is there" : ", it is not there";
    case Action::kCount:
      return StrCat(", ", record.count);
    case Action::kSearch:
      break;
  }
  std::string text = ",";
  for (const std::string& word : record.words) text += " " + word;
  return text;
}

}  // namespace

std::string ToText(const Record& record) {
  std::string text =
      StrCat(Seconds(record.began_at), "..", record.end == 0 ? "" : Seconds(record.ended_at), " #",
             record.begin, "..", record.end, " node ", record.node, " ",
             kActionNames[static_cast<size_t>(record.action)], " '", record.word, "' ",
             kConsistencyNames[static_cast<size_t>(record.consistency)]);
  if (record.action == Action::kSearch) {
    text += StrCat(" after '", record.after, "' limit ", record.limit,
                   record.order == storage::Order::kDescending ? " descending" : "");
  }
  text += StrCat(": ", kOutcomeNames[static_cast<size_t>(record.outcome)]);
  if (record.outcome == Outcome::kOk) return text + AnswerText(record);
  return record.reason.empty() ? text : text + ", " + record.reason;
}

size_t History::Begin(Record record, Millis now) {
  record.begin = ++events_;
  record.began_at = now;
  records_.push_back(std::move(record));
  return records_.size() - 1;
}

Record* History::End(size_t operation, Outcome outcome, Millis now) {
  Record& record = records_[operation];
  record.end = ++events_;
  record.ended_at = now;
  record.outcome = outcome;
  return &record;
}

void History::EndAll(Millis now) {
  for (size_t i = 0; i < records_.size(); ++i) {
    if (records_[i].outcome == Outcome::kOpen) End(i, Outcome::kUnknown, now);
  }
}

size_t History::acknowledged() const {
  return static_cast<size_t>(
      std::count_if(records_.begin(), records_.end(),
                    [](const Record& record) { return record.outcome == Outcome::kOk; }));
}

}  // namespace trifecta::sim
