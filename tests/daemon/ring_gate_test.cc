#include "daemon/ring_gate.h"

#include <optional>

#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

replication::ViewPtr ViewAt(net::Epoch epoch) {
  net::Ring ring;
  ring.epoch = epoch;
  replication::ClusterView view;
  view.ring = std::make_shared<const net::Ring>(ring);
  return std::make_shared<const replication::ClusterView>(view);
}

}  // namespace

TEST_CASE("A ring document is old news only when no request runs under an older one") {
  int released = 0;
  RingGate gate([&released] { ++released; });
  CHECK_FALSE(gate.open());
  CHECK(gate.oldest() == 0);
  gate.Install(ViewAt(1));
  CHECK(gate.oldest() == 1);

  std::optional<RingGate::Guard> first(gate.Enter()), second(gate.Enter());
  gate.Install(ViewAt(2));
  CHECK(gate.Enter().view()->ring->epoch == 2);
  CHECK(first->view()->ring->epoch == 1);
  CHECK(gate.oldest() == 1);
  first.reset();
  CHECK(gate.oldest() == 1);
  CHECK(released == 0);
  second.reset();
  CHECK(gate.oldest() == 2);
  CHECK(released == 1);
}

TEST_CASE("Views of one document count as one") {
  int released = 0;
  RingGate gate([&released] { ++released; });
  gate.Install(ViewAt(3));
  const RingGate::Guard guard = gate.Enter();
  gate.Install(ViewAt(3));
  CHECK(gate.oldest() == 3);
  CHECK(released == 0);
  CHECK(gate.view() != guard.view());
  gate.Install(ViewAt(4));
  CHECK(gate.oldest() == 3);
}

TEST_CASE("A document that no request relies on is released at once") {
  int released = 0;
  RingGate gate([&released] { ++released; });
  gate.Install(ViewAt(1));
  gate.Install(ViewAt(2));
  gate.Install(ViewAt(5));
  CHECK(released == 2);
  CHECK(gate.oldest() == 5);
}

}  // namespace trifecta::daemon
