#include "net/ring.h"

#include <functional>
#include <random>

#include "tests/net/ring_samples.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

// Every field in use: members of all states, partitions at several steps.
Ring FullRing() {
  Ring ring = RunOperation(*BeginLeave(SampleRing(5, 16), SampleId(3)));
  ring = *BeginReplace(ring, SampleId(2), SampleMember(300));
  const auto moves = MovesAt(ring, MoveStep::kPlanned);
  ring = *AdvanceMoves(ring, moves, MoveStep::kWriteBothReadOld);
  return *AdvanceMoves(ring, std::vector<uint32_t>{moves[0]}, MoveStep::kStreaming);
}

TEST_CASE("a document reads back as it was written") {
  for (const Ring& ring : {SampleFounding(), SampleRing(4, 256), FullRing()}) {
    const Result<Ring> read = DecodeRing(EncodeRing(ring));
    REQUIRE(read.ok());
    CHECK(*read == ring);
  }
}

TEST_CASE("the bytes of a document are those that net/PROTOCOL.md shows") {
  Ring ring = SampleFounding();
  ring.epoch = 300;
  const std::string expected =
      std::string("\x01\x06sample", 8) + std::string(SampleId(0xffff).bytes()) +
      std::string("\xac\x02\x03\x02\x01\x01", 6) + std::string(SampleId(1).bytes()) +
      std::string("\x02\x0d", 2) + "10.0.0.1:8000" +
      std::string(
          "\x01"
          "b\x08",
          3) +
      [] {
        std::string partitions;
        for (int i = 0; i < 8; ++i) partitions += std::string("\x01\x00\x01\x01", 4);
        return partitions;
      }() +
      std::string("\x00", 1);
  CHECK(EncodeRing(ring) == expected);
}

TEST_CASE("a document of another format is refused as such, not as damage") {
  std::string bytes = EncodeRing(FullRing());
  bytes[0] = 2;
  const Status status = DecodeRing(bytes).status();
  CHECK(status.code() == StatusCode::kInvalidArgument);
  CHECK(status.message().find("upgrade") != std::string::npos);
}

TEST_CASE("a document cut at any byte, or with bytes after its end, is damaged") {
  const std::string bytes = EncodeRing(FullRing());
  for (size_t length = 0; length < bytes.size(); ++length) {
    INFO(length);
    CHECK(DecodeRing(bytes.substr(0, length)).status().code() == StatusCode::kDataDamaged);
  }
  CHECK_FALSE(DecodeRing(bytes + '\0').ok());
  CHECK_FALSE(DecodeRing(std::string(kRingBytesMax + 1, '\1')).ok());
}

TEST_CASE("with any bit flipped a document is refused, or is another valid one") {
  const Ring ring = FullRing();
  const std::string bytes = EncodeRing(ring);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    const Result<Ring> read = DecodeRing(flipped);
    if (!read.ok()) continue;
    CHECK(*read != ring);
    CHECK(EncodeRing(*read) == flipped);
  }
}

TEST_CASE("numbers that are written longer than they need are refused") {
  const Ring ring = SampleFounding();
  std::string bytes = EncodeRing(ring);
  REQUIRE(bytes[24] == 1);  // the epoch
  bytes.replace(24, 1, std::string("\x81\x00", 2));
  CHECK(DecodeRing(bytes).status().code() == StatusCode::kDataDamaged);
}

TEST_CASE("members are found by id and by number, left ones too") {
  const Ring ring = FullRing();
  REQUIRE(ring.Find(SampleId(300)) != nullptr);
  CHECK(ring.Find(SampleId(300))->number == 6);
  CHECK(ring.Find(NodeNumber{3})->state == MemberState::kLeft);
  CHECK(ring.Find(NodeNumber{7}) == nullptr);
  CHECK(ring.Find(SampleId(7)) == nullptr);
}

TEST_CASE("who is active or leaving has a vote") {
  const Ring ring = FullRing();
  const auto votes = [&](uint16_t n) { return Votes(*ring.Find(SampleId(n))); };
  CHECK(votes(1));
  CHECK(votes(2));          // leaving
  CHECK_FALSE(votes(3));    // left
  CHECK_FALSE(votes(300));  // joining
}

