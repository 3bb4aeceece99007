#include "daemon/replication/digest_table.h"

#include <algorithm>
#include <cstring>

#include "net/preference.h"
#include "net/stable_hash.h"
#include "storage/base/uint128.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

// Entries read at a time while the table is filled: writes wait for some 50 us.
constexpr size_t kFillEntries = 1'000;

void Add(Digest* to, uint64_t hash, bool tombstone) {
  ++to->entries;
  to->live += tombstone ? 0 : 1;
  to->sum += hash;
}

void Subtract(Digest* from, uint64_t hash, bool tombstone) {
  --from->entries;
  from->live -= tombstone ? 0 : 1;
  from->sum -= hash;
}

}  // namespace

// In the manner of wyhash: multiply to 128 bits and fold, 8 bytes a step.
uint64_t EntryHash(std::string_view word, Version version, bool tombstone) {
  constexpr uint64_t kFirst = 0xa0761d6478bd642f, kSecond = 0xe7037ed1a0b428db;
  const auto fold = [](uint64_t a, uint64_t b) {
    const Uint128 product = static_cast<Uint128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  const char* at = word.data();
  size_t left = word.size();
  uint64_t hash = kFirst ^ left;
  uint64_t chunk;
  for (; left > 8; left -= 8, at += 8) {
    std::memcpy(&chunk, at, 8);
    hash = fold(chunk ^ kSecond, hash ^ kFirst);
  }
  chunk = 0;
  std::memcpy(&chunk, at, left);
  hash = fold(chunk ^ kSecond, hash ^ kFirst);
  hash = fold(version.time ^ kSecond, hash ^ kFirst);
  const uint64_t rest = uint64_t{version.node} << 1 | (tombstone ? 1 : 0);
  return net::StableMix(hash ^ net::StableMix(rest ^ kSecond));
}

DigestTable::DigestTable(unsigned k_factor, unsigned partitions)
    : k_factor_(k_factor),
      shards_of_(partitions),
      partitions_(partitions),
      counts_(partitions, Count::kNone) {}

DigestTable::Shards::value_type* DigestTable::ShardOf(std::string_view word) {
  const std::string_view root = ShardRoot(word, k_factor_);
  if (last_ != nullptr && last_->first == root) return last_;
  auto at = shards_.lower_bound(root);
  if (at == shards_.end() || at->first != root) {
    const auto partition = static_cast<uint32_t>(net::PartitionOf(root, partitions_.size()));
    at = shards_.emplace_hint(at, std::string(root), Shard{partition, {}});
    auto& list = shards_of_[partition];
    list.insert(
        std::lower_bound(list.begin(), list.end(), root,
                         [](const auto* shard, auto wanted) { return shard->first < wanted; }),
        &*at);
  }
  return last_ = &*at;
}

void DigestTable::Apply(const storage::AppliedEntry& entry) {
  Shard& shard = ShardOf(entry.word)->second;
  Digest& partition = partitions_[shard.partition];
  if (entry.known) {
    const uint64_t old = EntryHash(entry.word, entry.old_version, entry.old_tombstone);
    Subtract(&shard.digest, old, entry.old_tombstone);
    Subtract(&partition, old, entry.old_tombstone);
  }
  const uint64_t hash = EntryHash(entry.word, entry.version, entry.tombstone);
  Add(&shard.digest, hash, entry.tombstone);
  Add(&partition, hash, entry.tombstone);
}

void DigestTable::OnApplied(std::span<const storage::AppliedEntry> entries) {
  const std::lock_guard lock(mutex_);
  const bool all = ready();
  for (const storage::AppliedEntry& entry : entries) {
    if (all || Takes(entry)) Apply(entry);
  }
}

uint32_t DigestTable::PartitionOf(std::string_view word) const {
  return static_cast<uint32_t>(net::PartitionOf(ShardRoot(word, k_factor_), partitions_.size()));
}

bool DigestTable::Takes(const storage::AppliedEntry& entry) const {
  const Count count = counts_[PartitionOf(entry.word)];
  return count == Count::kDone || (count == Count::kRunning && entry.word <= filled_to_);
}

void DigestTable::BeginFill() {
  const std::lock_guard lock(mutex_);
  filled_to_.clear();
  for (uint32_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == Count::kDone) continue;
    Clear(i);  // what a Fill that stopped early has left
    counts_[i] = Count::kRunning;
  }
}

