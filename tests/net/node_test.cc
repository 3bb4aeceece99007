#include "net/node.h"

#include <string>
#include <unordered_set>

#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

constexpr std::string_view kText = "3e0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a11";

NodeId IdOf(std::string_view text) { return *NodeId::Parse(text); }

TEST_CASE("a node's id is read from its text and written back as it was") {
  CHECK(IdOf(kText).ToString() == kText);
  CHECK(IdOf("00000000-0000-0000-0000-000000000000").is_zero());
  CHECK(NodeId().ToString() == "00000000-0000-0000-0000-000000000000");
  CHECK_FALSE(IdOf(kText).is_zero());
}

TEST_CASE("an id's bytes are those of its text, first digit first") {
  CHECK(IdOf(kText).bytes().substr(0, 4) == "\x3e\x0f\x5b\x1c");
  CHECK(NodeId::FromBytes(IdOf(kText).bytes()) == IdOf(kText));
}

TEST_CASE("text that is not an id is refused with a sentence that shows one") {
  const std::string text(kText);
  std::string upper = text;
  upper[0] = 'E';
  std::string dash = text;
  dash[8] = '0';
  std::string moved = text;
  std::swap(moved[8], moved[9]);
  for (const std::string& bad : {std::string(), text.substr(1), text + "0", upper, dash, moved}) {
    const auto id = NodeId::Parse(bad);
    INFO(bad);
    REQUIRE_FALSE(id.ok());
    CHECK(id.status().code() == StatusCode::kInvalidArgument);
    CHECK(id.status().message().find(kText) != std::string::npos);
  }
}

TEST_CASE("ids are ordered as their texts are, and tell each other apart in a hash table") {
  const NodeId low = IdOf("0fffffff-ffff-ffff-ffff-ffffffffffff");
  const NodeId high = IdOf("f0000000-0000-0000-0000-000000000000");
  CHECK(low < high);
  CHECK(NodeId() < low);
  const std::unordered_set<NodeId> ids{low, high, low};
  CHECK(ids.size() == 2);
}

}  // namespace
}  // namespace trifecta::net
