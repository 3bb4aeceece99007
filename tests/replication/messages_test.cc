#include "daemon/replication/messages.h"

#include <algorithm>

#include "storage/base/limits.h"
#include "storage/base/random.h"
#include "tests/replication/message_samples.h"
#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    if (hex[i] == ' ')
      --i;
    else
      bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// Whatever `bytes` is taken for; a request and a reply begin alike.
std::vector<Status> DecodeAsEverything(std::string_view bytes) {
  std::vector<Status> all;
  const auto request = [&](auto value) { all.push_back(Decode(bytes, &value)); };
  request(WriteRequest());
  request(LookupRequest());
  request(ScanRequest());
  request(CountRequest());
  request(StampRequest());
  request(DigestRequest());
  request(ShardsRequest());
  ReplyHead head;
  const auto reply = [&](auto value) { all.push_back(Decode(bytes, &head, &value)); };
  reply(WriteReply());
  reply(storage::Lookup());
  reply(ScanReply());
  reply(CountReply());
  reply(StampReply());
  reply(DigestReply());
  reply(ShardsReply());
  reply(StatusReply());
  return all;
}

template <typename Request>
std::string Again(const std::string& bytes) {
  Request request;
  const Status status = Decode(bytes, &request);
  INFO(status.ToString());
  REQUIRE(status.ok());
  return Encode(request);
}

template <typename Reply>
std::string AgainReply(const std::string& bytes) {
  ReplyHead head;
  Reply reply;
  const Status status = Decode(bytes, &head, &reply);
  INFO(status.ToString());
  REQUIRE(status.ok());
  return head.refusal == Refusal::kNone ? Encode(head, reply) : EncodeRefusal(head);
}

WriteRequest BulkRequest(std::vector<std::string>* words, size_t count) {
  for (size_t i = 0; i < count; ++i) words->push_back("word-" + std::to_string(i));
  WriteRequest request{{{3, 1}}, 0, {}};
  for (const std::string& word : *words) request.entries.push_back({word, kSampleVersion, false});
  return request;
}

}  // namespace

TEST_CASE("Every request is read as it was written, and says its kind") {
  const std::vector<std::string> all = SampleRequests();
  CHECK(Again<WriteRequest>(all[0]) == all[0]);
  CHECK(Again<LookupRequest>(all[1]) == all[1]);
  CHECK(Again<ScanRequest>(all[2]) == all[2]);
  CHECK(Again<CountRequest>(all[3]) == all[3]);
  CHECK(Again<StampRequest>(all[4]) == all[4]);
  CHECK(Again<DigestRequest>(all[5]) == all[5]);
  CHECK(Again<ShardsRequest>(all[6]) == all[6]);
  for (size_t i = 0; i < all.size(); ++i) {
    const auto kind = KindOf(all[i]);
    REQUIRE(kind.ok());
    CHECK(static_cast<size_t>(*kind) == i + 1);
  }
}

TEST_CASE("A write request keeps its entries' words, versions and tombstones") {
  const std::string bytes = SampleRequests()[0];
  WriteRequest request;
  REQUIRE(Decode(bytes, &request).ok());
  CHECK(request.session == 7);
  CHECK(request.fences == std::vector<PartitionFence>{{253, 300}, {5, 1}});
  REQUIRE(request.entries.size() == 3);
  CHECK(request.entries[1].word == "tribe");
  CHECK(request.entries[1].version == kSampleVersion);
  CHECK(request.entries[1].tombstone);
  CHECK(request.entries[2].version == kOtherVersion);
  CHECK_FALSE(request.entries[2].tombstone);
}

TEST_CASE("Every reply is read as it was written") {
  const std::vector<std::string> all = SampleReplies();
  CHECK(AgainReply<WriteReply>(all[0]) == all[0]);
  CHECK(AgainReply<StampReply>(all[0]) == all[0]);
  CHECK(AgainReply<WriteReply>(all[1]) == all[1]);
  CHECK(AgainReply<storage::Lookup>(all[2]) == all[2]);
  CHECK(AgainReply<ScanReply>(all[3]) == all[3]);
  CHECK(AgainReply<CountReply>(all[4]) == all[4]);
  CHECK(AgainReply<StampReply>(all[5]) == all[5]);
  CHECK(AgainReply<DigestReply>(all[6]) == all[6]);
  CHECK(AgainReply<ShardsReply>(all[7]) == all[7]);
  CHECK(AgainReply<StatusReply>(all[8]) == all[8]);
}