void DigestTable::EndFill() {
  std::replace(counts_.begin(), counts_.end(), Count::kRunning, Count::kDone);
  SetReady();
}

void DigestTable::SetReady() {
  const bool all = std::all_of(counts_.begin(), counts_.end(),
                               [](Count count) { return count == Count::kDone; });
  ready_.store(all, std::memory_order_release);
}

Result<bool> DigestTable::FillPage(const storage::Store& store, storage::Page* page) {
  Result<bool> last = false;
  store.BetweenWrites([&] {
    const Status status =
        store.Search({"", filled_to_, kFillEntries, storage::Order::kAscending, true}, page);
    if (!status.ok()) {
      last = status;
      return;
    }
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < page->size(); ++i) {
      if (counts_[PartitionOf(page->word(i))] != Count::kRunning) continue;
      Apply({page->word(i), false, {}, false, page->version(i), page->tombstone(i)});
    }
    last = page->size() < kFillEntries;
    if (!page->empty()) filled_to_ = page->word(page->size() - 1);
    if (*last) EndFill();
  });
  return last;
}

Status DigestTable::Fill(const storage::Store& store, const std::atomic<bool>& stop) {
  const std::lock_guard lock(fill_mutex_);
  BeginFill();
  storage::Page page;
  while (!stop) {
    const Result<bool> last = FillPage(store, &page);
    if (!last.ok()) return last.status();
    if (*last) break;
  }
  return Status::Ok();
}

Digest DigestTable::OfPartition(uint32_t partition) const {
  const std::lock_guard lock(mutex_);
  return partitions_[partition];
}

Digest DigestTable::OfShard(std::string_view root) const {
  const std::lock_guard lock(mutex_);
  const auto at = shards_.find(root);
  return at == shards_.end() ? Digest() : at->second.digest;
}

std::vector<ShardDigest> DigestTable::ShardsOf(uint32_t partition, std::string_view after,
                                               bool first, size_t limit) const {
  const std::lock_guard lock(mutex_);
  const auto& list = shards_of_[partition];
  auto at =
      first ? list.begin()
            : std::upper_bound(list.begin(), list.end(), after,
                               [](auto root, const auto* shard) { return root < shard->first; });
  std::vector<ShardDigest> shards;
  for (; at != list.end() && shards.size() < limit; ++at) {
    shards.push_back({(*at)->first, (*at)->second.digest});
  }
  return shards;
}

std::vector<ShardDigest> DigestTable::ShardsBelow(std::string_view prefix, size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<ShardDigest> shards;
  for (auto at = shards_.lower_bound(prefix);
       at != shards_.end() && at->first.starts_with(prefix) && shards.size() < limit; ++at) {
    shards.push_back({at->first, at->second.digest});
  }
  return shards;
}

size_t DigestTable::shards() const {
  const std::lock_guard lock(mutex_);
  return shards_.size();
}

uint64_t DigestTable::live() const {
  const std::lock_guard lock(mutex_);
  uint64_t live = 0;
  for (const Digest& partition : partitions_) live += partition.live;
  return live;
}

bool DigestTable::IsCounted(uint32_t partition) const {
  if (ready()) return true;
  const std::lock_guard lock(mutex_);
  return counts_[partition] == Count::kDone;
}

void DigestTable::Forget(std::span<const uint32_t> partitions) {
  const std::lock_guard lock(mutex_);
  for (const uint32_t partition : partitions) {
    Clear(partition);
    counts_[partition] = Count::kNone;
  }
  SetReady();
}

void DigestTable::Drop(uint32_t partition) {
  const std::lock_guard lock(mutex_);
  Clear(partition);
}

void DigestTable::Clear(uint32_t partition) {
  for (const auto* shard : shards_of_[partition]) shards_.erase(shards_.find(shard->first));
  shards_of_[partition].clear();
  partitions_[partition] = {};
  last_ = nullptr;
}

}  // namespace trifecta::replication
