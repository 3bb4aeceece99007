// What a node is beside its listening port and its peers: its data folder, opened. Store, clock and
// identity.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/config.h"
#include "daemon/hybrid_clock.h"
#include "storage/store.h"

namespace trifecta::daemon {

// storage::Store::Open, or a test's own.
using OpenStore =
    std::function<Result<std::unique_ptr<storage::Store>>(storage::StoreOptions options)>;

class LocalNode {
 public:
  // Opens the store in config.data_dir, which locks the folder and recovers, then the clock and the
  // identity. Goes on beside damage where other nodes have what is lost. May take a while. Errors
  // are those of Store::Open; see ExitStatusForFolder.
  static Result<std::unique_ptr<LocalNode>> Open(const Config& config, const OpenStore& open_store,
                                                 Logger* logger);

  const std::string& id() const { return id_; }
  storage::Store* store() { return store_.get(); }
  HybridClock* clock() { return clock_.get(); }
  storage::StoreStats Stats() const { return store_->Stats(); }

  // Called once, from any thread, when log or clock could not be synced: the node takes no more
  // writes and must end.
  void OnFailure(const std::function<void(const Status&)>& callback);

  // Checkpoints and gives spare log space back. Call once, when no request is under way.
  Status Close();

 private:
  LocalNode(std::unique_ptr<storage::Store> store, std::unique_ptr<HybridClock> clock,
            std::string id);

  const std::unique_ptr<storage::Store> store_;
  const std::unique_ptr<HybridClock> clock_;
  const std::string id_;
};

}  // namespace trifecta::daemon
