#include "daemon/cluster_coordinator.h"

#include <chrono>
#include <utility>

#include "daemon/replication/count_operation.h"
#include "daemon/replication/lookup_operation.h"
#include "daemon/replication/search_operation.h"
#include "daemon/replication/shards_operation.h"
#include "daemon/replication/write_operation.h"

namespace trifecta::daemon {
namespace {

using replication::Millis;

// The time of a request that names none: that of a client's (Config::request_timeout).
constexpr Millis kDefaultTime = 10'000;

Millis DeadlineOf(const CallOptions& options) {
  if (options.deadline == std::chrono::steady_clock::time_point::max()) {
    return NowMillis() + kDefaultTime;
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(options.deadline.time_since_epoch())
      .count();
}

bool IsTooLate(const CallOptions& options) {
  return std::chrono::steady_clock::now() >= options.deadline;
}

Status TooLate() {
  return {StatusCode::kTimeout, "the request waited too long for its turn; nothing was done"};
}

}  // namespace

template <typename SomeOperation>
Status ClusterCoordinator::Run(const std::shared_ptr<SomeOperation>& operation) {
  parts_.runner->Run(operation);
  if (!operation->answered()) {
    return {StatusCode::kUnavailable, "this node stops; ask another one"};
  }
  return operation->status();
}

Result<uint64_t> ClusterCoordinator::Write(Operation operation,
                                           std::span<const std::string_view> words,
                                           const CallOptions& options) {
  if (const RingGate::Guard guard = parts_.gate->Enter(); guard.view()->IsSole()) {
    return parts_.sole->Write(operation, words, options);
  }
  if (IsTooLate(options)) return TooLate();
  const auto write = std::make_shared<replication::WriteOperation>(
      words, operation == Operation::kDelete, options.consistency, DeadlineOf(options),
      parts_.stamper);
  TRIFECTA_RETURN_IF_ERROR(Run(write));
  return write->existed();
}

Result<bool> ClusterCoordinator::Contains(std::string_view word, const CallOptions& options) {
  if (const RingGate::Guard guard = parts_.gate->Enter(); guard.view()->IsSole()) {
    return parts_.sole->Contains(word, options);
  }
  if (IsTooLate(options)) return TooLate();
  const auto lookup = std::make_shared<replication::LookupOperation>(word, options.consistency,
                                                                     DeadlineOf(options));
  TRIFECTA_RETURN_IF_ERROR(Run(lookup));
  return lookup->lookup().known && lookup->lookup().live;
}

Status ClusterCoordinator::Search(const storage::SearchOptions& search, bool partial,
                                  const CallOptions& options, SearchAnswer* answer) {
  if (const RingGate::Guard guard = parts_.gate->Enter(); guard.view()->IsSole()) {
    return parts_.sole->Search(search, partial, options, answer);
  }
  if (IsTooLate(options)) return TooLate();
  const auto running = std::make_shared<replication::SearchOperation>(
      search, partial, options.consistency, DeadlineOf(options));
  TRIFECTA_RETURN_IF_ERROR(Run(running));
  answer->page = running->page();
  answer->missing = running->missing();
  return Status::Ok();
}

Result<uint64_t> ClusterCoordinator::Count(std::string_view prefix, const CallOptions& options) {
  if (const RingGate::Guard guard = parts_.gate->Enter(); guard.view()->IsSole()) {
    return parts_.sole->Count(prefix, options);
  }
  if (IsTooLate(options)) return TooLate();
  const auto count = std::make_shared<replication::CountOperation>(prefix, options.consistency,
                                                                   DeadlineOf(options));
  TRIFECTA_RETURN_IF_ERROR(Run(count));
  return count->count();
}

Result<std::vector<std::string>> ClusterCoordinator::ShardRootsOf(net::NodeNumber node,
                                                                  const CallOptions& options) {
  if (const RingGate::Guard guard = parts_.gate->Enter(); guard.view()->IsSole()) {
    return parts_.sole->ShardRootsOf(node, options);
  }
  const auto shards = std::make_shared<replication::ShardsOperation>(node, DeadlineOf(options));
  TRIFECTA_RETURN_IF_ERROR(Run(shards));
  return shards->roots();
}

}  // namespace trifecta::daemon
