#include "storage/log_format.h"

#include <random>
#include <string>
#include <vector>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "tests/support/catch.h"
#include "tests/support/log_story.h"

namespace trifecta::storage {
namespace {

using test::OwnedEntry;
using test::OwnedFrame;
using test::Views;

constexpr uint64_t kSalt = 77;

std::string Encode(const OwnedFrame& entries, uint64_t sequence = 1) {
  FrameEncoder encoder;
  const auto views = Views(entries);
  const std::span<const Entry> group(views);
  REQUIRE(encoder.Encode({&group, 1}).ok());
  return std::string(encoder.Seal(sequence, kSalt));
}

std::string Segment(std::string_view frames) {
  return EncodeSegmentHeader({.salt = kSalt, .number = 1}) + std::string(frames);
}

OwnedFrame Decode(const std::string& frame) {
  const std::string segment = Segment(frame);
  SegmentReader reader(segment, kSalt);
  const auto found = reader.Next();
  REQUIRE(found);
  FrameDecoder decoder;
  const auto entries = decoder.Decode(*found);
  REQUIRE(entries.ok());
  OwnedFrame owned;
  for (const Entry& entry : *entries) {
    owned.push_back({std::string(entry.word), entry.version, entry.tombstone});
  }
  return owned;
}

Frame FrameOf(std::string_view body, uint32_t count) {
  return {.sequence = 1, .count = count, .body = body, .offset = 32, .end = 0};
}

TEST_CASE("A segment header comes back; a flipped bit in it is noticed") {
  std::string bytes = EncodeSegmentHeader({.salt = 5, .number = 9});
  REQUIRE(bytes.size() == kSegmentHeaderBytes);
  const auto header = DecodeSegmentHeader(bytes);
  REQUIRE(header);
  CHECK(header->version == 1);
  CHECK(header->salt == 5);
  CHECK(header->number == 9);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    CHECK_FALSE(DecodeSegmentHeader(bytes));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  }
  CHECK_FALSE(DecodeSegmentHeader(std::string_view(bytes).substr(0, 31)));
}

TEST_CASE("A frame of one entry is laid out as the format says") {
  const std::string frame = Encode({{"trial", {0x0102, 3}, true}}, 4);
  std::string body;
  body += '\x01';  // a tombstone
  PutFixed(&body, uint64_t{0x0102});
  PutFixed(&body, uint16_t{3});
  body += '\0';  // nothing shared
  body += "\x05trial";
  std::string expected;
  PutFixed(&expected, static_cast<uint32_t>(body.size()));
  PutFixed(&expected, uint64_t{4});
  PutFixed(&expected, uint32_t{1});
  expected += body;
  std::string salted;
  PutFixed(&salted, kSalt);
  std::string crc;
  PutFixed(&crc, Crc32c(salted + expected));
  expected = crc + expected;
  expected.resize((expected.size() + 7) / 8 * 8, '\0');
  CHECK(frame == expected);
}

TEST_CASE("Words share what they have in common, versions what they repeat") {
  const OwnedFrame entries = {{"trial", {5, 1}, false},
                              {"triathlon", {5, 1}, false},
                              {"tri", {5, 2}, true},
                              {"tri", {5, 2}, false},
                              {"x", {0, 0}, false}};
  const std::string frame = Encode(entries);
  CHECK(Decode(frame) == entries);
  CHECK(frame.find("thlon") != std::string::npos);
  CHECK(frame.find("riathlon") == std::string::npos);
}

TEST_CASE("Any entries come back, of any length and version") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    OwnedFrame entries(random() % 50);
    for (OwnedEntry& entry : entries) {
      entry.word.assign(1 + random() % (round % 10 == 0 ? 1024 : 12), 'a');
      for (char& c : entry.word) c = static_cast<char>('a' + random() % 2);
      entry.version = {random() % 3 == 0 ? random() : 7, static_cast<uint16_t>(random() % 2)};
      entry.tombstone = random() % 4 == 0;
    }
    const std::string frame = Encode(entries, random() | 1);
    CHECK(frame.size() % kFrameAlignment == 0);
    CHECK(Decode(frame) == entries);
  }
}

