// A piece of work that asks replicas: a client's write or search, a repair, the stream of a shard
// that moves. A state machine: answers and time go in, calls to nodes come out. It has no socket,
// clock or thread; a runner (daemon/operation_runner.h, or the simulator) carries out what it
// wants. One caller at a time.
//
// An operation is answered once its result is known, which may be before the last of its calls has
// come back; it is done when nothing more can come of it, and then it leaves hints for who did not
// answer. Its result is read by the methods of the class derived.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/cluster_view.h"
#include "storage/base/entry.h"
#include "storage/base/status.h"

namespace trifecta::replication {

inline constexpr Millis kNever = std::numeric_limits<Millis>::max();

// What a call is like for the transport: small reads, writes that wait for a sync, or background
// work that must not delay either.
enum class CallClass : uint8_t { kRead, kWrite, kBackground };

// A request to a replica, which may be this node itself (`to` is the view's self): the runner then
// has its own Replica answer it.
struct Call {
  uint32_t id = 0;  // given by the operation, distinct within it
  NodeNumber to = net::kNoNodeNumber;
  CallClass call_class = CallClass::kRead;
  std::string request;  // daemon/replication/messages.h
  Millis deadline = 0;  // the reply is worthless after it
};

// An entry that `node` should hold and is not known to.
struct Hint {
  NodeNumber node = net::kNoNodeNumber;
  std::string word;
  Version version;
  bool tombstone = false;
};

// What an operation wants done, in order; the runner empties it.
struct Actions {
  std::vector<Call> calls;
  std::vector<Hint> hints;
  // Not zero: this node's ring document is older than that node's; fetch it, and call OnView once
  // one with at least the epoch wanted is in force.
  NodeNumber pull_from = net::kNoNodeNumber;
  net::Epoch pull_epoch = 0;
};

class Operation {
 public:
  virtual ~Operation() = default;

  // First of all calls. `now` is a monotonic clock's reading.
  virtual void Start(ViewPtr view, Millis now, Actions* actions) = 0;
  // The reply to call `id`: its bytes, which live during this call only, or why there is none: then
  // whether the request has taken effect is not known. At most once for each call.
  virtual void OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                       Actions* actions) = 0;
  // A later ring document is in force.
  virtual void OnView(ViewPtr view, Millis now, Actions* actions) = 0;
  // next_due() has come. Too early a call does nothing.
  virtual void OnTick(Millis now, Actions* actions) = 0;

  // When to call OnTick; kNever when only replies are waited for.
  virtual Millis next_due() const = 0;
  virtual bool answered() const = 0;
  virtual bool done() const = 0;
};

}  // namespace trifecta::replication
