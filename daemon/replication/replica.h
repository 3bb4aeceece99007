// A node as owner: answers the requests of coordinators from its own store. Terminal: it never
// asks another node, so two loaded nodes cannot wait for each other.
//
// Any thread may call it; it blocks as the store does (a write until it is synced).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/digest_table.h"
#include "daemon/replication/lost_words.h"
#include "daemon/replication/messages.h"
#include "daemon/replication/stamper.h"
#include "net/ring_messages.h"
#include "storage/store.h"

namespace trifecta::replication {

class Replica {
 public:
  // All outlive it. `status` gives what only the daemon knows of a StatusReply; reads and writes of
  // `lost` words are refused (null: nothing is lost).
  struct Parts {
    storage::Store* store = nullptr;
    const DigestTable* digests = nullptr;
    Stamper* stamper = nullptr;
    std::function<StatusReply()> status;
    const LostWords* lost = nullptr;
  };
  explicit Replica(Parts parts) : parts_(std::move(parts)) {}

  // Answers requests that came together: one reply each, in order. Their writes go to the store as
  // one, so that they share a sync. `ring` is the document in force, null before there is one;
  // the caller holds it in force until this returns (daemon/ring_gate.h). A request with a later
  // fence than the ring's is refused as kBehind: the caller fetches the document and calls again.
  void Answer(const net::RingPtr& ring, net::NodeNumber self,
              std::span<const std::string_view> requests, std::vector<std::string>* replies);

 private:
  Parts parts_;
};

}  // namespace trifecta::replication
