// A client that changes words of a node until the node goes away: single words and bulk requests,
// additions and deletions, each noted in the model before it is sent and when it is acknowledged.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/word_model.h"
#include "tests/support/raw_client.h"

namespace trifecta::test {

// How far writers have come, for the thread that waits to kill their node.
class Progress {
 public:
  explicit Progress(uint64_t writers) : running_(writers) {}

  void Acknowledged();
  void Ended();
  // Returns when that many requests have been acknowledged, or no writer is left.
  void WaitFor(uint64_t acknowledged);

 private:
  std::mutex mutex_;  // guards the counts
  std::condition_variable changed_;
  uint64_t acknowledged_ = 0;
  uint64_t running_;
};

// One thread runs a writer. Writers with different tags never touch the same word, so that each
// word's acknowledgements have an order.
class Writer {
 public:
  Writer(WordModel* model, char tag, uint64_t seed) : model_(model), tag_(tag), random_(seed) {}

  // Writes until a request fails. Answers that a healthy node does not give are kept in
  // unexpected().
  void Run(uint16_t port, Progress* progress);

  const std::vector<std::string>& unexpected() const { return unexpected_; }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  std::string NewWord();
  // A new word, or one written before.
  std::string AnyWord();
  // False when the change was not acknowledged.
  bool ChangeSomething(RawClient* client);
  bool ChangeOne(RawClient* client, Change change);
  bool ChangeMany(RawClient* client, Change change);
  bool Send(RawClient* client, const std::vector<std::string>& words, Change change,
            std::string_view method, const std::string& target, const std::string& body);

  WordModel* const model_;
  const char tag_;
  std::mt19937_64 random_;
  std::vector<std::string> known_;  // a sample of the words written so far
  std::vector<std::string> unexpected_;
};

}  // namespace trifecta::test
