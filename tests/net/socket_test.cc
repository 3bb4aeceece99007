#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/raw_client.h"

namespace trifecta::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

int Option(const Socket& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(socket.fd(), level, name, &value, &size);
  return value;
}

Socket AcceptOne(Socket* listener) {
  std::string remote;
  REQUIRE(listener->Wait(Socket::Direction::kIn, seconds(30)));
  Socket accepted = AcceptFrom(*listener, &remote);
  REQUIRE(accepted.open());
  CHECK(remote.starts_with("127.0.0.1:"));
  return accepted;
}

TEST_CASE("an accepted connection has no Nagle delay") {
  Result<Socket> listener = ListenOn("127.0.0.1", 0);
  REQUIRE(listener.ok());
  test::RawClient client(BoundPort(*listener));
  const Socket accepted = AcceptOne(&*listener);
  CHECK(Option(accepted, IPPROTO_TCP, TCP_NODELAY) == 1);
}

TEST_CASE("a listener shares its port with nobody") {
  Result<Socket> listener = ListenOn("127.0.0.1", 0);
  REQUIRE(listener.ok());
  CHECK(Option(*listener, SOL_SOCKET, SO_REUSEADDR) == 1);
  CHECK(Option(*listener, SOL_SOCKET, SO_REUSEPORT) == 0);
  const uint16_t port = BoundPort(*listener);
  CHECK(ListenOn("127.0.0.1", port).status().code() == StatusCode::kAlreadyInUse);
  CHECK(ListenOn("0.0.0.0", port).status().code() == StatusCode::kAlreadyInUse);
}

TEST_CASE("localhost is where 127.0.0.1 is") {
  Result<Socket> listener = ListenOn("localhost", 0);
  REQUIRE(listener.ok());
  test::RawClient client(BoundPort(*listener));
  AcceptOne(&*listener);
}

TEST_CASE("transfers return at once and say why they moved nothing") {
  Result<Socket> listener = ListenOn("127.0.0.1", 0);
  REQUIRE(listener.ok());
  std::string remote;
  CHECK_FALSE(AcceptFrom(*listener, &remote).open());
  CHECK(errno == EAGAIN);
  test::RawClient client(BoundPort(*listener));
  Socket accepted = AcceptOne(&*listener);

  char buffer[16];
  CHECK(accepted.Receive(buffer).outcome == Socket::Outcome::kWouldBlock);
  CHECK_FALSE(accepted.Wait(Socket::Direction::kIn, milliseconds(1)));
  client.Send("hello");
  CHECK(accepted.Wait(Socket::Direction::kIn, seconds(30)));
  CHECK(accepted.Receive(buffer).count == 5);

  const std::string piece(64 * 1024, 'x');
  while (accepted.Send(piece).outcome == Socket::Outcome::kMoved) {
  }
  CHECK(accepted.Send(piece).outcome == Socket::Outcome::kWouldBlock);
  accepted.ShutdownBoth();
  CHECK(accepted.Wait(Socket::Direction::kIn, seconds(30)));
  CHECK(accepted.Receive(buffer).outcome == Socket::Outcome::kEnd);
  CHECK(accepted.Send(piece).outcome == Socket::Outcome::kEnd);
}

}  // namespace
}  // namespace trifecta::net
