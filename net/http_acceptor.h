// The event loop in front of the HTTP library: accepts, parks, reads and writes, on one thread.
//
// Why our own: cpp-httplib 0.11.4 gives each connection a thread for as long as it lives, so eight
// idle clients make the ninth wait five seconds; its backlog is 5; it polls idle sockets every 10
// ms. Here an idle connection costs some 500 bytes and no thread. Epoll is used one-shot: after an
// event a connection belongs to whoever got it, until it is parked again; so a worker and the loop
// never meet on one, and no event is lost between them (parking with input there fires at once).
//
// The loop does not know HTTP beyond that a connection carries requests and answers: what input
// means is the delegate's business.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/server_connection.h"
#include "net/socket.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"

namespace trifecta::net {

class HttpAcceptor {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    size_t connections_max;
    std::chrono::milliseconds idle_timeout;
    size_t least_rate;  // bytes a second, for answers that the loop finishes
    std::chrono::milliseconds rate_window;
    Logger* logger;
  };

  // All calls come from the loop's thread, with the connection owned by it, and do not block.
  class Delegate {
   public:
    virtual ~Delegate() = default;
    enum class Next {
      kReadMore,  // park it for more input, until input_deadline
      kTaken,     // it was given to another thread, or answered
    };
    // `input` has grown.
    virtual Next OnInput(ServerConnection* connection) = 0;
    // The input deadline of a request that has begun is over; the delegate answers.
    virtual void OnInputTimeout(ServerConnection* connection) = 0;
    // All connections together hold more than kLoopBytesMax; the delegate answers.
    virtual void OnOverload(ServerConnection* connection) = 0;
  };

  // kIoError when the system has no epoll or event descriptor left.
  static Result<std::unique_ptr<HttpAcceptor>> Create(Socket listener, Options options,
                                                      Delegate* delegate);
  ~HttpAcceptor();

  // The loop. Returns after Stop, when no connection is left.
  void Run();

  // Closes the listener and what is idle at once; answers from now on are the last on their
  // connections; at `cut_at` everything is closed that is left. Any thread.
  void Stop(Clock::time_point cut_at);
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  // True from `cut_at` on.
  bool cut() const { return cut_.load(std::memory_order_relaxed); }

  // Sends `bytes` without blocking and does with the connection what `after` says; what the socket
  // does not take, the loop sends. The caller owned the connection and does no more.
  void Answer(ServerConnection* connection, std::string bytes, ServerConnection::After after);
  // Closes it now. With `reset`, the client sees an error instead of an end.
  void Close(ServerConnection* connection, bool reset = false);

 private:
  using State = ServerConnection::State;
  using After = ServerConnection::After;

  HttpAcceptor(Socket listener, Options options, Delegate* delegate);
  Status Open();

  void Handle(void* tag);
  void HandleEvent(ServerConnection* connection);
  void Read(ServerConnection* connection);
  void Consider(ServerConnection* connection);
  void Write(ServerConnection* connection);
  void Drop(ServerConnection* connection);

  void Accept();
  void AcceptFailed(int error);
  void Admit(Socket socket, std::string remote);
  bool EvictIdle();
  void WatchListener(bool on);

  void FinishAnswer(ServerConnection* connection);
  void Linger(ServerConnection* connection);
  void ParkForInput(ServerConnection* connection);
  void Park(ServerConnection* connection, State state, Clock::time_point wake_at);
  bool Account(ServerConnection* connection, size_t bytes);

  void Sweep(Clock::time_point now);
  void SweepOne(ServerConnection* connection, Clock::time_point now);
  void Expire(ServerConnection* connection, State state);
  void StopStep(Clock::time_point now);
  void Complain(std::string_view text);
  void StopListening();
  void CutAll();
  void FreeClosed();
  void Wake();

  const Options options_;
  Delegate* const delegate_;
  Socket listener_;
  Socket reserve_;  // given up to accept and refuse a connection when descriptors run out
  int epoll_ = -1;
  int wake_ = -1;

  // The loop's own.
  std::vector<std::unique_ptr<ServerConnection>> connections_;
  std::vector<char> scratch_;
  size_t hand_ = 0;        // where the search for an idle connection goes on
  bool listening_ = true;  // the listener is watched
  Clock::time_point sweep_at_{};
  Clock::time_point complain_at_{};  // the next message about accepting is not written before

  std::atomic<int64_t> loop_bytes_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> cut_{false};
  std::atomic<Clock::rep> cut_at_{0};  // of the steady clock

  std::mutex closed_mutex_;
  std::vector<ServerConnection*> closed_;  // under closed_mutex_
};

}  // namespace trifecta::net
