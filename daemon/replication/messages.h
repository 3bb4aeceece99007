// What coordinators ask of replicas, and what those answer; the bytes are described in
// net/PROTOCOL.md, "Replicas". One request and one reply is one item of the transport
// (net/peer_transport.h), kind kReplica.
//
// Every request about words carries a fence for each partition it concerns: the epoch at which the
// partition last changed, as the coordinator's ring document has it. A replica serves it only if
// its own document says the same (net/preference.h, CompareFence).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/node.h"
#include "net/peer_envelope.h"
#include "net/ring.h"
#include "storage/base/entry.h"
#include "storage/base/status.h"
#include "storage/store.h"

namespace trifecta::replication {

// Longer ones are refused: an item of the transport holds no more. Who sends entries or a page
// stops before it (10,000 entries of the longest words are more).
inline constexpr size_t kRequestBytesMax = net::kPeerItemBytesMax;
inline constexpr size_t kReplyBytesMax = net::kPeerAnswerItemBytesMax;
// Shards of one ShardsReply: 100 KB or so.
inline constexpr size_t kShardsReplyMax = 4096;
// A sentence of a reply; what is longer is cut.
inline constexpr size_t kReplyTextBytesMax = 512;

// DO NOT CHANGE the numbers: they are in messages. Only add.
enum class RequestKind : uint8_t {
  kWrite = 1,   // store entries
  kLookup = 2,  // the entry of one word
  kScan = 3,    // entries in order, tombstones too
  kCount = 4,   // digests and live words by shard
  kStamp = 5,   // a version of the receiver's clock
  kDigest = 6,  // digests by partition (anti-entropy)
  kShards = 7,  // the shards of one partition, with their digests
  kStatus = 8,  // what cluster-status shows of a node
  kRanges = 9,  // digests of ranges of a shard (daemon/replication/range_messages.h)
};
inline constexpr RequestKind kLastRequestKind = RequestKind::kRanges;

struct PartitionFence {
  uint32_t partition = 0;
  net::Epoch changed = 0;

  bool operator==(const PartitionFence&) const = default;
};

struct WriteRequest {
  std::vector<PartitionFence> fences;  // of all partitions that the entries are in
  // Not zero: a stream of the ring operation that began with this epoch; refused when that is not
  // the operation under way.
  net::Epoch session = 0;
  std::vector<Entry> entries;  // words not owned
};

// One for each entry of a WriteRequest, in order.
struct WriteReply {
  std::vector<storage::WriteOutcome> outcomes;
};

struct LookupRequest {
  PartitionFence fence;
  std::string_view word;
};
// The reply is a storage::Lookup.

struct ScanRequest {
  std::vector<PartitionFence> fences;  // of those that this replica is to answer for
  std::string_view prefix;
  std::string_view after;  // beyond it in `order`; empty: from the start
  uint32_t limit = 10;     // entries, tombstones counted; at most kPageEntriesMax
  storage::Order order = storage::Order::kAscending;
  // Only entries of one shard: that with the root `prefix` or, where the prefix has fewer than
  // k_factor characters, those of the shard "" that begin with it.
  bool one_shard = false;
};
// The entries, and whether they end what there is; if not, the last of them is as far as was
// scanned.
struct ScanReply {
  storage::Page page;
  bool end = false;
};

// The sum of a set of entries, by which replicas compare what they hold: equal sets have equal
// digests, and different ones have not but by a chance of 2^-64 or so.
struct Digest {
  uint64_t entries = 0;  // tombstones too
  uint64_t live = 0;
  uint64_t sum = 0;  // of EntryHash, modulo 2^64

