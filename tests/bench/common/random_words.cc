#include "tests/bench/common/random_words.h"

#include <array>
#include <string_view>

namespace trifecta::bench {
namespace {

constexpr std::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr uint64_t kHosts = 20'000;
constexpr uint64_t kSectionsOfHost = 40;

constexpr std::array<std::string_view, 32> kSyllables = {
    "al",  "ber", "can", "dor", "el",  "fin", "gra", "hol", "in",  "jet", "kar",
    "lun", "mar", "nor", "ost", "pra", "qui", "ran", "sol", "tri", "ul",  "ver",
    "win", "xan", "yel", "zor", "ta",  "mi",  "lo",  "ne",  "ka",  "ru"};
constexpr std::array<std::string_view, 8> kEndings = {".com", ".org", ".net",   ".de",
                                                      ".fr",  ".io",  ".co.uk", ".com"};

// `count` syllables chosen by the bits of a number.
void AppendName(uint64_t bits, int count, std::string* word) {
  for (int i = 0; i < count; ++i, bits >>= 5) word->append(kSyllables[bits % 32]);
}

void AppendDigits(uint64_t number, std::string* word) {
  do {
    word->push_back(kDigits[number % 62]);
    number /= 62;
  } while (number != 0);
}

}  // namespace

uint64_t Scatter(uint64_t number) {
  number += 0x9E3779B97F4A7C15;
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
  return number ^ (number >> 31);
}

void RandomCode(uint64_t number, std::string* word) {
  word->clear();
  uint64_t bits = Scatter(number);
  for (int i = 0; i < 11; ++i, bits /= 62) word->push_back(kDigits[bits % 62]);  // 62^11 > 2^64
}

void RandomUrl(uint64_t number, std::string* word) {
  const uint64_t bits = Scatter(number);
  // The product of two even draws: half of all words are of the first sixth of the hosts.
  const uint64_t host = Scatter((bits & 0xFFFF) * ((bits >> 16) & 0xFFFF) * kHosts >> 32);
  word->assign("https://www.");
  AppendName(host, 2 + static_cast<int>(host >> 62), word);
  word->append(kEndings[host >> 40 & 7]).append("/");
  AppendName(Scatter(host + (bits >> 32) % kSectionsOfHost), 3, word);
  word->append("/");
  AppendName(bits >> 38, 2, word);
  word->append("-");
  AppendName(bits >> 48, 3, word);
  word->append("-");
  AppendDigits(number, word);
}

}  // namespace trifecta::bench
