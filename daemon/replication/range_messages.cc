#include "daemon/replication/range_messages.h"

#include <algorithm>

#include "daemon/replication/message_fields.h"
#include "storage/base/limits.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

// Two lengths.
constexpr size_t kBoundBytesMin = 2;
// Two counts and a sum.
constexpr size_t kDigestBytesMin = 2 + 8;

// Neighbouring bounds share most of their bytes.
void PutBound(std::string* to, std::string_view before, std::string_view bound) {
  const size_t limit = std::min(before.size(), bound.size());
  size_t shared = 0;
  while (shared < limit && before[shared] == bound[shared]) ++shared;
  PutVarint(to, shared);
  PutBytes(to, bound.substr(shared));
}

std::string ReadBound(FieldReader* from, std::string_view before) {
  std::string bound(before.substr(0, from->Number(before.size(), "a bound shares too much")));
  bound +=
      from->Bytes(kWordBytesMax - std::min(bound.size(), kWordBytesMax), "a bound is too long");
  return bound;
}

// Only the last may be "", the shard's end.
std::vector<std::string> ReadEnds(FieldReader* from, std::string_view low) {
  const uint64_t count = from->Count(kRangesMax, kBoundBytesMin, "too many ranges");
  if (count == 0) from->Fail("it has no range");
  std::vector<std::string> ends;
  ends.reserve(count);
  std::string_view before = low;
  for (uint64_t i = 0; i < count && from->ok(); ++i) {
    ends.push_back(ReadBound(from, before));
    const bool shard_end = ends.back().empty() && i + 1 == count;
    if (!shard_end && ends.back() <= before) from->Fail("ranges do not ascend");
    before = ends.back();
  }
  return ends;
}

}  // namespace

std::string Encode(const RangesRequest& request) {
  std::string bytes = BeginRequest(RequestKind::kRanges);
  PutFences(&bytes, {&request.fence, 1});
  PutBytes(&bytes, request.root);
  PutBytes(&bytes, request.low);
  PutVarint(&bytes, request.ends.size());
  std::string_view before = request.low;
  for (const std::string& end : request.ends) {
    PutBound(&bytes, before, end);
    before = end;
  }
  return bytes;
}

Status Decode(std::string_view bytes, RangesRequest* request) {
  FieldReader from = ReadRequest(RequestKind::kRanges, bytes);
  if (from.Varint() != 1) from.Fail("not one fence");
  request->fence = from.Fence();
  request->root = from.Prefix();
  request->low = from.Bytes(kWordBytesMax, "a bound is too long");
  request->ends = ReadEnds(&from, request->low);
  return from.End();
}

std::string Encode(const ReplyHead& head, const RangesReply& reply) {
  std::string bytes = BeginReply(head);
  PutFixed(&bytes, static_cast<uint8_t>(reply.cut));
  PutVarint(&bytes, reply.digests.size());
  for (const Digest& digest : reply.digests) PutDigest(&bytes, digest);
  return bytes;
}

Status Decode(std::string_view bytes, ReplyHead* head, RangesReply* reply) {
  FieldReader from = ReadReplyHead(bytes, head);
  if (!from.ok() || head->refusal != Refusal::kNone) return from.End();
  reply->cut = from.Bool();
  reply->digests.resize(from.Count(kRangesMax, kDigestBytesMin, "too many ranges"));
  if (reply->digests.empty()) from.Fail("digests of no range");
  for (Digest& digest : reply->digests) digest = from.ReadDigest();
  return from.End();
}

}  // namespace trifecta::replication
