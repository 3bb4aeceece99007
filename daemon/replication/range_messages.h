// Request kind kRanges: the digests of parts of one shard, by which two replicas find out where in
// it they differ. Bytes: net/PROTOCOL.md, "Anti-entropy".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/messages.h"
#include "storage/base/status.h"

namespace trifecta::replication {

// Ranges of one request. With as many entries each as are exchanged at once (kLeafEntriesMax in
// shard_repair.h) they cover 65,536 entries, which is 5 ms of reading and 6 KB of digests.
inline constexpr size_t kRangesMax = 256;

// Entries that a replica reads for one request: twice what the asker has in the ranges, at most. A
// peer that has more of them stops there, so that no request holds a worker for longer than 10 ms.
inline constexpr size_t kRangesEntriesMax = 2 * kRangesMax * 256;

struct RangesRequest {
  PartitionFence fence;
  std::string_view root;
  // Range i has the words above the end of range i - 1 and up to its own end; the first one begins
  // above `low`, or with the shard ("").
  std::string_view low;
  // Ascending and above `low`, 1 to kRangesMax; the last may be "": to the shard's end.
  std::vector<std::string> ends;
};

// The digests of the first ranges, in order: all of them, or as many as kRangesEntriesMax allows,
// but one at least.
struct RangesReply {
  std::vector<Digest> digests;
  // The last of them is of the beginning of its range only: there are more entries.
  bool cut = false;
};

std::string Encode(const RangesRequest& request);
Status Decode(std::string_view bytes, RangesRequest* request);
std::string Encode(const ReplyHead& head, const RangesReply& reply);
Status Decode(std::string_view bytes, ReplyHead* head, RangesReply* reply);

}  // namespace trifecta::replication
