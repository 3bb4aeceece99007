#include "daemon/in_flight.h"

#include <optional>

#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

using std::chrono::milliseconds;

class NullWriter : public net::BodyWriter {
 public:
  bool Write(std::string_view) override { return true; }
};

net::Route Answering(net::Lane lane, net::Handler handler) {
  return {"GET", "/", lane, false, std::move(handler)};
}

TEST_CASE("a request counts while its handler runs") {
  InFlight all;
  bool idle_inside = true;
  const auto routes =
      all.Count({Answering(net::Lane::kClient, [&](const net::Request&, net::Response&) {
        idle_inside = all.WaitForNone(milliseconds(0));
      })});
  net::Response response;
  routes[0].handler({}, response);
  CHECK_FALSE(idle_inside);
  CHECK(all.WaitForNone(milliseconds(0)));
}

TEST_CASE("a streamed answer counts until it is gone") {
  InFlight all;
  const auto routes =
      all.Count({Answering(net::Lane::kStream, [](const net::Request&, net::Response& response) {
        response.stream = [](net::BodyWriter& writer) { return writer.Write("x"); };
      })});
  std::optional<net::Response> response(std::in_place);
  routes[0].handler({}, *response);
  NullWriter writer;
  CHECK(response->stream(writer));
  CHECK_FALSE(all.WaitForNone(milliseconds(0)));
  response.reset();
  CHECK(all.WaitForNone(milliseconds(0)));
}

TEST_CASE("probes and other nodes are not waited for") {
  InFlight all;
  bool idle_inside = false;
  const net::Lane lane = GENERATE(net::Lane::kHealth, net::Lane::kPeer, net::Lane::kProtocol);
  const auto routes = all.Count({Answering(lane, [&](const net::Request&, net::Response&) {
    idle_inside = all.WaitForNone(milliseconds(0));
  })});
  net::Response response;
  routes[0].handler({}, response);
  CHECK(idle_inside);
}

TEST_CASE("a handler that throws no longer counts") {
  InFlight all;
  const auto routes = all.Count(
      {Answering(net::Lane::kClient, [](const net::Request&, net::Response&) { throw 1; })});
  net::Response response;
  CHECK_THROWS(routes[0].handler({}, response));
  CHECK(all.WaitForNone(milliseconds(0)));
}

}  // namespace
}  // namespace trifecta::daemon
