#include "daemon/protocol_thread.h"

#include <condition_variable>
#include <fstream>
#include <mutex>

#include "net/incarnation.h"
#include "storage/base/text.h"
#include "tests/net/ring_samples.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::daemon {
namespace {

using replication::Millis;
using replication::Topology;
using replication::TopologyEvent;
using std::chrono::seconds;

constexpr seconds kPatience{30};

// Its protocols, and what they told.
class Node {
 public:
  explicit Node(const std::string& folder) {
    auto transport = net::PeerTransport::Start({.self = net::SampleId(1), .token = {}});
    REQUIRE(transport.ok());
    transport_ = std::move(*transport);
    ProtocolParts parts;
    parts.topology.self = net::SampleId(1);
    parts.topology.address = "127.0.0.1:1";
    parts.topology.constants = net::SampleConstants();
    parts.folder = folder;
    parts.seed = 1;
    parts.transport = transport_.get();
    parts.on_event = [this](const TopologyEvent& event, Topology*) {
      std::lock_guard lock(mutex_);
      events_.push_back(event);
      changed_.notify_all();
    };
    made_ = ProtocolThread::Make(std::move(parts));
  }
  ~Node() {
    if (made_.ok()) (*made_)->Stop();
    transport_->Stop();
  }

  Status status() const { return made_.status(); }
  ProtocolThread& thread() { return **made_; }

  bool WaitFor(TopologyEvent::Kind kind) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] {
      return std::any_of(events_.begin(), events_.end(),
                         [kind](const TopologyEvent& event) { return event.kind == kind; });
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TopologyEvent> events_;
  std::unique_ptr<net::PeerTransport> transport_;
  Result<std::unique_ptr<ProtocolThread>> made_ = Status(StatusCode::kUnavailable, "not made");
};

TEST_CASE("the protocols of a node found a cluster, and find it again after a restart") {
  const test::TempDir folder;
  net::NodeId cluster;
  {
    Node node(folder.path());
    REQUIRE(node.status().ok());
    node.thread().Start();
    REQUIRE(node.WaitFor(TopologyEvent::Kind::kReady));
    REQUIRE(node.thread().PostAndWait(
        [&](Topology* topology, Millis) { cluster = topology->cluster(); }));
    CHECK_FALSE(cluster.is_zero());
  }
  Node again(folder.path());
  REQUIRE(again.status().ok());
  again.thread().Start();
  REQUIRE(again.WaitFor(TopologyEvent::Kind::kReady));
  CHECK(again.thread().PostAndWait(
      [&](Topology* topology, Millis) { CHECK(topology->cluster() == cluster); }));
}

TEST_CASE("a file of the protocols that was damaged is refused by name") {
  const test::TempDir folder;
  const std::string_view name = GENERATE(net::RingRegister::kFileName, net::kIncarnationFileName);
  std::ofstream(StrCat(folder.path(), "/", name)) << GENERATE("", "damaged");
  const Node node(folder.path());
  CHECK(node.status().code() == StatusCode::kDataDamaged);
  CHECK(node.status().message().find(StrCat(folder.path(), "/", name)) != std::string::npos);
}

TEST_CASE("a file that cannot be written ends the node") {
  const test::TempDir folder;
  Node node(StrCat(folder.path(), "/missing"));
  REQUIRE(node.status().ok());
  node.thread().Start();
  CHECK(node.WaitFor(TopologyEvent::Kind::kFatal));
}

TEST_CASE("nothing runs on the thread after it was stopped") {
  const test::TempDir folder;
  Node node(folder.path());
  node.thread().Start();
  node.thread().Stop();
  CHECK_FALSE(node.thread().PostAndWait([](Topology*, Millis) { FAIL("it ran"); }));
}

}  // namespace
}  // namespace trifecta::daemon
