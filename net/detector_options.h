// The times and numbers of failure detection, with their reasons: for a LAN, and ten times as fast
// for tests and demonstrations.
#pragma once

#include <cstddef>

#include "net/node.h"

namespace trifecta::net {

struct DetectorOptions {
  // One node is probed in each, in shuffled turns: a dead node is probed by someone after 1.6
  // intervals on average, however many nodes there are, and by each within n.
  Millis probe_interval = 1'000;
  // For an answer, before others are asked to probe. A LAN answers in 1 ms; the rest is for a node
  // whose disk or processor is busy. Both this and the interval grow with the local health score.
  Millis probe_timeout = 500;
  // Helpers, so that a bad link of ours alone accuses nobody: at 5% loss a live node is suspected
  // in 1 of 1,600 probes.
  unsigned indirect_probes = 3;
  // A helper says that the target did not answer it after this share of the probe timeout, so that
  // the word is back before the probe ends (Lifeguard).
  unsigned nack_percent = 80;
  // The local health score scales probes by 1 to this.
  unsigned health_max = 8;
  // A suspect has mult * max(1, log10 n) intervals to refute when 2 more nodes confirm it, and
  // max_mult times that when none does: 4 to 24 s for up to 10 nodes.
  unsigned suspicion_mult = 4;
  unsigned suspicion_max_mult = 6;
  // While there is news, it goes to so many nodes each interval besides what probes carry.
  Millis gossip_interval = 200;
  unsigned gossip_fanout = 3;
  // Each node passes news on in mult * ceil(log10(n + 1)) messages.
  unsigned retransmit_mult = 4;
  // Updates in one message: some 50. A probe stays one small packet or three.
  size_t piggyback_bytes = 4'096;
  // Between comparing the whole table with a random node's: mends what gossip missed.
  Millis sync_interval = 15'000;
  // Between attempts to reach a dead node and a seed: what a long partition took apart comes
  // together by that.
  Millis rejoin_interval = 5'000;
  // Goodbyes are sent for at most so long.
  Millis leave_timeout = 2'000;
  // Dead and left nodes that are not the ring's are forgotten after it.
  Millis gone_kept = 24ull * 60 * 60 * 1'000;
  // Running later than due by more than this, we were stopped or starved: time that others could
  // not answer us in, and that does not count against them.
  Millis stall_min = 500;
};

inline constexpr DetectorOptions kLanOptions{};

inline constexpr DetectorOptions kQuickOptions{
    .probe_interval = 100,
    .probe_timeout = 50,
    .gossip_interval = 20,
    .sync_interval = 1'500,
    .rejoin_interval = 500,
    .leave_timeout = 200,
    .stall_min = 50,
};

// The interval between comparisons in a cluster of so many nodes: longer by one for each doubling
// beyond 32 (memberlist's pushPullScale), since a change of each node in turn then costs more.
Millis SyncInterval(Millis interval, size_t nodes);

}  // namespace trifecta::net
