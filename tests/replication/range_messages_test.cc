#include "daemon/replication/range_messages.h"

#include <string>

#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

RangesRequest Sample() {
  RangesRequest request;
  request.fence = {253, 300};
  request.root = "tr";
  request.low = "trial";
  request.ends = {"triangle", "trident", ""};
  return request;
}

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    text += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

// Encoded without a look at the rules.
bool Refused(const RangesRequest& request) {
  RangesRequest read;
  return Decode(Encode(request), &read).code() == StatusCode::kDataDamaged;
}

}  // namespace

TEST_CASE("A request for digests of ranges is read as it was written") {
  const std::string bytes = Encode(Sample());
  CHECK(Hex(bytes) ==
        "010901fd01ac0202"
        "7472"
        "05"
        "747269616c"
        "03"
        "04"
        "04"
        "6e676c65"
        "03"
        "04"
        "64656e74"
        "00"
        "00");
  CHECK(*KindOf(bytes) == RequestKind::kRanges);
  RangesRequest read;
  REQUIRE(Decode(bytes, &read).ok());
  CHECK(read.fence == Sample().fence);
  CHECK(read.root == "tr");
  CHECK(read.low == "trial");
  CHECK(read.ends == Sample().ends);
}

TEST_CASE("A request for ranges that is cut off, goes on, or has none is refused") {
  const std::string bytes = Encode(Sample());
  RangesRequest read;
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(Decode(std::string_view(bytes).substr(0, size), &read).ok());
  }
  CHECK_FALSE(Decode(bytes + '\0', &read).ok());
  RangesRequest none = Sample();
  none.ends.clear();
  CHECK(Refused(none));
}

TEST_CASE("Ranges that do not ascend, or are too many or too long, are refused") {
  RangesRequest request = Sample();
  request.ends = {"triangle", "triangle"};
  CHECK(Refused(request));
  request.ends = {"trial"};
  CHECK(Refused(request));
  request.ends = {"", "triangle"};
  CHECK(Refused(request));
  request.ends.clear();
  for (size_t i = 0; i <= kRangesMax; ++i) request.ends.push_back("trj" + std::string(i, 'a'));
  CHECK(Refused(request));
  request.ends.pop_back();
  CHECK_FALSE(Refused(request));
  request.ends = {"tr" + std::string(1023, 'z')};
  CHECK(Refused(request));
}

TEST_CASE("Digests of ranges are read as they were written, and refusals too") {
  const ReplyHead head{Refusal::kNone, 300, ""};
  const RangesReply reply{{{3, 2, 0x0123456789abcdef}, {}}, true};
  const std::string bytes = Encode(head, reply);
  CHECK(Hex(bytes) ==
        "0100ac02"
        "01"
        "02"
        "0302efcdab8967452301"
        "00000000000000000000");
  ReplyHead read_head;
  RangesReply read;
  REQUIRE(Decode(bytes, &read_head, &read).ok());
  CHECK(read_head.epoch == 300);
  CHECK(read.digests == reply.digests);
  CHECK(read.cut);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(Decode(std::string_view(bytes).substr(0, size), &read_head, &read).ok());
  }
  CHECK_FALSE(Decode(Encode(head, RangesReply()), &read_head, &read).ok());

  const std::string refusal = EncodeRefusal({Refusal::kStale, 301, "older"});
  REQUIRE(Decode(refusal, &read_head, &read).ok());
  CHECK(read_head.refusal == Refusal::kStale);
  CHECK(read_head.epoch == 301);
}

}  // namespace trifecta::replication
