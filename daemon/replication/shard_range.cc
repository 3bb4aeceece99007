#include "daemon/replication/shard_range.h"

#include <utility>

#include "daemon/replication/digest_table.h"
#include "daemon/replication/replica_scan.h"

namespace trifecta::replication {
Status ReadRange(const storage::Store& store, unsigned k_factor, const ShardRange& range,
                 size_t limit, storage::Page* page, bool* end) {
  ScanRequest request;
  request.prefix = range.root;
  request.after = range.low;
  request.limit = static_cast<uint32_t>(limit);
  request.one_shard = true;
  ScanReply reply;
  TRIFECTA_RETURN_IF_ERROR(Scan(store, k_factor, request, &reply));
  *end = reply.end;
  const storage::Page& read = reply.page;
  if (read.empty() || IsUpTo(read.word(read.size() - 1), range.high)) {
    *page = std::move(reply.page);
    return Status::Ok();
  }
  *end = true;
  page->Clear();
  for (size_t i = 0; read.word(i) <= range.high; ++i) {
    page->Add(read.word(i), read.version(i), read.tombstone(i));
  }
  return Status::Ok();
}

void AddEntry(std::string_view word, Version version, bool tombstone, Digest* to) {
  ++to->entries;
  if (!tombstone) ++to->live;
  to->sum += EntryHash(word, version, tombstone);
}

}  // namespace trifecta::replication
