// The words of one write in groups: those of one partition that go to its owners together, with the
// quorum that they make. A round is a version: the words that were overtaken are grouped anew in
// the second one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/cluster_view.h"
#include "daemon/replication/word_batch.h"
#include "daemon/replication/write_quorum.h"
#include "storage/base/entry.h"

namespace trifecta::replication {

// Words of one group and of one call, in bytes: three calls fit what the transport holds for a node
// while one is under way.
inline constexpr size_t kWriteGroupBytes = size_t{1} << 20;
inline constexpr size_t kWriteCallBytes = size_t{4} << 20;

struct WriteGroup {
  uint32_t partition = 0;
  uint32_t first = 0, count = 0;  // see WriteGroups::words
  size_t bytes = 0;               // of the words
  unsigned round = 0;
  // By how many ring documents it was sent: replies to earlier sendings make no quorum.
  uint32_t turn = 0;
  net::Epoch changed = 0;  // the fence
  bool waits_for_ring = false;
  bool may_be_stored = false;  // by one owner at least
  WriteQuorum quorum;
};

// One sending of a group.
struct GroupTurn {
  uint32_t group = 0;
  uint32_t turn = 0;

  bool operator==(const GroupTurn&) const = default;
};

class WriteGroups {
 public:
  WriteGroups(std::span<const std::string_view> words, bool tombstone, Consistency consistency)
      : batch_(words), tombstone_(tombstone), consistency_(consistency) {}

  const WordBatch& batch() const { return batch_; }
  size_t size() const { return groups_.size(); }
  WriteGroup& operator[](size_t index) { return groups_[index]; }
  const WriteGroup& operator[](size_t index) const { return groups_[index]; }
  // The numbers of a group's words in the batch; valid until the next AddRound.
  std::span<const uint32_t> words(const WriteGroup& group) const {
    return std::span(order_).subspan(group.first, group.count);
  }
  std::string_view first_word(const WriteGroup& group) const {
    return batch_.word(order_[group.first]);
  }

  // Groups of these words, behind those that there are.
  void AddRound(const ClusterView& view, std::span<const uint32_t> words, unsigned round);
  // The group is to be sent anew, by a later ring document.
  void Renew(const ClusterView& view, WriteGroup* group);

  // Parts of `list` of which each makes a call.
  std::vector<std::span<const GroupTurn>> CutIntoCalls(std::span<const GroupTurn> list) const;
  // A write request; `versions` by round.
  std::string Encode(std::span<const GroupTurn> list, const Version* versions) const;

 private:
  const WordBatch batch_;
  const bool tombstone_;
  const Consistency consistency_;
  std::vector<uint32_t> order_;  // words, by group
  std::vector<WriteGroup> groups_;
};

}  // namespace trifecta::replication
