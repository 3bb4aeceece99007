#include "tests/sim/checker.h"

#include <chrono>

#include "storage/base/text.h"
#include "tests/support/catch.h"

namespace trifecta::sim {
namespace {

// A history told operation by operation; each takes a millisecond, and one that is begun and ended
// apart overlaps what stands between.
class Tale {
 public:
  size_t Begin(Action action, const std::string& word,
               Consistency consistency = Consistency::kQuorum) {
    Record record;
    record.action = action;
    record.word = word;
    record.consistency = consistency;
    return history_.Begin(record, ++now_);
  }
  // `found` as in Record.
  void Ok(size_t operation, bool found = false) {
    history_.End(operation, Outcome::kOk, ++now_)->found = found;
  }
  void Lose(size_t operation) { history_.End(operation, Outcome::kUnknown, ++now_); }

  void Add(const std::string& word, bool existed = false) {
    Ok(Begin(Action::kAdd, word), existed);
  }
  void Delete(const std::string& word, bool existed = true) {
    Ok(Begin(Action::kDelete, word), existed);
  }
  void AddUnknown(const std::string& word) { Lose(Begin(Action::kAdd, word)); }
  void DeleteUnknown(const std::string& word) { Lose(Begin(Action::kDelete, word)); }
  void Lookup(const std::string& word, bool found) { Ok(Begin(Action::kLookup, word), found); }
  Record* Search(const std::string& prefix, std::vector<std::string> words, size_t limit = 10) {
    const size_t operation = Begin(Action::kSearch, prefix);
    Ok(operation);
    Record* record = history_.End(operation, Outcome::kOk, now_);
    record->words = std::move(words);
    record->limit = limit;
    return record;
  }
  void Count(const std::string& prefix, uint64_t count) {
    const size_t operation = Begin(Action::kCount, prefix);
    history_.End(operation, Outcome::kOk, ++now_)->count = count;
  }

  std::vector<Violation> Judged() const { return CheckHistory(history_); }
  bool Good() const {
    const auto violations = Judged();
    INFO(ToText(violations));
    CHECK(violations.empty());
    return violations.empty();
  }
  // Nothing but `rule` is broken, and that is.
  bool Breaks(Rule rule) const {
    const auto violations = Judged();
    INFO(ToText(violations));
    bool others = false;
    for (const Violation& violation : violations) others |= violation.rule != rule;
    CHECK_FALSE(others);
    return !others && !violations.empty();
  }
  History* history() { return &history_; }

