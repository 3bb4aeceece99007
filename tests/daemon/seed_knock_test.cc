#include "daemon/seed_knock.h"

#include <future>

#include "net/socket.h"
#include "storage/base/text.h"
#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

using std::chrono::seconds;

constexpr seconds kPatience{30};

net::Address AddressOf(const net::Socket& listener) {
  return StrCat("127.0.0.1:", net::BoundPort(listener));
}

TEST_CASE("an address where nobody listens any more refuses, one where somebody does does not") {
  Result<net::Socket> there = net::ListenOn("127.0.0.1", 0);
  Result<net::Socket> gone = net::ListenOn("127.0.0.1", 0);
  REQUIRE(there.ok());
  REQUIRE(gone.ok());
  const net::Address open = AddressOf(*there), closed = AddressOf(*gone);
  gone->Close();
  CHECK(WhoRefuse({open, closed}, kPatience) == std::vector<net::Address>{closed});
}

TEST_CASE("what has no address or is none does not refuse") {
  CHECK(WhoRefuse({"no-such-host.invalid:8000", "a:b:c"}, kPatience).empty());
  CHECK(WhoRefuse({}, kPatience).empty());
}

TEST_CASE("who knocks in the background is told of a refusal") {
  Result<net::Socket> gone = net::ListenOn("127.0.0.1", 0);
  REQUIRE(gone.ok());
  const net::Address closed = AddressOf(*gone);
  gone->Close();
  std::promise<net::Address> refused;
  SeedKnocker knocker([&](const net::Address& address) { refused.set_value(address); });
  knocker.Knock(closed);
  auto told = refused.get_future();
  REQUIRE(told.wait_for(kPatience) == std::future_status::ready);
  CHECK(told.get() == closed);
}

}  // namespace
}  // namespace trifecta::daemon
