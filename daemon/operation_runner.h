// Runs operations (daemon/replication/operation.h): sends their calls, feeds them replies, time and
// new ring documents, and stores the hints that they leave.
//
// The thread that waits for an operation's answer is its first runner: it also answers the calls to
// this node itself, so that its own replica's sync costs no hand-over. Background calls to itself,
// and what is left after the answer (an owner that is slow, repairs, hints), keep no client
// waiting: they go on in the transport's thread and in one thread of the runner.
//
// Any thread may call any method.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "daemon/replication/operation.h"
#include "net/peer_transport.h"

namespace trifecta::daemon {

// Monotonic milliseconds, as operations count them.
replication::Millis NowMillis();
std::chrono::steady_clock::time_point TimePointOf(replication::Millis millis);

// What a runner works with. All of it outlives the runner.
struct RunnerParts {
  net::PeerTransport* transport = nullptr;
  // The view in force.
  std::function<replication::ViewPtr()> view;
  // This node's own replica: the reply to one request.
  std::function<std::string(std::string_view request)> answer_locally;
  // Fetches the ring document of `node`, if it has at least `epoch`; returns at once.
  std::function<void(net::NodeNumber node, net::Epoch epoch)> pull;
  std::function<void(std::span<const replication::Hint> hints)> store_hints;
};

class OperationRunner {
 public:
  explicit OperationRunner(RunnerParts parts);
  // Operations that are not done are dropped; no thread is in Run any more.
  ~OperationRunner();
  OperationRunner(const OperationRunner&) = delete;
  OperationRunner& operator=(const OperationRunner&) = delete;

  // Returns once the operation is answered. It goes on until it is done, so what its owner reads
  // of it afterwards must not change after the answer, and it is shared.
  void Run(const std::shared_ptr<replication::Operation>& operation);
  // Returns once it is done, or the runner stops. Replies wait for this thread: for operations that
  // read and write the local store as they come in, which must not hold the transport up.
  void RunToEnd(const std::shared_ptr<replication::Operation>& operation);

  // A later view is in force: operations that wait for its ring go on.
  void OnView(const replication::ViewPtr& view);

  // Operations that have not ended.
  size_t running() const;

  // From now on nothing goes on but what threads in Run wait for.
  void Stop();

 private:
  class Running;
  using RunningPtr = std::shared_ptr<Running>;

  RunningPtr Add(const std::shared_ptr<replication::Operation>& operation, bool by_one_thread);
  void WaitFor(const RunningPtr& running, bool until_done);
  void Loop();
  // The thread of the runner has something to do now.
  void Wake();

  const RunnerParts parts_;
  mutable std::mutex mutex_;  // guards what follows; never held while an operation is called
  std::condition_variable changed_;
  std::unordered_set<RunningPtr> all_;
  bool woken_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace trifecta::daemon
