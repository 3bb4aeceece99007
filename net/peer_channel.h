// The connections to one peer that carry one class of items, and what waits for them.
//
// Locking: `mutex_` guards the queue, the list of connections and their states; nothing slow
// happens under it. Sending is done without it: a connection in state kSending belongs to the
// thread that took it, any other to the loop, and idle ones to whoever takes them under the mutex.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "net/peer_connection.h"
#include "net/peer_queue.h"
#include "net/peer_transport.h"

namespace trifecta::net {

struct Peer;

// Connections of a channel. Two for reads and writes: a request of many items, or one that waits
// for the disk, leaves a way for the next; more would make batches smaller. The order is
// PeerClass's.
inline constexpr size_t kPeerConnections[kPeerClasses] = {1, 2, 2, 1};

// Replies to be called once no lock is held.
class PeerCallbacks {
 public:
  PeerCallbacks() = default;
  ~PeerCallbacks() { Run(); }
  PeerCallbacks(const PeerCallbacks&) = delete;
  PeerCallbacks& operator=(const PeerCallbacks&) = delete;

  void Add(PeerReply done, Result<std::string> reply) {
    calls_.emplace_back(std::move(done), std::move(reply));
  }
  void Run() {
    for (auto& [done, reply] : calls_) done(std::move(reply));
    calls_.clear();
  }

 private:
  std::vector<std::pair<PeerReply, Result<std::string>>> calls_;
};

// What the channels need of the loop that they belong to.
class PeerHost {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using ConnectionPtr = std::shared_ptr<PeerConnection>;

  // Any thread.
  virtual const PeerTransportOptions& options() const = 0;
  virtual NodeId cluster() const = 0;
  // Counts bytes that are held; false when there are too many, and then they are not counted.
  virtual bool Hold(size_t bytes) = 0;
  virtual void Release(size_t bytes) = 0;
  // Expire is called no later than this.
  virtual void WakeBy(TimePoint time) = 0;
  // The loop is to call ContinueConnect of its channel.
  virtual void WantConnect(ConnectionPtr connection) = 0;
  // The loop is to call OnEvent of its channel.
  virtual void WantEvent(ConnectionPtr connection) = 0;

  // The loop's thread.
  virtual Status Watch(PeerConnection* connection) = 0;
  // Keeps it until no event of this turn can name it any more.
  virtual void Retire(ConnectionPtr connection) = 0;
  virtual std::optional<Result<std::vector<SocketAddress>>> Resolve(const Endpoint& endpoint) = 0;
  virtual void ForgetName(const Endpoint& endpoint) = 0;

 protected:
  ~PeerHost() = default;
};

class PeerChannel {
 public:
  using TimePoint = PeerHost::TimePoint;
  using ConnectionPtr = PeerHost::ConnectionPtr;

  PeerChannel(Peer* peer, PeerClass peer_class, PeerHost* host);

  // Any thread. Sends the item, or queues it, or adds its failure to `callbacks`.
  void Submit(PendingItem item, PeerCallbacks* callbacks);
  size_t waiting() const;

  // The loop's thread, for what follows.

  void ContinueConnect(const ConnectionPtr& connection, PeerCallbacks* callbacks);
  // Something happened on the connection's socket.
  void OnEvent(PeerConnection* connection, std::span<char> scratch, PeerCallbacks* callbacks);
  // A lookup has ended.
  void OnResolved(PeerCallbacks* callbacks);
  // Ends what is due at `now`; gives the next time at which something will be.
  TimePoint Expire(TimePoint now, PeerCallbacks* callbacks);
  // Ends everything, with kCancelled; nothing is taken any more.
  void Close(PeerCallbacks* callbacks);
  // No connection, and nothing waits.
  bool unused() const;

 private:
  using State = PeerConnection::State;

  // What is to be done, once the mutex is released, about what waits.
  struct Next {
    ConnectionPtr transmit;
    ConnectionPtr connect;
  };

  // All under mutex_:
  Status Admit(const PendingItem& item) const;
  Next PickNext(TimePoint now, PeerCallbacks* callbacks);
  bool StartBatch(PeerConnection* connection);
  ConnectionPtr NewConnection(TimePoint now);
  ConnectionPtr Find(const PeerConnection* connection) const;
  void Remove(PeerConnection* connection);
  void BecomeIdle(PeerConnection* connection, TimePoint now);

  void Do(const Next& next);
  void Transmit(const ConnectionPtr& connection);
  std::string RequestHead(size_t body_bytes) const;

  // In peer_connecting.cc.
  void TryConnect(const ConnectionPtr& connection, Status failure, PeerCallbacks* callbacks);
  void GiveUpAddress(const ConnectionPtr& connection, PeerCallbacks* callbacks);
  void FinishConnect(const ConnectionPtr& connection, PeerCallbacks* callbacks);
  void ConnectFailed(const ConnectionPtr& connection, Status failure, PeerCallbacks* callbacks);

  void Answered(const ConnectionPtr& connection, PeerCallbacks* callbacks);
  void Lost(const ConnectionPtr& connection, Status failure, PeerCallbacks* callbacks);

  void GiveUp(const ConnectionPtr& connection, TimePoint now, PeerCallbacks* callbacks);
  void Complain(const std::string& refusal);

  void Deliver(std::vector<PendingItem> batch, const Result<PeerAnswers>& answers,
               PeerCallbacks* callbacks);
  void Finish(PendingItem* item, Result<std::string> reply, PeerCallbacks* callbacks);
  void FinishAll(std::vector<PendingItem> items, const Status& failure, PeerCallbacks* callbacks);
  Status Failure(StatusCode code, std::string_view text) const;

  Peer* const peer_;
  const PeerClass class_;
  PeerHost* const host_;
  const size_t connections_max_;

  mutable std::mutex mutex_;
  PeerQueue queue_;                         // all under mutex_
  std::vector<ConnectionPtr> connections_;  // none of them kClosed
  bool closed_ = false;
};

}  // namespace trifecta::net
