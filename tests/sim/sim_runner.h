// Runs operations (daemon/replication/operation.h) of one simulated node in virtual time, as
// daemon/operation_runner.h does for a daemon.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>

#include "daemon/replication/operation.h"
#include "tests/sim/sim_calls.h"
#include "tests/sim/sim_network.h"

namespace trifecta::sim {

class SimRunner {
 public:
  struct Parts {
    SimNetwork* network = nullptr;
    NodeIndex node = 0;
    std::function<replication::ViewPtr()> view;
    // To another node, or to this one itself: `done` comes later, or never if this node crashes.
    std::function<void(const replication::ClusterView&, replication::Call, SimCalls::Done done)>
        call;
    std::function<void(net::NodeNumber node, net::Epoch epoch)> pull;
    std::function<void(std::span<const replication::Hint>)> store_hints;
    // Something was done; the node may have died of it.
    std::function<bool()> alive;
  };
  using Task = std::function<void()>;

  explicit SimRunner(Parts parts) : parts_(std::move(parts)) {}

  // Calls `answered` once the operation is, and `done` once nothing more comes of it; either may
  // be empty. Not within this call.
  void Run(std::shared_ptr<replication::Operation> operation, Task answered, Task done = {});
  // A later view is in force.
  void OnView();
  // Operations that have not ended.
  size_t running() const { return running_.size(); }

 private:
  struct Running {
    std::shared_ptr<replication::Operation> operation;
    Task answered, done;
    replication::ViewPtr view;
    net::Epoch wanted = 0;  // not 0: it waits for a ring of that epoch or a later one
    Millis wake_at = replication::kNever;
    bool told = false;
  };
  using RunningPtr = std::shared_ptr<Running>;

  template <typename Input>
  void Step(const RunningPtr& running, const Input& input);
  void CarryOut(const RunningPtr& running, replication::Actions* actions);
  void TakeView(const RunningPtr& running);
  void ScheduleWake(const RunningPtr& running);

  const Parts parts_;
  std::list<RunningPtr> running_;
};

}  // namespace trifecta::sim
