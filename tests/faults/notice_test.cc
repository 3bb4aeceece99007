// A check that cannot fail is no check: a cluster that has lost what it acknowledged is found out.
#include <filesystem>

#include "storage/base/text.h"
#include "tests/faults/verdict.h"
#include "tests/sim/checker.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

namespace fs = std::filesystem;

TEST_CASE("two disks that went back in time are noticed", "[quick][notice]") {
  FaultCluster cluster(FaultClusterOptions{});
  cluster.StartAll();
  Recorder recorder;
  for (const size_t node : {0, 1}) {
    CHECK(cluster.Stop(node) == 0);
    fs::copy(cluster.data_folder(node), cluster.data_folder(node) + "-old",
             fs::copy_options::recursive);
    cluster.Start(node);
    REQUIRE(cluster.AwaitReady(node));
    REQUIRE(cluster.AwaitWhole() == "");
  }
  Fill(&cluster, &recorder, 500);
  FaultClient client(&cluster, &recorder);
  Question lookup;
  lookup.words = {recorder.history().records().front().word};
  CHECK(client.Ask(0, lookup).found);
  CHECK(sim::CheckHistory(recorder.history()).empty());

  cluster.KillAll();
  for (const size_t node : {0, 1}) {
    fs::remove_all(cluster.data_folder(node));
    fs::rename(cluster.data_folder(node) + "-old", cluster.data_folder(node));
    cluster.Start(node);
  }
  for (const size_t node : {0, 1}) REQUIRE(cluster.AwaitReady(node));
  REQUIRE(Await([&] { return client.Ask(0, lookup).outcome == sim::Outcome::kOk; }));
  CHECK(sim::Has(sim::CheckHistory(recorder.history()), sim::Rule::kWordLost));
}

}  // namespace
}  // namespace trifecta::faults
