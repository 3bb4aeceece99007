// Sends batches in parallel and hands them back in the order of the input: what has been handed
// back is durable, so that the first line not handed back is where to go on after an interruption.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cmd/batch.h"
#include "cmd/parallelism.h"
#include "net/client.h"

namespace trifecta::cmd {

struct SendOptions {
  net::BulkOp op = net::BulkOp::kAdd;
  bool stop = false;         // a line that the node rejects ends it; then one batch at a time
  bool all_rejects = false;  // find out every rejected line, not the first 100 of a request alone
  size_t parallel = 4;       // at most; fewer while a node turns some away
  // How long a batch that cannot be stored is repeated while no other gets through.
  std::chrono::milliseconds patience{0};
};

// One thread submits; `done` runs on any thread, one call at a time, in the order of submission.
class BatchSender {
 public:
  using MakeClient = std::function<std::unique_ptr<net::Client>(size_t worker)>;
  // The lines that the node rejected are in `batch.rejected` by then, sorted in.
  using Done = std::function<void(Batch& batch, const net::BulkSummary& summary)>;

  BatchSender(SendOptions options, const MakeClient& make_client, Done done);
  ~BatchSender();

  // Queues a batch; waits while enough are under way. False once a batch could not be stored, or
  // was stopped at: nothing further is sent then.
  bool Submit(std::unique_ptr<Batch> batch);

  // Waits until everything submitted has been handed back, or one has failed.
  void Drain();

  // Why a batch could not be stored. Nothing while all went well. After Drain.
  const std::optional<net::Problem>& problem() const { return problem_; }
  // Whether `stop` took effect.
  bool stopped() const { return stopped_; }

 private:
  enum class Sent { kStored, kTurnedAway, kFailed };
  struct Finished {
    std::unique_ptr<Batch> batch;
    net::BulkSummary summary;
  };

  void Work(net::Client* client);
  Sent Send(net::Client* client, bool alone, Batch* batch, net::BulkSummary* summary);
  bool FindAllRejects(net::Client* client, Batch* batch, const net::BulkSummary& summary);
  Result<net::BulkSummary> SendPart(net::Client* client, std::string_view part, bool ndjson);
  void PutBack(uint64_t sequence, std::unique_ptr<Batch> batch);
  void Fail(const net::Client& client);
  void HandBack(uint64_t sequence, Finished finished);
  bool Ending() const { return problem_.has_value() || stopped_; }

  const SendOptions options_;
  const Done done_;
  std::vector<std::unique_ptr<net::Client>> clients_;  // one a worker
  std::vector<std::thread> workers_;
  std::atomic<uint64_t> stored_ = 0;  // requests that went well: whether there is any progress

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<uint64_t, std::unique_ptr<Batch>> queue_;  // by sequence
  std::map<uint64_t, Finished> finished_;             // not handed back: an earlier one is missing
  Parallelism parallelism_;
  size_t under_way_ = 0;
  uint64_t submitted_ = 0, handed_back_ = 0;
  bool closing_ = false;
  bool stopped_ = false;
  std::optional<net::Problem> problem_;
};

}  // namespace trifecta::cmd
