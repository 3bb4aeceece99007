// What waits to be sent to one peer in one class, in the order in which it came. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "net/peer_envelope.h"
#include "net/peer_transport.h"

namespace trifecta::net {

// Items above it are large: bulk batches and pages of streams. They travel apart from the small
// ones, which would wait for them otherwise: 64 KiB take the receiver some 100 us to work off.
inline constexpr size_t kLargeItemBytes = size_t{64} * 1024;
// A batch takes no further item above this many bytes; an item alone may be larger.
inline constexpr size_t kPeerBatchBytesMax = size_t{1024} * 1024;
// Nor above this many items: the first of them waits until the last is worked off.
inline constexpr size_t kPeerBatchItemsMax = 256;
static_assert(kPeerBatchItemsMax <= kPeerItemsMax);

// An item on its way.
struct PendingItem {
  using TimePoint = std::chrono::steady_clock::time_point;

  ItemKind kind = ItemKind::kMembership;
  std::string bytes;
  TimePoint deadline;     // from then on nobody waits for it
  PeerReply done;         // empty: one-way, or called already
  bool repeated = false;  // was sent once, on a connection that proved to be closed
  bool finished = false;  // called back, or given up
  uint64_t order = 0;     // the queue's

  bool large() const { return bytes.size() > kLargeItemBytes; }
};

class PeerQueue {
 public:
  using TimePoint = PendingItem::TimePoint;

  void Add(PendingItem item);
  // Items that were under way, in their old order: to the front. Finished ones are left out.
  void PutBack(std::vector<PendingItem> items);

  // The next batch: small items, or large ones; empty when there is none. Large ones only if
  // `large_allowed`, and then those that came first.
  std::vector<PendingItem> TakeBatch(bool large_allowed);
  std::vector<PendingItem> TakeExpired(TimePoint now);
  std::vector<PendingItem> TakeAll();

  bool empty() const { return small_.empty() && large_.empty(); }
  size_t items() const { return small_.size() + large_.size(); }
  size_t bytes() const { return bytes_; }
  // The earliest of all deadlines; TimePoint::max() when empty. Looks at each.
  TimePoint NextDeadline() const;

 private:
  using Items = std::deque<PendingItem>;
  void TakeExpired(Items* from, TimePoint now, std::vector<PendingItem>* to);

  Items small_, large_;  // each in ascending order
  size_t bytes_ = 0;
  uint64_t next_order_ = 0;
};

}  // namespace trifecta::net
