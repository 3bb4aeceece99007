// Several real trifectad on this machine's loopback, which become one cluster.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/json.h"
#include "storage/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/daemon_process.h"
#include "tests/support/process.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {
namespace {

// A node that joins the cluster of `seeds`, which are addresses; empty: it founds one.
std::unique_ptr<DaemonProcess> StartNode(const std::string& zone, const std::string& seeds = "") {
  DaemonProcessOptions options;
  options.flags = {"--zone", zone, "--gossip-interval", "100ms", "--partitions", "16"};
  if (!seeds.empty()) options.flags.insert(options.flags.end(), {"--seeds", seeds});
  return std::make_unique<DaemonProcess>(std::move(options));
}

RawAnswer Post(DaemonProcess& node, const std::string& path, const std::string& body) {
  return RawClient(node.port())
      .Ask("POST", path, StrCat("Content-Length: ", body.size(), "\r\n"), body);
}

int Add(DaemonProcess& node, const std::string& word) {
  return Post(node, "/api/v1/words", StrCat("{\"word\":\"", word, "\"}")).status;
}

std::string Get(DaemonProcess& node, const std::string& target) {
  return RawClient(node.port()).Get(target).body;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Asks until the answer has `part` in it.
bool GetUntil(DaemonProcess& node, const std::string& target, std::string_view part) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!Has(Get(node, target), part)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
  }
  return true;
}

TEST_CASE("nodes become one cluster, and each answers for the whole of it") {
  const auto first = StartNode("a");
  REQUIRE(first->running());
  CHECK(Add(*first, "trial") == 200);
  const auto second = StartNode("b", first->address());
  REQUIRE(second->running());
  CHECK(Add(*second, "triathlon") == 200);
  const auto third = StartNode("c", StrCat(first->address(), ",", second->address()));
  REQUIRE(third->running());
  CHECK(Add(*third, "tribe") == 200);
  for (DaemonProcess* node : {first.get(), second.get(), third.get()}) {
    CHECK(Get(*node, "/search?q=tri") == R"({"results":["trial","triathlon","tribe"]})");
    CHECK(Get(*node, "/api/v1/count?q=tri") == R"({"prefix":"tri","count":3})");
    CHECK(Has(Get(*node, "/api/v1/cluster"), R"("copies":3)"));
  }
  // What was written to one node alone is on all of them now.
  CHECK(RawClient(third->port()).Get("/api/v1/words/trial?consistency=all").status == 200);

  SECTION("with one of them killed the others go on, and it is back when it is started again") {
    third->Kill();
    for (DaemonProcess* node : {first.get(), second.get()}) {
      CHECK(Add(*node, "trick") == 200);
      CHECK(Get(*node, "/search?q=tric") == R"({"results":["trick"]})");
    }
    // On another port: it tells the others.
    third->Start();
    REQUIRE(third->running());
    CHECK(Get(*third, "/search?q=tric") == R"({"results":["trick"]})");
    CHECK(GetUntil(*first, "/api/v1/cluster", third->address()));
  }
  SECTION("with two of them killed writes are refused at once, and none is acknowledged") {
    second->Kill();
    third->Kill();
    const RawAnswer refused = Post(*first, "/api/v1/words", R"({"word":"trick"})");
    CHECK(refused.status == 503);
    CHECK(Has(refused.body, R"("outcome":"unknown")"));
    CHECK(RawClient(first->port()).Get("/search?q=tri&consistency=one").status == 200);
  }
  SECTION("all of them stop cleanly and come back with everything") {
    for (DaemonProcess* node : {third.get(), first.get(), second.get()}) {
      CHECK(node->Stop().status == 0);
    }
    for (DaemonProcess* node : {second.get(), first.get()}) {
      node->Start();
      REQUIRE(node->running());
    }
  }
}

RawAnswer Ask(DaemonProcess& node, const std::string& what, DaemonProcess& of) {
  return Post(node, "/api/v1/cluster/" + what, StrCat("{\"node\":\"", of.address(), "\"}"));
}

