#include "daemon/replication/topology_messages.h"

#include "tests/net/ring_samples.h"
#include "tests/support/catch.h"

namespace trifecta::replication {
namespace {

using net::SampleId;

TopologyMessage Sample(TopologyKind kind) {
  TopologyMessage message;
  message.kind = kind;
  message.cluster = SampleId(0xffff);
  switch (kind) {
    case TopologyKind::kHello:
    case TopologyKind::kHelloReply:
      message.cluster_name = "sample";
      message.address = "10.0.0.1:8000";
      message.asked = "db1:8000";
      message.may_found = true;
      break;
    case TopologyKind::kJoin:
      message.cluster_name = "sample";
      message.address = "10.0.0.1:8000";
      message.zone = "b";
      break;
    case TopologyKind::kJoinReply:
      message.answer = JoinAnswer::kRefused;
      message.epoch = 300;
      message.text = "no";
      break;
    case TopologyKind::kProgress:
      message.epoch = 300;
      message.session = 290;
      message.streamed = {0, 7, 4'095};
      break;
    case TopologyKind::kGiveUp:
      message.session = 290;
      break;
    case TopologyKind::kDrain:
      break;
  }
  return message;
}

constexpr TopologyKind kKinds[] = {TopologyKind::kHello,    TopologyKind::kHelloReply,
                                   TopologyKind::kJoin,     TopologyKind::kJoinReply,
                                   TopologyKind::kProgress, TopologyKind::kGiveUp,
                                   TopologyKind::kDrain};

TEST_CASE("topology messages are read as they were written") {
  for (const TopologyKind kind : kKinds) {
    const TopologyMessage message = Sample(kind);
    const auto read = DecodeTopologyMessage(EncodeTopologyMessage(message));
    REQUIRE(read.ok());
    CHECK(*read == message);
  }
}

TEST_CASE("a topology message that is cut or goes on is refused as a whole") {
  for (const TopologyKind kind : kKinds) {
    const std::string bytes = EncodeTopologyMessage(Sample(kind));
    for (size_t length = 0; length < bytes.size(); ++length) {
      CHECK(DecodeTopologyMessage(bytes.substr(0, length)).status().code() ==
            StatusCode::kDataDamaged);
    }
    CHECK_FALSE(DecodeTopologyMessage(bytes + "x").ok());
  }
}

TEST_CASE("a topology message of a later version says that this node is to be upgraded") {
  std::string bytes = EncodeTopologyMessage(Sample(TopologyKind::kGiveUp));
  bytes[0] = 2;
  CHECK(DecodeTopologyMessage(bytes).status().code() == StatusCode::kInvalidArgument);
  bytes[0] = 1;
  bytes[1] = 8;
  CHECK(DecodeTopologyMessage(bytes).status().code() == StatusCode::kInvalidArgument);
}

TEST_CASE("partitions that do not ascend, unknown answers and control characters are refused") {
  TopologyMessage progress = Sample(TopologyKind::kProgress);
  progress.streamed = {7, 7};
  CHECK_FALSE(DecodeTopologyMessage(EncodeTopologyMessage(progress)).ok());
  progress.streamed = {net::kPartitionsMax};
  CHECK_FALSE(DecodeTopologyMessage(EncodeTopologyMessage(progress)).ok());
  TopologyMessage reply = Sample(TopologyKind::kJoinReply);
  reply.text = "two\nlines";
  CHECK_FALSE(DecodeTopologyMessage(EncodeTopologyMessage(reply)).ok());
  reply = Sample(TopologyKind::kJoinReply);
  reply.answer = static_cast<JoinAnswer>(4);
  CHECK_FALSE(DecodeTopologyMessage(EncodeTopologyMessage(reply)).ok());
}

TEST_CASE("the example of a topology message in net/PROTOCOL.md is right") {
  const std::string bytes = EncodeTopologyMessage(Sample(TopologyKind::kProgress));
  const std::string id(SampleId(0xffff).bytes());
  CHECK(bytes == std::string("\x01\x05", 2) + id + "\xac\x02\xa2\x02\x03" +
                     std::string("\x00\x07\xff\x1f", 4));
}

}  // namespace
}  // namespace trifecta::replication
