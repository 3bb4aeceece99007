// What nodes can be made to do wrongly on purpose: each of these is a mistake that the protocol is
// there to prevent, and that the checker must find. They are in the simulation only; the product
// has no such switch.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/replication/stamper.h"
#include "net/ring_messages.h"
#include "storage/base/clock.h"
#include "storage/store.h"

namespace trifecta::sim {

struct Flaws {
  bool forgetful_disk = false;   // writes are acknowledged before they are synced
  bool no_repair = false;        // no read repair, hints or anti-entropy
  bool no_fence = false;         // a replica serves requests of any epoch
  bool last_by_arrival = false;  // the entry that comes last takes the place of what is there
  bool one_source = false;       // a partition is streamed from one of its old owners
  bool no_ceiling = false;  // a clock begins with the machine's time, whatever was given before
};

// A write request with versions that replace whatever the store holds; others as they are.
std::string WithLaterVersions(const storage::Store& store, const std::string& request);

// The request with the fences that `ring` has, and that ring with `self` among the owners of every
// partition: so no replica refuses a request for its epoch.
std::string WithFencesOf(const net::Ring& ring, const std::string& request);
net::RingPtr OwningAll(const net::Ring& ring, net::NodeNumber self);

// What a replica says that has stored what a write request brings; nothing for other requests.
std::optional<std::string> PretendToStore(const std::string& request);

// Stamps by the machine's clock alone: it forgets at a restart what it gave.
std::unique_ptr<replication::Stamper> ForgetfulStamper(Clock* clock,
                                                       std::function<net::NodeNumber()> number);

}  // namespace trifecta::sim
