// One of each request and reply, with every field set that it has: for tests and fuzzing.
#pragma once

#include <string>
#include <vector>

#include "daemon/replication/messages.h"

namespace trifecta::replication {

inline constexpr Version kSampleVersion{0x018bcfe568000000, 1};
inline constexpr Version kOtherVersion{0x018bcfe568000001, 2};

inline std::vector<std::string> SampleRequests() {
  const PartitionFence fence{253, 300};
  WriteRequest write{{fence, {5, 1}}, 7, {}};
  write.entries = {{"trial", kSampleVersion, false},
                   {"tribe", kSampleVersion, true},
                   {"\xc3\xa4", kOtherVersion, false}};
  ScanRequest scan{{fence}, "tri", "trial", 10, storage::Order::kDescending, true};
  return {Encode(write),
          Encode(LookupRequest{fence, "trial"}),
          Encode(scan),
          Encode(CountRequest{{fence}, "tri"}),
          Encode(StampRequest{kSampleVersion}),
          Encode(DigestRequest{{fence, {0, 1}}}),
          Encode(ShardsRequest{fence, "tr", false}),
          EncodeStatusRequest()};
}

inline std::vector<std::string> SampleReplies() {
  const ReplyHead head{Refusal::kNone, 300, ""};
  const Digest digest{3, 2, 0x0123456789abcdef};
  WriteReply write;
  write.outcomes = {{false, true, kSampleVersion, {}},
                    {true, true, kSampleVersion, kOtherVersion},
                    {true, false, kOtherVersion, kOtherVersion},
                    {false, true, kSampleVersion, {}}};
  ScanReply scan;
  scan.page.Add("trial", kSampleVersion, false);
  scan.page.Add("triathlon", kSampleVersion, true);
  scan.end = true;
  StatusReply status{1, 2, 3, 4, 5, 6, 7, true, false, "up", "0.1.0"};
  return {EncodeRefusal({Refusal::kStale, 301, "the ring has changed"}),
          Encode(head, write),
          Encode(head, storage::Lookup{true, true, kSampleVersion}),
          Encode(head, scan),
          Encode(head, CountReply{{{"", digest}, {"tr", digest}}}),
          Encode(head, StampReply{kSampleVersion}),
          Encode(head, DigestReply{{digest, {}}}),
          Encode(head, ShardsReply{{{"tr", digest}}, false}),
          Encode(head, status)};
}

}  // namespace trifecta::replication
