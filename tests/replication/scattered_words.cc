#include "tests/replication/scattered_words.h"

#include <algorithm>
#include <map>
#include <span>
#include <stdexcept>

#include "daemon/replication/entry_comparison.h"
#include "net/preference.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::test {
namespace {

void WriteTo(MiniCluster* cluster, NodeNumber node, std::span<const Entry> entries) {
  for (size_t begin = 0; begin < entries.size(); begin += kWriteEntriesMax) {
    const size_t size = std::min(kWriteEntriesMax, entries.size() - begin);
    const Status status = cluster->node(node).store->Write(entries.subspan(begin, size), {});
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }
}

}  // namespace

std::string ScatteredWord(uint64_t i) {
  if (i % 200 == 7) return std::string(1, static_cast<char>('a' + i / 200 % 26));
  const auto first = static_cast<char>('a' + i % 26);
  const auto second = static_cast<char>('a' + i / 26 % 26);
  return StrCat(first, second, i);
}

void Scatter(MiniCluster* cluster, const std::vector<NodeNumber>& nodes, size_t count,
             trifecta::Random* random) {
  std::map<NodeNumber, storage::Page> pages;
  for (size_t i = 0; i < count; ++i) {
    const std::string word = ScatteredWord(i);
    for (uint64_t versions = 1 + random->Below(3); versions > 0; --versions) {
      const Version version{1 + random->Below(1000), static_cast<uint16_t>(1 + random->Below(3))};
      const bool tombstone = random->Below(4) == 0;
      std::vector<NodeNumber> some = nodes;
      random->Shuffle(&some);
      some.resize(1 + random->Below(some.size()));
      for (const NodeNumber node : some) pages[node].Add(word, version, tombstone);
    }
  }
  for (const auto& [node, page] : pages) WriteTo(cluster, node, replication::EntriesOf(page));
}

void Fill(MiniCluster* cluster, NodeNumber node, const std::vector<std::string>& words,
          Version version) {
  std::vector<Entry> entries;
  for (const std::string& word : words) entries.push_back({word, version, false});
  WriteTo(cluster, node, entries);
}

EntryMap Holding(MiniCluster* cluster, NodeNumber node) {
  auto held = HeldBy(*cluster->node(node).store);
  if (!held.ok()) throw std::runtime_error(held.status().ToString());
  return std::move(*held);
}

EntryMap Merged(MiniCluster* cluster, const std::vector<NodeNumber>& nodes) {
  EntryMap merged;
  for (const NodeNumber node : nodes) {
    for (const auto& [word, entry] : Holding(cluster, node)) Merge(&merged, word, entry);
  }
  return merged;
}

bool AllEqual(MiniCluster* cluster) {
  const net::Ring& ring = *cluster->node(1).ring;
  std::vector<EntryMap> of_partition(ring.partitions.size());
  std::vector<bool> seen(ring.partitions.size());
  for (NodeNumber node = 1; node <= cluster->size(); ++node) {
    std::vector<EntryMap> parts(ring.partitions.size());
    for (const auto& [word, entry] : Holding(cluster, node)) {
      parts[net::PartitionOf(ShardRoot(word, ring.k_factor), parts.size())].emplace(word, entry);
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!net::Holds(ring.partitions[i], node)) continue;
      if (seen[i] && parts[i] != of_partition[i]) return false;
      of_partition[i] = std::move(parts[i]);
      seen[i] = true;
    }
  }
  return true;
}

}  // namespace trifecta::test
