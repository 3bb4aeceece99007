#include "daemon/local_node.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "daemon/data_folder.h"
#include "daemon/node_identity.h"
#include "daemon/saved_ring.h"

namespace trifecta::daemon {
namespace {

// Merging leaves most cores to requests; a stop, which should take less than ten seconds, need not.
// Each thread holds some 30 MiB.
constexpr unsigned kCoresForTwo = 4;
constexpr unsigned kCloseThreadsMax = 4;

}  // namespace

Result<std::unique_ptr<LocalNode>> LocalNode::Open(const Config& config,
                                                   const OpenStore& open_store, Logger* logger) {
  TRIFECTA_RETURN_IF_ERROR(CheckDataFolder(config.data_dir));
  storage::StoreOptions options;
  options.folder = config.data_dir;
  options.logger = logger;
  options.memtable_bytes = config.memtable_size;
  const unsigned cores = std::thread::hardware_concurrency();
  options.merge_threads = cores >= kCoresForTwo ? 2 : 1;
  options.close_threads = std::clamp(cores, 1u, kCloseThreadsMax);
  options.tolerate_damage = EachWordHasCopies(config.data_dir);
  Result<std::unique_ptr<storage::Store>> store = open_store(options);
  if (!store.ok()) return store.status();
  Result<std::unique_ptr<HybridClock>> clock =
      HybridClock::Open(config.data_dir, PosixFileSystem(), SystemClock());
  if (!clock.ok()) return clock.status();
  Result<std::string> id = LoadOrMakeNodeId(config.data_dir);
  if (!id.ok()) return id.status();
  return std::unique_ptr<LocalNode>(
      new LocalNode(std::move(*store), std::move(*clock), std::move(*id)));
}

LocalNode::LocalNode(std::unique_ptr<storage::Store> store, std::unique_ptr<HybridClock> clock,
                     std::string id)
    : store_(std::move(store)), clock_(std::move(clock)), id_(std::move(id)) {}

void LocalNode::OnFailure(const std::function<void(const Status&)>& callback) {
  // The log and the clock may fail together: the first is the cause that counts.
  auto told = std::make_shared<std::atomic<bool>>(false);
  const auto once = [callback, told](const Status& status) {
    if (!told->exchange(true)) callback(status);
  };
  store_->OnFailure(once);
  clock_->OnFailure(once);
}

Status LocalNode::Close() {
  const Status clock_closed = clock_->Close();
  const Status store_closed = store_->Close();
  return store_closed.ok() ? clock_closed : store_closed;
}

}  // namespace trifecta::daemon
