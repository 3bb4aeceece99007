#include "daemon/drain.h"

#include <condition_variable>
#include <functional>

#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

// A drain whose wakes are counted, so that a test waits for them.
class Drainable {
 public:
  Drainable() {
    readiness.Set(Phase::kReady, "");
    DrainParts parts;
    parts.readiness = &readiness;
    parts.in_flight = &in_flight;
    parts.say_goodbye = [this] { ++goodbyes; };
    parts.checkpoint = [this] { return checkpointed; };
    parts.wake = [this] {
      std::lock_guard lock(mutex_);
      ++wakes_;
      changed_.notify_all();
    };
    drain.emplace(std::move(parts));
  }

  // Until the drain has asked for a step so often in all.
  void AwaitWakes(int wakes) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return wakes_ >= wakes; });
  }
  void StepUntilDone() {
    AwaitWakes(2);
    while (drain->under_way()) drain->Step();
  }

  Readiness readiness;
  InFlight in_flight;
  int goodbyes = 0;
  Status checkpointed;
  std::optional<Drain> drain;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int wakes_ = 0;
};

TEST_CASE("a node that nobody asked does not drain") {
  Drainable node;
  node.drain->Step();
  CHECK_FALSE(node.drain->under_way());
  CHECK(node.readiness.ready());
}

TEST_CASE("a drain refuses new requests, says goodbye, checkpoints, and then only waits") {
  Drainable node;
  node.drain->Ask();
  CHECK(node.readiness.ready());
  node.drain->Step();
  CHECK_FALSE(node.readiness.ready());
  CHECK(node.readiness.Reasons().front().starts_with("draining: "));
  node.StepUntilDone();
  CHECK(node.readiness.phase() == Phase::kDrained);
  CHECK(node.readiness.Reasons().front() ==
        "draining: everything is checkpointed, and the process can be stopped");
  CHECK(node.goodbyes == 1);
  node.drain->Ask();
  node.drain->Step();
  CHECK(node.goodbyes == 1);
}

TEST_CASE("a drain waits for the requests that are under way") {
  Drainable node;
  std::function<void()> meanwhile;
  net::Route route;
  route.method = "GET";
  route.pattern = "/x";
  route.handler = [&](const net::Request&, net::Response&) { meanwhile(); };
  const std::vector<net::Route> routes = node.in_flight.Count({route});
  meanwhile = [&] {
    node.drain->Ask();
    for (int i = 0; i < 3; ++i) node.drain->Step();
    CHECK(node.readiness.phase() == Phase::kDraining);
  };
  net::Response response;
  routes[0].handler(net::Request{}, response);
  node.drain->Step();
  node.StepUntilDone();
  CHECK(node.readiness.phase() == Phase::kDrained);
}

TEST_CASE("a checkpoint that fails is told, and ends the drain all the same") {
  Drainable node;
  node.checkpointed = Status(StatusCode::kDiskFull, "no room");
  node.drain->Ask();
  node.drain->Step();
  node.StepUntilDone();
  CHECK(node.readiness.phase() == Phase::kDrained);
  CHECK(node.readiness.Reasons().front().find("not everything is checkpointed: no room") !=
        std::string::npos);
}

}  // namespace
}  // namespace trifecta::daemon