TEST_CASE("a document that breaks a rule is refused with a sentence that says which") {
  struct Row {
    const char* text;
    std::function<void(Ring*)> spoil;
  };
  for (const Row& row : {
           Row{"cluster's name", [](Ring* ring) { ring->cluster_name.clear(); }},
           Row{"cluster's name", [](Ring* ring) { ring->cluster_name.assign(65, 'x'); }},
           Row{"cluster has no id", [](Ring* ring) { ring->cluster_id = NodeId(); }},
           Row{"epoch is out of range", [](Ring* ring) { ring->epoch = 0; }},
           Row{"epoch is out of range", [](Ring* ring) { ring->epoch = kEpochMax + 1; }},
           Row{"replication factor", [](Ring* ring) { ring->replication_factor = 17; }},
           Row{"k factor", [](Ring* ring) { ring->k_factor = 0; }},
           Row{"power of two", [](Ring* ring) { ring->partitions.pop_back(); }},
           Row{"has no number", [](Ring* ring) { ring->members[0].number = 0; }},
           Row{"has no id", [](Ring* ring) { ring->members[0].id = NodeId(); }},
           Row{"given twice", [](Ring* ring) { ring->members[4].id = SampleId(1); }},
           Row{"order of numbers", [](Ring* ring) { ring->members[4].number = 1; }},
           Row{"no address", [](Ring* ring) { ring->members[0].address.clear(); }},
           Row{"too long an address",
               [](Ring* ring) { ring->members[0].address.assign(300, 'x'); }},
           Row{"too long a zone", [](Ring* ring) { ring->members[0].zone.assign(300, 'x'); }},
           Row{"is somewhere", [](Ring* ring) { ring->members[2].address = "h:1"; }},
           Row{"member 1 (", [](Ring* ring) { ring->members[0].state = MemberState::kLeaving; }},
           Row{"member 2 (", [](Ring* ring) { ring->members[1].state = MemberState::kActive; }},
           Row{"member 6 (", [](Ring* ring) { ring->operation->node = SampleId(9); }},
           Row{"node is no member",
               [](Ring* ring) {
                 ring->operation->node = SampleId(9);
                 ring->members.back().state = MemberState::kActive;
               }},
           Row{"session", [](Ring* ring) { ring->operation->session = ring->epoch + 1; }},
           Row{"owner list is empty", [](Ring* ring) { ring->partitions[3].owners.clear(); }},
           Row{"partition 3",
               [](Ring* ring) {
                 ring->partitions[3].owners = {1, 1};
               }},
           Row{"no live member",
               [](Ring* ring) {
                 ring->partitions[3].owners = {1, 3};
               }},
           Row{"too long", [](Ring* ring) { ring->partitions[3].owners.assign(17, 1); }},
           Row{"last change", [](Ring* ring) { ring->partitions[3].changed = ring->epoch + 1; }},
       }) {
    Ring ring = FullRing();
    row.spoil(&ring);
    const Status status = CheckRing(ring);
    INFO(row.text << ": " << status.ToString());
    CHECK(status.code() == StatusCode::kInvalidArgument);
    CHECK(status.message().find(row.text) != std::string::npos);
  }
}

TEST_CASE("moves and targets belong together, and to an operation") {
  const uint32_t moving = MovesAt(FullRing(), MoveStep::kStreaming)[0];
  Ring ring = FullRing();
  ring.partitions[moving].targets.clear();
  CHECK_FALSE(CheckRing(ring).ok());
  ring = FullRing();
  ring.partitions[moving].step = MoveStep::kNone;
  CHECK_FALSE(CheckRing(ring).ok());
  ring = FullRing();
  ring.partitions[moving].targets = ring.partitions[moving].owners;
  std::swap(ring.partitions[moving].targets[0], ring.partitions[moving].targets[1]);
  CHECK(CheckRing(ring).message().find("names its owners") != std::string::npos);
  ring = SampleRing(3);
  ring.partitions[0].targets = {1};
  ring.partitions[0].step = MoveStep::kPlanned;
  CHECK(CheckRing(ring).message().find("belongs to no operation") != std::string::npos);
}

TEST_CASE("random bytes are never a document, and never break the decoder") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = EncodeRing(FullRing());
    for (int change = 0; change < 3; ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const Result<Ring> read = DecodeRing(bytes);
    if (read.ok()) CHECK(EncodeRing(*read) == bytes);
  }
}

}  // namespace
}  // namespace trifecta::net
