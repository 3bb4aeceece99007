#include "net/peer_transport.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/net/peer_fixture.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using std::chrono::milliseconds;

// Lets items wait at the gate whose bytes begin with "wait".
PeerAnswer WaitIfAsked(const PeerItem& item, Gate* gate) {
  if (item.bytes.starts_with("wait")) gate->Pass();
  return {false, std::string(item.bytes.substr(0, 10))};
}

TEST_CASE("an item is answered by the peer that it was sent to, in each class") {
  FakePeer peer;
  Transport transport;
  for (const PeerClass peer_class :
       {PeerClass::kProtocol, PeerClass::kRead, PeerClass::kWrite, PeerClass::kBulk}) {
    CHECK(transport.Ask(peer.address(), "hello", peer_class) == "hello");
    CHECK(transport.Ask(peer.address(), "", peer_class).empty());
  }
  CHECK(peer.Seen().front().from == kSelf);
  CHECK(peer.Seen().front().path == kPeerProtocolPath);
  CHECK(peer.Seen().back().path == kPeerPath);
}

TEST_CASE("items that come while a request is under way go together in the next one") {
  FakePeer peer(WaitIfAsked);
  Replies replies;
  Transport transport;
  transport.Call(peer.address(), "wait", replies.For("first"));
  REQUIRE(peer.gate.Arrived(1));
  for (int i = 0; i < 20; ++i) {
    transport.Call(peer.address(), std::to_string(i), replies.For(std::to_string(i)));
  }
  CHECK(transport->Stats().at(0).waiting == 20);
  peer.gate.Open();
  REQUIRE(replies.Wait(21));
  for (int i = 0; i < 20; ++i) CHECK(replies.Of(std::to_string(i)) == std::to_string(i));
  const auto seen = peer.Seen();
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].items.size() == 20);
  CHECK(std::is_sorted(
      seen[1].items.begin(), seen[1].items.end(),
      [](const std::string& a, const std::string& b) { return std::stoi(a) < std::stoi(b); }));
}

TEST_CASE("no class waits for another, and reads and writes have two ways each") {
  FakePeer peer(WaitIfAsked);
  Replies replies;
  Transport transport;
  transport.Call(peer.address(), "wait", replies.For("write"), PeerClass::kWrite);
  transport.Call(peer.address(), "wait", replies.For("bulk"), PeerClass::kBulk);
  REQUIRE(peer.gate.Arrived(2));
  CHECK(transport.Ask(peer.address(), "r", PeerClass::kRead) == "r");
  CHECK(transport.Ask(peer.address(), "w", PeerClass::kWrite) == "w");
  CHECK_FALSE(replies.Has("write"));
  peer.gate.Open();
  CHECK(replies.Of("write") == "wait");
  CHECK(replies.Of("bulk") == "wait");
}

