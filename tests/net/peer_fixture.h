// A transport and the peers that it talks to, for tests of it: peers that answer as they are told,
// and replies that a test can wait for.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/peer_transport.h"
#include "net/socket.h"
#include "tests/net/http_server_fixture.h"
#include "tests/support/catch.h"

namespace trifecta::net {

inline NodeId IdOf(uint8_t number) {
  std::array<uint8_t, NodeId::kBytes> bytes{};
  bytes.back() = number;
  return NodeId(bytes);
}

inline const NodeId kSelf = IdOf(1);
inline const NodeId kPeer = IdOf(2);
inline const NodeId kCluster = IdOf(9);

inline PeerAddress PeerAt(uint16_t port, NodeId id = kPeer) {
  return {id, "127.0.0.1:" + std::to_string(port)};
}

// A port that servers of this test may come and go at: held, so that nobody else is given it
// between.
class HeldPort {
 public:
  HeldPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    setsockopt(socket_.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in loopback{};
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(socket_.fd(), reinterpret_cast<sockaddr*>(&loopback), sizeof loopback) == 0);
  }
  uint16_t port() const { return BoundPort(socket_); }

 private:
  Socket socket_;
};

// A request as a peer saw it.
struct SeenRequest {
  NodeId cluster, from;
  std::string path;
  std::vector<std::string> items;
  std::vector<ItemKind> kinds;
};

// A node that answers each item by a function, which may let it wait at the gate; with its bytes
// where none is given.
class FakePeer {
 public:
  using Answerer = std::function<PeerAnswer(const PeerItem&, Gate* gate)>;

  explicit FakePeer(Answerer answer = nullptr, uint16_t port = 0) : answer_(std::move(answer)) {
    HttpServerOptions options = QuietOptions();
    options.peer = {8, 64};
    options.port = port;
    std::vector<Route> routes;
    for (const std::string_view path : {kPeerPath, kPeerProtocolPath}) {
      const Lane lane = path == kPeerPath ? Lane::kPeer : Lane::kProtocol;
      routes.push_back(NewRoute("POST", std::string(path), lane,
                                [this](const Request& in, Response& out) { Serve(in, &out); }));
      routes.back().body_bytes_max = kPeerBytesMax;
    }
    auto server = HttpServer::Listen(std::move(options), std::move(routes));
    REQUIRE(server.ok());
    server_ = std::move(*server);
    server_->Serve();
  }

  ~FakePeer() { gate.Open(); }

  PeerAddress address() const { return PeerAt(server_->port()); }
  uint16_t port() const { return server_->port(); }

  // What came so far; at least `least` requests, for which it waits.
  std::vector<SeenRequest> Seen(size_t least = 0) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kPatience, [&] { return seen_.size() >= least; }));
    return seen_;
  }

  Gate gate;

 private:
  void Serve(const Request& in, Response* out) {
    const Result<std::string> body = ReadAll(in.body);
    const Result<PeerRequest> request =
        body.ok() ? DecodePeerRequest(*body) : Result<PeerRequest>(body.status());
    if (!request.ok()) {
      *out = ProblemFor(request.status());
      return;
    }
    if (const auto reason = Misdirected(*request, kPeer, kCluster)) {
      *out = Problem(421, "misdirected", *reason);
      return;
    }
    Note(*request, in.path);
    std::vector<PeerAnswer> answers;
    for (const PeerItem& item : request->items) {
      if (!IsAnswered(item.kind)) continue;
      answers.push_back(answer_ ? answer_(item, &gate)
                                : PeerAnswer{false, std::string(item.bytes)});
    }
    EncodePeerAnswers(kPeer, answers, &out->body);
  }

  void Note(const PeerRequest& request, const std::string& path) {
    SeenRequest seen{request.cluster, request.from, path, {}, {}};
    for (const PeerItem& item : request.items) {
      seen.items.emplace_back(item.bytes);
      seen.kinds.push_back(item.kind);
    }
    std::lock_guard lock(mutex_);
    seen_.push_back(std::move(seen));
    changed_.notify_all();
  }

  const Answerer answer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<SeenRequest> seen_;       // under mutex_
  std::unique_ptr<HttpServer> server_;  // the last to be made: its threads use what is above
};

// What calls came to, by the name that the test gave each.
class Replies {
 public:
  PeerReply For(const std::string& name) {
    return [this, name](Result<std::string> reply) {
      std::lock_guard lock(mutex_);
      texts_[name] = reply.ok() ? *reply : reply.status().ToString();
      ++called_;
      changed_.notify_all();
    };
  }
  // Waits for the reply: its bytes, or the status in words.
  std::string Of(const std::string& name) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return texts_.contains(name); })) return "none";
    return texts_[name];
  }
  bool Has(const std::string& name) {
    std::lock_guard lock(mutex_);
    return texts_.contains(name);
  }
  // Waits until so many replies came.
  bool Wait(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return called_ >= count; });
  }
  size_t called() {
    std::lock_guard lock(mutex_);
    return called_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> texts_;  // both under mutex_
  size_t called_ = 0;
};

// Timeouts that a loaded machine does not meet.
inline PeerTransportOptions PatientOptions() {
  PeerTransportOptions options;
  options.self = kSelf;
  options.connect_timeout = options.one_way_patience = kPatience;
  options.retry_first = options.retry_last = std::chrono::milliseconds(1);
  return options;
}

class Transport {
 public:
  explicit Transport(PeerTransportOptions options = PatientOptions()) {
    auto transport = PeerTransport::Start(std::move(options));
    REQUIRE(transport.ok());
    transport_ = std::move(*transport);
  }
  PeerTransport* operator->() { return transport_.get(); }

  void Call(const PeerAddress& to, const std::string& bytes, PeerReply done,
            PeerClass peer_class = PeerClass::kBulk,
            std::chrono::milliseconds patience = kPatience) {
    transport_->Call(ItemKind::kReplica, peer_class, to, bytes,
                     std::chrono::steady_clock::now() + patience, std::move(done));
  }
  // Waits for the answer: its bytes, or the status in words.
  std::string Ask(const PeerAddress& to, const std::string& bytes,
                  PeerClass peer_class = PeerClass::kBulk) {
    Replies replies;
    Call(to, bytes, replies.For("it"), peer_class);
    const std::string answer = replies.Of("it");
    if (answer == "none") transport_->Stop();  // it would call replies that are gone
    return answer;
  }

 private:
  std::unique_ptr<PeerTransport> transport_;
};

}  // namespace trifecta::net
