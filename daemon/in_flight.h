// The clients' requests that are being answered, counted, so that a stop can wait for them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "net/http.h"

namespace trifecta::daemon {

// Any thread. Outlives the routes it counts.
class InFlight {
 public:
  // The routes, each counting its requests from the handler's start until the answer, streamed ones
  // included, has been given. Only clients' requests count: nobody waits for a probe, and peers,
  // who never cease to ask, are told to ask others (Cluster::SayGoodbye).
  std::vector<net::Route> Count(std::vector<net::Route> routes);

  // Waits until no request is under way; false when there still is one after `most`.
  bool WaitForNone(std::chrono::milliseconds most);

 private:
  // Lives as long as its request.
  class Mark;

  std::mutex mutex_;
  std::condition_variable none_;
  size_t count_ = 0;  // guarded by mutex_
};

}  // namespace trifecta::daemon
