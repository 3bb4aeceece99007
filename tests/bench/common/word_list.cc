#include "tests/bench/common/word_list.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <random>

#include "storage/base/limits.h"
#include "tests/bench/common/die.h"

namespace trifecta::bench {
namespace {

// Every k-th word, so that no more than `words_max` are left.
void Thin(std::vector<std::string_view>* words, size_t words_max) {
  const size_t all = words->size();
  for (size_t i = 0; i < words_max; ++i) (*words)[i] = (*words)[i * all / words_max];
  words->resize(words_max);
}

void CheckOrder(const std::vector<std::string_view>& words, const std::string& path) {
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i - 1] >= words[i]) {
      Die(path + ":" + std::to_string(i + 1) + ": not sorted by bytes; try LC_ALL=C sort -u");
    }
  }
}

// The end of a prefix of about half a word, between characters.
size_t HalfOf(std::string_view word) {
  size_t end = (word.size() + 1) / 2;
  while (end < word.size() && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) ++end;
  return end;
}

}  // namespace

WordList::WordList(const std::string& path, size_t words_max) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) Die(path + ": " + std::strerror(errno));
  length_ = static_cast<size_t>(status.st_size);
  if (length_ == 0) Die(path + " is empty");
  void* data = mmap(nullptr, length_, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (data == MAP_FAILED) Die(path + ": " + std::strerror(errno));
  close(fd);
  data_ = static_cast<const char*>(data);
  const std::string_view text(data_, length_);
  for (size_t begin = 0; begin < length_;) {
    const size_t end = std::min(text.find('\n', begin), length_);
    if (end > begin && end - begin <= kWordBytesMax) {
      words_.push_back(text.substr(begin, end - begin));
    }
    begin = end + 1;
  }
  CheckOrder(words_, path);
  if (words_max != 0 && words_max < words_.size()) Thin(&words_, words_max);
}

WordList::~WordList() { munmap(const_cast<char*>(data_), length_); }

uint64_t WordList::bytes() const {
  return std::accumulate(words_.begin(), words_.end(), uint64_t{0},
                         [](uint64_t sum, std::string_view word) { return sum + word.size(); });
}

bool WordList::Contains(std::string_view word) const {
  return std::binary_search(words_.begin(), words_.end(), word);
}

std::string DataSetFile(const std::string& name, size_t count) {
  if (name != "words" && name != "paths" && name != "urls" && name != "codes") return name;
  std::string command = TRIFECTA_SOURCE "/tests/bench/datasets.sh " + name;
  if (count != 0 && name != "words") command += " " + std::to_string(count);
  FILE* output = popen(command.c_str(), "r");
  char line[4096] = "";
  const bool read = output != nullptr && std::fgets(line, sizeof line, output) != nullptr;
  if (output == nullptr || pclose(output) != 0 || !read) Die(command + " failed");
  return std::string(line, std::strcspn(line, "\n"));
}

void PackedWords::Add(std::string_view word) {
  bytes_.append(word);
  ends_.push_back(bytes_.size());
}

void PackedWords::Clear() {
  bytes_.clear();
  ends_.clear();
}

std::vector<std::string_view> PackedWords::Slice(size_t begin, size_t count) const {
  std::vector<std::string_view> words;
  const size_t end = std::min(begin + count, size());
  for (size_t i = begin; i < end; ++i) words.push_back((*this)[i]);
  return words;
}

Queries DrawQueries(const WordList& list, size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto any = [&] { return list.words()[random() % list.size()]; };
  Queries queries;
  for (size_t i = 0; i < count; ++i) {
    queries.hits.Add(any());
    const std::string_view word = any();
    queries.prefixes.Add(word.substr(0, HalfOf(word)));
    std::string miss;
    do {
      miss = any();
      while ((static_cast<unsigned char>(miss.back()) & 0xC0) == 0x80) miss.pop_back();
      miss.back() = static_cast<char>('!' + random() % 94);  // printable ASCII
    } while (list.Contains(miss));
    queries.misses.Add(miss);
  }
  return queries;
}

PackedWords Shuffled(const WordList& list, uint64_t seed) {
  std::vector<std::string_view> words = list.words();
  std::shuffle(words.begin(), words.end(), std::mt19937_64(seed));
  PackedWords shuffled;
  for (const std::string_view word : words) shuffled.Add(word);
  return shuffled;
}

}  // namespace trifecta::bench
