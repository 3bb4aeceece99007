#include "daemon/replication/divergence.h"

namespace trifecta::replication {

bool Divergence::Differs(uint32_t partition, const std::string& root, const Digest& own,
                         const Digest& theirs) {
  auto at = shards_.find({partition, root});
  if (at == shards_.end()) {
    if (shards_.size() >= kRememberedShardsMax) return false;
    at = shards_.emplace(std::pair(partition, root), Shard()).first;
  }
  Shard& shard = at->second;
  const bool quiet = shard.times > 0 && (shard.own == own || shard.theirs == theirs);
  shard.own = own;
  shard.theirs = theirs;
  shard.exchange = exchange_;
  return ++shard.times >= kBusyTimes || quiet || shard.put_off;
}

void Divergence::Compared(uint32_t partition) {
  auto at = shards_.lower_bound({partition, std::string()});
  while (at != shards_.end() && at->first.first == partition) {
    at = at->second.exchange == exchange_ ? std::next(at) : shards_.erase(at);
  }
}

std::string Divergence::PutOffAt(uint32_t partition, const std::string& root) const {
  const auto at = shards_.find({partition, root});
  return at == shards_.end() ? std::string() : at->second.put_off_at;
}

void Divergence::PutOff(uint32_t partition, const std::string& root, std::string where) {
  const auto at = shards_.find({partition, root});
  if (at == shards_.end()) return;
  at->second.put_off = true;
  at->second.put_off_at = std::move(where);
}

void Divergence::ListedUpTo(uint32_t next, bool put_off) {
  if (++times_listed_ < 2 || put_off) return;
  first_partition_ = next;
  times_listed_ = 0;
}

void Divergence::ListedAll() {
  first_partition_ = 0;
  times_listed_ = 0;
}

}  // namespace trifecta::replication
