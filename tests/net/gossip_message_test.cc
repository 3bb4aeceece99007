#include "net/gossip_message.h"

#include <limits>
#include <string>

#include "storage/base/coding.h"
#include "storage/base/random.h"
#include "tests/net/records.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

GossipMessage MessageOf(GossipKind kind) {
  GossipMessage message = GossipOf(kind);
  message.cluster = IdOf(77);
  message.to = IdOf(2);
  message.clock = 1'767'225'600'123;
  message.sender = RecordOf(1, Liveness::kAlive, 5);
  message.sender.vitals = {.sequence = 3, .ring_epoch = 9, .shard_map_digest = ~0ull, .load = 12};
  return message;
}

// One of each kind, with every field set that it has.
std::vector<GossipMessage> AllKinds() {
  std::vector<GossipMessage> all;
  for (const GossipKind kind : {GossipKind::kPing, GossipKind::kAck, GossipKind::kNack}) {
    all.push_back(MessageOf(kind));
    all.back().number = uint64_t{1} << 63;
  }
  all.push_back(MessageOf(GossipKind::kPingRequest));
  all.back().number = 7;
  all.back().target = IdOf(3);
  all.back().target_address = AddressOf(3);
  all.push_back(MessageOf(GossipKind::kGossip));
  for (const Liveness liveness :
       {Liveness::kAlive, Liveness::kSuspect, Liveness::kDead, Liveness::kLeft}) {
    all.back().records.push_back(RecordOf(4, liveness, kIncarnationMax));
    if (!IsLive(liveness)) all.back().records.back().gone = 86'400'000;
  }
  all.push_back(MessageOf(GossipKind::kSync));
  all.back().digests = {1, 2, ~0ull, 4};
  all.push_back(MessageOf(GossipKind::kTable));
  all.back().range = {IdOf(1), IdOf(9)};
  all.back().answer = true;
  all.back().records.push_back(RecordOf(5, Liveness::kAlive, 1));
  return all;
}

TEST_CASE("every kind of message is read as it was written") {
  for (const GossipMessage& message : AllKinds()) {
    const auto read = DecodeGossipMessage(EncodeGossipMessage(message));
    INFO(static_cast<int>(message.kind));
    REQUIRE(read.ok());
    CHECK(*read == message);
  }
}

