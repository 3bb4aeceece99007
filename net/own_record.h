// This node's own record, and the care that no incarnation of it is used again in a later life: the
// file holds one somewhat ahead of what is used. So a refutation does not wait for the disk, which
// may be slow, or full for hours while the node serves reads.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/membership.h"
#include "net/outbox.h"
#include "storage/base/status.h"

namespace trifecta::net {

// How far the ceiling on disk is above the incarnation when it is written; it is written anew at
// half of that. At one refutation a second a full disk is survived for eight minutes at least.
inline constexpr uint64_t kIncarnationsAhead = 1'000;

class OwnRecord {
 public:
  // `record` has the id, address, zone and version; the outbox outlives this.
  OwnRecord(NodeRecord record, Outbox* outbox);

  const NodeRecord& record() const { return record_; }
  const NodeId& id() const { return record_.id; }
  // False until the first incarnation is on disk: nothing may be said before.
  bool begun() const { return record_.incarnation > 0; }
  bool leaving() const { return record_.liveness == Liveness::kLeft; }

  // Asks for the first incarnation to be persisted. `saved` is what was persisted last
  // (net/incarnation.h), empty on the first start; kDataDamaged when it cannot be read.
  Status Begin(std::string_view saved, uint64_t unix_seconds);
  // Sees to it that the incarnation will be above `accused`: true when it is so at once, else when
  // that is on disk. Several calls until then become one.
  bool RaiseAbove(uint64_t accused);
  // True when the record has a new incarnation now.
  bool OnPersisted(uint64_t token);

  // True when it differs from what was said before.
  bool SetVitals(Vitals vitals);
  void SetLeft() { record_.liveness = Liveness::kLeft; }

 private:
  // Uses the incarnation that is wanted where the ceiling allows it: true when it is a new one.
  bool Adopt();
  void PersistAhead();

  NodeRecord record_;
  Outbox* const outbox_;
  uint64_t wanted_ = 0;      // the incarnation that is to come
  uint64_t ceiling_ = 0;     // on disk: none above it has been used
  uint64_t persisting_ = 0;  // the one under way to the disk, or 0; it is its request's token
};

}  // namespace trifecta::net
