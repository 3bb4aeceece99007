// The ring document's bytes, as net/PROTOCOL.md has them.
#include <algorithm>
#include <limits>
#include <span>

#include "net/ring.h"
#include "storage/base/coding.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

constexpr uint8_t kFormatVersion = 1;
constexpr uint8_t kNoOperation = 0;

void PutText(std::string* to, std::string_view text) {
  PutVarint(to, text.size());
  to->append(text);
}

void PutNumbers(std::string* to, std::span<const NodeNumber> numbers) {
  PutVarint(to, numbers.size());
  for (const NodeNumber number : numbers) PutVarint(to, number);
}

void PutMember(std::string* to, const Member& member) {
  PutVarint(to, member.number);
  to->append(member.id.bytes());
  PutFixed(to, static_cast<uint8_t>(member.state));
  if (member.state == MemberState::kLeft) return;
  PutText(to, member.address);
  PutText(to, member.zone);
}

void PutPartition(std::string* to, const Partition& partition) {
  PutVarint(to, partition.changed);
  PutFixed(to, static_cast<uint8_t>(partition.step));
  PutNumbers(to, partition.owners);
  if (partition.step != MoveStep::kNone) PutNumbers(to, partition.targets);
}

void PutOperation(std::string* to, const std::optional<RingOperation>& operation) {
  if (!operation) return PutFixed(to, kNoOperation);
  PutFixed(to, static_cast<uint8_t>(operation->kind));
  to->append(operation->node.bytes());
  if (operation->kind == OperationKind::kReplace) to->append(operation->replaced.bytes());
  PutVarint(to, operation->session);
}

// Values out of range become 0 or an enum's unknown number, which CheckRing or the comparison with
// the bytes written again refuses.
template <typename T>
T Narrow(uint64_t value) {
  return value > std::numeric_limits<T>::max() ? T{0} : static_cast<T>(value);
}

NodeId ReadId(Decoder* from) {
  const std::string_view bytes = from->Bytes(NodeId::kBytes);
  return from->ok() ? NodeId::FromBytes(bytes) : NodeId();
}

// An enum of one byte whose values are `least` to `most`; `least` for any other.
template <typename E>
E ReadEnum(Decoder* from, E least, E most) {
  const auto value = from->Fixed<uint8_t>();
  const bool known = value >= static_cast<uint8_t>(least) && value <= static_cast<uint8_t>(most);
  return known ? static_cast<E>(value) : least;
}

std::vector<NodeNumber> ReadNumbers(Decoder* from) {
  std::vector<NodeNumber> numbers;
  const uint64_t count = from->Varint();
  if (count > kCopiesMax) return numbers;
  for (uint64_t i = 0; i < count && from->ok(); ++i) {
    numbers.push_back(Narrow<NodeNumber>(from->Varint()));
  }
  return numbers;
}

Member ReadMember(Decoder* from) {
  Member member;
  member.number = Narrow<NodeNumber>(from->Varint());
  member.id = ReadId(from);
  member.state = ReadEnum(from, MemberState::kJoining, MemberState::kLeft);
  if (member.state == MemberState::kLeft) return member;
  member.address = from->LengthPrefixed();
  member.zone = from->LengthPrefixed();
  return member;
}

Partition ReadPartition(Decoder* from) {
  Partition partition;
  partition.changed = from->Varint();
  partition.step = ReadEnum(from, MoveStep::kNone, MoveStep::kCleanUp);
  partition.owners = ReadNumbers(from);
  if (partition.step != MoveStep::kNone) partition.targets = ReadNumbers(from);
  return partition;
}

std::optional<RingOperation> ReadOperation(Decoder* from) {
  const auto kind = from->Fixed<uint8_t>();
  if (kind == kNoOperation || kind > static_cast<uint8_t>(OperationKind::kReplace)) return {};
  RingOperation operation;
  operation.kind = static_cast<OperationKind>(kind);
  operation.node = ReadId(from);
  if (operation.kind == OperationKind::kReplace) operation.replaced = ReadId(from);
  operation.session = from->Varint();
  return operation;
}

Ring ReadRing(Decoder* from) {
  Ring ring;
  ring.cluster_name = from->LengthPrefixed();
  ring.cluster_id = ReadId(from);
  ring.epoch = from->Varint();
  ring.replication_factor = Narrow<uint8_t>(from->Varint());
  ring.k_factor = Narrow<uint8_t>(from->Varint());
  const uint64_t members = from->Varint();
  for (uint64_t i = 0; i < members && from->ok(); ++i) ring.members.push_back(ReadMember(from));
  const uint64_t partitions = std::min<uint64_t>(from->Varint(), kPartitionsMax + 1);
  for (uint64_t i = 0; i < partitions && from->ok(); ++i) {
    ring.partitions.push_back(ReadPartition(from));
  }
  ring.operation = ReadOperation(from);
  return ring;
}

}  // namespace

std::string EncodeRing(const Ring& ring) {
  std::string bytes;
  PutFixed(&bytes, kFormatVersion);
  PutText(&bytes, ring.cluster_name);
  bytes.append(ring.cluster_id.bytes());
  PutVarint(&bytes, ring.epoch);
  PutVarint(&bytes, ring.replication_factor);
  PutVarint(&bytes, ring.k_factor);
  PutVarint(&bytes, ring.members.size());
  for (const Member& member : ring.members) PutMember(&bytes, member);
  PutVarint(&bytes, ring.partitions.size());
  for (const Partition& partition : ring.partitions) PutPartition(&bytes, partition);
  PutOperation(&bytes, ring.operation);
  return bytes;
}

Result<Ring> DecodeRing(std::string_view bytes) {
  const auto damaged = [](std::string_view why) {
    return Status(StatusCode::kDataDamaged, StrCat("not a ring document: ", why));
  };
  if (bytes.size() > kRingBytesMax) return damaged("it is too long");
  Decoder from(bytes);
  const auto version = from.Fixed<uint8_t>();
  if (from.ok() && version != kFormatVersion) {
    return Status(StatusCode::kInvalidArgument,
                  StrCat("a ring document of format ", version, "; this program knows format ",
                         kFormatVersion, ": upgrade it"));
  }
  Ring ring = ReadRing(&from);
  if (!from.ok()) return damaged("it is cut off");
  if (const Status status = CheckRing(ring); !status.ok()) return damaged(status.message());
  // There is one way to write a document: this also finds numbers that were out of range, padded
  // varints and bytes after the end.
  if (EncodeRing(ring) != bytes) return damaged("its bytes are not those of its content");
  return ring;
}

}  // namespace trifecta::net