// `node` ends by itself when it is started on its folder again, with 69, and says why.
void MustStayAway(DaemonProcess* node) {
  node->Start();
  const ProcessResult ended = node->Wait();
  CHECK(ended.status == 69);
  CHECK(Has(ended.error, "has left the cluster 'trifecta' for ever"));
  CHECK(Has(ended.error, "start it with an empty data folder"));
}

TEST_CASE("a node that is decommissioned hands over what it has and ends with 0, for ever") {
  const auto first = StartNode("a");
  const auto second = StartNode("b", first->address());
  const auto third = StartNode("c", first->address());
  REQUIRE(third->running());
  for (int i = 0; i < 50; ++i) CHECK(Add(*third, StrCat("word", i)) == 200);
  // Any node takes it, the one that goes too.
  CHECK(Ask(*third, "decommission", *third).status == 202);
  const ProcessResult ended = third->Wait();
  CHECK(ended.status == 0);
  CHECK(Has(ended.error, "decommissioned: this node has left the cluster 'trifecta'"));
  CHECK(Has(ended.error, "stopped: everything is checkpointed"));
  CHECK(GetUntil(*first, "/api/v1/cluster", R"("copies":2)"));
  CHECK(Get(*second, "/api/v1/count?q=word") == R"({"prefix":"word","count":50})");
  MustStayAway(third.get());

  CHECK(Ask(*first, "decommission", *second).status == 202);
  CHECK(second->Wait().status == 0);
  CHECK(Get(*first, "/api/v1/count?q=word") == R"({"prefix":"word","count":50})");
  CHECK(Add(*first, "alone") == 200);
  const RawAnswer last = Ask(*first, "decommission", *first);
  CHECK(last.status == 409);
  CHECK(Has(last.body, "is the last of the cluster"));
}

TEST_CASE("a node that is gone for good is removed, and stays away when it is back after all") {
  const auto first = StartNode("a");
  const auto second = StartNode("b", first->address());
  const auto third = StartNode("c", first->address());
  const auto fourth = StartNode("d", first->address());
  REQUIRE(fourth->running());
  for (int i = 0; i < 50; ++i) CHECK(Add(*fourth, StrCat("word", i)) == 200);
  CHECK(Ask(*first, "remove", *fourth).status == 409);
  fourth->Kill();
  REQUIRE(GetUntil(*first, "/api/v1/cluster", R"("state":"down")"));
  CHECK(Ask(*first, "decommission", *fourth).status == 409);
  CHECK(Ask(*first, "remove", *fourth).status == 202);
  CHECK(GetUntil(*first, "/api/v1/cluster", R"("operation":null)"));
  for (DaemonProcess* node : {first.get(), second.get(), third.get()}) {
    CHECK(GetUntil(*node, "/api/v1/cluster", R"("health":"healthy")"));
    CHECK(RawClient(node->port()).Get("/api/v1/count?q=word&consistency=all").body ==
          R"({"prefix":"word","count":50})");
  }
  MustStayAway(fourth.get());
}

TEST_CASE("a node that is drained takes no more requests, and stays until it is stopped") {
  const auto first = StartNode("a");
  const auto second = StartNode("b", first->address());
  const auto third = StartNode("c", first->address());
  REQUIRE(third->running());
  CHECK(Add(*third, "trial") == 200);
  CHECK(Ask(*first, "drain", *third).status == 202);
  REQUIRE(GetUntil(*third, "/ready", R"("drained":true)"));
  CHECK(Has(Get(*third, "/ready"), "draining: everything is checkpointed"));
  const RawAnswer refused = RawClient(third->port()).Get("/search?q=tri");
  CHECK(refused.status == 503);
  CHECK(refused.headers.contains("retry-after"));
  CHECK(Get(*third, "/live") == "\"OK\"");
  CHECK(Ask(*third, "drain", *third).status == 202);
  // The others know that it is away, and go on.
  REQUIRE(GetUntil(*first, "/api/v1/cluster", R"("state":"down")"));
  CHECK(Add(*second, "triathlon") == 200);
  CHECK(third->Stop().status == 0);
  third->Start();
  REQUIRE(third->running());
  CHECK(GetUntil(*third, "/search?q=tri", R"({"results":["trial","triathlon"]})"));
}

