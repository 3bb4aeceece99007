#include "daemon/api_peer.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/daemon/api_fixture.h"
#include "tests/net/peer_fixture.h"

namespace trifecta::test {
namespace {

using std::chrono::milliseconds;

const net::NodeId kNode = net::IdOf(5);

// Echoes, and notes what came.
class FakeHandler : public daemon::PeerHandler {
 public:
  net::NodeId self() const override { return kNode; }
  net::NodeId cluster() const override { return net::kCluster; }

  void Deliver(net::ItemKind kind, const net::NodeId& from, std::string_view bytes) override {
    CHECK(kind == net::ItemKind::kRing);
    std::lock_guard lock(mutex_);
    delivered_ += from == net::kSelf ? std::string(bytes) : "not from us";
  }
  void Answer(const net::NodeId&, std::span<const daemon::PeerCall> calls,
              std::vector<net::PeerAnswer>* answers) override {
    REQUIRE(answers->size() == calls.size());
    std::lock_guard lock(mutex_);
    answered_ += "[";
    for (size_t i = 0; i < calls.size(); ++i) {
      (*answers)[i].bytes = "re:" + std::string(calls[i].bytes);
      answered_ += calls[i].bytes;
    }
    answered_ += "]";
  }

  // All one-way items, and all answered ones with a bracket around those of one call.
  std::string delivered() {
    std::lock_guard lock(mutex_);
    return delivered_;
  }
  std::string answered() {
    std::lock_guard lock(mutex_);
    return answered_;
  }

 private:
  std::mutex mutex_;
  std::string delivered_, answered_;  // under mutex_
};

// The API of a node that is not ready yet, but can talk to peers.
class Joining {
 public:
  Joining() {
    context.readiness = &readiness;
    context.metrics = &metrics;
    context.token = &token;
    context.peers = &handler;
    auto built = net::Router::Build(daemon::ApiRoutes(context));
    REQUIRE(built.ok());
    router_ = std::make_unique<net::Router>(std::move(*built));
  }

  // Calls the route's handler with a body that arrived so long ago, in small pieces.
  net::Response Post(std::string_view body, milliseconds ago = milliseconds(0)) {
    PiecewiseBody reader(body, 7);
    net::Request request;
    request.method = "POST";
    request.path = net::kPeerPath;
    request.body = &reader;
    request.arrived = std::chrono::steady_clock::now() - ago;
    net::Response response;
    router_->Find("POST", net::kPeerPath).route->handler(request, response);
    return response;
  }

  FakeHandler handler;
  daemon::Readiness readiness;
  daemon::Metrics metrics{"1"};
  daemon::AccessToken token;
  daemon::ApiContext context;

 private:
  std::unique_ptr<net::Router> router_;
};

// A server for it.
class JoiningServer {
 public:
  explicit JoiningServer(Joining* node) {
    auto server = net::HttpServer::Listen(net::QuietOptions(), daemon::ApiRoutes(node->context));
    REQUIRE(server.ok());
    server_ = std::move(*server);
    server_->Serve();
  }
  net::PeerAddress address() const { return net::PeerAt(server_->port(), kNode); }

