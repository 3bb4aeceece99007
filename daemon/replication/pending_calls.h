// The calls of a background operation that have not been answered: who was asked what, and until
// when. A reply that comes later than its deadline, or for a call that was dropped, is none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/replication/operation.h"

namespace trifecta::replication {

// `Task` is what the operation wants to know when the reply comes. In the order of the sending, so
// that an operation does the same each time.
template <typename Task>
class PendingCalls {
 public:
  struct Pending {
    NodeNumber node = net::kNoNodeNumber;
    Millis deadline = 0;
    Task task;
  };

  // Appends the call to `actions`.
  uint32_t Send(NodeNumber to, std::string request, Task task, Millis deadline, Actions* actions) {
    const uint32_t id = next_id_++;
    actions->calls.push_back({id, to, CallClass::kBackground, std::move(request), deadline});
    calls_.emplace(id, Pending{to, deadline, std::move(task)});
    return id;
  }

  // The call that a reply is for; nothing when it is not waited for.
  std::optional<Pending> Take(uint32_t id) {
    const auto at = calls_.find(id);
    if (at == calls_.end()) return std::nullopt;
    Pending pending = std::move(at->second);
    calls_.erase(at);
    return pending;
  }

  // Those whose deadline has come; they are not waited for any more.
  std::vector<Pending> TakeOverdue(Millis now) {
    std::vector<Pending> overdue;
    for (auto at = calls_.begin(); at != calls_.end();) {
      if (at->second.deadline <= now) {
        overdue.push_back(std::move(at->second));
        at = calls_.erase(at);
      } else {
        ++at;
      }
    }
    return overdue;
  }

  Millis next_due() const {
    Millis due = kNever;
    for (const auto& [id, pending] : calls_) due = std::min(due, pending.deadline);
    return due;
  }

  void DropAll() { calls_.clear(); }
  size_t size() const { return calls_.size(); }
  bool empty() const { return calls_.empty(); }

 private:
  uint32_t next_id_ = 1;
  std::map<uint32_t, Pending> calls_;
};

}  // namespace trifecta::replication
