// A cluster whose replicas differ as much as acknowledged writes allow, and what a quorum must make
// of it: the newest entry of each word is on a majority of the owners that are read, the others
// hold older ones or none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/random.h"
#include "tests/replication/mini_cluster.h"
#include "tests/support/entry_sets.h"

namespace trifecta::test {

class UnevenCluster {
 public:
  // Writes `words` random words, of one to six characters of one to three bytes.
  UnevenCluster(MiniCluster* cluster, size_t words, trifecta::Random* random);

  // What searches must give, and counts and lookups.
  std::vector<std::string> Search(const storage::SearchOptions& options) const;
  uint64_t Count(std::string_view prefix) const;
  const EntryMap& newest() const { return newest_; }

  // A prefix of up to `characters`, of a word that is there or of none.
  std::string Prefix(size_t characters, trifecta::Random* random) const;

 private:
  void Spread(MiniCluster* cluster, const std::string& word, trifecta::Random* random);

  EntryMap newest_;
};

std::vector<std::string> WordsOf(const storage::Page& page);

}  // namespace trifecta::test