TEST_CASE("the bytes are those of the example in net/PROTOCOL.md") {
  GossipMessage message = GossipOf(GossipKind::kPing, 300);
  message.cluster = IdOf(0xffff);
  message.to = IdOf(2);
  message.clock = 1'000;
  message.sender = RecordOf(1, Liveness::kAlive, 1'000);
  message.sender.address = "10.0.0.1:8000";
  message.sender.zone = "b";
  message.sender.vitals = {.sequence = 2, .ring_epoch = 300, .load = 5};
  message.records = {RecordOf(2, Liveness::kSuspect, 7)};
  message.records[0].accuser = IdOf(3);
  message.records[0].address = "10.0.0.2:8000";
  message.records[0].zone = message.records[0].version = "";

  const auto id = [](uint64_t number) { return std::string(IdOf(number).bytes()); };
  const std::string digest(8, '\0');
  const std::string head = id(0xffff) + id(2) + "\xe8\x07\x35" + id(1) + "\x01\xe8\x07\x0d" +
                           "10.0.0.1:8000\x01" + "b\x05" + "0.1.0\x02\xac\x02" + digest +
                           "\x05\xac\x02";
  const std::string record = "\x3d" + id(2) + "\x02\x07" + id(3) + "\x0d" + "10.0.0.2:8000" +
                             std::string(4, '\0') + digest + std::string(1, '\0');
  CHECK(EncodeGossipMessage(message) == "\x01\x01\x5a" + head + record);
}

TEST_CASE("a ping without news takes about 110 bytes") {
  CHECK(EncodeGossipMessage(MessageOf(GossipKind::kPing)).size() < 120);
}

TEST_CASE("news can be appended to a message that is written") {
  GossipMessage message = MessageOf(GossipKind::kPing);
  std::string bytes = EncodeGossipMessage(message);
  message.records.push_back(RecordOf(4, Liveness::kSuspect, 8));
  AppendRecord(message.records.back(), &bytes);
  const auto read = DecodeGossipMessage(bytes);
  REQUIRE(read.ok());
  CHECK(*read == message);
}

TEST_CASE("no record is longer than its bound") {
  NodeRecord record = RecordOf(1, Liveness::kDead, kIncarnationMax);
  record.gone = kGoneMax;
  record.address.assign(kAddressBytesMax, 'a');
  record.zone.assign(kZoneBytesMax, 'z');
  record.version.assign(kVersionTextBytesMax, 'v');
  record.vitals = {~0ull, uint64_t{1} << 62, ~0ull, ~0ull};
  std::string bytes;
  AppendRecord(record, &bytes);
  CHECK(bytes.size() <= kRecordBytesMax);
  GossipMessage message = MessageOf(GossipKind::kGossip);
  message.records = {record};
  CHECK(DecodeGossipMessage(EncodeGossipMessage(message)).ok());
}

TEST_CASE("a message cut anywhere is damaged, or the same with fewer records") {
  for (const GossipMessage& message : AllKinds()) {
    const std::string bytes = EncodeGossipMessage(message);
    for (size_t length = 0; length < bytes.size(); ++length) {
      const auto read = DecodeGossipMessage(std::string_view(bytes).substr(0, length));
      if (!read.ok()) {
        CHECK(read.status().code() == StatusCode::kDataDamaged);
        continue;
      }
      CHECK(read->records.size() < message.records.size());
      CHECK(read->sender == message.sender);
    }
  }
}

TEST_CASE("bytes that were changed at random never do more than fail to be a message") {
  Random random(1);
  for (const GossipMessage& message : AllKinds()) {
    const std::string bytes = EncodeGossipMessage(message);
    for (int round = 0; round < 2'000; ++round) {
      std::string changed = bytes;
      for (uint64_t i = random.Below(3) + 1; i > 0; --i) {
        changed[random.Below(changed.size())] = static_cast<char>(random.Next());
      }
      const auto read = DecodeGossipMessage(changed);
      if (read.ok()) CHECK(DecodeGossipMessage(EncodeGossipMessage(*read)).ok());
    }
  }
}

TEST_CASE("what a newer version appends to a record is skipped") {
  GossipMessage message = MessageOf(GossipKind::kGossip);
  std::string record;
  AppendRecord(RecordOf(4, Liveness::kAlive, 8), &record);
  Decoder from(record);
  const std::string longer = std::string(from.LengthPrefixed()) + "and more";
  std::string bytes = EncodeGossipMessage(message);
  PutVarint(&bytes, longer.size());
  bytes += longer;
  const auto read = DecodeGossipMessage(bytes);
  REQUIRE(read.ok());
  CHECK(read->records == std::vector{RecordOf(4, Liveness::kAlive, 8)});
}

TEST_CASE("a format or a kind that is not known is told from damage") {
  std::string bytes = EncodeGossipMessage(MessageOf(GossipKind::kPing));
  std::string newer = bytes;
  newer[0] = 2;
  CHECK(DecodeGossipMessage(newer).status().code() == StatusCode::kInvalidArgument);
  newer = bytes;
  newer[1] = 8;
  CHECK(DecodeGossipMessage(newer).status().code() == StatusCode::kInvalidArgument);
  newer[1] = 0;
  CHECK(DecodeGossipMessage(newer).status().code() == StatusCode::kDataDamaged);
}

// The message's bytes with one thing about it out of bounds.
template <typename Change>
Status Refusal(GossipKind kind, Change change) {
  GossipMessage message = MessageOf(kind);
  message.target = IdOf(3);
  message.target_address = AddressOf(3);
  message.digests = {1};
  message.records = {RecordOf(4, Liveness::kDead, 8)};
  REQUIRE(DecodeGossipMessage(EncodeGossipMessage(message)).ok());
  change(&message);
  return DecodeGossipMessage(EncodeGossipMessage(message)).status();
}

TEST_CASE("fields out of their bounds make a message damaged") {
  const std::vector<std::pair<GossipKind, void (*)(GossipMessage*)>> cases = {
      {GossipKind::kPing, [](GossipMessage* m) { m->clock = kClockMax + 1; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->sender.id = {}; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->sender.liveness = Liveness::kDead; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->sender.liveness = Liveness::kSuspect; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].incarnation = 0; }},
      {GossipKind::kPing,
       [](GossipMessage* m) { ++(m->records[0].incarnation = kIncarnationMax); }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].liveness = Liveness{0}; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].liveness = Liveness{5}; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].gone = kGoneMax + 1; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].vitals.ring_epoch = ~0ull; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].address.clear(); }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].address.assign(264, 'a'); }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].address = "a\nb:1"; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].zone.assign(256, 'z'); }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].zone = "\xff"; }},
      {GossipKind::kPing, [](GossipMessage* m) { m->records[0].version.assign(65, 'v'); }},
      {GossipKind::kPingRequest, [](GossipMessage* m) { m->target = {}; }},
      {GossipKind::kPingRequest, [](GossipMessage* m) { m->target_address.clear(); }},
      {GossipKind::kSync, [](GossipMessage* m) { m->digests.clear(); }},
      {GossipKind::kSync, [](GossipMessage* m) { m->digests.resize(3); }},
      {GossipKind::kSync, [](GossipMessage* m) { m->digests.resize(512); }},
      {GossipKind::kTable,
       [](GossipMessage* m) {
         m->range = {IdOf(2), IdOf(1)};
       }},
      {GossipKind::kGossip, [](GossipMessage* m) { m->records.resize(4'000, m->records[0]); }},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(Refusal(cases[i].first, cases[i].second).code() == StatusCode::kDataDamaged);
  }
}

}  // namespace
}  // namespace trifecta::net