TEST_CASE("Outcomes keep what they say of the version before and the newest") {
  ReplyHead head;
  WriteReply reply;
  REQUIRE(Decode(SampleReplies()[1], &head, &reply).ok());
  REQUIRE(reply.outcomes.size() == 4);
  CHECK(reply.outcomes[0].before == Version());
  CHECK(reply.outcomes[1].before == kOtherVersion);
  CHECK(reply.outcomes[1].existed);
  CHECK(reply.outcomes[2].newest == kOtherVersion);
  CHECK_FALSE(reply.outcomes[2].applied);
  CHECK(reply.outcomes[3].before == Version());
  CHECK(reply.outcomes[3].newest == kSampleVersion);
}

TEST_CASE("The bytes are those of the examples in net/PROTOCOL.md") {
  WriteRequest write{{{253, 300}}, 0, {}};
  write.entries = {{"trial", kSampleVersion, false}, {"tribe", kSampleVersion, true}};
  CHECK(Encode(write) == FromHex("01 01 01 fd01 ac02 00 02 16 00000068e5cf8b01 0100 747269616c"
                                 "15 7472696265"));
  WriteReply reply;
  reply.outcomes = {{false, true, kSampleVersion, {}}, {false, true, kSampleVersion, {1, 2}}};
  CHECK(Encode({Refusal::kNone, 300, ""}, reply) ==
        FromHex("01 00 ac02 02 06 00000068e5cf8b01 0100 1a 0100000000000000 0200"));
  CHECK(EncodeRefusal({Refusal::kBehind, 299, "no"}) == FromHex("01 02 ab02 02 6e6f"));
}

