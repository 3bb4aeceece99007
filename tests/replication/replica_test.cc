#include "daemon/replication/replica.h"

#include <set>

#include "net/preference.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/base/word.h"
#include "tests/net/ring_samples.h"
#include "tests/replication/mini_cluster.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"

namespace trifecta::replication {
namespace {

using test::FakeStore;

// Node 1 of as many as hold every partition, and its store.
class Fixture {
 public:
  explicit Fixture(net::Ring ring = net::SampleRing(3)) : stamper_(1, 1'000) { Install(ring); }

  void Install(const net::Ring& ring) { ring_ = std::make_shared<const net::Ring>(ring); }
  void Fill() {
    store_.Observe(&digests_);
    const std::atomic<bool> stop = false;
    REQUIRE(digests_.Fill(store_, stop).ok());
  }

  std::vector<std::string> AnswerAll(const std::vector<std::string>& requests, uint16_t self = 1) {
    Replica::Parts parts;
    parts.store = &store_;
    parts.digests = &digests_;
    parts.stamper = &stamper_;
    parts.status = [] {
      StatusReply status;
      status.words = 7;
      return status;
    };
    Replica replica(std::move(parts));
    const std::vector<std::string_view> views(requests.begin(), requests.end());
    std::vector<std::string> replies;
    replica.Answer(ring_, self, views, &replies);
    REQUIRE(replies.size() == requests.size());
    return replies;
  }
  template <typename Reply>
  ReplyHead Ask(const std::string& request, Reply* reply, uint16_t self = 1) {
    return Read(AnswerAll({request}, self).front(), reply);
  }
  template <typename Reply>
  static ReplyHead Read(const std::string& bytes, Reply* reply) {
    ReplyHead head;
    REQUIRE(Decode(bytes, &head, reply).ok());
    return head;
  }

  PartitionFence FenceOf(std::string_view word) const {
    const auto partition = static_cast<uint32_t>(
        net::PartitionOf(ShardRoot(word, ring_->k_factor), ring_->partitions.size()));
    return {partition, ring_->partitions[partition].changed};
  }
  std::vector<PartitionFence> AllFences() const {
    std::vector<PartitionFence> fences;
    for (uint32_t i = 0; i < ring_->partitions.size(); ++i) {
      fences.push_back({i, ring_->partitions[i].changed});
    }
    return fences;
  }
  std::string WriteOf(std::string_view word, Version version, bool tombstone = false) const {
    WriteRequest request;
    request.fences = {FenceOf(word)};
    request.entries = {{word, version, tombstone}};
    return Encode(request);
  }

  net::RingPtr ring_;
  FakeStore store_;
  DigestTable digests_{2, 8};
  test::CountingStamper stamper_;
};

std::vector<std::string> WordsOf(const storage::Page& page) {
  std::vector<std::string> words;
  for (size_t i = 0; i < page.size(); ++i) words.emplace_back(page.word(i));
  return words;
}

}  // namespace

TEST_CASE("Writes that came together are stored as one, and each gets the outcomes of its own") {
  Fixture node;
  int writes = 0;
  node.store_.BeforeWrite([&] { ++writes; });
  WriteRequest two;
  two.fences = node.AllFences();
  two.entries = {{"trial", {2, 1}, false}, {"b", {3, 1}, true}};
  const std::vector<std::string> replies = node.AnswerAll(
      {node.WriteOf("trial", {1, 1}), Encode(LookupRequest{node.FenceOf("none"), "none"}),
       Encode(two), node.WriteOf("trial", {1, 1})});
  CHECK(writes == 1);
  WriteReply first, second, third;
  CHECK(Fixture::Read(replies[0], &first).refusal == Refusal::kNone);
  CHECK(Fixture::Read(replies[2], &second).refusal == Refusal::kNone);
  CHECK(Fixture::Read(replies[3], &third).refusal == Refusal::kNone);
  REQUIRE(first.outcomes.size() == 1);
  CHECK((first.outcomes[0].applied && !first.outcomes[0].existed));
  REQUIRE(second.outcomes.size() == 2);
  CHECK((second.outcomes[0].existed && second.outcomes[0].before == Version{1, 1}));
  CHECK((second.outcomes[1].applied && second.outcomes[1].newest == Version{3, 1}));
  REQUIRE(third.outcomes.size() == 1);
  CHECK((!third.outcomes[0].applied && third.outcomes[0].newest == Version{2, 1}));
  storage::Lookup none;
  CHECK(Fixture::Read(replies[1], &none).refusal == Refusal::kNone);
  CHECK_FALSE(none.known);
}

TEST_CASE("More entries than the store takes at once are stored in two writes") {
  Fixture node;
  int writes = 0;
  node.store_.BeforeWrite([&] { ++writes; });
  std::vector<std::string> words;
  for (size_t i = 0; i < kWriteEntriesMax; ++i) words.push_back(StrCat(i, "word"));
  WriteRequest request;
  request.fences = node.AllFences();
  for (const std::string& word : words) request.entries.push_back({word, {1, 1}, false});
  const std::vector<std::string> replies =
      node.AnswerAll({node.WriteOf("a", {1, 1}), Encode(request), node.WriteOf("b", {1, 1})});
  CHECK(writes == 3);
  WriteReply reply;
  CHECK(Fixture::Read(replies[1], &reply).refusal == Refusal::kNone);
  CHECK(reply.outcomes.size() == kWriteEntriesMax);
  CHECK(Fixture::Read(replies[2], &reply).refusal == Refusal::kNone);
}

TEST_CASE("A request of an older or a later ring is refused, with the replica's epoch") {
  net::Ring ring = net::SampleRing(3);
  Fixture node(ring);
  storage::Lookup lookup;
  LookupRequest request{node.FenceOf("trial"), "trial"};
  request.fence.changed -= 1;
  ReplyHead head = node.Ask(Encode(request), &lookup);
  CHECK(head.refusal == Refusal::kStale);
  CHECK(head.epoch == ring.epoch);
  CHECK_FALSE(head.text.empty());
  request.fence.changed += 2;
  CHECK(node.Ask(Encode(request), &lookup).refusal == Refusal::kBehind);
  request.fence.changed -= 1;
  CHECK(node.Ask(Encode(request), &lookup).refusal == Refusal::kNone);
  CHECK(node.Ask(Encode(request), &lookup, 9).refusal == Refusal::kNotOwner);
  request.fence.partition = 8;
  CHECK(node.Ask(Encode(request), &lookup).refusal == Refusal::kFailed);
}

TEST_CASE("One stale fence among many refuses the whole request") {
  Fixture node;
  WriteRequest request;
  request.fences = node.AllFences();
  request.fences.back().changed -= 1;
  request.entries = {{"trial", {1, 1}, false}};
  WriteReply reply;
  CHECK(node.Ask(Encode(request), &reply).refusal == Refusal::kStale);
  CHECK_FALSE(node.store_.Get("trial")->known);
}

TEST_CASE("Words of partitions that the request does not name are refused") {
  Fixture node;
  std::string other = "aa";
  while (node.FenceOf(other) == node.FenceOf("trial")) ++other[1];
  WriteRequest write;
  write.fences = {node.FenceOf("trial")};
  write.entries = {{"trial", {1, 1}, false}, {other, {1, 1}, false}};
  WriteReply written;
  CHECK(node.Ask(Encode(write), &written).refusal == Refusal::kNotOwner);
  storage::Lookup lookup;
  CHECK(node.Ask(Encode(LookupRequest{node.FenceOf("trial"), other}), &lookup).refusal ==
        Refusal::kNotOwner);
  CHECK_FALSE(node.store_.Get("trial")->known);
}

TEST_CASE("A stream is taken only in the session of the operation under way") {
  const net::Ring before = net::SampleRing(3);
  net::Ring ring = *BeginJoin(before, net::SampleMember(4));
  const std::vector<uint32_t> moves = net::MovesAt(ring, net::MoveStep::kPlanned);
  ring = *AdvanceMoves(ring, moves, net::MoveStep::kWriteBothReadOld);
  ring = *AdvanceMoves(ring, moves, net::MoveStep::kStreaming);
  Fixture node(ring);
  std::string word = "aa";
  while (std::find(moves.begin(), moves.end(), node.FenceOf(word).partition) == moves.end()) {
    ++word[1];
  }
  WriteRequest request;
  request.fences = {node.FenceOf(word)};
  request.entries = {{word, {1, 1}, false}};
  request.session = ring.operation->session;
  WriteReply reply;
  CHECK(node.Ask(Encode(request), &reply, 4).refusal == Refusal::kNone);
  request.session += 1;
  CHECK(node.Ask(Encode(request), &reply, 4).refusal == Refusal::kClosed);
  node.Install(before);
  request.fences = {node.FenceOf(word)};
  CHECK(node.Ask(Encode(request), &reply, 1).refusal == Refusal::kClosed);
}

TEST_CASE("A node that is to own a partition, but not yet, takes nothing of it") {
  const net::Ring ring = *BeginJoin(net::SampleRing(3), net::SampleMember(4));
  const uint32_t partition = net::MovesAt(ring, net::MoveStep::kPlanned).front();
  Fixture node(ring);
  std::string word = "aa";
  while (node.FenceOf(word).partition != partition) ++word[1];
  WriteReply reply;
  CHECK(node.Ask(node.WriteOf(word, {1, 1}), &reply, 4).refusal == Refusal::kNotOwner);
  CHECK(node.Ask(node.WriteOf(word, {1, 1}), &reply, 1).refusal == Refusal::kNone);
}

TEST_CASE("What the store refuses is said as what it is") {
  Fixture node;
  WriteReply reply;
  node.store_.FailWrites({StatusCode::kDiskFull, "no room"});
  ReplyHead head = node.Ask(node.WriteOf("a", {1, 1}), &reply);
  CHECK(head.refusal == Refusal::kDiskFull);
  CHECK(head.text == "no room");
  node.store_.FailWrites({StatusCode::kDataDamaged, "page 7"});
  CHECK(node.Ask(node.WriteOf("a", {1, 1}), &reply).refusal == Refusal::kDamaged);
  node.store_.FailWrites({StatusCode::kIoError, "the log"});
  CHECK(node.Ask(node.WriteOf("a", {1, 1}), &reply).refusal == Refusal::kFailed);
  node.store_.FailWrites({StatusCode::kUnavailable, "the memtable is full"});
  CHECK(node.Ask(node.WriteOf("a", {1, 1}), &reply).refusal == Refusal::kUnavailable);
  node.store_.FailReads({StatusCode::kDataDamaged, "page 7"});
  storage::Lookup lookup;
  CHECK(node.Ask(Encode(LookupRequest{node.FenceOf("a"), "a"}), &lookup).refusal ==
        Refusal::kDamaged);
  ScanReply scan;
  CHECK(node.Ask(Encode(ScanRequest{node.AllFences(), "", "", 10}), &scan).refusal ==
        Refusal::kDamaged);
  node.ring_ = nullptr;
  CHECK(node.Ask(Encode(LookupRequest{{0, 1}, "a"}), &lookup).refusal == Refusal::kUnavailable);
}

TEST_CASE("A word whose place is damaged refuses only the request that writes it") {
  Fixture node;
  int writes = 0;
  node.store_.BeforeWrite([&] {
    node.store_.FailWrites(++writes <= 2 ? Status(StatusCode::kDataDamaged, "page 7")
                                         : Status::Ok());
  });
  const std::vector<std::string> replies =
      node.AnswerAll({node.WriteOf("a", {1, 1}), node.WriteOf("b", {1, 1})});
  WriteReply reply;
  CHECK(Fixture::Read(replies[0], &reply).refusal == Refusal::kDamaged);
  CHECK(Fixture::Read(replies[1], &reply).refusal == Refusal::kNone);
}

TEST_CASE("Bytes that are no request are answered with a sentence") {
  Fixture node;
  WriteReply reply;
  CHECK(node.Ask("nonsense", &reply).refusal == Refusal::kFailed);
  CHECK(node.Ask("", &reply).refusal == Refusal::kFailed);
  const std::string cut = node.WriteOf("trial", {1, 1});
  CHECK(node.Ask(cut.substr(0, cut.size() - 1), &reply).refusal == Refusal::kFailed);
}

TEST_CASE("A scan gives entries in order, tombstones too, and says whether they are all") {
  Fixture node;
  node.store_.Put({"a", "tree", "trial", "trie", "tu"});
  const Entry gone{"trick", {9, 1}, true};
  REQUIRE(node.store_.Write({&gone, 1}, {}).ok());
  ScanReply reply;
  CHECK(node.Ask(Encode(ScanRequest{node.AllFences(), "tr", "", 3}), &reply).refusal ==
        Refusal::kNone);
  CHECK(WordsOf(reply.page) == std::vector<std::string>{"tree", "trial", "trick"});
  CHECK(reply.page.tombstone(2));
  CHECK_FALSE(reply.end);
  node.Ask(Encode(ScanRequest{node.AllFences(), "tr", "trick", 3}), &reply);
  CHECK(WordsOf(reply.page) == std::vector<std::string>{"trie"});
  CHECK(reply.end);
  node.Ask(Encode(ScanRequest{node.AllFences(), "t", "trick", 5, storage::Order::kDescending}),
           &reply);
  CHECK(WordsOf(reply.page) == std::vector<std::string>{"trial", "tree"});
  CHECK(reply.end);
}

TEST_CASE("A scan of the shard of short words passes over all longer ones, in either order") {
  net::Ring ring = net::SampleRing(3);
  ring.k_factor = 3;
  Fixture node(ring);
  std::vector<std::string> shorter;
  for (const std::string_view first : {"a", "b", "c", "\u00e9"}) {
    for (const std::string_view second : {"", "a", "b", "c", "\u00e9"}) {
      const std::string word = StrCat(first, second);
      shorter.push_back(word);
      for (const std::string_view rest : {"", "x", "yz", "z\u00e9z"}) {
        if (rest.empty() || second.empty()) continue;
        const std::string kept = StrCat(word, rest);
        const Entry entry{kept, {1, 1}, false};
        REQUIRE(node.store_.Write({&entry, 1}, {}).ok());
      }
      const Entry entry{shorter.back(), {2, 1}, word == "bb"};
      REQUIRE(node.store_.Write({&entry, 1}, {}).ok());
    }
  }
  std::sort(shorter.begin(), shorter.end());
  const std::string prefix = GENERATE("", "b", "ca", "\u00e9");
  const auto order = GENERATE(storage::Order::kAscending, storage::Order::kDescending);
  const uint32_t limit = GENERATE(1U, 3U, 100U);
  std::vector<std::string> expected;
  for (const std::string& word : shorter) {
    if (word.starts_with(prefix)) expected.push_back(word);
  }
  if (order == storage::Order::kDescending) std::reverse(expected.begin(), expected.end());
  std::vector<std::string> found;
  ScanReply reply;
  do {
    const std::string after = found.empty() ? "" : found.back();
    const ScanRequest request{node.AllFences(), prefix, after, limit, order, true};
    REQUIRE(node.Ask(Encode(request), &reply).refusal == Refusal::kNone);
    for (const std::string& word : WordsOf(reply.page)) found.push_back(word);
    REQUIRE(reply.page.size() <= limit);
  } while (!reply.end);
  CHECK(found == expected);
}

TEST_CASE("A page of long words ends before it is too long for a reply") {
  Fixture node;
  for (int i = 0; i < 5'000; ++i) {
    const std::string word = StrCat(10'000 + i, std::string(kWordBytesMax - 5, 'x'));
    const Entry entry{word, {1, 1}, false};
    REQUIRE(node.store_.Write({&entry, 1}, {}).ok());
  }
  size_t words = 0, replies = 0;
  ScanReply reply;
  std::string after;
  do {
    REQUIRE(node.Ask(Encode(ScanRequest{node.AllFences(), "", after, 10'000}), &reply).refusal ==
            Refusal::kNone);
    words += reply.page.size();
    ++replies;
    after = reply.page.word(reply.page.size() - 1);
  } while (!reply.end);
  CHECK(words == 5'000);
  CHECK(replies == 2);
}

TEST_CASE("Counts are of the shards of the partitions that were asked for") {
  Fixture node;
  node.Fill();
  for (const std::string_view word : {"t", "tr", "tree", "trial", "tu", "u"}) {
    const Entry entry{word, {1, 1}, word == "tree"};
    REQUIRE(node.store_.Write({&entry, 1}, {}).ok());
  }
  CountReply reply;
  REQUIRE(node.Ask(Encode(CountRequest{node.AllFences(), "t"}), &reply).refusal == Refusal::kNone);
  REQUIRE(reply.shards.size() == 3);
  CHECK(reply.shards[0].root.empty());
  CHECK(reply.shards[0].digest == Digest{1, 1, EntryHash("t", {1, 1}, false)});
  CHECK(reply.shards[1].root == "tr");
  CHECK(reply.shards[1].digest == node.digests_.OfShard("tr"));
  CHECK(reply.shards[1].digest.live == 2);
  CHECK(reply.shards[2].root == "tu");

  node.Ask(Encode(CountRequest{{node.FenceOf("tr")}, "tri"}), &reply);
  REQUIRE(reply.shards.size() == 1);
  CHECK(reply.shards[0].root == "tr");
  CHECK(reply.shards[0].digest.entries == 3);
  CHECK(reply.shards[0].digest.live == 1);

  node.Ask(Encode(CountRequest{{node.FenceOf("tu")}, ""}), &reply);
  for (const ShardDigest& shard : reply.shards) {
    CHECK(net::PartitionOf(shard.root, 8) == node.FenceOf("tu").partition);
  }
  node.Ask(Encode(CountRequest{node.AllFences(), ""}), &reply);
  CHECK(reply.shards.size() == 3);
  CHECK(reply.shards[0].digest.entries == 2);
}

TEST_CASE("Digests of partitions and shards are given once they are all known") {
  Fixture node;
  node.store_.Put({"tree", "trial"});
  DigestReply digests;
  ShardsReply shards;
  CountReply count;
  const PartitionFence fence = node.FenceOf("tree");
  const std::string of_partition = Encode(DigestRequest{{fence, node.AllFences().front()}});
  CHECK(node.Ask(of_partition, &digests).refusal == Refusal::kUnavailable);
  CHECK(node.Ask(Encode(ShardsRequest{fence, "", true}), &shards).refusal == Refusal::kUnavailable);
  CHECK(node.Ask(Encode(CountRequest{{fence}, "tr"}), &count).refusal == Refusal::kUnavailable);
  node.Fill();
  REQUIRE(node.Ask(of_partition, &digests).refusal == Refusal::kNone);
  REQUIRE(digests.digests.size() == 2);
  CHECK(digests.digests[0].entries >= 2);
  REQUIRE(node.Ask(Encode(ShardsRequest{fence, "", true}), &shards).refusal == Refusal::kNone);
  REQUIRE(shards.shards.size() == 1);
  CHECK(shards.shards[0].root == "tr");
  CHECK(shards.end);
  node.Ask(Encode(ShardsRequest{fence, "tr", false}), &shards);
  CHECK(shards.shards.empty());
}

TEST_CASE("A stamp is a version of the node's clock, or why there is none") {
  Fixture node;
  StampReply first, second;
  CHECK(node.Ask(Encode(StampRequest()), &first).refusal == Refusal::kNone);
  CHECK(node.Ask(Encode(StampRequest()), &second).refusal == Refusal::kNone);
  CHECK(second.version > first.version);
  node.stamper_.failure = {StatusCode::kUnavailable, "the clock is off"};
  CHECK(node.Ask(Encode(StampRequest()), &first).refusal == Refusal::kUnavailable);
}

TEST_CASE("The status is what the daemon says, also before there is a ring") {
  Fixture node;
  node.ring_ = nullptr;
  StatusReply status;
  CHECK(node.Ask(EncodeStatusRequest(), &status).refusal == Refusal::kNone);
  CHECK(status.words == 7);
}

}  // namespace trifecta::replication
