// Whether anybody listens at an address: what a node has to know of its seeds before it founds a
// cluster (daemon/replication/cluster_search.h). Messages between nodes are sent without an answer,
// and a transport tells nobody why one was lost; so seeds are knocked at beside it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "net/node.h"

namespace trifecta::daemon {

// Those of `addresses` that refuse a connection at once: their host answers, and nobody listens
// there. One that is silent until `patience` has passed, whose name is not known or that has no
// route is none of them: the node may be there. Looking up names may take longer. Any thread.
std::vector<net::Address> WhoRefuse(const std::vector<net::Address>& addresses,
                                    std::chrono::milliseconds patience);

// Knocks in the background, for as long as the cluster is searched. One thread uses it.
class SeedKnocker {
 public:
  // `refused` is called by a thread of the knocker, and not after the knocker's end. It must not
  // block.
  explicit SeedKnocker(std::function<void(const net::Address& address)> refused);
  // Waits for nothing: a thread whose lookup of a name hangs ends later, by itself.
  ~SeedKnocker();
  SeedKnocker(const SeedKnocker&) = delete;
  SeedKnocker& operator=(const SeedKnocker&) = delete;

  // Knocks at this address, unless that is being done already.
  void Knock(const net::Address& address);

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace trifecta::daemon
