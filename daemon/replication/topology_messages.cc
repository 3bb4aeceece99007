#include "daemon/replication/topology_messages.h"

#include <algorithm>

#include "storage/base/coding.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

constexpr uint8_t kFormatVersion = 1;

void PutText(std::string* to, std::string_view text, size_t most) {
  text = text.substr(0, most);
  PutVarint(to, text.size());
  to->append(text);
}

// A field that is not what it must be makes ok() false for good.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : from_(bytes) {}

  bool ok() const { return ok_ && from_.ok(); }
  bool at_end() const { return from_.empty(); }

  uint8_t Byte(uint8_t least, uint8_t most) {
    const auto value = from_.Fixed<uint8_t>();
    return Check(value >= least && value <= most) ? value : least;
  }
  net::NodeId Id() {
    const std::string_view bytes = from_.Bytes(net::NodeId::kBytes);
    return from_.ok() ? net::NodeId::FromBytes(bytes) : net::NodeId();
  }
  uint64_t Number(uint64_t most) {
    const uint64_t value = from_.Varint();
    return Check(value <= most) ? value : 0;
  }
  std::string Text(size_t most) {
    const std::string_view text = from_.LengthPrefixed();
    return Check(text.size() <= most && ValidatePrefix(text).ok()) ? std::string(text) : "";
  }
  std::vector<uint32_t> Partitions() {
    std::vector<uint32_t> partitions;
    for (uint64_t left = Number(net::kPartitionsMax); left > 0 && ok(); --left) {
      const auto partition = static_cast<uint32_t>(Number(net::kPartitionsMax - 1));
      Check(partitions.empty() || partitions.back() < partition);
      partitions.push_back(partition);
    }
    return partitions;
  }

 private:
  bool Check(bool right) {
    ok_ = ok_ && right;
    return ok_;
  }

  Decoder from_;
  bool ok_ = true;
};

}  // namespace

std::string EncodeTopologyMessage(const TopologyMessage& message) {
  std::string bytes;
  PutFixed(&bytes, kFormatVersion);
  PutFixed(&bytes, static_cast<uint8_t>(message.kind));
  bytes.append(message.cluster.bytes());
  switch (message.kind) {
    case TopologyKind::kHello:
    case TopologyKind::kHelloReply:
      PutText(&bytes, message.cluster_name, net::kClusterNameBytesMax);
      PutText(&bytes, message.address, net::kAddressBytesMax);
      PutText(&bytes, message.asked, net::kAddressBytesMax);
      PutFixed(&bytes, static_cast<uint8_t>(message.may_found));
      break;
    case TopologyKind::kJoin:
      PutText(&bytes, message.cluster_name, net::kClusterNameBytesMax);
      PutText(&bytes, message.address, net::kAddressBytesMax);
      PutText(&bytes, message.zone, net::kZoneBytesMax);
      break;
    case TopologyKind::kJoinReply:
      PutFixed(&bytes, static_cast<uint8_t>(message.answer));
      PutVarint(&bytes, message.epoch);
      PutText(&bytes, message.text, kTopologyTextBytesMax);
      break;
    case TopologyKind::kProgress:
      PutVarint(&bytes, message.epoch);
      PutVarint(&bytes, message.session);
      PutVarint(&bytes, message.streamed.size());
      for (const uint32_t partition : message.streamed) PutVarint(&bytes, partition);
      break;
    case TopologyKind::kGiveUp:
      PutVarint(&bytes, message.session);
      break;
    case TopologyKind::kDrain:
      break;
  }
  return bytes;
}

Result<TopologyMessage> DecodeTopologyMessage(std::string_view bytes) {
  const auto unknown = [](const char* what, unsigned number) {
    return Status(StatusCode::kInvalidArgument,
                  StrCat("a topology message of ", what, " ", number,
                         ", which this version does not know: upgrade this node"));
  };
  const auto damaged = [] { return Status(StatusCode::kDataDamaged, "not a topology message"); };
  if (bytes.size() > kTopologyBytesMax || bytes.size() < 2) return damaged();
  const auto version = static_cast<uint8_t>(bytes[0]);
  const auto kind = static_cast<uint8_t>(bytes[1]);
  if (version != kFormatVersion) return unknown("format", version);
  if (kind == 0) return damaged();
  if (kind > static_cast<uint8_t>(TopologyKind::kDrain)) return unknown("kind", kind);

  Reader from(bytes.substr(2));
  TopologyMessage message;
  message.kind = static_cast<TopologyKind>(kind);
  message.cluster = from.Id();
  switch (message.kind) {
    case TopologyKind::kHello:
    case TopologyKind::kHelloReply:
      message.cluster_name = from.Text(net::kClusterNameBytesMax);
      message.address = from.Text(net::kAddressBytesMax);
      message.asked = from.Text(net::kAddressBytesMax);
      message.may_found = from.Byte(0, 1) == 1;
      break;
    case TopologyKind::kJoin:
      message.cluster_name = from.Text(net::kClusterNameBytesMax);
      message.address = from.Text(net::kAddressBytesMax);
      message.zone = from.Text(net::kZoneBytesMax);
      break;
    case TopologyKind::kJoinReply:
      message.answer = static_cast<JoinAnswer>(from.Byte(1, 3));
      message.epoch = from.Number(net::kEpochMax);
      message.text = from.Text(kTopologyTextBytesMax);
      break;
    case TopologyKind::kProgress:
      message.epoch = from.Number(net::kEpochMax);
      message.session = from.Number(net::kEpochMax);
      message.streamed = from.Partitions();
      break;
    case TopologyKind::kGiveUp:
      message.session = from.Number(net::kEpochMax);
      break;
    case TopologyKind::kDrain:
      break;
  }
  if (!from.ok() || !from.at_end()) return damaged();
  return message;
}

}  // namespace trifecta::replication
