#include "daemon/replication/write_operation.h"

#include "storage/base/text.h"
#include "tests/replication/write_fixture.h"

namespace trifecta::replication {

TEST_CASE("A write is answered when W have it, and done when all have") {
  MiniCluster cluster;
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Start(&write);
  CHECK(cluster.flights().size() == 3);
  cluster.Deliver(CallTo(cluster, 2));
  CHECK_FALSE(write.answered());
  cluster.Deliver(CallTo(cluster, 3));
  CHECK(write.answered());
  CHECK(write.status().ok());
  CHECK_FALSE(write.done());
  cluster.DeliverAll();
  CHECK(write.done());
  CHECK(Holders(&cluster, "trial") == Nodes{1, 2, 3});
  CHECK(cluster.hints.empty());
}

TEST_CASE("Words of many partitions go in one call a node, each once") {
  MiniCluster cluster;
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) texts.push_back(StrCat(i, "-word"));
  Words words(texts.begin(), texts.end());
  words.insert(words.end(), {"0-word", "1-word"});
  WriteOperation write = WriteOf(&cluster, words);
  cluster.Start(&write);
  CHECK(cluster.flights().size() == 3);
  WriteRequest request;
  const std::string bytes = cluster.flights()[0].call.request;
  REQUIRE(Decode(bytes, &request).ok());
  CHECK(request.entries.size() == 500);
  CHECK(request.fences.size() == 8);
  cluster.DeliverAll();
  CHECK(write.status().ok());
  for (const std::string& word : texts) CHECK(Holders(&cluster, word) == Nodes{1, 2, 3});
}

TEST_CASE("More bytes than a call should have go in several calls") {
  MiniCluster cluster;
  std::vector<std::string> texts;
  for (int i = 0; i < 10'000; ++i) texts.push_back(std::string(1'000, 'w') + StrCat(i));
  const Words words(texts.begin(), texts.end());
  WriteOperation write = WriteOf(&cluster, words);
  cluster.Start(&write);
  CHECK(cluster.flights().size() == 9);
  for (const auto& flight : cluster.flights()) CHECK(flight.call.request.size() < 6'000'000);
  cluster.DeliverAll();
  CHECK(write.done());
  CHECK(write.status().ok());
  CHECK(Holders(&cluster, texts.back()) == Nodes{1, 2, 3});
}

