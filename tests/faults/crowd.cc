#include "tests/faults/crowd.h"

#include <numeric>
#include <set>

#include "storage/base/text.h"

namespace trifecta::faults {
namespace {

using sim::Action;
using sim::Consistency;

constexpr size_t kWords = 40;
constexpr uint64_t kBulkWordsMax = 6;
constexpr uint64_t kPrefixBytesMax = 3;
// Of a million operations.
constexpr uint64_t kOnePerMillion = 30'000, kAllPerMillion = 50'000, kBulkPerMillion = 100'000;

struct Part {
  Action action;
  uint64_t percent;
};
constexpr Part kParts[] = {{Action::kAdd, 30},
                           {Action::kDelete, 15},
                           {Action::kLookup, 30},
                           {Action::kSearch, 20},
                           {Action::kCount, 5}};

// Common prefixes and short words, in more than one partition.
std::vector<std::string> MakeWords() {
  constexpr std::string_view kPieces[] = {"a", "ab", "b", "tri", "trial", "ä", "語", "zz", "m"};
  std::set<std::string> words;
  Random random(7);
  while (words.size() < kWords) {
    std::string word(kPieces[random.Below(std::size(kPieces))]);
    while (random.Below(3) != 0) word += kPieces[random.Below(std::size(kPieces))];
    words.insert(std::move(word));
  }
  return {words.begin(), words.end()};
}

const std::string& AnyWord(Random* random) {
  return CrowdWords()[random->Below(CrowdWords().size())];
}

// Ends where a character does.
std::string PrefixOf(const std::string& word, uint64_t bytes) {
  while (bytes < word.size() && (static_cast<unsigned char>(word[bytes]) & 0xc0) == 0x80) ++bytes;
  return word.substr(0, bytes);
}

Action DrawAction(Random* random) {
  uint64_t drawn = random->Below(100);
  for (const Part& part : kParts) {
    if (drawn < part.percent) return part.action;
    drawn -= part.percent;
  }
  return Action::kLookup;
}

void DrawRange(Random* random, Question* question) {
  question->words[0] = PrefixOf(question->words[0], random->Below(kPrefixBytesMax + 1));
  if (question->action == Action::kCount) return;
  question->limit = 1 + random->Below(random->Below(3) == 0 ? 5 : 2 * kWords);
  if (random->Below(4) == 0) question->order = storage::Order::kDescending;
  if (random->Below(3) == 0) question->after = AnyWord(random);
}

}  // namespace

const std::vector<std::string>& CrowdWords() {
  static const std::vector<std::string> words = MakeWords();
  return words;
}

Crowd::Crowd(const FaultCluster* cluster, Recorder* recorder, CrowdOptions options)
    : cluster_(cluster), recorder_(recorder), options_(std::move(options)) {
  CrowdWords();
  if (options_.nodes.empty()) {
    options_.nodes.resize(cluster->size());
    std::iota(options_.nodes.begin(), options_.nodes.end(), 0);
  }
  Random random(options_.seed);
  for (size_t i = 0; i < options_.clients; ++i) {
    threads_.emplace_back([this, own = random.Fork()] { Run(own); });
  }
}

void Crowd::Stop() {
  stopped_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

uint64_t Crowd::answered() const {
  uint64_t sum = 0;
  for (const auto& one : answered_) sum += one;
  return sum;
}

bool Crowd::AwaitAnswers(size_t node, uint64_t more) const {
  const uint64_t enough = answered(node) + more;
  return Await([&] { return answered(node) >= enough; });
}

std::string Crowd::a_failure() {
  std::lock_guard lock(mutex_);
  return failure_;
}

void Crowd::Run(Random random) {
  FaultClient client(cluster_, recorder_);
  while (!stopped_) {
    const size_t node = options_.nodes[random.Below(options_.nodes.size())];
    AskOnce(&client, node, Draw(&random), &random);
    const uint64_t pause = random.Below(static_cast<uint64_t>(options_.think_max.count()) + 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(pause));
  }
}

void Crowd::AskOnce(FaultClient* client, size_t node, const Question& question, Random* random) {
  sim::Record answer = client->Ask(node, question);
  if (answer.outcome != sim::Outcome::kOk && options_.retry) {
    size_t other = node;
    while (other == node) other = options_.nodes[random->Below(options_.nodes.size())];
    std::string first = std::move(answer.reason);
    answer = client->Ask(node = other, question);
    answer.reason = StrCat(first, "; then node ", node, ": ", answer.reason);
  }
  broken_ += client->http_status() == 0 || client->http_status() == 500;
  if (answer.outcome == sim::Outcome::kOk) {
    ++answered_[node];
    return;
  }
  ++failures_;
  std::lock_guard lock(mutex_);
  failure_ = answer.reason;
}

Question Crowd::Draw(Random* random) const {
  Question question;
  question.action = DrawAction(random);
  question.words.push_back(AnyWord(random));
  if (options_.every_consistency) {
    if (random->Chance(kOnePerMillion)) question.consistency = Consistency::kOne;
    if (random->Chance(kAllPerMillion)) question.consistency = Consistency::kAll;
  }
  if (question.action == Action::kSearch || question.action == Action::kCount) {
    DrawRange(random, &question);
  } else if (sim::IsWrite(question.action) && random->Chance(kBulkPerMillion)) {
    std::set<std::string> words(question.words.begin(), question.words.end());
    for (uint64_t more = random->Below(kBulkWordsMax); more > 0; --more) {
      words.insert(AnyWord(random));
    }
    question.words.assign(words.begin(), words.end());
  }
  return question;
}

}  // namespace trifecta::faults
