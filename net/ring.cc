#include "net/ring.h"

#include <algorithm>
#include <bit>
#include <span>

#include "storage/base/text.h"

namespace trifecta::net {
namespace {

Status Wrong(std::string text) { return {StatusCode::kInvalidArgument, std::move(text)}; }

std::string Named(const Member& member) {
  return StrCat("member ", member.number, " (", member.id.ToString(), ")");
}

Status CheckMember(const Member& member) {
  const char* wrong = nullptr;
  if (member.number == kNoNodeNumber) wrong = "has no number";
  if (member.id.is_zero()) wrong = "has no id";
  if (member.address.size() > kAddressBytesMax) wrong = "has too long an address";
  if (member.zone.size() > kZoneBytesMax) wrong = "has too long a zone";
  const bool left = member.state == MemberState::kLeft;
  if (left && !(member.address.empty() && member.zone.empty())) wrong = "has left but is somewhere";
  if (!left && member.address.empty()) wrong = "has no address";
  return wrong == nullptr ? Status::Ok() : Wrong(StrCat(Named(member), " ", wrong));
}

Status CheckMembers(const std::vector<Member>& members) {
  size_t live = 0;
  std::vector<NodeId> ids;
  ids.reserve(members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    TRIFECTA_RETURN_IF_ERROR(CheckMember(members[i]));
    if (i > 0 && members[i - 1].number >= members[i].number) {
      return Wrong(StrCat(Named(members[i]), " is not in the order of numbers"));
    }
    if (members[i].state != MemberState::kLeft) ++live;
    ids.push_back(members[i].id);
  }
  if (live > kLiveMembersMax) {
    return Wrong(StrCat(live, " live members, of ", kLiveMembersMax, " at most"));
  }
  std::sort(ids.begin(), ids.end());
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice != ids.end()) return Wrong(StrCat("id ", twice->ToString(), " is given twice"));
  return Status::Ok();
}

// Null when `numbers` are distinct members that have not left.
const char* WrongOwners(const Ring& ring, std::span<const NodeNumber> numbers) {
  if (numbers.empty()) return "is empty";
  if (numbers.size() > kCopiesMax) return "is too long";
  for (size_t i = 0; i < numbers.size(); ++i) {
    const Member* member = ring.Find(numbers[i]);
    if (member == nullptr || member->state == MemberState::kLeft) return "names no live member";
    const auto before = numbers.first(i);
    if (std::find(before.begin(), before.end(), numbers[i]) != before.end()) {
      return "names a member twice";
    }
  }
  return nullptr;
}

Status CheckPartition(const Ring& ring, size_t i) {
  const Partition& partition = ring.partitions[i];
  const auto wrong = [&](const char* part, const char* text) {
    return Wrong(StrCat("partition ", i, ": ", part, " ", text));
  };
  if (const char* text = WrongOwners(ring, partition.owners)) return wrong("its owner list", text);
  if (partition.changed < 1 || partition.changed > ring.epoch) {
    return wrong("the epoch of its last change", "is not one of the ring's");
  }
  if (partition.step == MoveStep::kNone) {
    return partition.targets.empty() ? Status::Ok() : wrong("its targets", "belong to no move");
  }
  if (!ring.operation) return wrong("its move", "belongs to no operation");
  if (const char* text = WrongOwners(ring, partition.targets))
    return wrong("its target list", text);
  if (std::is_permutation(partition.owners.begin(), partition.owners.end(),
                          partition.targets.begin(), partition.targets.end())) {
    return wrong("its target list", "names its owners");
  }
  return Status::Ok();
}

// The state that the operation under way gives to `id`, if it does.
std::optional<MemberState> StateByOperation(const Ring& ring, const NodeId& id) {
  if (!ring.operation) return std::nullopt;
  const bool leave = ring.operation->kind == OperationKind::kLeave;
  if (id == ring.operation->node) return leave ? MemberState::kLeaving : MemberState::kJoining;
  if (id == ring.operation->replaced) return MemberState::kLeaving;
  return std::nullopt;
}

Status CheckOperation(const Ring& ring) {
  for (const Member& member : ring.members) {
    const std::optional<MemberState> given = StateByOperation(ring, member.id);
    const bool on_the_way =
        member.state == MemberState::kJoining || member.state == MemberState::kLeaving;
    if (given ? member.state != *given : on_the_way) {
      return Wrong(StrCat(Named(member), " is in a state that the operation does not give it"));
    }
  }
  if (!ring.operation) return Status::Ok();
  const RingOperation& operation = *ring.operation;
  if (ring.Find(operation.node) == nullptr) return Wrong("the operation's node is no member");
  const bool replaces = operation.kind == OperationKind::kReplace;
  if (replaces != !operation.replaced.is_zero() ||
      (replaces && ring.Find(operation.replaced) == nullptr)) {
    return Wrong("the operation replaces no member, or should not");
  }
  if (operation.session < 1 || operation.session > ring.epoch) {
    return Wrong("the operation's session is not an epoch of the ring");
  }
  return Status::Ok();
}

Status CheckConstants(const Ring& ring) {
  if (ring.cluster_name.empty() || ring.cluster_name.size() > kClusterNameBytesMax) {
    return Wrong(StrCat("the cluster's name must have 1 to ", kClusterNameBytesMax, " bytes"));
  }
  if (ring.cluster_id.is_zero()) return Wrong("the cluster has no id");
  if (ring.epoch < 1 || ring.epoch > kEpochMax) return Wrong("the epoch is out of range");
  if (ring.replication_factor < 1 || ring.replication_factor > kCopiesMax) {
    return Wrong(StrCat("the replication factor must be 1 to ", kCopiesMax));
  }
  if (ring.k_factor < 1 || ring.k_factor > kFactorMax) {
    return Wrong(StrCat("the k factor must be 1 to ", kFactorMax));
  }
  const size_t partitions = ring.partitions.size();
  if (partitions < kPartitionsMin || partitions > kPartitionsMax ||
      !std::has_single_bit(partitions)) {
    return Wrong(StrCat("the partitions must be a power of two from ", kPartitionsMin, " to ",
                        kPartitionsMax, "; there are ", partitions));
  }
  return Status::Ok();
}

}  // namespace

const Member* Ring::Find(const NodeId& id) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.id == id; });
  return found == members.end() ? nullptr : &*found;
}

const Member* Ring::Find(NodeNumber number) const {
  const auto found =
      std::lower_bound(members.begin(), members.end(), number,
                       [](const Member& member, NodeNumber n) { return member.number < n; });
  return found == members.end() || found->number != number ? nullptr : &*found;
}

Status CheckRing(const Ring& ring) {
  TRIFECTA_RETURN_IF_ERROR(CheckConstants(ring));
  TRIFECTA_RETURN_IF_ERROR(CheckMembers(ring.members));
  TRIFECTA_RETURN_IF_ERROR(CheckOperation(ring));
  for (size_t i = 0; i < ring.partitions.size(); ++i) {
    TRIFECTA_RETURN_IF_ERROR(CheckPartition(ring, i));
  }
  return Status::Ok();
}

}  // namespace trifecta::net