TEST_CASE("An owner that is dead, refuses or fails gets hints, and nobody waits for it") {
  MiniCluster cluster;
  SECTION("dead") { cluster.node(3).live = false; }
  SECTION("failed") { cluster.node(3).fate = Fate::kFail; }
  SECTION("disk full") { StoreOf(&cluster, 3)->FailWrites({StatusCode::kDiskFull, "no space"}); }
  WriteOperation write = WriteOf(&cluster, {"trial", "tribe"}, true);
  cluster.Run(&write);
  CHECK(write.status().ok());
  CHECK(cluster.now() == 1'000);
  REQUIRE(cluster.hints.size() == 2);
  for (const Hint& hint : cluster.hints) {
    CHECK(hint.node == 3);
    CHECK(hint.tombstone);
    CHECK(hint.version == cluster.Held(1, hint.word).version);
  }
}

TEST_CASE("An owner that says nothing after the answer gets hints when its patience is over") {
  MiniCluster cluster;
  cluster.node(3).fate = Fate::kLoseReply;
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.RunUntilAnswered(&write);
  CHECK(cluster.now() == 1'000);
  CHECK_FALSE(write.done());
  cluster.AdvanceTo(1'000 + kLastOwnersPatience);
  CHECK(write.done());
  CHECK(HintedFor(cluster, "trial") == Nodes{3});
}

TEST_CASE("With fewer live owners than W a write fails at once, and nothing is sent") {
  MiniCluster cluster;
  cluster.node(2).live = cluster.node(3).live = false;
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Start(&write);
  CHECK(write.done());
  CHECK(write.status().code() == StatusCode::kUnavailable);
  CHECK(write.status().message() ==
        "1 of 3 replicas of 'trial' are up, 2 are needed; nothing was sent");
  CHECK(cluster.flights().empty());
  CHECK(cluster.hints.empty());
}

TEST_CASE("The consistency of a write says how many owners must have it") {
  MiniCluster cluster;
  cluster.node(3).fate = Fate::kFail;
  SECTION("one") {
    cluster.node(2).fate = Fate::kFail;
    WriteOperation write = WriteOf(&cluster, {"trial"}, false, Consistency::kOne);
    cluster.Run(&write);
    CHECK(write.status().ok());
    CHECK(HintedFor(cluster, "trial") == Nodes{2, 3});
  }
  SECTION("all") {
    WriteOperation write = WriteOf(&cluster, {"trial"}, false, Consistency::kAll);
    cluster.Run(&write);
    CHECK(write.status().code() == StatusCode::kUnavailable);
  }
  SECTION("as many as are configured") {
    cluster.write_quorum = 3;
    WriteOperation write = WriteOf(&cluster, {"trial"});
    cluster.Run(&write);
    CHECK(write.status().code() == StatusCode::kUnavailable);
  }
}

TEST_CASE("A write that too few owners store fails as soon as that is certain, and says how few") {
  MiniCluster cluster;
  cluster.node(2).fate = cluster.node(3).fate = Fate::kFail;
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Start(&write);
  cluster.Deliver(CallTo(cluster, 1));
  cluster.Deliver(CallTo(cluster, 2));
  CHECK_FALSE(write.answered());
  cluster.Deliver(CallTo(cluster, 3));
  CHECK(write.done());
  CHECK(write.status().code() == StatusCode::kUnavailable);
  CHECK(write.status().message() ==
        "1 of 3 replicas of 'trial' have said that they stored it, 2 are needed; it may take "
        "effect all the same "
        "(node 3: node 3: refused)");
  CHECK(HintedFor(cluster, "trial") == Nodes{2, 3});
}

TEST_CASE("What owners refuse for want of room or for damage is named as such") {
  MiniCluster cluster;
  const StatusCode code = GENERATE(StatusCode::kDiskFull, StatusCode::kDataDamaged);
  for (const NodeNumber number : {1, 2, 3}) {
    StoreOf(&cluster, number)->FailWrites({code, "as it is"});
  }
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Run(&write);
  CHECK(write.status().code() == code);
  CHECK(write.status().message().find("as it is") != std::string::npos);
  CHECK(cluster.hints.empty());
}

TEST_CASE("Where one of them has stored it, the outcome is unknown, whatever the others say") {
  MiniCluster cluster;
  for (const NodeNumber number : {2, 3}) {
    StoreOf(&cluster, number)->FailWrites({StatusCode::kDiskFull, "no space"});
  }
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Run(&write);
  CHECK(write.status().code() == StatusCode::kUnavailable);
  CHECK(write.status().message().find("no space") != std::string::npos);
  CHECK(HintedFor(cluster, "trial") == Nodes{2, 3});
}

TEST_CASE("A write whose owners are silent ends at its deadline, and leaves hints") {
  MiniCluster cluster;
  cluster.node(2).fate = Fate::kLoseRequest;
  cluster.node(3).fate = Fate::kLoseReply;
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Run(&write);
  CHECK(cluster.now() == kDeadline);
  CHECK(write.status().code() == StatusCode::kTimeout);
  CHECK(HintedFor(cluster, "trial") == Nodes{2, 3});
}

TEST_CASE("A write without deadline ends all the same") {
  MiniCluster cluster;
  cluster.node(2).fate = cluster.node(3).fate = Fate::kLoseRequest;
  const std::string_view word = "trial";
  WriteOperation write({&word, 1}, false, Consistency::kQuorum, kNever,
                       cluster.node(1).stamper.get());
  cluster.Run(&write);
  CHECK(write.status().code() == StatusCode::kTimeout);
  CHECK(cluster.now() == 1'000 + kWriteTimeMax);
}

TEST_CASE("A write by a clock that is behind comes after what was acknowledged before it") {
  MiniCluster cluster;
  const Version ahead{uint64_t{1} << 40, 2};
  const std::string_view word = "trial";
  const bool tombstone = GENERATE(false, true);
  // W nodes have it; that the third hasn't must not matter.
  cluster.Put(2, word, ahead, !tombstone);
  cluster.Put(3, word, ahead, !tombstone);
  WriteOperation write = WriteOf(&cluster, {word, "other"}, tombstone);
  cluster.Run(&write);
  CHECK(write.status().ok());
  CHECK(Holders(&cluster, word) == Nodes{1, 2, 3});
  CHECK(cluster.Held(1, word).version > ahead);
  CHECK(cluster.Held(1, word).live == !tombstone);
  // What was not overtaken keeps its version.
  CHECK(cluster.Held(1, "other").version < ahead);
  CHECK(cluster.node(1).stamper->time > ahead.time);
  CHECK(cluster.hints.empty());
}

TEST_CASE("It is written again above what all of W hold, not only the first to answer") {
  MiniCluster cluster;
  cluster.Put(1, "trial", {uint64_t{1} << 40, 2});
  cluster.Put(2, "trial", {uint64_t{1} << 41, 2});
  cluster.Put(3, "trial", {uint64_t{1} << 41, 2});
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Start(&write);
  cluster.Deliver(CallTo(cluster, 1));
  CHECK(cluster.flights().size() == 2);
  cluster.Deliver(CallTo(cluster, 2));
  CHECK_FALSE(write.answered());
  CHECK(cluster.flights().size() == 4);
  cluster.DeliverAll();
  CHECK(write.status().ok());
  CHECK(Holders(&cluster, "trial") == Nodes{1, 2, 3});
  CHECK(cluster.Held(1, "trial").version.time > uint64_t{1} << 41);
  CHECK(cluster.Held(1, "trial").version.node == 1);
}

TEST_CASE("Who overtakes a write the second time is concurrent, and not chased") {
  MiniCluster cluster;
  cluster.Put(1, "trial", {uint64_t{1} << 40, 2});
  WriteOperation write = WriteOf(&cluster, {"trial"});
  cluster.Start(&write);
  cluster.Deliver(CallTo(cluster, 1));
  cluster.Deliver(CallTo(cluster, 2));
  for (const NodeNumber number : {1, 2, 3}) cluster.Put(number, "trial", {uint64_t{1} << 42, 2});
  cluster.DeliverAll();
  CHECK(write.done());
  CHECK(write.status().ok());
  CHECK(cluster.Held(1, "trial").version == Version{uint64_t{1} << 42, 2});
}

TEST_CASE("Hints have the version that the words were written in last") {
  MiniCluster cluster;
  cluster.node(3).live = false;
  cluster.Put(2, "trial", {uint64_t{1} << 40, 2});
  WriteOperation write = WriteOf(&cluster, {"trial", "other"});
  cluster.Run(&write);
  REQUIRE(cluster.hints.size() == 2);
  for (const Hint& hint : cluster.hints) {
    CHECK(hint.version == cluster.Held(1, hint.word).version);
  }
}

TEST_CASE("Words that were live before are counted by the newest entry found") {
  MiniCluster cluster;
  cluster.Put(1, "alive", {5, 1});
  cluster.Put(2, "dead", {4, 1});
  cluster.Put(3, "dead", {5, 1}, true);
  cluster.Put(3, "late", {5, 1});
  WriteOperation write = WriteOf(&cluster, {"alive", "dead", "new", "late"});
  SECTION("of all that answer") {
    cluster.write_quorum = 3;
    cluster.Run(&write);
    CHECK(write.existed() == 2);
  }
  SECTION("of those that answer in time") {
    cluster.node(3).fate = Fate::kFail;
    cluster.Run(&write);
    CHECK(write.existed() == 2);  // "dead" counts, as far as anyone knows
  }
}

TEST_CASE("A word given again counts as the first time made it") {
  MiniCluster cluster;
  const bool tombstone = GENERATE(false, true);
  cluster.Put(1, "a", {5, 1});
  WriteOperation write = WriteOf(&cluster, {"a", "b", "a", "b"}, tombstone);
  cluster.Run(&write);
  CHECK(write.existed() == (tombstone ? 1 : 3));
}

TEST_CASE("A write of nothing is answered at once") {
  MiniCluster cluster;
  WriteOperation write = WriteOf(&cluster, {});
  cluster.Run(&write);
  CHECK(write.status().ok());
  CHECK(cluster.delivered == 0);
}

TEST_CASE("Replies that come too late, twice, or make no sense do no harm") {
  MiniCluster cluster;
  WriteOperation write = WriteOf(&cluster, {"trial"});
  Actions actions;
  write.Start(cluster.ViewOf(1), 1'000, &actions);
  REQUIRE(actions.calls.size() == 3);
  const uint32_t first = actions.calls[0].id, second = actions.calls[1].id;
  write.OnReply(first, std::string_view("nonsense"), 1'000, &actions);
  write.OnReply(first, std::string_view("nonsense"), 1'000, &actions);
  write.OnReply(77, std::string_view(""), 1'000, &actions);
  CHECK_FALSE(write.answered());
  WriteReply none;
  const std::string wrong_length = Encode({}, none);
  write.OnReply(second, std::string_view(wrong_length), 1'000, &actions);
  CHECK(write.answered());
  CHECK(write.status().code() == StatusCode::kUnavailable);
  write.OnTick(kDeadline, &actions);
  CHECK(write.done());
  CHECK(actions.hints.size() == 3);
  write.OnReply(actions.calls[2].id, std::string_view(""), 1'000, &actions);
  CHECK(write.next_due() == kNever);
}

}  // namespace trifecta::replication
