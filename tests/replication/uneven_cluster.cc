#include "tests/replication/uneven_cluster.h"

#include <algorithm>
#include <array>

#include "net/preference.h"
#include "storage/base/word.h"

namespace trifecta::test {
namespace {

// Versions of a word are at this time and the two before it, later for later words: ties between
// nodes come, too.
constexpr uint64_t kFirstTime = 1'000;

std::string RandomText(size_t characters, trifecta::Random* random) {
  static constexpr std::array<std::string_view, 5> kCharacters = {"a", "b", "c", "\u00e9",
                                                                  "\u20ac"};
  std::string text;
  while (characters-- > 0) text += kCharacters[random->Below(kCharacters.size())];
  return text;
}

}  // namespace

UnevenCluster::UnevenCluster(MiniCluster* cluster, size_t words, trifecta::Random* random) {
  while (newest_.size() < words) {
    const std::string word = RandomText(1 + random->Below(6), random);
    if (!newest_.contains(word)) Spread(cluster, word, random);
  }
}

void UnevenCluster::Spread(MiniCluster* cluster, const std::string& word,
                           trifecta::Random* random) {
  const ViewPtr view = cluster->ViewOf(1);
  const net::Partition& partition = view->partition(view->PartitionOfWord(word));
  const net::OwnerSets sets = net::OwnersFor(partition);
  std::vector<NodeNumber> nodes(sets.read.begin(), sets.read.end());
  random->Shuffle(&nodes);
  const uint64_t time = kFirstTime + 8 * newest_.size();
  const Stored newest{{time, static_cast<uint16_t>(1 + random->Below(3))}, random->Below(4) == 0};
  const size_t majority = net::Majority(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (i >= majority && random->Below(2) == 0) continue;
    if (random->Below(3) == 0) {
      cluster->Put(nodes[i], word, {time - 1, 1}, random->Below(2) == 0);
    }
    if (i < majority) cluster->Put(nodes[i], word, newest.version, newest.tombstone);
  }
  // What an owner of earlier days has kept.
  const auto other = static_cast<NodeNumber>(1 + random->Below(cluster->size()));
  if (random->Below(4) == 0) cluster->Put(other, word, {time - 2, 2}, false);
  newest_[word] = newest;
}

std::vector<std::string> UnevenCluster::Search(const storage::SearchOptions& options) const {
  const bool up = options.order == storage::Order::kAscending;
  std::vector<std::string> words;
  for (const auto& [word, entry] : newest_) {
    const bool beyond = options.after.empty() || (up ? word > options.after : word < options.after);
    if (!entry.tombstone && beyond && word.starts_with(options.prefix)) words.push_back(word);
  }
  if (!up) std::reverse(words.begin(), words.end());
  if (words.size() > options.limit) words.resize(options.limit);
  return words;
}

uint64_t UnevenCluster::Count(std::string_view prefix) const {
  storage::SearchOptions options;
  options.prefix = prefix;
  options.limit = newest_.size();
  return Search(options).size();
}

std::string UnevenCluster::Prefix(size_t characters, trifecta::Random* random) const {
  return RandomText(random->Below(characters + 1), random);
}

std::vector<std::string> WordsOf(const storage::Page& page) {
  std::vector<std::string> words;
  for (size_t i = 0; i < page.size(); ++i) words.emplace_back(page.word(i));
  return words;
}

}  // namespace trifecta::test
