// The HTTP server: routes on one port, answered by worker pools that cannot starve each other.
//
// One event loop (net/http_acceptor.h) accepts connections, keeps the idle ones parked in epoll,
// and reads a request's head and its body up to the route's bound before any worker is taken.
// So an idle or slow client costs memory, never a thread. A request that is complete goes to the
// queue of its route's lane; where that is full, the answer is 503 with Retry-After at once.
//
//   auto server = HttpServer::Listen(options, routes);   // the port is ours, nothing is answered
//   (*server)->Serve();                                  // answers from now on
//   ...
//   (*server)->Stop(std::chrono::seconds(8));
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"

namespace trifecta::net {

// What became of one request, for metrics and access logs. The views live during the call only.
struct AccessRecord {
  std::string_view method;
  std::string_view pattern;  // the route's, so that metrics have few labels; "" when none matched
  Lane lane = Lane::kClient;
  int status = 0;                        // as sent; 499 when the client went away before its answer
  std::chrono::nanoseconds duration{0};  // from the first byte of the request to the answer's last
};

// A pool of threads and the requests that may wait for one.
struct LaneOptions {
  size_t workers;
  size_t queue;
  // How long a thread without work looks for it before it sleeps (net/worker_lane.h). Longer than a
  // client on the same machine takes to send its next request, which is some 50 us.
  std::chrono::microseconds look{100};
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";  // an address or a name; "0.0.0.0" and "::" listen everywhere
  uint16_t port = 0;               // 0: the system chooses, see HttpServer::port()

  // Metrics are small, so one thread more than the one that may be busy is enough.
  LaneOptions health{2, 256};
  // Peers are other machines, or share this one's cores with us: looking would cost a round trip 60
  // us of processor time, and not shorten it (2 cores, loopback).
  LaneOptions peer{16, 1024, std::chrono::microseconds(0)};
  // What it carries is queued for another thread at once; one more than the one that may be busy.
  LaneOptions protocol{2, 1024, std::chrono::microseconds(0)};
  // Writers wait for the log's sync in a worker: 64 of them share one sync.
  LaneOptions client{64, 1024};
  // Long-lived: no waiting, the client is told to come back.
  LaneOptions stream{32, 0};

  size_t connections_max = 20'000;  // beyond it the oldest idle one is closed for the new one
  std::chrono::milliseconds idle_timeout{75'000};  // between two requests of a connection
  std::chrono::milliseconds head_timeout{10'000};  // from a request's first byte to its head's end
  std::chrono::milliseconds body_timeout{30'000};  // for a buffered body; then 408
  std::chrono::milliseconds request_deadline{10'000};  // Request::deadline after the last byte read
  // Streamed bodies, in and out: a client below this rate over `rate_window` is cut (uploads: 408).
  size_t least_rate = size_t{16} * 1024;  // bytes a second
  std::chrono::milliseconds rate_window{10'000};

  Logger* logger = NullLogger();
  // Called after each answer by the thread that gave it: any worker or the event loop; it must not
  // block. May be empty.
  std::function<void(const AccessRecord&)> on_request;
};

class HttpServer {
 public:
  // Binds and listens; nothing is answered before Serve(), connections wait in the backlog. Routes
  // are fixed from here on; of two that match, the one with the most literal segments is taken.
  // kAlreadyInUse when another process listens there, kPermissionDenied for a port below 1024,
  // kInvalidArgument for a host that does not resolve or for two routes of one method and pattern.
  static Result<std::unique_ptr<HttpServer>> Listen(HttpServerOptions options,
                                                    std::vector<Route> routes);
  // Stop(0).
  ~HttpServer();

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Starts the event loop and the workers, and returns. Once.
  void Serve();

  // The port that is bound.
  uint16_t port() const;

  // Stops accepting and closes idle connections at once, lets requests under way finish with
  // "Connection: close" for `grace`, then cuts what is left; returns when no thread of the server
  // is left. A streamed answer that is cut ends without its closing chunk. A handler that never
  // returns is waited for. Any thread but a handler's; further calls do nothing.
  void Stop(std::chrono::milliseconds grace);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trifecta::net
