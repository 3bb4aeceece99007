// Requests and their answers between simulated nodes: what net/peer_transport.h is for real ones.
// Answers may be lost as well as requests. A request that came twice is served twice, though the
// transport sends none twice: its answer is that to the first. One that was given up may be served
// still.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "storage/base/status.h"
#include "tests/sim/sim_network.h"

namespace trifecta::sim {

class SimCalls {
 public:
  // Gets the answer, or kUnavailable or kTimeout: then the request may have been served, or be
  // served later.
  using Done = std::function<void(const Result<std::string>& reply)>;
  using Reply = std::function<void(std::string reply)>;
  // Serves a request at the node `at`; `patience`: for how long whoever asks waits.
  using Server = std::function<void(NodeIndex at, NodeIndex from, std::string request,
                                    Millis patience, Reply reply)>;

  // `network` outlives it.
  SimCalls(SimNetwork* network, Server serve) : network_(network), serve_(std::move(serve)) {}

  // Calls `done` once, later, but never if `from` crashes first.
  void Call(NodeIndex from, NodeIndex to, std::string request, Millis deadline, Done done);
  // The node has crashed: its calls are nobody's.
  void Forget(NodeIndex from);

 private:
  struct Pending {
    NodeIndex from;
    Done done;
  };

  void EndAfter(uint64_t call, NodeIndex from, Millis delay, Status status);
  void End(uint64_t call, const Result<std::string>& reply);

  SimNetwork* const network_;
  const Server serve_;
  std::map<uint64_t, Pending> pending_;
  uint64_t next_ = 0;
};

}  // namespace trifecta::sim
