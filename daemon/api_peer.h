// The routes that other nodes use: POST /peer/v1/messages, and /peer/v1/protocol, which is the same
// for membership and agreement on workers of its own, so that no load keeps a node from saying that
// it is alive. Requests and answers are those of net/peer_envelope.h.
//
// They ask for the token, but not for readiness: a node that joins has to talk. A request of
// another cluster or for another node is refused as a whole, with 421 and a sentence.
#pragma once

#include <chrono>
#include <span>
#include <string_view>
#include <vector>

#include "net/node.h"
#include "net/peer_envelope.h"

namespace trifecta::daemon {

// An answered item, with the time from which on nobody waits for its answer.
struct PeerCall {
  net::ItemKind kind;
  std::string_view bytes;
  std::chrono::steady_clock::time_point deadline;
};

// What the node does with what its peers send. Any number of worker threads call it at once. It
// never calls a peer and waits for it: two loaded nodes would wait for each other for ever.
class PeerHandler {
 public:
  virtual ~PeerHandler() = default;

  virtual net::NodeId self() const = 0;
  virtual net::NodeId cluster() const = 0;  // zero: of none yet

  // A one-way item, of a kind that may be unknown: queued for the protocol thread.
  virtual void Deliver(net::ItemKind kind, const net::NodeId& from, std::string_view bytes) = 0;
  // The answered items of one request, together so that their writes share a sync. `answers` has
  // one element for each, in their order, to be filled in; kinds may be unknown (then: refused).
  virtual void Answer(const net::NodeId& from, std::span<const PeerCall> calls,
                      std::vector<net::PeerAnswer>* answers) = 0;
};

}  // namespace trifecta::daemon
