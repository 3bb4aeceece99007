#include "net/ring_messages.h"

#include <vector>

#include "tests/net/ring_samples.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

RingPtr Document() { return std::make_shared<const Ring>(SampleRing(2)); }

RingMessage Message(RingMessageKind kind) {
  RingMessage message;
  message.kind = kind;
  message.cluster = Document()->cluster_id;
  message.epoch = Document()->epoch;
  return message;
}

// One of each kind, as they are sent.
std::vector<RingMessage> Messages() {
  const Ballot low{3, 1}, high{4, 2};
  std::vector<RingMessage> all;
  for (int kind = 1; kind <= 7; ++kind) all.push_back(Message(static_cast<RingMessageKind>(kind)));
  for (size_t i = 0; i < 5; ++i) all[i].ballot = i < 3 ? high : low;
  all[1].other = low;
  all[4].other = high;
  for (const size_t i : {1, 2, 5}) all[i].document = Document();
  RingMessage first = all[1];  // a promise of who has accepted nothing
  first.other = Ballot();
  first.document = nullptr;
  all.push_back(first);
  return all;
}

RingState State() {
  Ring next = SampleRing(2);
  ++next.epoch;
  return {Document(), {5, 2}, {4, 1}, std::make_shared<const Ring>(next), 9};
}

TEST_CASE("ballots are ordered by counter, then by node; the zero ballot is below all") {
  CHECK(Ballot{1, 2} < Ballot{2, 1});
  CHECK(Ballot{2, 1} < Ballot{2, 2});
  CHECK(Ballot() < Ballot{1, 1});
}

TEST_CASE("every kind of message reads back as it was written") {
  for (const RingMessage& message : Messages()) {
    INFO("kind " << static_cast<int>(message.kind));
    const Result<RingMessage> read = DecodeRingMessage(EncodeRingMessage(message));
    REQUIRE(read.ok());
    CHECK(*read == message);
  }
}

TEST_CASE("the bytes of a message are those that net/PROTOCOL.md shows") {
  RingMessage message = Message(RingMessageKind::kReject);
  message.epoch = 300;
  message.ballot = {3, 1};
  message.other = {130, 2};
  CHECK(EncodeRingMessage(message) == std::string("\x01\x05", 2) +
                                          std::string(SampleId(0xffff).bytes()) +
                                          "\xac\x02\x03\x01\x82\x01\x02");
}

TEST_CASE("a message cut at any byte, or with bytes after its end, is refused") {
  for (const RingMessage& message : Messages()) {
    const std::string bytes = EncodeRingMessage(message);
    INFO("kind " << static_cast<int>(message.kind));
    for (size_t length = 0; length < bytes.size(); ++length) {
      CHECK(DecodeRingMessage(bytes.substr(0, length)).status().code() == StatusCode::kDataDamaged);
    }
    CHECK_FALSE(DecodeRingMessage(bytes + '\0').ok());
  }
}

TEST_CASE("a message of an unknown version or kind is refused as such") {
  std::string bytes = EncodeRingMessage(Messages()[0]);
  bytes[0] = 2;
  CHECK(DecodeRingMessage(bytes).status().code() == StatusCode::kInvalidArgument);
  bytes[0] = 1;
  for (const char kind : {0, 8, 127}) {
    bytes[1] = kind;
    CHECK(DecodeRingMessage(bytes).status().code() == StatusCode::kInvalidArgument);
  }
}

TEST_CASE("a message whose fields contradict each other is refused") {
  const std::vector<RingMessage> good = Messages();
  std::vector<RingMessage> bad;
  for (size_t i = 0; i < 5; ++i) {  // no ballot
    bad.push_back(good[i]);
    bad.back().ballot = Ballot();
  }
  bad.push_back(good[4]);  // rejected for a lower ballot
  bad.back().other = {1, 1};
  bad.push_back(good[1]);  // accepted, but what?
  bad.back().document = nullptr;
  bad.push_back(good[1]);  // a document that nobody proposed
  bad.back().other = Ballot();
  for (const size_t i : {2, 5}) {
    bad.push_back(good[i]);  // nothing to accept
    bad.back().document = nullptr;
    bad.push_back(good[i]);  // of another epoch
    ++bad.back().epoch;
    bad.push_back(good[i]);  // of another cluster
    bad.back().cluster = SampleId(1);
  }
  bad.push_back(good[0]);  // half a ballot
  bad.back().ballot = {3, 0};
  bad.push_back(good[0]);
  bad.back().ballot = {kBallotCounterMax + 1, 1};
  bad.push_back(good[6]);
  bad.back().epoch = kEpochMax + 1;
  for (size_t i = 0; i < bad.size(); ++i) {
    INFO(i);
    CHECK(DecodeRingMessage(EncodeRingMessage(bad[i])).status().code() == StatusCode::kDataDamaged);
  }
}

TEST_CASE("a register's state reads back as it was written, with and without documents") {
  RingState promised = State();
  promised.accepted = Ballot();
  promised.proposed = nullptr;
  for (const RingState& state : {RingState(), State(), promised}) {
    const Result<RingState> read = DecodeRingState(EncodeRingState(state));
    REQUIRE(read.ok());
    CHECK(*read == state);
  }
}

TEST_CASE("a state with any bit flipped, or cut anywhere, is damaged") {
  const std::string bytes = EncodeRingState(State());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    REQUIRE_FALSE(DecodeRingState(flipped).ok());
  }
  for (size_t length = 0; length < bytes.size(); ++length) {
    REQUIRE_FALSE(DecodeRingState(bytes.substr(0, length)).ok());
  }
}

TEST_CASE("a state that no register can be in is damaged") {
  RingState half = State();
  half.proposed = nullptr;
  RingState more = State();
  more.accepted = {6, 1};
  RingState old = State();
  old.proposed = Document();
  for (const RingState& state : {half, more, old}) {
    CHECK(DecodeRingState(EncodeRingState(state)).status().code() == StatusCode::kDataDamaged);
  }
}

}  // namespace
}  // namespace trifecta::net