 private:
  std::unique_ptr<net::HttpServer> server_;
};

std::string Message(const std::vector<net::PeerItem>& items,
                    const net::NodeId& cluster = net::kCluster, const net::NodeId& to = kNode) {
  std::string bytes;
  net::EncodePeerRequest({cluster, net::kSelf, to, items}, &bytes);
  return bytes;
}

net::PeerItem Call(std::string_view bytes, milliseconds patience = milliseconds(60'000)) {
  return {net::ItemKind::kReplica, patience, bytes};
}

net::PeerItem Notice(std::string_view bytes) {
  return {net::ItemKind::kRing, milliseconds(60'000), bytes};
}

// The answers, those refused with an "x" before their reason.
std::vector<std::string> AnswersOf(const net::Response& response) {
  INFO(response.body);
  REQUIRE(response.status == 200);
  const auto read = net::DecodePeerAnswers(response.body);
  REQUIRE(read.ok());
  CHECK(read->from == kNode);
  std::vector<std::string> answers;
  for (const net::PeerAnswerView& answer : read->answers) {
    answers.push_back((answer.refused ? "x " : "") + std::string(answer.bytes));
  }
  return answers;
}

}  // namespace

TEST_CASE("A node answers its peers before it is ready") {
  Joining node;
  JoiningServer server(&node);
  net::Transport transport;
  for (const net::PeerClass peer_class : {net::PeerClass::kProtocol, net::PeerClass::kWrite}) {
    CHECK(transport.Ask(server.address(), "hello", peer_class) == "re:hello");
  }
  CHECK(ProblemOf(node.Post("")) == "400 bad_request");
}

TEST_CASE("Peers' bodies of megabytes are taken") {
  Joining node;
  JoiningServer server(&node);
  net::Transport transport;
  const std::string bytes(net::kPeerItemBytesMax - 100, 'x');
  CHECK(transport.Ask(server.address(), bytes) == "re:" + bytes);
}

TEST_CASE("A node that cannot talk to peers yet says so") {
  Joining node;
  node.context.peers = nullptr;
  JoiningServer server(&node);
  net::Transport transport;
  CHECK(transport.Ask(server.address(), "hello") ==
        "unavailable: " + server.address().address + ": refuses (503): the node is starting");
}

TEST_CASE("Peers need the token") {
  Joining node;
  node.token.Set("s3cret");
  JoiningServer server(&node);
  net::PeerTransportOptions options = net::PatientOptions();
  SECTION("without it they are refused, and told what to mend") {
    net::Transport transport(options);
    CHECK(transport.Ask(server.address(), "hello") ==
          "unavailable: " + server.address().address +
              ": refuses our token: token_file must hold the same on all nodes");
    CHECK(node.handler.answered().empty());
  }
  SECTION("with it they are answered") {
    options.token = [] { return std::string("s3cret"); };
    net::Transport transport(options);
    CHECK(transport.Ask(server.address(), "hello") == "re:hello");
  }
}

TEST_CASE("The answered items of a request come together, the one-way ones apart") {
  Joining node;
  const auto answers =
      AnswersOf(node.Post(Message({Call("a"), Notice("n"), Call("b"), Notice("m"), Call("c")})));
  CHECK(answers == std::vector<std::string>{"re:a", "re:b", "re:c"});
  CHECK(node.handler.answered() == "[abc]");
  CHECK(node.handler.delivered() == "nm");
  CHECK(AnswersOf(node.Post(Message({Notice("o")}))).empty());
  CHECK(node.handler.answered() == "[abc]");
}

TEST_CASE("An item whose time is over is not looked at") {
  Joining node;
  const std::string over = "x its time was over before it was looked at";
  const std::string message =
      Message({Call("a"), Call("b", milliseconds(500)), Call("c"), Call("d", milliseconds(0))});
  CHECK(AnswersOf(node.Post(message, milliseconds(500))) ==
        std::vector<std::string>{"re:a", over, "re:c", over});
  CHECK(node.handler.answered() == "[ac]");
  CHECK(AnswersOf(node.Post(Message({Call("e", milliseconds(0))}))) ==
        std::vector<std::string>{over});
  CHECK(node.handler.answered() == "[ac]");
}

TEST_CASE("Requests of another cluster or for another node are refused as a whole") {
  Joining node;
  CHECK(ProblemOf(node.Post(Message({Call("a")}, net::IdOf(8)))) == "421 misdirected");
  CHECK(ProblemOf(node.Post(Message({Call("a")}, net::kCluster, net::IdOf(6)))) ==
        "421 misdirected");
  CHECK(node.handler.answered().empty());
  CHECK(AnswersOf(node.Post(Message({Call("a")}, net::NodeId(), net::NodeId()))) ==
        std::vector<std::string>{"re:a"});
}

TEST_CASE("What is no peer's message is refused") {
  Joining node;
  CHECK(ProblemOf(node.Post("{}")) == "400 bad_request");
  CHECK(ProblemOf(node.Post(Message({Call("a")}) + "x")) == "400 bad_request");
}

}  // namespace trifecta::test
