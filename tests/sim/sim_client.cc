#include "tests/sim/sim_client.h"

#include <algorithm>
#include <set>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::sim {
namespace {

// A client hears nothing for this long after its deadline and takes the answer for lost.
constexpr Millis kGrace = 500;
// After a request that failed a client waits for this.
constexpr Millis kTryAgain = 150;
constexpr size_t kBulkWordsMax = 6;
constexpr uint64_t kPrefixCharactersMax = 3;

bool IsLead(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

// The first characters of a word, whole ones.
std::string FirstOf(const std::string& word, uint64_t characters) {
  size_t end = 0;
  while (end < word.size()) {
    if (IsLead(word[end]) && characters-- == 0) break;
    ++end;
  }
  return word.substr(0, end);
}

Record RecordOf(const Request& request, const std::string& word, NodeIndex node) {
  Record record;
  record.action = request.action;
  record.word = word;
  record.consistency = request.consistency;
  record.after = request.after;
  record.limit = request.limit;
  record.order = request.order;
  record.node = node;
  record.deadline = request.deadline;
  return record;
}

}  // namespace

// A request on its way; its operations are of the history.
struct SimClient::Asked {
  std::vector<size_t> operations;
  bool arrived = false;
  bool ended = false;
  bool own = false;  // one of those that follow each other
};

std::vector<std::string> WordsOf(const Workload& workload) {
  constexpr std::string_view kParts[] = {"a", "ab", "b",    "c",   "de",    "f",
                                         "ä", "語", "🙂", "tri", "trial", "zz"};
  std::set<std::string> words;
  Random random(7);
  while (words.size() < workload.words) {
    std::string word(kParts[random.Below(std::size(kParts))]);
    while (random.Below(3) != 0) word += kParts[random.Below(std::size(kParts))];
    words.insert(std::move(word));
  }
  return {words.begin(), words.end()};
}

SimClient::SimClient(SimCluster* cluster, History* history, const Workload& workload,
                     uint64_t number)
    : cluster_(cluster),
      history_(history),
      workload_(workload),
      words_(WordsOf(workload)),
      random_(cluster->random()->Fork()),
      self_(cluster->AddOutsider(StrCat("client-", number))) {
  // What goes wrong between a client and its node tells nothing of the cluster.
  for (NodeIndex node = 0; node < cluster->size(); ++node) {
    cluster->network().SetFaults(self_, node, LinkFaults());
    cluster->network().SetFaults(node, self_, LinkFaults());
  }
}

void SimClient::Start() {
  stopped_ = false;
  if (!asking_) Next();
}

void SimClient::Next() {
  asking_ = !stopped_;
  if (stopped_) return;
  cluster_->network().After(self_, random_.Below(workload_.think_max + 1), [this] {
    if (stopped_) {
      asking_ = false;
      return;
    }
    Request request = Draw();
    const NodeIndex node = random_.Below(cluster_->size());
    Send(node, std::move(request), true);
  });
}

void SimClient::Ask(NodeIndex node, Request request) { Send(node, std::move(request), false); }

Request SimClient::Draw() {
  Request request;
  const Millis patience =
      workload_.patience_min + random_.Below(workload_.patience_max - workload_.patience_min + 1);
  request.deadline = cluster_->now() + patience;
  if (random_.Chance(workload_.one_per_million)) request.consistency = Consistency::kOne;
  if (random_.Chance(workload_.all_per_million)) request.consistency = Consistency::kAll;
  request.words.push_back(words_[random_.Below(words_.size())]);

  const std::pair<Action, uint64_t> parts[] = {{Action::kAdd, workload_.adds},
                                               {Action::kDelete, workload_.deletes},
                                               {Action::kLookup, workload_.lookups},
                                               {Action::kSearch, workload_.searches},
                                               {Action::kCount, workload_.counts}};
  uint64_t sum = 0;
  for (const auto& [action, part] : parts) sum += part;
  uint64_t drawn = random_.Below(sum);
  for (const auto& [action, part] : parts) {
    request.action = action;
    if (drawn < part) break;
    drawn -= part;
  }
  if (IsWrite(request.action)) {
    DrawMoreWords(&request);
  } else if (request.action != Action::kLookup) {
    DrawRange(&request);
  }
  return request;
}

void SimClient::DrawMoreWords(Request* request) {
  if (!random_.Chance(workload_.bulk_per_million)) return;
  std::set<std::string> words(request->words.begin(), request->words.end());
  for (uint64_t more = random_.Below(kBulkWordsMax); more > 0; --more) {
    words.insert(words_[random_.Below(words_.size())]);
  }
  request->words.assign(words.begin(), words.end());
}

void SimClient::DrawRange(Request* request) {
  std::string& prefix = request->words.front();
  prefix = FirstOf(prefix, random_.Below(kPrefixCharactersMax + 1));
  if (request->action == Action::kCount) return;
  request->limit = 1 + random_.Below(2 * words_.size());
  if (random_.Below(3) == 0) request->limit = 1 + random_.Below(5);
  if (random_.Below(4) == 0) request->order = storage::Order::kDescending;
  if (random_.Below(3) == 0) request->after = words_[random_.Below(words_.size())];
}

void SimClient::Send(NodeIndex node, Request request, bool own) {
  auto asked = std::make_shared<Asked>();
  asked->own = own;
  for (const std::string& word : request.words) {
    asked->operations.push_back(history_->Begin(RecordOf(request, word, node), cluster_->now()));
  }
  SimNetwork& network = cluster_->network();
  const Millis wait = request.deadline + kGrace - cluster_->now();
  network.After(self_, wait, [this, asked] {
    Answer nothing;
    nothing.reason = "nothing was heard";
    End(asked, nothing);
  });
  if (!network.running(node)) {
    Answer refused;
    refused.outcome = Outcome::kFailed;
    refused.reason = "the connection was refused";
    network.After(self_, 1, [this, asked, refused] { End(asked, refused); });
    return;
  }
  network.Carry(self_, node, 1, [this, node, asked, request = std::move(request)] {
    // A request that came twice is one to the client's connection.
    if (std::exchange(asked->arrived, true)) return;
    Execute(&cluster_->node(node), request, [this, node, asked](Answer answer) {
      cluster_->network().Carry(node, self_, 1, [this, asked, answer] { End(asked, answer); });
    });
  });
}

void SimClient::End(const std::shared_ptr<Asked>& asked, const Answer& answer) {
  if (std::exchange(asked->ended, true)) return;
  const bool alone = asked->operations.size() == 1;
  for (const size_t operation : asked->operations) {
    Record* record = history_->End(operation, answer.outcome, cluster_->now());
    record->found = answer.found > 0;
    record->found_is_known = alone;
    record->words = answer.words;
    record->count = answer.count;
    record->reason = answer.reason;
    // A node that was killed or stopped has missed no deadline.
    if (cluster_->network().DisturbedSince(record->node, record->began_at)) record->deadline = 0;
  }
  if (!asked->own) return;
  if (answer.outcome == Outcome::kOk) return Next();
  cluster_->network().After(self_, kTryAgain, [this] { Next(); });
}

}  // namespace trifecta::sim
