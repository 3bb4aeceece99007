// Real daemons on a FaultNetwork: started, killed, stopped, paused, asked how they are.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/endpoint.h"
#include "net/json.h"
#include "tests/faults/fault_network.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace trifecta::faults {

// How long anything may take that is not the fault itself: nodes are up within seconds on an idle
// machine, and tests share two busy cores.
inline constexpr std::chrono::seconds kPatience{90};

// Calls `done` until it is true or the time is up; what it said last.
template <typename Done>
bool Await(const Done& done, std::chrono::milliseconds patience = kPatience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // between two looks
  }
  return true;
}

struct FaultClusterOptions {
  size_t nodes = 3;
  std::vector<std::string> flags;  // of all nodes
  // HOST:PORT at which the others reach a node, by node; where not given, its own address.
  std::map<size_t, std::string> advertised;
  std::chrono::milliseconds gossip_interval{100};
  std::chrono::milliseconds request_timeout{3'000};
};

// The thread of the test; const calls any thread.
class FaultCluster {
 public:
  // Nodes are in three zones by turns; the fourth is in the first one again.
  explicit FaultCluster(FaultClusterOptions options);
  ~FaultCluster();

  size_t size() const { return options_.nodes; }
  const FaultClusterOptions& options() const { return options_; }
  // For clients.
  net::Endpoint endpoint(size_t node) const;
  // HOST:PORT for the other nodes.
  std::string address(size_t node) const;

  // Starts all of them and waits until the cluster is whole.
  void StartAll();
  // Starts a node that does not run; it may be one more than there were. What is given here counts
  // from now on for this node.
  void Start(size_t node);
  void Start(size_t node, std::map<std::string, std::string> environment);
  // Waits until it says that it is ready; false when it ends instead.
  bool AwaitReady(size_t node, std::chrono::seconds patience = kPatience);
  void Kill(size_t node);  // SIGKILL
  // SIGTERM, and waits for the end. The exit status.
  int Stop(size_t node);
  // Has `asked` begin what takes `node` out of the cluster: "decommission", "remove". Fails the
  // test where it does not.
  void TakeOut(size_t asked, std::string_view how, size_t node);
  // Waits until the node has ended by itself; from now on it is none of the cluster's. Its status.
  int AwaitEnd(size_t node);
  void Pause(size_t node);  // SIGSTOP
  void Resume(size_t node);
  bool Runs(size_t node);
  // It was started at some time.
  bool Started(size_t node) const { return nodes_[node].started; }
  // Ends all, as Kill does.
  void KillAll();

  // Where the node keeps its words; it makes the folder at its first start.
  std::string data_folder(size_t node) const;

  // How often it was killed, stopped or paused; odd while it is not serving for that reason. What
  // clients ask of it meanwhile may remain without an answer.
  uint64_t disturbances(size_t node) const { return nodes_[node].disturbances; }

  // What /api/v1/cluster of the node says; a null value when it does not answer.
  net::JsonValue Status(size_t node);
  // Waits until every node that was started finds the cluster healthy, with all nodes up, by the
  // same ring, and every copy of every word is there. No client writes. "", or what is missing.
  std::string AwaitWhole(std::chrono::seconds patience = kPatience);
  // Waits until `asked` finds `node` to be "up", "suspect", "down".
  bool AwaitState(size_t asked, size_t node, std::string_view state,
                  std::chrono::seconds patience = kPatience);
  std::string StateOf(size_t asked, size_t node);
  // True when one of the nodes has ever taken another one for dead.
  bool AnyTakenForDead();
  // What the node has written to its log, in all of its lives.
  std::string Log(size_t node);
  // The logs' last lines, and whole ones in files of a folder that is named.
  std::string Logs();

 private:
  struct Node {
    std::unique_ptr<test::Process> process;
    std::map<std::string, std::string> environment;
    std::string earlier_log;
    bool started = false;
    std::atomic<uint64_t> disturbances = 0;
  };

  std::string Missing();
  std::string MissingAt(size_t node, size_t members, uint64_t* epoch);
  void Disturb(size_t node, bool serves);

  const FaultClusterOptions options_;
  std::unique_ptr<test::TempDir> own_folder_;
  std::string folder_;
  std::array<Node, kNodesMax> nodes_;
};

}  // namespace trifecta::faults
