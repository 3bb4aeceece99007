#include "tests/bench/common/store_writer.h"

#include <algorithm>
#include <chrono>

#include "tests/bench/common/die.h"

namespace trifecta::bench {
namespace {

constexpr size_t kBatchWords = 10'000;

uint64_t Now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return static_cast<uint64_t>(time) << 16;
}

}  // namespace

std::unique_ptr<storage::Store> OpenStore(const std::string& folder,
                                          storage::StoreOptions options) {
  options.folder = folder;
  return Must(storage::Store::Open(options));
}

void StoreWriter::Write(std::span<const std::string_view> words, bool tombstone) {
  last_.time = std::max(last_.time + 1, Now());
  entries_.clear();
  for (const std::string_view word : words) entries_.push_back({word, last_, tombstone});
  outcomes_.resize(entries_.size());
  Must(store_->Write(entries_, outcomes_));
}

void LoadStore(storage::Store* store, std::span<const std::string_view> words) {
  StoreWriter writer(store, 1);
  for (size_t begin = 0; begin < words.size(); begin += kBatchWords) {
    writer.Add(words.subspan(begin, std::min(kBatchWords, words.size() - begin)));
  }
  Must(store->Checkpoint());
}

}  // namespace trifecta::bench
