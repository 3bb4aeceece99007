#include "net/worker_lane.h"

#include <atomic>

#include "net/server_connection.h"
#include "tests/net/http_server_fixture.h"

namespace trifecta::net {
namespace {

TEST_CASE("a lane takes as many requests as it has workers and places") {
  Gate gate;
  ServerConnection connection;
  WorkerLane lane("test", 2, 1, std::chrono::microseconds(100),
                  [&](WorkerLane* self, ServerConnection*) {
                    gate.Pass();
                    self->Done();
                  });
  lane.Start();
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(lane.Full());
    REQUIRE(lane.Push(&connection));
  }
  CHECK(lane.Full());
  CHECK_FALSE(lane.Push(&connection));
  REQUIRE(gate.Arrived(2));
  gate.Open();
  REQUIRE(gate.Arrived(3));
  lane.Stop();
  CHECK_FALSE(lane.Full());
}

TEST_CASE("every worker gets to work when requests block") {
  Gate gate;
  ServerConnection connection;
  WorkerLane lane("test", 16, 0, std::chrono::microseconds(100),
                  [&](WorkerLane* self, ServerConnection*) {
                    gate.Pass();
                    self->Done();
                  });
  lane.Start();
  for (int i = 0; i < 16; ++i) REQUIRE(lane.Push(&connection));
  CHECK(gate.Arrived(16));
  gate.Open();
}

TEST_CASE("a lane works off its queue before it stops") {
  std::atomic<int> done{0};
  ServerConnection connection;
  WorkerLane lane("test", 1, 99, std::chrono::microseconds(100),
                  [&](WorkerLane* self, ServerConnection*) {
                    ++done;
                    self->Done();
                  });
  for (int i = 0; i < 100; ++i) REQUIRE(lane.Push(&connection));
  lane.Start();
  lane.Stop();
  CHECK(done == 100);
}

}  // namespace
}  // namespace trifecta::net
