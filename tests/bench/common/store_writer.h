// Words into a store, each batch stamped with a version of its own, as the daemon stamps requests.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/store.h"

namespace trifecta::bench {

// A store in a folder, opened; dies when it cannot be.
std::unique_ptr<storage::Store> OpenStore(const std::string& folder,
                                          storage::StoreOptions options = {});

// One thread at a time; writers of one store have different node numbers.
class StoreWriter {
 public:
  StoreWriter(storage::Store* store, uint16_t node) : store_(store), last_{0, node} {}

  // Durable when they return.
  void Add(std::span<const std::string_view> words) { Write(words, false); }
  void Delete(std::span<const std::string_view> words) { Write(words, true); }

 private:
  void Write(std::span<const std::string_view> words, bool tombstone);

  storage::Store* store_;
  Version last_;
  std::vector<Entry> entries_;
  std::vector<storage::WriteOutcome> outcomes_;
};

// Adds all words of a list in batches, and checkpoints.
void LoadStore(storage::Store* store, std::span<const std::string_view> words);

}  // namespace trifecta::bench
