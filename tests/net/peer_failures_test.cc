// What a transport makes of peers that are away, that die, or that are not what they should be.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/peer_transport.h"
#include "tests/net/peer_fixture.h"
#include "tests/support/canned_server.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using std::chrono::milliseconds;
using test::CannedAnswer;
using test::CannedRequest;
using test::CannedServer;

// The whole answer of a node to the request.
CannedAnswer EchoOf(const CannedRequest& request) {
  const Result<PeerRequest> message = DecodePeerRequest(request.body);
  if (!message.ok()) return test::Answer(400, "{}");
  std::vector<PeerAnswer> answers;
  for (const PeerItem& item : message->items) answers.push_back({false, std::string(item.bytes)});
  std::string body;
  EncodePeerAnswers(kPeer, answers, &body);
  return test::Answer(200, body);
}

std::string Where(uint16_t port) { return "127.0.0.1:" + std::to_string(port) + ": "; }

TEST_CASE("a peer that nobody listens at fails what is for it, and for a while at once") {
  PeerTransportOptions options = PatientOptions();
  options.retry_first = options.retry_last = kPatience;
  Replies replies;
  Transport transport(options);
  const HeldPort nobody;
  const uint16_t port = nobody.port();
  const std::string refused = "unavailable: " + Where(port) + "connection refused";
  CHECK(transport.Ask(PeerAt(port), "a") == refused);
  transport.Call(PeerAt(port), "b", replies.For("b"), PeerClass::kRead);
  CHECK(replies.Has("b"));
  CHECK(replies.Of("b") == refused);
  CHECK(transport->Stats().at(0).failures == 2);
  CHECK(transport->Stats().at(0).connects == 0);
}

TEST_CASE("a peer that comes back is reached again") {
  const HeldPort held;
  auto peer = std::make_unique<FakePeer>(nullptr, held.port());
  const PeerAddress address = peer->address();
  Transport transport;
  CHECK(transport.Ask(address, "before") == "before");
  peer.reset();
  CHECK(transport.Ask(address, "away").starts_with("unavailable: "));
  peer = std::make_unique<FakePeer>(nullptr, held.port());
  std::string answer;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (answer != "again" && std::chrono::steady_clock::now() < until) {
    answer = transport.Ask(address, "again");
  }
  CHECK(answer == "again");
}

TEST_CASE("while a peer dies and comes back each call ends once, with its own answer or without") {
  const HeldPort held;
  auto peer = std::make_unique<FakePeer>(nullptr, held.port());
  const PeerAddress address = peer->address();
  Transport transport;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0}, answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; !stop; ++k) {
        const std::string bytes = std::to_string(i) + " " + std::to_string(k);
        const std::string answer = transport.Ask(address, bytes, PeerClass::kRead);
        const bool right = answer == bytes;
        answered += right;
        wrong += !right && !answer.starts_with("unavailable: " + address.address);
        if (right) answered.notify_one();
      }
    });
  }
  for (int round = 0; round < 10; ++round) {
    answered = 0;
    answered.wait(0);  // this life of it has answered
    peer.reset();
    peer = std::make_unique<FakePeer>(nullptr, held.port());
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(transport->Stats().at(0).waiting == 0);
}

TEST_CASE("an item that is not answered in time ends at its deadline, not those beside it") {
  FakePeer peer([](const PeerItem& item, Gate* gate) {
    gate->Pass();
    return PeerAnswer{false, std::string(item.bytes)};
  });
  Replies replies;
  Transport transport;
  transport.Call(peer.address(), "under way", replies.For("under way"));
  REQUIRE(peer.gate.Arrived(1));
  transport.Call(peer.address(), "a", replies.For("a"), PeerClass::kBulk, milliseconds(50));
  transport.Call(peer.address(), "b", replies.For("b"));
  CHECK(replies.Of("a") == "timeout: " + peer.address().address + ": no answer in time");
  CHECK_FALSE(replies.Has("b"));
  peer.gate.Open();
  CHECK(replies.Of("under way") == "under way");
  CHECK(replies.Of("b") == "b");
}