TEST_CASE("The groups of several writers become one frame, in order") {
  const std::vector<Entry> one = {{"b", {1, 1}, false}, {"a", {1, 1}, false}};
  const std::vector<Entry> three = {{"a", {2, 1}, true}};
  const std::span<const Entry> groups[] = {one, {}, three};
  FrameEncoder encoder;
  REQUIRE(encoder.Encode(groups).ok());
  CHECK(Decode(std::string(encoder.Seal(1, kSalt))) ==
        OwnedFrame{{"b", {1, 1}, false}, {"a", {1, 1}, false}, {"a", {2, 1}, true}});
}

TEST_CASE("A frame above the limit is refused before anything is written") {
  const std::string word(kWordBytesMax, 'w');
  const std::vector<Entry> entries(kLogFrameBytesMax / kWordBytesMax, Entry{word, {1, 1}, false});
  const std::span<const Entry> group(entries);
  FrameEncoder encoder;
  CHECK(encoder.Encode({&group, 1}).code() == StatusCode::kTooLarge);
}

TEST_CASE("A segment with another salt has no valid frame") {
  const std::string segment = Segment(Encode({{"trial", {1, 1}, false}}));
  SegmentReader reader(segment, kSalt + 1);
  CHECK_FALSE(reader.Next());
  CHECK_FALSE(reader.FindBeyond(1, 1));
}

TEST_CASE("Frames are read one after the other up to the zeros behind them") {
  const std::string frames = Encode({{"trial", {1, 1}, false}}, 8) + Encode({}, 9);
  const std::string segment = Segment(frames + std::string(100, '\0'));
  SegmentReader reader(segment, kSalt);
  CHECK(reader.Next()->sequence == 8);
  CHECK(reader.Next()->sequence == 9);
  CHECK_FALSE(reader.Next());
  CHECK(reader.end() == kSegmentHeaderBytes + frames.size());
  CHECK(reader.DirtyEnd() == reader.end());
}

TEST_CASE("A valid frame behind a bad one is found, wherever the first may have ended") {
  const std::string first = Encode({{"trial", {1, 1}, false}}, 1);
  std::string segment = Segment(first + Encode({{"triathlon", {2, 1}, false}}, 2));
  segment[kSegmentHeaderBytes + 4] = '\x7f';  // its length
  SegmentReader reader(segment, kSalt);
  CHECK_FALSE(reader.Next());
  CHECK(reader.DirtyEnd() > reader.end());
  const auto found = reader.FindBeyond(1, 1);
  REQUIRE(found);
  CHECK(found->sequence == 2);
  CHECK(found->offset == kSegmentHeaderBytes + first.size());
  CHECK_FALSE(reader.FindBeyond(3, 3));
}

TEST_CASE("Records that break the rules are refused although the checksum is right") {
  FrameDecoder decoder;
  const auto refused = [&](std::string_view body, uint32_t count) {
    return decoder.Decode(FrameOf(body, count)).status().code() == StatusCode::kDataDamaged;
  };
  const std::string same(
      "\x80\x00\x01"
      "a",
      4);
  CHECK(decoder.Decode(FrameOf(same, 1)).ok());
  CHECK(refused(same, 2));        // fewer records than counted
  CHECK(refused(same + "x", 1));  // bytes behind the last
  CHECK(refused(std::string("\x82\x00\x01"
                            "a",
                            4),
                1));  // a value: not in this version
  CHECK(refused(std::string("\x84\x00\x01"
                            "a",
                            4),
                1));  // a flag nobody knows
  CHECK(refused(std::string("\x80\x01\x01"
                            "a",
                            4),
                1));                                  // shares with no word before it
  CHECK(refused(std::string("\x80\x00\x00", 3), 1));  // empty
  CHECK(refused(std::string("\x80\x00\x02"
                            "a",
                            4),
                1));                                  // longer than the body
  CHECK(refused(std::string("\x00\x01\x02", 3), 1));  // version cut short
  CHECK(refused(std::string("\x80\x00\x81\x08", 4) + std::string(1025, 'a'), 1));  // too long
  CHECK(refused("", 0xffffffff));
}

}  // namespace
}  // namespace trifecta::storage
