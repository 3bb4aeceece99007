// The shared secret that clients send as "Authorization: Bearer TOKEN".
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

namespace trifecta::daemon {

// Any thread may call any method: the token changes while requests are answered (SIGHUP).
class AccessToken {
 public:
  // From now on this token is asked for; with "" none is.
  void Set(std::string token);

  // What this node itself sends to the others; "" when none is asked for.
  std::string text() const;

  bool required() const { return required_.load(std::memory_order_acquire); }

  // Whether a request with this Authorization header may pass. The time it takes tells nothing of
  // how much of the token was right.
  bool Allows(std::string_view authorization) const;

 private:
  std::atomic<bool> required_ = false;
  mutable std::mutex mutex_;
  std::string token_;  // guarded by mutex_
};

}  // namespace trifecta::daemon
