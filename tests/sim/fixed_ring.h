// A ring made by hand, for nodes that run without a membership protocol.
#pragma once

#include <span>

#include "net/ring_change.h"
#include "net/ring_messages.h"

namespace trifecta::sim {

// The document after the first of `members` has founded the cluster and the others have joined it,
// one after the other, through every step.
net::RingPtr FixedRing(const net::RingConstants& constants,
                       std::span<const net::NewMember> members);

}  // namespace trifecta::sim