  bool operator==(const Digest&) const = default;
};

struct ShardDigest {
  std::string root;
  Digest digest;
};

struct CountRequest {
  std::vector<PartitionFence> fences;
  std::string_view prefix;
};
// For a prefix of fewer than k_factor characters, or exactly as many: the digest of each shard of
// the fenced partitions whose root begins with it; and, where the prefix is shorter, of the words
// of the shard "" that begin with it. For a longer prefix: one, under the root that its words are
// in, with that shard's digest but `live` counting only words that begin with the prefix.
struct CountReply {
  std::vector<ShardDigest> shards;  // ascending by root
};

struct StampRequest {
  Version after;  // the version given is greater than this one
};
struct StampReply {
  Version version;
};

struct DigestRequest {
  std::vector<PartitionFence> fences;
};
struct DigestReply {
  std::vector<Digest> digests;  // one for each fence, in order
};

struct ShardsRequest {
  PartitionFence fence;
  std::string_view after;  // roots above it; one reply has a bounded number of them
  bool first = true;       // from the first root on, which may be ""
};
struct ShardsReply {
  std::vector<ShardDigest> shards;  // ascending by root
  bool end = false;
};

// What a node knows of itself.
struct StatusReply {
  uint64_t words = 0;
  uint64_t bytes = 0;
  uint64_t shards = 0;
  uint64_t hints = 0;
  uint64_t ring_epoch = 0;
  uint64_t uptime_seconds = 0;
  uint64_t started_streams = 0;  // partitions it has still to fetch
  bool reads = true;
  bool writes = true;
  std::string message;  // "up", or what is wrong
  std::string version;  // of the program
};

// Requests. A decoder gives kDataDamaged for what is no such request and kInvalidArgument for a
// version or kind that this program does not know. Views point into the bytes.
Result<RequestKind> KindOf(std::string_view request);
std::string Encode(const WriteRequest& request);
std::string Encode(const LookupRequest& request);
std::string Encode(const ScanRequest& request);
std::string Encode(const CountRequest& request);
std::string Encode(const StampRequest& request);
std::string Encode(const DigestRequest& request);
std::string Encode(const ShardsRequest& request);
std::string EncodeStatusRequest();
Status Decode(std::string_view bytes, WriteRequest* request);
Status Decode(std::string_view bytes, LookupRequest* request);
Status Decode(std::string_view bytes, ScanRequest* request);
Status Decode(std::string_view bytes, CountRequest* request);
Status Decode(std::string_view bytes, StampRequest* request);
Status Decode(std::string_view bytes, DigestRequest* request);
Status Decode(std::string_view bytes, ShardsRequest* request);

// Why a replica did not do what it was asked.
enum class Refusal : uint8_t {
  kNone = 0,
  kStale = 1,     // the coordinator's ring document is older than `epoch`: fetch it
  kBehind = 2,    // this replica's is older than the request's, and it could not fetch it in time
  kNotOwner = 3,  // equal fences, but not an owner: a defect of the coordinator
  kDiskFull = 4,  // nothing was stored
  kDamaged = 5,   // this part of the replica's data cannot be read
  kUnavailable = 6,  // starting, stopping, rebuilding or too busy
  kClosed = 7,       // the stream's session is not the one under way
  kFailed = 8,       // anything else
};

// Every reply begins with one of these.
struct ReplyHead {
  Refusal refusal = Refusal::kNone;
  net::Epoch epoch = 0;  // of the replica's ring document
  std::string text;      // a sentence; empty when there is no refusal
};

std::string EncodeRefusal(const ReplyHead& head);
// Of any reply. kDataDamaged for what is none.
Result<Refusal> RefusalOf(std::string_view reply);
std::string Encode(const ReplyHead& head, const WriteReply& reply);
std::string Encode(const ReplyHead& head, const storage::Lookup& reply);
std::string Encode(const ReplyHead& head, const ScanReply& reply);
std::string Encode(const ReplyHead& head, const CountReply& reply);
std::string Encode(const ReplyHead& head, const StampReply& reply);
std::string Encode(const ReplyHead& head, const DigestReply& reply);
std::string Encode(const ReplyHead& head, const ShardsReply& reply);
std::string Encode(const ReplyHead& head, const StatusReply& reply);
// Fills `reply` only when head->refusal is kNone. kDataDamaged for what is no such reply.
Status Decode(std::string_view bytes, ReplyHead* head, WriteReply* reply);
Status Decode(std::string_view bytes, ReplyHead* head, storage::Lookup* reply);
Status Decode(std::string_view bytes, ReplyHead* head, ScanReply* reply);
Status Decode(std::string_view bytes, ReplyHead* head, CountReply* reply);
Status Decode(std::string_view bytes, ReplyHead* head, StampReply* reply);
Status Decode(std::string_view bytes, ReplyHead* head, DigestReply* reply);
Status Decode(std::string_view bytes, ReplyHead* head, ShardsReply* reply);
Status Decode(std::string_view bytes, ReplyHead* head, StatusReply* reply);

}  // namespace trifecta::replication