TEST_CASE("an item under way ends at its deadline, and its connection with the last of them") {
  FakePeer peer([](const PeerItem& item, Gate* gate) {
    if (item.bytes == "stuck") gate->Pass();
    return PeerAnswer{false, std::string(item.bytes)};
  });
  Replies replies;
  Transport transport;
  transport.Call(peer.address(), "stuck", replies.For("stuck"), PeerClass::kBulk, milliseconds(50));
  CHECK(replies.Of("stuck").starts_with("timeout: "));
  CHECK(transport.Ask(peer.address(), "next") == "next");
  CHECK(transport->Stats().at(0).connects == 2);
}

TEST_CASE("an item whose time is over already ends with a timeout") {
  FakePeer peer;
  Replies replies;
  Transport transport;
  transport.Call(peer.address(), "late", replies.For("late"), PeerClass::kBulk, milliseconds(-1));
  CHECK(replies.Of("late").starts_with("timeout: "));
}

TEST_CASE("a peer that takes connections and reads nothing delays nobody else") {
  test::SilentServer silent;
  FakePeer peer;
  Replies replies;
  Transport transport;
  const std::string large(kPeerItemBytesMax, 'x');  // more than all socket buffers hold
  transport.Call(PeerAt(silent.port(), IdOf(3)), large, replies.For("large"), PeerClass::kBulk,
                 milliseconds(300));
  CHECK(transport.Ask(peer.address(), "hello") == "hello");
  CHECK(replies.Of("large").starts_with("timeout: "));
}

TEST_CASE("a peer that dies within its answer fails what was under way") {
  bool reset = false;
  std::string reason = "connection closed in the middle of the answer";
  SECTION("in order") {}
  SECTION("with a reset") { reset = true; }
  CannedServer server([&](const CannedRequest&) {
    CannedAnswer answer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"};
    answer.close = !reset;
    answer.reset = reset;
    return answer;
  });
  Transport transport;
  const std::string answer = transport.Ask(PeerAt(server.port()), "x");
  INFO(answer);
  CHECK(answer.starts_with("unavailable: " + Where(server.port()) + "connection "));
  CHECK(server.requests().size() == 1);
}

TEST_CASE("a kept connection that proves to be closed is replaced unseen") {
  std::atomic<int> requests{0};
  CannedServer server([&](const CannedRequest& request) {
    if (++requests != 2) return EchoOf(request);
    CannedAnswer nothing;
    nothing.close = true;
    return nothing;
  });
  Transport transport;
  CHECK(transport.Ask(PeerAt(server.port()), "a") == "a");
  CHECK(transport.Ask(PeerAt(server.port()), "b") == "b");
  CHECK(requests == 3);
  CHECK(transport->Stats().at(0).failures == 0);
}

TEST_CASE("an item is sent no more than twice") {
  std::atomic<int> requests{0};
  CannedServer server([&](const CannedRequest& request) {
    if (++requests == 1) return EchoOf(request);
    CannedAnswer nothing;
    nothing.close = true;
    return nothing;
  });
  Transport transport;
  CHECK(transport.Ask(PeerAt(server.port()), "a") == "a");
  CHECK(transport.Ask(PeerAt(server.port()), "b") ==
        "unavailable: " + Where(server.port()) + "connection closed before an answer came");
  CHECK(requests == 3);
}

TEST_CASE("a connection that the peer ends with its answer is not used again") {
  CannedServer server([](const CannedRequest& request) {
    CannedAnswer answer = EchoOf(request);
    answer.bytes.insert(answer.bytes.find("\r\n") + 2, "Connection: close\r\n");
    answer.close = true;
    return answer;
  });
  Transport transport;
  CHECK(transport.Ask(PeerAt(server.port()), "a") == "a");
  CHECK(transport.Ask(PeerAt(server.port()), "b") == "b");
  CHECK(server.requests().size() == 2);
}

