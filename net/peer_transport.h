// How nodes talk to each other: requests with several items over kept connections to the peers'
// one port.
//
// Natural batching: while a request to a peer is under way, further items for it queue up and go
// together in the next one. So under load many single-word writes cost few requests and few syncs,
// and without load nothing waits for a timer. Each class of items has connections of its own, so
// that none waits for another; within kRead and kWrite, large items leave one connection to the
// small ones.
//
// An item is sent by the thread that brings it, when a connection is idle; everything else is done
// by one thread of the transport: connecting, receiving, the next batch, deadlines, callbacks.
//
// A request whose kept connection turns out to be closed before any byte of an answer came is sent
// once more on a new one, so that an item may arrive twice: what items ask for must bear that.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/node.h"
#include "net/peer_envelope.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"

namespace trifecta::net {

// Which connections carry an item. The number of connections of each is in peer_channel.h.
enum class PeerClass : uint8_t {
  kProtocol,  // membership, ring: small, must not wait; served by workers of its own
  kRead,
  kWrite,
  kBulk,  // streams, repair, hints
};
inline constexpr size_t kPeerClasses = 4;

struct PeerAddress {
  NodeId id;  // zero: whoever listens there
  Address address;

  bool operator==(const PeerAddress&) const = default;
};

// Called once, with the answer's bytes or with why there is none: by the transport's thread, or
// by Call itself when it fails at once (so hold no lock that it takes). Must not block; may Call.
using PeerReply = std::function<void(Result<std::string> reply)>;

// Of one peer (id and address), since the transport began to talk to it.
struct PeerStats {
  PeerAddress peer;
  uint64_t requests = 0;
  uint64_t items = 0;           // sent; items / requests says how well batching works
  uint64_t bytes_sent = 0;      // bodies
  uint64_t bytes_received = 0;  // bodies
  uint64_t failures = 0;        // items that got no answer, were refused or dropped
  uint64_t connects = 0;        // connections made
  uint64_t waiting = 0;         // items that wait to be sent now
};

struct PeerTransportOptions {
  NodeId self;
  // The bearer token to send, "" for none; asked for each request, by any thread. May be empty.
  std::function<std::string()> token;

  std::chrono::milliseconds connect_timeout{1'000};  // the lookup of a name included
  // After a failed connect all items fail at once for this long; it doubles with each failure.
  std::chrono::milliseconds retry_first{20};
  std::chrono::milliseconds retry_last{500};
  // How long a request with one-way items alone may take before its connection is given up.
  std::chrono::milliseconds one_way_patience{2'000};
  // Below the server's idle timeout, so that it is us who close.
  std::chrono::milliseconds idle_timeout{60'000};

  // Items, and their bytes, that may wait for one peer in one class; beyond it they fail at once.
  size_t waiting_items = 16'384;
  size_t waiting_bytes = size_t{32} * 1024 * 1024;
  // Of all peers and classes together, those under way included.
  size_t held_bytes = size_t{256} * 1024 * 1024;

  Logger* logger = NullLogger();
};

// Any thread may call any method.
class PeerTransport {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // kIoError when the system has no descriptor left.
  static Result<std::unique_ptr<PeerTransport>> Start(PeerTransportOptions options);
  // Stop().
  ~PeerTransport();
  PeerTransport(const PeerTransport&) = delete;
  PeerTransport& operator=(const PeerTransport&) = delete;

  // Sends a one-way item (net/peer_envelope.h) in class kProtocol, at most twice and perhaps
  // never; nobody is told.
  void Post(ItemKind kind, const PeerAddress& to, std::string bytes);

  // Sends an answered item. `done` gets the answer's bytes, or:
  // - kUnavailable: not reached, connection lost, refused, too much waits already. Whether the item
  //   was carried out is unknown. The text begins with the peer's address.
  // - kTimeout at `deadline`; the item may be carried out still. At once, and it is not sent, when
  //   the deadline has passed.
  // - kTooLarge above kPeerItemBytesMax; kInvalidArgument for an address that is none.
  // - kCancelled when the transport stops.
  // The peer learns how much time is left, and does not look at items whose time is over.
  void Call(ItemKind kind, PeerClass peer_class, const PeerAddress& to, std::string bytes,
            TimePoint deadline, PeerReply done);

  // What requests say our cluster is, from now on. Zero at first: none yet.
  void SetCluster(const NodeId& cluster);

  // One entry a peer, in the order of ids and addresses. A peer that was sent nothing for ten
  // minutes is forgotten.
  std::vector<PeerStats> Stats() const;

  // Calls back what is under way with kCancelled and ends the thread; no callback runs afterwards.
  // Not from a callback. Calls from now on fail at once; further Stops do nothing.
  void Stop();

 private:
  class Loop;
  explicit PeerTransport(std::unique_ptr<Loop> loop);
  const std::unique_ptr<Loop> loop_;
};

}  // namespace trifecta::net