TEST_CASE("large items leave a way for small ones") {
  FakePeer peer(WaitIfAsked);
  Replies replies;
  Transport transport;
  const std::string large = "wait " + std::string(200'000, 'x');
  for (const char* name : {"a", "b", "c"}) {
    transport.Call(peer.address(), large, replies.For(name), PeerClass::kWrite);
  }
  REQUIRE(peer.gate.Arrived(1));
  CHECK(transport.Ask(peer.address(), "small", PeerClass::kWrite) == "small");
  CHECK(replies.called() == 0);
  peer.gate.Open();
  CHECK(replies.Wait(3));
}

TEST_CASE("one-way items arrive, together with those that wait") {
  FakePeer peer(WaitIfAsked);
  Replies replies;
  Transport transport;
  transport->Post(ItemKind::kMembership, peer.address(), "ping");
  REQUIRE(peer.Seen(1).front().items == std::vector<std::string>{"ping"});
  CHECK(peer.Seen().front().path == kPeerProtocolPath);
  transport.Call(peer.address(), "wait", replies.For("call"), PeerClass::kProtocol);
  REQUIRE(peer.gate.Arrived(1));
  transport->Post(ItemKind::kRing, peer.address(), "one");
  transport.Call(peer.address(), "two", replies.For("two"), PeerClass::kProtocol);
  transport->Post(ItemKind::kTopology, peer.address(), "three");
  peer.gate.Open();
  CHECK(replies.Of("two") == "two");
  CHECK(peer.Seen().back().items == std::vector<std::string>{"one", "two", "three"});
  CHECK(peer.Seen().back().kinds ==
        std::vector<ItemKind>{ItemKind::kRing, ItemKind::kReplica, ItemKind::kTopology});
}

TEST_CASE("requests name the cluster, once there is one") {
  FakePeer peer;
  Transport transport;
  CHECK(transport.Ask(peer.address(), "a") == "a");
  transport->SetCluster(kCluster);
  CHECK(transport.Ask(peer.address(), "b") == "b");
  CHECK(peer.Seen()[0].cluster.is_zero());
  CHECK(peer.Seen()[1].cluster == kCluster);
}

TEST_CASE("items of megabytes go both ways") {
  FakePeer peer;
  Transport transport;
  const std::string bytes(kPeerItemBytesMax, 'x');
  CHECK(transport.Ask(peer.address(), bytes) == bytes);
  CHECK(transport.Ask(peer.address(), "small") == "small");
}

TEST_CASE("what cannot be sent fails at once") {
  FakePeer peer;
  Replies replies;
  Transport transport;
  transport.Call(peer.address(), std::string(kPeerItemBytesMax + 1, 'x'), replies.For("large"));
  CHECK(replies.Has("large"));
  CHECK(replies.Of("large").starts_with("too large: a message of 8387585 bytes"));
  transport.Call({kPeer, "no address:x"}, "", replies.For("nowhere"));
  CHECK(replies.Has("nowhere"));
  CHECK(peer.Seen().empty());
}

TEST_CASE("so much may wait for a peer and no more") {
  FakePeer peer(WaitIfAsked);
  Replies replies;
  PeerTransportOptions options = PatientOptions();
  std::string excess = "excess";
  SECTION("by number") { options.waiting_items = 2; }
  SECTION("by bytes") { options.waiting_bytes = 7; }
  SECTION("by the bytes of all") {
    options.held_bytes = 100;
    excess.resize(95);
  }
  Transport transport(options);
  transport.Call(peer.address(), "wait", replies.For("first"));
  REQUIRE(peer.gate.Arrived(1));
  transport.Call(peer.address(), "a", replies.For("a"));
  transport.Call(peer.address(), "b", replies.For("b"));
  transport.Call(peer.address(), excess, replies.For("excess"));
  CHECK(replies.Of("excess").starts_with("unavailable: 127.0.0.1:"));
  CHECK_FALSE(replies.Has("a"));
  peer.gate.Open();
  CHECK(replies.Of("a") == "a");
  CHECK(replies.Of("b") == "b");
  CHECK(transport.Ask(peer.address(), "again") == "again");
}

TEST_CASE("names are looked up, and one that is not known is told") {
  FakePeer peer;
  Transport transport;
  const std::string port = std::to_string(peer.port());
  CHECK(transport.Ask({kPeer, "localhost:" + port}, "by name") == "by name");

  PeerTransportOptions options = PatientOptions();
  options.connect_timeout = milliseconds(500);
  Transport hasty(options);
  const std::string answer = hasty.Ask({kPeer, "nowhere.invalid:8000"}, "");
  CHECK(answer.starts_with("unavailable: nowhere.invalid:8000: name not known"));
}

TEST_CASE("many callers get each their own answer") {
  FakePeer peer;
  Transport transport;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 100; ++k) {
        const std::string bytes = std::to_string(i) + " " + std::to_string(k);
        if (transport.Ask(peer.address(), bytes, PeerClass::kWrite) != bytes) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  const PeerStats stats = transport->Stats().at(0);
  CHECK(stats.peer == peer.address());
  CHECK(stats.items == 1'600);
  CHECK(stats.requests <= stats.items);
  CHECK(stats.failures == 0);
  CHECK(stats.waiting == 0);
  CHECK(stats.connects <= 2);
  CHECK(stats.bytes_sent > stats.bytes_received);
}

TEST_CASE("a callback may call again") {
  FakePeer peer;
  Replies replies;
  Transport transport;
  transport.Call(peer.address(), "one", [&](Result<std::string> first) {
    transport.Call(peer.address(), *first + " two", replies.For("second"));
  });
  CHECK(replies.Of("second") == "one two");
}

TEST_CASE("a stop calls back what is under way and what waits, each once") {
  FakePeer peer(WaitIfAsked);
  Replies replies;
  Transport transport;
  transport.Call(peer.address(), "wait", replies.For("under way"));
  REQUIRE(peer.gate.Arrived(1));
  transport.Call(peer.address(), "a", replies.For("waiting"));
  transport->Stop();
  CHECK(replies.called() == 2);
  CHECK(replies.Of("under way") == "cancelled: the node is stopping");
  CHECK(replies.Of("waiting") == "cancelled: the node is stopping");
  transport.Call(peer.address(), "b", replies.For("late"));
  transport.Call(PeerAt(peer.port(), IdOf(3)), "c", replies.For("to another"));
  transport->Post(ItemKind::kRing, peer.address(), "nobody cares");
  transport->Stop();
  CHECK(replies.called() == 4);
  CHECK(replies.Of("late") == "cancelled: the node is stopping");
}

TEST_CASE("a stop amid calls of many threads calls back each of them once") {
  FakePeer peer;
  std::atomic<size_t> called{0}, answered{0};
  size_t made = 0;
  {
    Transport transport;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    std::vector<size_t> counts(8);
    for (size_t& count : counts) {
      threads.emplace_back([&] {
        while (!stop) {
          std::atomic<bool> done{false};
          transport.Call(
              peer.address(), "x",
              [&](const Result<std::string>& reply) {
                if (reply.ok()) ++answered;
                ++called;
                done = true;
                done.notify_one();
              },
              PeerClass::kWrite);
          ++count;
          done.wait(false);
        }
      });
    }
    peer.Seen(50);
    transport->Stop();
    stop = true;
    for (std::thread& thread : threads) thread.join();
    for (const size_t count : counts) made += count;
  }
  CHECK(called == made);
  CHECK(answered > 0);
}

}  // namespace
}  // namespace trifecta::net