TEST_CASE("what answers otherwise than a node fails the items") {
  std::string bytes;
  std::string reason;
  SECTION("no HTTP") {
    bytes = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
    reason = "what listens there does not answer like a node: a malformed head";
  }
  SECTION("another body") {
    bytes = test::Answer(200, "{}").bytes;
    reason = "a peer message of version 123; this node knows version 1";
  }
  SECTION("an answer too few") {
    std::string body;
    EncodePeerAnswers(kPeer, {}, &body);
    bytes = test::Answer(200, body).bytes;
    reason = "it did not answer each item";
  }
  SECTION("an error page") {
    bytes = test::Answer(500, "<html>").bytes;
    reason = "answers with HTTP status 500";
  }
  SECTION("too many requests") {
    bytes = test::Answer(503, R"({"detail":"too many requests are waiting"})").bytes;
    reason = "refuses (503): too many requests are waiting";
  }
  CannedServer server([&](const CannedRequest&) { return CannedAnswer{bytes}; });
  Transport transport;
  CHECK(transport.Ask(PeerAt(server.port()), "x") ==
        "unavailable: " + Where(server.port()) + reason);
}

TEST_CASE("one refused item leaves the others of its request alone") {
  FakePeer peer([](const PeerItem& item, Gate* gate) {
    if (item.bytes == "wait") gate->Pass();
    return PeerAnswer{item.bytes == "bad", std::string(item.bytes)};
  });
  Replies replies;
  Transport transport;
  transport.Call(peer.address(), "wait", replies.For("wait"));
  REQUIRE(peer.gate.Arrived(1));
  transport.Call(peer.address(), "bad", replies.For("bad"));
  transport.Call(peer.address(), "good", replies.For("good"));
  peer.gate.Open();
  CHECK(replies.Of("bad") == "unavailable: " + peer.address().address + ": bad");
  CHECK(replies.Of("good") == "good");
}

TEST_CASE("another cluster, or another node, at the address is told") {
  FakePeer peer;
  Transport transport;
  const PeerAddress other{IdOf(7), peer.address().address};
  CHECK(transport.Ask(other, "x") == "unavailable: " + peer.address().address +
                                         ": refuses (421): another node listens there: " +
                                         kPeer.ToString() + ", not " + IdOf(7).ToString());
  CHECK(transport.Ask({NodeId(), peer.address().address}, "whoever") == "whoever");
  transport->SetCluster(IdOf(8));
  CHECK(transport.Ask(peer.address(), "x") ==
        "unavailable: " + peer.address().address +
            ": refuses (421): another cluster listens there: " + kCluster.ToString() + ", not " +
            IdOf(8).ToString());
  CHECK(peer.Seen().size() == 1);
}

TEST_CASE("the token is sent with each request, as it is then") {
  CannedServer server(EchoOf);
  std::mutex mutex;
  std::string token = "first";
  PeerTransportOptions options = PatientOptions();
  options.token = [&] {
    std::lock_guard lock(mutex);
    return token;
  };
  Transport transport(options);
  CHECK(transport.Ask(PeerAt(server.port()), "a") == "a");
  {
    std::lock_guard lock(mutex);
    token = "";
  }
  CHECK(transport.Ask(PeerAt(server.port()), "b") == "b");
  CHECK(server.requests()[0].head.find("Authorization: Bearer first\r\n") != std::string::npos);
  CHECK(server.requests()[1].head.find("Authorization") == std::string::npos);
}

TEST_CASE("an idle connection is closed after a while, and made anew when needed") {
  test::SilentServer silent;
  FakePeer peer;
  PeerTransportOptions options = PatientOptions();
  options.idle_timeout = milliseconds(1);
  Replies replies;
  Transport transport(options);
  CHECK(transport.Ask(peer.address(), "a") == "a");
  // When this one's time is over, the transport has looked at all connections.
  transport.Call(PeerAt(silent.port(), IdOf(3)), "x", replies.For("x"), PeerClass::kBulk,
                 milliseconds(50));
  CHECK(replies.Of("x").starts_with("timeout: "));
  CHECK(transport.Ask(peer.address(), "b") == "b");
  CHECK(transport->Stats().at(0).connects == 2);
}

}  // namespace
}  // namespace trifecta::net
