#include "daemon/replication/range_server.h"

#include <string>
#include <vector>

#include "daemon/replication/shard_range.h"
#include "storage/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"
#include "tests/support/small_store.h"

namespace trifecta::replication {
namespace {

using test::FakeStore;

Digest DigestOf(const std::vector<std::string>& words) {
  Digest digest;
  for (const std::string& word : words) AddEntry(word, {1, 0}, false, &digest);
  return digest;
}

RangesReply Ask(const storage::Store& store, std::string_view root, std::string_view low,
                std::vector<std::string> ends) {
  RangesRequest request;
  request.root = root;
  request.low = low;
  request.ends = std::move(ends);
  RangesReply reply;
  REQUIRE(DigestRanges(store, 2, request, &reply).ok());
  return reply;
}

}  // namespace

TEST_CASE("Ranges of a shard have the digests of the words in them, ends included") {
  FakeStore store;
  store.Put({"sz", "tr", "tra", "trial", "trib", "tribe", "trw", "tz", "t", "z"});
  REQUIRE(test::WriteOne(&store, "trash", {7, 2}, true).ok());
  RangesReply reply = Ask(store, "tr", "", {"tra", "trial", "trice", ""});
  REQUIRE(reply.digests.size() == 4);
  CHECK_FALSE(reply.cut);
  CHECK(reply.digests[0] == DigestOf({"tr", "tra"}));
  CHECK(reply.digests[1].entries == 2);
  CHECK(reply.digests[1].live == 1);
  CHECK(reply.digests[2] == DigestOf({"trib", "tribe"}));
  CHECK(reply.digests[3] == DigestOf({"trw"}));

  reply = Ask(store, "tr", "trib", {"tribe", "triz"});
  CHECK(reply.digests == std::vector<Digest>{DigestOf({"tribe"}), Digest()});
  reply = Ask(store, "ab", "", {"abc", ""});
  CHECK(reply.digests == std::vector<Digest>{Digest(), Digest()});
}

TEST_CASE("The shard of short words has ranges, too") {
  FakeStore store;
  store.Put({"a", "ab", "abc", "b", "c", "ca", "d", "\xc3\xa4"});
  const RangesReply reply = Ask(store, "", "a", {"c", ""});
  CHECK(reply.digests == std::vector<Digest>{DigestOf({"b", "c"}), DigestOf({"d", "\xc3\xa4"})});
}

TEST_CASE("A replica with far more entries than were asked about stops, and says so") {
  FakeStore store;
  std::vector<std::string> words;
  std::vector<Entry> entries;
  for (size_t i = 0; i < 2 * kRangesEntriesMax; ++i) words.push_back(StrCat("tr", 1'000'000 + i));
  for (const std::string& word : words) entries.push_back({word, {1, 0}, false});
  for (size_t begin = 0; begin < entries.size(); begin += 65'536) {
    REQUIRE(store.Write(std::span(entries).subspan(begin, 65'536), {}).ok());
  }
  SECTION("after the ranges that it has read wholly") {
    const RangesReply reply = Ask(store, "tr", "", {words[9], words[99], ""});
    REQUIRE(reply.digests.size() == 2);
    CHECK_FALSE(reply.cut);
    CHECK(reply.digests[0].entries == 10);
    CHECK(reply.digests[1].entries == 90);
  }
  SECTION("within the first") {
    const RangesReply reply = Ask(store, "tr", "", {"trx", ""});
    REQUIRE(reply.digests.size() == 1);
    CHECK(reply.cut);
    CHECK(reply.digests[0].entries >= kRangesEntriesMax);
    CHECK(reply.digests[0].entries < kRangesEntriesMax + 2'000);
  }
}

TEST_CASE("A store that cannot be read fails the request for ranges") {
  FakeStore store;
  store.FailReads({StatusCode::kDataDamaged, "page 7"});
  RangesRequest request;
  request.root = "tr";
  request.ends = {""};
  RangesReply reply;
  CHECK(DigestRanges(store, 2, request, &reply).code() == StatusCode::kDataDamaged);
}

}  // namespace trifecta::replication
