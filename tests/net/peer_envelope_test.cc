#include "net/peer_envelope.h"

#include <string>

#include "net/peer_refusal.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using std::chrono::milliseconds;

NodeId Id(uint8_t number) {
  std::array<uint8_t, NodeId::kBytes> bytes{};
  bytes.back() = number;
  return NodeId(bytes);
}

PeerRequest Sample() {
  return {Id(9),
          Id(1),
          Id(2),
          {{ItemKind::kMembership, milliseconds(2'000), "ping"},
           {ItemKind::kReplica, milliseconds(300), std::string_view("\0\xff", 2)},
           {static_cast<ItemKind>(200), milliseconds(0), ""}}};
}

std::string Encoded(const PeerRequest& request) {
  std::string bytes;
  EncodePeerRequest(request, &bytes);
  return bytes;
}

std::string EncodedAnswers(const std::vector<PeerAnswer>& answers) {
  std::string bytes;
  EncodePeerAnswers(Id(2), answers, &bytes);
  return bytes;
}

TEST_CASE("a request comes back as it was, kinds of later versions included") {
  const std::string bytes = Encoded(Sample());
  const auto read = DecodePeerRequest(bytes);
  REQUIRE(read.ok());
  CHECK(read->cluster == Id(9));
  CHECK(read->from == Id(1));
  CHECK(read->to == Id(2));
  REQUIRE(read->items.size() == 3);
  CHECK(read->items[0].kind == ItemKind::kMembership);
  CHECK(read->items[0].patience == milliseconds(2'000));
  CHECK(read->items[0].bytes == "ping");
  CHECK(read->items[1].bytes == std::string_view("\0\xff", 2));
  CHECK(static_cast<int>(read->items[2].kind) == 200);
}

TEST_CASE("a request's bytes are those of the protocol's document") {
  const PeerRequest request{
      NodeId(), Id(1), Id(2), {{ItemKind::kReplica, milliseconds(300), "ab"}}};
  const std::string zeros(15, '\0');
  CHECK(Encoded(request) == "\x01" + zeros + '\0' + zeros + "\x01" + zeros + "\x02" + "\x01" +
                                "\x10\xac\x02\x02" + "ab");
}

TEST_CASE("a request that is cut anywhere, or goes on, is refused") {
  const std::string bytes = Encoded(Sample());
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK(DecodePeerRequest(std::string_view(bytes).substr(0, size)).status().code() ==
          StatusCode::kInvalidArgument);
  }
  CHECK_FALSE(DecodePeerRequest(bytes + "x").ok());
}

TEST_CASE("a request of a version not known, without sender or with an item of kind 0 is refused") {
  std::string bytes = Encoded(Sample());
  bytes[0] = 2;
  CHECK(DecodePeerRequest(bytes).status().message() ==
        "a peer message of version 2; this node knows version 1");
  CHECK_FALSE(DecodePeerRequest(Encoded({Id(9), NodeId(), Id(2), {}})).ok());
  CHECK_FALSE(DecodePeerRequest(Encoded({Id(9), Id(1), Id(2), {{ItemKind{0}, {}, "x"}}})).ok());
}

TEST_CASE("a request may have so many items and no more, whatever its count says") {
  PeerRequest request{Id(9), Id(1), Id(2), {}};
  request.items.resize(kPeerItemsMax, {ItemKind::kReplica, {}, ""});
  CHECK(DecodePeerRequest(Encoded(request)).ok());
  request.items.push_back({ItemKind::kReplica, {}, ""});
  CHECK_FALSE(DecodePeerRequest(Encoded(request)).ok());
}

TEST_CASE("nobody waits longer than a day, whatever the item says") {
  const auto forever = std::chrono::milliseconds::max();
  const std::string bytes = Encoded({Id(9), Id(1), Id(2), {{ItemKind::kReplica, forever, ""}}});
  CHECK(DecodePeerRequest(bytes)->items.at(0).patience == kPeerPatienceMax);
}

TEST_CASE("answers come back in their order, refusals with their reason") {
  const std::string bytes = EncodedAnswers({{false, "yes"}, {true, "not now"}, {false, ""}});
  const auto read = DecodePeerAnswers(bytes);
  REQUIRE(read.ok());
  CHECK(read->from == Id(2));
  REQUIRE(read->answers.size() == 3);
  CHECK(read->answers[0].bytes == "yes");
  CHECK(read->answers[1].refused);
  CHECK(read->answers[1].bytes == "not now");
  CHECK_FALSE(read->answers[2].refused);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(DecodePeerAnswers(std::string_view(bytes).substr(0, size)).ok());
  }
  CHECK_FALSE(DecodePeerAnswers(bytes + "x").ok());
}

TEST_CASE("an answer too large for a message becomes a refusal, and so do those beyond the bound") {
  std::vector<PeerAnswer> answers(6, {false, std::string(kPeerAnswerItemBytesMax, 'x')});
  answers[0].bytes += "x";
  answers.push_back({false, "small"});
  const std::string bytes = EncodedAnswers(answers);
  CHECK(bytes.size() <= kPeerAnswerBytesMax);
  const auto read = DecodePeerAnswers(bytes);
  REQUIRE(read.ok());
  CHECK(read->answers[0].refused);
  CHECK_FALSE(read->answers[1].refused);
  CHECK(read->answers[5].refused);
  CHECK_FALSE(read->answers[6].refused);
}

TEST_CASE("a request is for its receiver and its cluster; who is in none yet may ask anybody") {
  CHECK_FALSE(Misdirected(Sample(), Id(2), Id(9)));
  CHECK(*Misdirected(Sample(), Id(2), Id(8)) ==
        "another cluster listens there: 00000000-0000-0000-0000-000000000008, not "
        "00000000-0000-0000-0000-000000000009");
  CHECK(*Misdirected(Sample(), Id(3), Id(9)) ==
        "another node listens there: 00000000-0000-0000-0000-000000000003, not "
        "00000000-0000-0000-0000-000000000002");
  CHECK_FALSE(Misdirected(Sample(), Id(2), NodeId()));
  CHECK_FALSE(Misdirected({NodeId(), Id(1), NodeId(), {}}, Id(3), Id(8)));
}

TEST_CASE("a peer's refusal is told in words that say what to mend") {
  CHECK(PeerRefusal(401, "{}") == "refuses our token: token_file must hold the same on all nodes");
  CHECK(PeerRefusal(404, "").find("an older version") != std::string::npos);
  CHECK(PeerRefusal(503, R"({"detail":"too many requests are waiting"})") ==
        "refuses (503): too many requests are waiting");
  CHECK(PeerRefusal(500, "<html>") == "answers with HTTP status 500");
  CHECK(IsLastingRefusal(421));
  CHECK_FALSE(IsLastingRefusal(503));
}

}  // namespace
}  // namespace trifecta::net
