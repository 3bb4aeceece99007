// What replicas say they had of a write's words before it: whether a word was live, and which words
// they hold in a newer version. Of each word the newest entry counts that any of them had.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "storage/base/entry.h"
#include "storage/store.h"

namespace trifecta::replication {

class WriteFindings {
 public:
  explicit WriteFindings(size_t words) : words_(words) {}

  // An entry of this version is the write's own, and none that was there before.
  void AddOwn(Version version) { own_[1] = std::exchange(own_[0], version); }

  // A replica's outcome of a word that was sent in this version.
  void Note(uint32_t word, Version sent, const storage::WriteOutcome& outcome) {
    Found& found = words_[word];
    if (outcome.before > found.before && outcome.before != own_[0] && outcome.before != own_[1]) {
      found.before = outcome.before;
      found.live = outcome.existed;
    }
    if (outcome.newest > newest_) newest_ = outcome.newest;
    if (open_ && !outcome.applied && outcome.newest > sent) found.overtaken = true;
  }

  // The newest version that was named, own ones too.
  Version newest() const { return newest_; }
  // The words of which a replica holds a newer entry than the one that was sent. What is noted from
  // now on changes nothing in that.
  std::vector<uint32_t> TakeOvertaken() {
    open_ = false;
    std::vector<uint32_t> overtaken;
    for (uint32_t word = 0; word < words_.size(); ++word) {
      if (words_[word].overtaken) overtaken.push_back(word);
    }
    return overtaken;
  }
  bool is_overtaken(uint32_t word) const { return words_[word].overtaken; }
  // Words that were live before.
  uint64_t existed() const {
    return static_cast<uint64_t>(
        std::count_if(words_.begin(), words_.end(), [](const Found& found) { return found.live; }));
  }

 private:
  struct Found {
    Version before;
    bool live = false;
    bool overtaken = false;
  };

  std::vector<Found> words_;
  Version own_[2];
  Version newest_;
  bool open_ = true;
};

}  // namespace trifecta::replication
