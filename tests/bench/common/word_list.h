// The words of a data set, in order, in a mapped file: shared by all engines and no part of the
// anonymous memory that is measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trifecta::bench {

class WordList {
 public:
  // A file of words, a line each, distinct and sorted by bytes. At most `words_max` of them, spread
  // over the whole list; 0 for all.
  explicit WordList(const std::string& path, size_t words_max = 0);
  ~WordList();
  WordList(const WordList&) = delete;
  WordList& operator=(const WordList&) = delete;

  const std::vector<std::string_view>& words() const { return words_; }
  size_t size() const { return words_.size(); }
  uint64_t bytes() const;  // of the words, without line ends
  bool Contains(std::string_view word) const;

 private:
  const char* data_ = nullptr;
  size_t length_ = 0;
  std::vector<std::string_view> words_;
};

// The file of a data set: words, paths, urls and codes are made by datasets.sh (`count` of them, 0
// for its own number), anything else is a path.
std::string DataSetFile(const std::string& name, size_t count = 0);

// Words one after the other in memory, in the order in which they are used: fetching the next one
// misses no cache and costs the measured operation nothing.
class PackedWords {
 public:
  void Add(std::string_view word);
  void Clear();
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const uint64_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  // Some of them, as batches are made of.
  std::vector<std::string_view> Slice(size_t begin, size_t count) const;

 private:
  std::string bytes_;
  std::vector<uint64_t> ends_;
};

// What a list is asked for, drawn from a seed: the same for every engine.
struct Queries {
  PackedWords hits;
  PackedWords misses;    // differ from a word in their last character
  PackedWords prefixes;  // the first half of a word
};
Queries DrawQueries(const WordList& list, size_t count, uint64_t seed);

// The words in random order, from a seed.
PackedWords Shuffled(const WordList& list, uint64_t seed);

}  // namespace trifecta::bench
