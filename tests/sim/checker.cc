#include "tests/sim/checker.h"

#include <algorithm>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::sim {
namespace {

using Timelines = std::map<std::string, WordTimeline, std::less<>>;

constexpr std::string_view kRuleNames[] = {
    "an acknowledged word is lost",
    "an acknowledged delete is undone",
    "a word comes from nowhere",
    "readers disagree",
    "a search is out of order",
    "a count is wrong",
    "a write is wrong about what was before",
    "an answer is late",
    "replicas differ",
    "a digest is wrong",
    "rings of one epoch differ",
    "the cluster does not serve",
    "a node does not start",
    "a version was given twice",
};

// Writes of a word that a violation lists, at most.
constexpr size_t kListedMax = 40;
// Violations that are told in full.
constexpr size_t kToldMax = 5;

class Judge {
 public:
  Judge(const History& history, const CheckOptions& options)
      : history_(history), options_(options) {}

  std::vector<Violation> Run() {
    for (const Record& record : history_.records()) {
      if (IsWrite(record.action) && record.outcome != Outcome::kFailed) {
        timelines_[record.word].Add(record);
      }
    }
    for (auto& [word, timeline] : timelines_) timeline.Finish();
    for (const Record& record : history_.records()) CheckRecord(record);
    return std::move(violations_);
  }

 private:
  void CheckRecord(const Record& record) {
    if (record.deadline != 0 && record.end != 0 &&
        record.ended_at > record.deadline + options_.grace) {
      Report(Rule::kLate, record);
    }
    if (record.outcome != Outcome::kOk) return;
    if (record.action == Action::kLookup) CheckRead(record, record.word, record.found);
    if (record.action == Action::kSearch) CheckSearch(record);
    if (record.action == Action::kCount) CheckCount(record);
    if (IsWrite(record.action) && options_.exact_before) CheckBefore(record);
  }

  const WordTimeline& TimelineOf(std::string_view word) const {
    static const WordTimeline nobody_wrote_it;
    const auto found = timelines_.find(word);
    return found == timelines_.end() ? nobody_wrote_it : found->second;
  }

  static WordTimeline::Read ReadOf(const Record& record) {
    return {record.begin, record.end, record.consistency};
  }

  void CheckRead(const Record& record, std::string_view word, bool live) {
    const WordTimeline& timeline = TimelineOf(word);
    const WordTimeline::Read read = ReadOf(record);
    if (!timeline.MayFind(read, live)) {
      Report(live ? Wrongly(timeline, read) : Rule::kWordLost, record, word);
      return;
    }
    if (timeline.empty()) return;
    const auto settled = timeline.Settled(read);
    if (!settled) return;
    const auto [first, inserted] =
        found_.try_emplace({timeline.writes().front()->word, *settled}, live, &record);
    if (first->second.first != live) {
      Report(Rule::kReadersDisagree, record, word, ToText(*first->second.second) + "\n");
    }
  }

  static Rule Wrongly(const WordTimeline& timeline, const WordTimeline::Read& read) {
    const auto& writes = timeline.writes();
    const bool added = std::any_of(writes.begin(), writes.end(), [&](const Record* write) {
      return write->action == Action::kAdd && write->begin < read.end;
    });
    return added ? Rule::kDeleteUndone : Rule::kWordFromNowhere;
  }

  void CheckSearch(const Record& search) {
    if (const std::string fault = FaultOfPage(search); !fault.empty()) {
      Report(Rule::kSearchOutOfOrder, search, {}, fault + "\n");
      return;
    }
    for (const std::string& word : search.words) CheckRead(search, word, true);
    const bool full = search.words.size() == search.limit;
    for (auto at = timelines_.lower_bound(search.word);
         at != timelines_.end() && at->first.starts_with(search.word); ++at) {
      const std::string& word = at->first;
      if (!search.after.empty() && !Before(search, search.after, word)) continue;
      if (full && Before(search, search.words.back(), word)) continue;
      const bool listed = std::binary_search(
          search.words.begin(), search.words.end(), word,
          [&](const std::string& a, const std::string& b) { return Before(search, a, b); });
      if (!listed) CheckRead(search, word, false);
    }
  }

  static bool Before(const Record& search, std::string_view a, std::string_view b) {
    return search.order == storage::Order::kAscending ? a < b : b < a;
  }

  // "" when the page is one that such a search can have.
  static std::string FaultOfPage(const Record& search) {
    if (search.words.size() > search.limit) return "more than its limit";
    const std::string* last = search.after.empty() ? nullptr : &search.after;
    for (const std::string& word : search.words) {
      if (!word.starts_with(search.word)) return StrCat("'", word, "' has another prefix");
      if (last != nullptr && !Before(search, *last, word)) {
        return StrCat("'", word, "' does not come after '", *last, "'");
      }
      last = &word;
    }
    return "";
  }

  void CheckCount(const Record& count) {
    uint64_t least = 0, most = 0;
    for (auto at = timelines_.lower_bound(count.word);
         at != timelines_.end() && at->first.starts_with(count.word); ++at) {
      least += !at->second.MayFind(ReadOf(count), false);
      most += at->second.MayFind(ReadOf(count), true);
    }
    if (count.count >= least && count.count <= most) return;
    Report(Rule::kWrongCount, count, {}, StrCat("there were ", least, " to ", most, "\n"));
  }

  // What a write says of the time before it is exact where nobody else wrote the word meanwhile.
  void CheckBefore(const Record& write) {
    if (write.consistency == Consistency::kOne || !write.found_is_known) return;
    const WordTimeline& timeline = TimelineOf(write.word);
    const WordTimeline::Read before{write.begin, write.begin, write.consistency};
    const auto settled = timeline.Settled(before);
    if (!settled) return;
    const auto& writes = timeline.writes();
    // The next but one, after the write itself, begins when it has ended.
    if (*settled + 1 < writes.size() && writes[*settled + 1]->begin < write.end) return;
    if (!timeline.MayFind(before, write.found)) Report(Rule::kWrongBefore, write, write.word);
  }

  void Report(Rule rule, const Record& record, std::string_view word = {}, std::string more = {}) {
    std::string text = ToText(record) + "\n" + more;
    if (!word.empty()) {
      const auto& writes = TimelineOf(word).writes();
      text += StrCat("writes of '", word, "':\n");
      for (size_t i = 0; i < std::min(writes.size(), kListedMax); ++i) {
        text += "  " + ToText(*writes[i]) + "\n";
      }
    }
    violations_.push_back({rule, std::move(text)});
  }

  const History& history_;
  const CheckOptions options_;
  Timelines timelines_;
  // What the first read of a word found after so many writes, and which read it was.
  std::map<std::pair<std::string_view, size_t>, std::pair<bool, const Record*>> found_;
  std::vector<Violation> violations_;
};

}  // namespace

std::string_view RuleName(Rule rule) { return kRuleNames[static_cast<size_t>(rule)]; }

std::vector<Violation> CheckHistory(const History& history, const CheckOptions& options) {
  return Judge(history, options).Run();
}

bool Has(const std::vector<Violation>& violations, Rule rule) {
  return std::any_of(violations.begin(), violations.end(),
                     [&](const Violation& violation) { return violation.rule == rule; });
}

std::string ToText(const std::vector<Violation>& violations) {
  std::string text;
  for (size_t i = 0; i < std::min(violations.size(), kToldMax); ++i) {
    text += StrCat(RuleName(violations[i].rule), ": ", violations[i].text, "\n");
  }
  if (violations.size() > kToldMax) text += StrCat(violations.size() - kToldMax, " more\n");
  return text;
}

}  // namespace trifecta::sim
