// What the transport knows of one peer: how to reach it, its channels, what was counted.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "net/endpoint.h"
#include "net/peer_backoff.h"
#include "net/peer_channel.h"
#include "net/peer_transport.h"

namespace trifecta::net {

struct PeerCounters {
  std::atomic<uint64_t> requests{0}, items{0}, bytes_sent{0}, bytes_received{0}, failures{0},
      connects{0};

  static void Count(std::atomic<uint64_t>* counter, uint64_t by = 1) {
    counter->fetch_add(by, std::memory_order_relaxed);
  }
};

struct Peer {
  using TimePoint = std::chrono::steady_clock::time_point;

  Peer(PeerAddress peer_address, Endpoint peer_endpoint, PeerHost* host)
      : address(std::move(peer_address)),
        endpoint(std::move(peer_endpoint)),
        backoff(host->options().retry_first, host->options().retry_last),
        channels{PeerChannel{this, PeerClass::kProtocol, host},
                 PeerChannel{this, PeerClass::kRead, host},
                 PeerChannel{this, PeerClass::kWrite, host},
                 PeerChannel{this, PeerClass::kBulk, host}} {}

  const PeerAddress address;
  const Endpoint endpoint;
  PeerBackoff backoff;
  PeerCounters counters;
  std::array<PeerChannel, kPeerClasses> channels;

  // The loop's.
  TimePoint unused_since{};  // as far as the loop has looked; zero: it is in use
  std::string complaint;     // the last one in the log
  TimePoint complain_at{};   // not again before
};

}  // namespace trifecta::net
