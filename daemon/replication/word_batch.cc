#include "daemon/replication/word_batch.h"

#include <bit>

#include "storage/base/hash.h"

namespace trifecta::replication {

WordBatch::WordBatch(std::span<const std::string_view> words) {
  size_t bytes = 0;
  for (const std::string_view word : words) bytes += word.size();
  bytes_.reserve(bytes);
  ends_.reserve(words.size());
  // Open addressing, half full at most: each place holds a word's number plus 1, or 0.
  const size_t places = std::bit_ceil(2 * words.size() + 1);
  std::vector<uint32_t> table(places);
  for (const std::string_view given : words) {
    size_t at = HashBytes(given) & (places - 1);
    while (table[at] != 0 && word(table[at] - 1) != given) at = (at + 1) & (places - 1);
    if (table[at] != 0) {
      ++repeated_;
      continue;
    }
    bytes_.append(given);
    ends_.push_back(static_cast<uint32_t>(bytes_.size()));
    table[at] = static_cast<uint32_t>(ends_.size());
  }
}

}  // namespace trifecta::replication
