#include "tests/crash/word_model.h"

namespace trifecta::test {

void WordModel::Sent(std::span<const std::string> words, Change change) {
  std::lock_guard lock(mutex_);
  for (const std::string& word : words) {
    State& state = words_[word];
    (change == Change::kAdd ? state.may_be_added : state.may_be_deleted) = true;
  }
}

void WordModel::Acknowledged(std::span<const std::string> words, Change change) {
  std::lock_guard lock(mutex_);
  for (const std::string& word : words) words_[word] = State{.present = change == Change::kAdd};
}

std::vector<std::string> WordModel::Judge(std::span<const std::string> held) {
  std::lock_guard lock(mutex_);
  std::vector<std::string> faults;
  for (const std::string& word : held) {
    const auto found = words_.find(word);
    if (found == words_.end()) {
      faults.push_back("'" + word + "' is there, but nobody wrote it");
      continue;
    }
    State& state = found->second;
    if (state.held) faults.push_back("'" + word + "' is listed twice");
    if (!state.present && !state.may_be_added) {
      faults.push_back("'" + word + "' is back, though its deletion was acknowledged");
    }
    state.held = true;
  }
  for (auto& [word, state] : words_) {
    if (!state.held && state.present && !state.may_be_deleted) {
      faults.push_back("'" + word + "' is lost, though it was acknowledged");
    }
    state = State{.present = state.held};
  }
  return faults;
}

size_t WordModel::words() const {
  std::lock_guard lock(mutex_);
  return words_.size();
}

}  // namespace trifecta::test
