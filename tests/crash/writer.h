// A client that changes words of a node until the node goes away: single words and bulk requests,
// additions and deletions, each noted in the model before it is sent and when it is acknowledged.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/raw_http.h"
#include "tests/crash/word_model.h"

namespace trifecta::test {

// One thread runs a writer. Writers with different tags never touch the same word, so that each
// word's acknowledgements have an order.
class Writer {
 public:
  Writer(WordModel* model, char tag, uint64_t seed) : model_(model), tag_(tag), random_(seed) {}

  // Writes until a request fails, and adds each acknowledged one to `acknowledged`. Answers other
  // than success (and 404 for a delete) are kept in unexpected().
  void Run(uint16_t port, std::atomic<uint64_t>* acknowledged);

  const std::vector<std::string>& unexpected() const { return unexpected_; }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  std::string NewWord();
  // A new word, or one written before.
  std::string AnyWord();
  // Nothing when the connection broke; else whether it was acknowledged is in the model.
  bool ChangeOne(RawHttp* http, Change change);
  bool ChangeMany(RawHttp* http, Change change);
  bool Send(RawHttp* http, const std::vector<std::string>& words, Change change,
            std::string_view method, const std::string& target, const std::string& body);

  WordModel* const model_;
  const char tag_;
  std::mt19937_64 random_;
  std::vector<std::string> known_;  // a sample of the words written so far
  std::vector<std::string> unexpected_;
};

}  // namespace trifecta::test
