// What a node has promised, word by word, as its clients know it; and the judgement of what it
// holds after it was killed.
#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace trifecta::test {

enum class Change { kAdd, kDelete };

// Any thread may call any method, but for one word only one at a time.
class WordModel {
 public:
  // The change was sent: from now on it may take effect, acknowledged or not.
  void Sent(std::span<const std::string> words, Change change);
  // The change was acknowledged: it has taken effect and stays.
  void Acknowledged(std::span<const std::string> words, Change change);

  // Judges the words (all of them, in order) that a restarted node holds, a sentence a fault: an
  // acknowledged word missing, a deleted one back, one that nobody wrote. From now on the node is
  // held to what it showed.
  std::vector<std::string> Judge(std::span<const std::string> held);

  size_t words() const;  // that were ever written

 private:
  struct State {
    bool present = false;       // what was last acknowledged
    bool may_be_added = false;  // a later change that was sent, its outcome unknown
    bool may_be_deleted = false;
    bool held = false;  // used by Judge
  };

  mutable std::mutex mutex_;  // guards words_
  std::unordered_map<std::string, State> words_;
};

}  // namespace trifecta::test