TEST_CASE("A bulk load costs a byte an entry besides its words, and a byte an outcome") {
  std::vector<std::string> words;
  const WriteRequest request = BulkRequest(&words, 10'000);
  size_t bytes = 0;
  for (const std::string& word : words) bytes += word.size();
  CHECK(Encode(request).size() < bytes + 10'000 + 32);
  WriteReply reply;
  reply.outcomes.assign(10'000, {false, true, kSampleVersion, {}});
  CHECK(Encode({}, reply).size() < 10'000 + 32);
}

TEST_CASE("A reply keeps the longest page of words, which share what they begin with") {
  ScanReply reply;
  std::string word(kWordBytesMax - 6, 'w');
  for (size_t i = 0; i < kPageEntriesMax; ++i) {
    reply.page.Add(word + std::to_string(100'000 + i), {1 + i, 1}, i % 2 == 0);
  }
  const std::string bytes = Encode({}, reply);
  CHECK(bytes.size() < kPageEntriesMax * 20);
  CHECK(AgainReply<ScanReply>(bytes) == bytes);
}

TEST_CASE("A message that is cut off, or goes on after its end, is refused") {
  const auto refused = [](const std::string& whole, auto decode) {
    for (size_t size = 0; size < whole.size(); ++size) {
      INFO(size);
      CHECK(decode(whole.substr(0, size)).code() == StatusCode::kDataDamaged);
    }
    CHECK(decode(whole + '\0').code() == StatusCode::kDataDamaged);
  };
  ReplyHead head;
  refused(SampleRequests()[0], [](const std::string& bytes) {
    WriteRequest request;
    return Decode(bytes, &request);
  });
  refused(SampleRequests()[2], [](const std::string& bytes) {
    ScanRequest request;
    return Decode(bytes, &request);
  });
  refused(SampleReplies()[1], [&](const std::string& bytes) {
    WriteReply reply;
    return Decode(bytes, &head, &reply);
  });
  refused(SampleReplies()[4], [&](const std::string& bytes) {
    CountReply reply;
    return Decode(bytes, &head, &reply);
  });
}

TEST_CASE("A later version may say more of its status") {
  ReplyHead head;
  StatusReply reply;
  REQUIRE(Decode(SampleReplies()[8] + "more", &head, &reply).ok());
  CHECK(reply.version == "0.1.0");
}

TEST_CASE("Requests that break a rule are refused") {
  const auto refused = [](const auto& request) {
    const std::string bytes = Encode(request);
    std::decay_t<decltype(request)> read;
    return Decode(bytes, &read).code() == StatusCode::kDataDamaged;
  };
  const Entry entry{"word", kSampleVersion, false};
  CHECK_FALSE(refused(WriteRequest{{{3, 1}}, 0, {entry}}));
  CHECK(refused(WriteRequest{{}, 0, {entry}}));
  CHECK(refused(WriteRequest{{{net::kPartitionsMax, 1}}, 0, {entry}}));
  CHECK(refused(WriteRequest{{{3, 1}}, 0, {}}));
  CHECK(refused(WriteRequest{{{3, 1}}, 0, {{"word", {}, false}}}));
  CHECK(refused(WriteRequest{{{3, 1}}, 0, {{"", kSampleVersion, false}}}));
  CHECK(refused(WriteRequest{{{3, 1}}, 0, {{"a\x01", kSampleVersion, false}}}));
  CHECK(refused(WriteRequest{{{3, 1}}, 0, {{"\xff", kSampleVersion, false}}}));
  CHECK(refused(WriteRequest{{{3, 1}}, 0, std::vector<Entry>(kWriteEntriesMax + 1, entry)}));
  CHECK(refused(ScanRequest{{{3, 1}}, "", "", kPageEntriesMax + 1}));
  CHECK(refused(ScanRequest{{{3, 1}}, "", "", 0}));
  CHECK(refused(CountRequest{{{3, net::kEpochMax + 1}}, ""}));
  CHECK(refused(LookupRequest{{3, 1}, ""}));
}

TEST_CASE("Replies that contradict themselves are refused") {
  ReplyHead head;
  CountReply count;
  const Digest digest{3, 2, 1};
  CHECK_FALSE(Decode(Encode(head, CountReply{{{"b", digest}, {"a", digest}}}), &head, &count).ok());
  CHECK_FALSE(Decode(Encode(head, CountReply{{{"b", {1, 2, 3}}}}), &head, &count).ok());
  ScanReply scan;
  CHECK_FALSE(Decode(Encode(head, ScanReply()), &head, &scan).ok());
}

TEST_CASE("A kind or version of a later program is told from damage") {
  CHECK(KindOf("").status().code() == StatusCode::kDataDamaged);
  CHECK(KindOf(std::string(2, '\0')).status().code() == StatusCode::kDataDamaged);
  CHECK(KindOf("\x01\x63").status().code() == StatusCode::kInvalidArgument);
  CHECK(KindOf("\x02\x01").status().code() == StatusCode::kInvalidArgument);
}

TEST_CASE("A refusal of a later program counts as failed, and its text is always fit to be shown") {
  ReplyHead head;
  WriteReply reply;
  std::string bytes = EncodeRefusal({Refusal::kStale, 9, "tab\tand \xff"});
  REQUIRE(Decode(bytes, &head, &reply).ok());
  CHECK(head.text == "tab?and ?");
  CHECK(head.epoch == 9);
  bytes[1] = 99;
  REQUIRE(Decode(bytes, &head, &reply).ok());
  CHECK(head.refusal == Refusal::kFailed);
  REQUIRE(
      Decode(EncodeRefusal({Refusal::kFailed, 1, std::string(9'999, 'x')}), &head, &reply).ok());
  CHECK(head.text.size() == kReplyTextBytesMax);
}

TEST_CASE("Damaged messages are refused or read as something else, never more") {
  std::vector<std::string> all = SampleRequests();
  const std::vector<std::string> replies = SampleReplies();
  all.insert(all.end(), replies.begin(), replies.end());
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    for (std::string bytes : all) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
      for (const Status& status : DecodeAsEverything(bytes)) {
        CHECK((status.ok() || status.code() == StatusCode::kDataDamaged));
      }
    }
  }
}

}  // namespace trifecta::replication