 private:
  History history_;
  Millis now_ = 0;
};

}  // namespace

TEST_CASE("a history in which everybody sees what was acknowledged is good") {
  Tale tale;
  tale.Lookup("a", false);
  tale.Add("a");
  tale.Lookup("a", true);
  tale.Add("a", true);
  tale.Add("b");
  tale.Search("", {"a", "b"});
  tale.Delete("a");
  tale.Search("", {"b"});
  tale.Count("", 1);
  tale.Delete("a", false);
  tale.Add("a");
  tale.Search("a", {"a"});
  CHECK(tale.Good());
}

TEST_CASE("a word that is not found after its adding was acknowledged is lost") {
  Tale tale;
  tale.Add("a");
  tale.Lookup("a", false);
  CHECK(tale.Breaks(Rule::kWordLost));
}

TEST_CASE("a word that a search or a count misses is lost") {
  Tale missed;
  missed.Add("a");
  missed.Add("b");
  missed.Search("", {"b"});
  CHECK(missed.Breaks(Rule::kWordLost));
  Tale counted;
  counted.Add("a");
  counted.Add("b");
  counted.Count("", 1);
  CHECK(counted.Breaks(Rule::kWrongCount));
}

TEST_CASE("a deletion that was acknowledged may not be undone") {
  Tale tale;
  tale.Add("a");
  tale.Delete("a");
  SECTION("in a lookup") { tale.Lookup("a", true); }
  SECTION("in a search") { tale.Search("", {"a"}); }
  CHECK(tale.Breaks(Rule::kDeleteUndone));
}

TEST_CASE("a word that nobody wrote is found from nowhere") {
  Tale tale;
  SECTION("never written") {}
  SECTION("written later") {
    tale.Lookup("a", true);
    tale.Add("a");
  }
  SECTION("only deleted") { tale.Delete("a", false); }
  tale.Search("", {"a"});
  CHECK(tale.Breaks(Rule::kWordFromNowhere));
}

TEST_CASE("an operation that failed never takes effect") {
  Tale tale;
  tale.history()->End(tale.Begin(Action::kAdd, "a"), Outcome::kFailed, 9);
  tale.Lookup("a", true);
  CHECK(tale.Breaks(Rule::kWordFromNowhere));
}

TEST_CASE("an operation whose outcome is unknown may take effect at any later time, or never") {
  Tale tale;
  tale.AddUnknown("a");
  tale.Lookup("a", false);
  tale.Lookup("a", true);
  tale.Lookup("a", false);
  tale.Delete("a");
  tale.Lookup("a", false);
  tale.Lookup("a", true);
  tale.DeleteUnknown("b");
  tale.Add("b");
  tale.Lookup("b", true);
  tale.Lookup("b", false);
  CHECK(tale.Good());
}

TEST_CASE("what was acknowledged last counts, not what was acknowledged before it") {
  Tale tale;
  tale.Add("a");
  tale.Delete("a");
  tale.Add("a");
  tale.Lookup("a", true);
  tale.Lookup("a", false);
  CHECK(tale.Breaks(Rule::kWordLost));
}

TEST_CASE("operations at the same time may take effect in either order") {
  Tale tale;
  const size_t add = tale.Begin(Action::kAdd, "a");
  const size_t remove = tale.Begin(Action::kDelete, "a");
  tale.Lookup("a", true);
  tale.Lookup("a", false);
  tale.Ok(add);
  tale.Ok(remove);
  SECTION("either way") {
    tale.Lookup("a", GENERATE(true, false));
    CHECK(tale.Good());
  }
  SECTION("but for all who read afterwards in the same one") {
    tale.Lookup("a", true);
    tale.Search("", {});
    CHECK(tale.Breaks(Rule::kReadersDisagree));
  }
}

TEST_CASE("a read during a write may find it or not") {
  Tale tale;
  const size_t early = tale.Begin(Action::kLookup, "a");
  const size_t late = tale.Begin(Action::kLookup, "a");
  tale.Add("a");
  tale.Ok(early, false);
  tale.Ok(late, true);
  CHECK(tale.Good());
}

TEST_CASE("a search must have its words in order, once, and no more than asked for") {
  Tale tale;
  for (const char* word : {"a", "ab", "b", "c"}) tale.Add(word);
  SECTION("sorted") { tale.Search("", {"a", "b", "ab", "c"}); }
  SECTION("once") { tale.Search("", {"a", "ab", "ab", "b", "c"}); }
  SECTION("its limit") { tale.Search("", {"a", "ab", "b"}, 2); }
  SECTION("its prefix") { tale.Search("a", {"a", "ab", "b"}); }
  SECTION("only what is after") { tale.Search("a", {"a", "ab"})->after = "a"; }
  SECTION("descending") { tale.Search("a", {"a", "ab"})->order = storage::Order::kDescending; }
  CHECK(tale.Breaks(Rule::kSearchOutOfOrder));
}

TEST_CASE("a search that is full need not have what comes behind its end") {
  Tale tale;
  for (const char* word : {"a", "ab", "b", "c"}) tale.Add(word);
  tale.Search("", {"a", "ab"}, 2);
  tale.Search("", {"b", "c"}, 2)->after = "ab";
  Record* down = tale.Search("", {"c", "b"}, 2);
  down->order = storage::Order::kDescending;
  down = tale.Search("", {"ab", "a"}, 10);
  down->order = storage::Order::kDescending;
  down->after = "b";
  CHECK(tale.Good());
  SECTION("but all before it") { tale.Search("", {"a", "b"}, 2); }
  SECTION("and when it is not full, all") { tale.Search("", {"a", "ab", "b"}, 4); }
  SECTION("descending too") {
    tale.Search("", {"c", "ab"}, 2)->order = storage::Order::kDescending;
  }
  CHECK(tale.Breaks(Rule::kWordLost));
}

TEST_CASE("a count may or may not have in it what is being written") {
  Tale tale;
  tale.Add("a");
  tale.AddUnknown("b");
  const size_t open = tale.Begin(Action::kDelete, "a");
  const uint64_t count = GENERATE(0, 1, 2, 3);
  tale.Count("", count);
  tale.Ok(open, true);
  CHECK((count > 2 ? tale.Breaks(Rule::kWrongCount) : tale.Good()));
}

TEST_CASE("a write says truly what was there before, where nobody else writes") {
  Tale tale;
  tale.Add("a");
  SECTION("an add") { tale.Add("a", false); }
  SECTION("a deletion") { tale.Delete("a", false); }
  SECTION("a word never written") { tale.Delete("b", true); }
  CHECK(tale.Breaks(Rule::kWrongBefore));
}

TEST_CASE("a write may say either while others write the word, or one of unknown outcome might") {
  Tale tale;
  const size_t first = tale.Begin(Action::kAdd, "a");
  const size_t second = tale.Begin(Action::kAdd, "a");
  tale.Ok(first, false);
  tale.Ok(second, false);
  tale.DeleteUnknown("a");
  tale.Add("a", GENERATE(true, false));
  CHECK(tale.Good());
}

TEST_CASE("one replica's answer is ordered only after what all replicas have") {
  Tale tale;
  tale.Add("a");
  tale.Ok(tale.Begin(Action::kLookup, "a", Consistency::kOne), false);
  tale.Ok(tale.Begin(Action::kDelete, "a", Consistency::kOne), true);
  tale.Lookup("a", true);
  CHECK(tale.Good());
  tale.Ok(tale.Begin(Action::kAdd, "b", Consistency::kAll), false);
  SECTION("reading one") { tale.Ok(tale.Begin(Action::kLookup, "b", Consistency::kOne), false); }
  SECTION("reading a quorum") { tale.Lookup("b", false); }
  CHECK(tale.Breaks(Rule::kWordLost));
}

TEST_CASE("who asks all replicas sees what one of them acknowledged") {
  Tale tale;
  tale.Ok(tale.Begin(Action::kAdd, "a", Consistency::kOne), false);
  tale.Ok(tale.Begin(Action::kLookup, "a", Consistency::kAll), false);
  CHECK(tale.Breaks(Rule::kWordLost));
}

TEST_CASE("an answer may not come after its deadline") {
  Tale tale;
  Record record;
  record.deadline = 100;
  const size_t operation = tale.history()->Begin(record, 50);
  const Outcome outcome = GENERATE(Outcome::kOk, Outcome::kUnknown, Outcome::kFailed);
  tale.history()->End(operation, outcome, 111);
  CHECK(CheckHistory(*tale.history(), {10, true}).size() == 1);
  CHECK(CheckHistory(*tale.history(), {11, true}).empty());
  CHECK(tale.Breaks(Rule::kLate));
}

TEST_CASE("thousands of operations are judged in milliseconds") {
  Tale tale;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::string> words;
    for (int i = 100; i < 300; ++i) {
      const std::string word = StrCat("word-", i);
      const bool remove = round % 3 == 2;
      remove ? tale.Delete(word) : tale.Add(word, round % 3 == 1);
      tale.Lookup(word, !remove);
      if (!remove) words.push_back(word);
      if (i % 10 == 0) tale.Count("none", 0);
    }
    for (int i = 0; i < 50; ++i) tale.Search("word", words, 1'000);
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK(tale.Good());
  // 5,000 operations that read 100,000 words; 40 ms on an idle machine.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

}  // namespace trifecta::sim
