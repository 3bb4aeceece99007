#include "daemon/replication/range_server.h"

#include "daemon/replication/shard_range.h"

namespace trifecta::replication {
namespace {

// Entries of one page: little enough to stay in the cache.
constexpr size_t kPageEntries = 1024;

}  // namespace

Status DigestRanges(const storage::Store& store, unsigned k_factor, const RangesRequest& request,
                    RangesReply* reply) {
  *reply = {};
  storage::Page page;
  size_t read = 0;
  std::string low(request.low);
  bool end = false;
  reply->digests.emplace_back();
  while (!end) {
    const ShardRange rest{request.root, low, request.ends.back()};
    TRIFECTA_RETURN_IF_ERROR(ReadRange(store, k_factor, rest, kPageEntries, &page, &end));
    for (size_t i = 0; i < page.size(); ++i) {
      while (!IsUpTo(page.word(i), request.ends[reply->digests.size() - 1])) {
        reply->digests.emplace_back();
      }
      AddEntry(page.word(i), page.version(i), page.tombstone(i), &reply->digests.back());
    }
    read += page.size();
    if (!end && read >= kRangesEntriesMax) {
      // The last range may go on; what is before it is whole.
      reply->cut = reply->digests.size() == 1;
      if (!reply->cut) reply->digests.pop_back();
      return Status::Ok();
    }
    if (!end) low = page.word(page.size() - 1);
  }
  reply->digests.resize(request.ends.size());
  return Status::Ok();
}

}  // namespace trifecta::replication