TEST_CASE("a repair compares a node with the other owners, and names those that are away") {
  const auto first = StartNode("a");
  const auto second = StartNode("b", first->address());
  const auto third = StartNode("c", first->address());
  REQUIRE(third->running());
  CHECK(Add(*first, "trial") == 200);
  REQUIRE(GetUntil(*first, "/api/v1/cluster", R"("operation":null)"));
  CHECK(Post(*first, "/api/v1/cluster/repair", R"({"prefix":"tri"})").status == 202);
  REQUIRE(GetUntil(*first, "/api/v1/cluster/repair", R"("running":false)"));
  CHECK(Has(Get(*first, "/api/v1/cluster/repair"), R"("peers_done":2)"));
  CHECK(Has(Get(*first, "/api/v1/cluster/repair"), R"("whole":true)"));
  third->Kill();
  CHECK(Post(*first, "/api/v1/cluster/repair", "{}").status == 202);
  REQUIRE(GetUntil(*first, "/api/v1/cluster/repair", R"("run":2,"running":false)"));
  const std::string ended = Get(*first, "/api/v1/cluster/repair");
  CHECK(Has(ended, R"("whole":false)"));
  CHECK(Has(ended, "node " + third->address()));
}

TEST_CASE("a node of another cluster's name ends with 69 and says why") {
  const auto first = StartNode("a");
  REQUIRE(first->running());
  DaemonProcessOptions options;
  options.flags = {"--cluster", "other", "--seeds", first->address()};
  DaemonProcess other(std::move(options));
  CHECK_FALSE(other.running());
  const ProcessResult ended = other.Wait();
  CHECK(ended.status == 69);
  CHECK(
      Has(ended.error, "is a node of the cluster 'trifecta', this node is configured for 'other'"));
}

TEST_CASE("a folder with words of its own does not join another cluster") {
  const auto first = StartNode("a");
  auto second = StartNode("b");
  REQUIRE(second->running());
  CHECK(Add(*second, "trial") == 200);
  CHECK(second->Stop().status == 0);
  const std::string ring = StrCat(second->data_dir(), "/ring");
  SECTION("it is a cluster of its own") {
    DaemonProcessOptions options;
    options.data_dir = second->data_dir();
    options.flags = {"--seeds", first->address()};
    DaemonProcess again(std::move(options));
    // Its ring says of which cluster it is; seeds only help to find the others.
    CHECK(again.running());
    CHECK(Get(again, "/search?q=tri") == R"({"results":["trial"]})");
  }
  SECTION("it is of a time before there were clusters") {
    REQUIRE(std::remove(ring.c_str()) == 0);
    DaemonProcessOptions options;
    options.data_dir = second->data_dir();
    options.flags = {"--seeds", first->address()};
    DaemonProcess again(std::move(options));
    CHECK_FALSE(again.running());
    const ProcessResult ended = again.Wait();
    CHECK(ended.status == 78);
    CHECK(Has(ended.error, "has words and cannot join another cluster"));
  }
  SECTION("it founds one where nothing else is asked") {
    REQUIRE(std::remove(ring.c_str()) == 0);
    second->Start();
    REQUIRE(second->running());
    CHECK(Get(*second, "/search?q=tri") == R"({"results":["trial"]})");
  }
}

TEST_CASE("a node that finds no seed is not ready, says for what it waits, and stops when asked") {
  ProcessOptions options;
  const TempDir folder;
  options.command = {DaemonProgram(), "--config",    "/dev/null",
                     "--data-dir",    folder.path(), "--listen",
                     "127.0.0.1:0",   "--seeds",     "no-such-host.invalid:8000"};
  Process node(std::move(options));
  CHECK(Has(node.WaitForError("waiting"), "no-such-host.invalid:8000"));
  node.Signal(SIGTERM);
  CHECK(node.Wait().status == 0);
}

}  // namespace
}  // namespace trifecta::test
