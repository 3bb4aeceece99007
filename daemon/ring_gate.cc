#include "daemon/ring_gate.h"

#include <algorithm>

namespace trifecta::daemon {

// Lives as long as a guard of its document, or the document is in force.
struct RingGate::Use {
  explicit Use(const std::function<void()>* when_released) : released(when_released) {}
  ~Use() { (*released)(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  const std::function<void()>* const released;
};

void RingGate::Install(replication::ViewPtr view) {
  std::shared_ptr<const Pinned> before;  // let go of without the lock: its end calls out
  std::lock_guard lock(mutex_);
  epoch_.store(view->ring->epoch, std::memory_order_release);
  before = std::move(current_);
  const bool same = before != nullptr && before->view->ring->epoch == view->ring->epoch;
  std::shared_ptr<Use> use = same ? before->use : std::make_shared<Use>(&released_);
  if (before != nullptr && !same) older_.emplace_back(before->view->ring->epoch, before->use);
  current_ = std::make_shared<const Pinned>(Pinned{std::move(view), std::move(use)});
}

bool RingGate::open() const {
  std::lock_guard lock(mutex_);
  return current_ != nullptr;
}

RingGate::Guard RingGate::Enter() const {
  std::lock_guard lock(mutex_);
  return Guard(current_);
}

replication::ViewPtr RingGate::view() const {
  std::lock_guard lock(mutex_);
  return current_ == nullptr ? nullptr : current_->view;
}

net::Epoch RingGate::oldest() const {
  std::lock_guard lock(mutex_);
  std::erase_if(older_, [](const auto& one) { return one.second.expired(); });
  net::Epoch oldest = current_ == nullptr ? 0 : current_->view->ring->epoch;
  for (const auto& [epoch, use] : older_) oldest = std::min(oldest, epoch);
  return oldest;
}

}  // namespace trifecta::daemon
