// Which view of the cluster requests run under, and when no request runs under an older ring
// document any more.
//
// A replica checks the fence of a write against the document in force and then stores it. If the
// document changed in between, a write that the old one allowed could land after this node has
// told others that it goes by the new one, and who streams or counts on that would miss it. So
// every request holds a guard while it relies on a document, and this node announces a document
// only once all guards of older ones have gone.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/replication/cluster_view.h"

namespace trifecta::daemon {

// Any thread may call any method. A guard must not outlive the gate.
class RingGate {
 private:
  struct Use;
  struct Pinned {
    replication::ViewPtr view;
    std::shared_ptr<Use> use;  // shared by the views of one document
  };

 public:
  // Holds the view that was in force at Enter. Cheap to move.
  class Guard {
   public:
    const replication::ViewPtr& view() const { return pinned_->view; }

   private:
    friend class RingGate;
    explicit Guard(std::shared_ptr<const Pinned> pinned) : pinned_(std::move(pinned)) {}
    std::shared_ptr<const Pinned> pinned_;
  };

  // `released` is called, by whichever thread, when the last guard of a document that is not in
  // force any more has gone. It must not block.
  explicit RingGate(std::function<void()> released) : released_(std::move(released)) {}

  // Puts a view in force. Its document is the one in force or a later one.
  void Install(replication::ViewPtr view);

  // False before the first Install: then nothing may Enter.
  bool open() const;
  // Some 50 ns.
  Guard Enter() const;
  // The view in force, for who does not rely on it staying so.
  replication::ViewPtr view() const;

  // The epoch of the document in force, or of the one that is just being put in force; 0 before the
  // first. One instruction.
  net::Epoch epoch() const { return epoch_.load(std::memory_order_acquire); }

  // The epoch of the oldest document that a guard is held of, or that is in force; 0 before the
  // first. What this node may announce.
  net::Epoch oldest() const;

 private:
  const std::function<void()> released_;
  std::atomic<net::Epoch> epoch_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Pinned> current_;
  mutable std::vector<std::pair<net::Epoch, std::weak_ptr<Use>>> older_;
};

}  // namespace trifecta::daemon
