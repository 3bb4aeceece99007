// What a simulated machine is made of: disk, clock, and calls to other machines.
#include <memory>
#include <string>

#include "tests/sim/sim_calls.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_network.h"
#include "tests/support/catch.h"

namespace trifecta::sim {
namespace {

// Two nodes that answer each other with what they were asked, doubled.
struct Pair {
  SimNetwork network{1};
  SimCalls calls{&network, [this](NodeIndex, NodeIndex, std::string request, Millis,
                                  const SimCalls::Reply& reply) {
                   ++served;
                   reply(request + request);
                 }};
  int served = 0;
  int answers = 0;
  std::string answer;
  StatusCode code = StatusCode::kOk;

  Pair() {
    for (const char* name : {"a", "b"}) network.AddNode(name, [](const SimMessage&) {});
  }
  void Call(Millis patience) {
    calls.Call(0, 1, "x", network.now() + patience, [this](const Result<std::string>& reply) {
      ++answers;
      code = reply.status().code();
      if (reply.ok()) answer = *reply;
    });
  }
};

void Write(SimDisk* disk, const std::string& name, const std::string& bytes, bool sync) {
  auto file = disk->files()->Create(disk->folder() + "/" + name);
  REQUIRE(file.ok());
  REQUIRE((*file)->WriteAt(0, bytes).ok());
  if (!sync) return;
  REQUIRE((*file)->Sync().ok());
  REQUIRE(disk->files()->SyncFolder(disk->folder()).ok());
}

}  // namespace

TEST_CASE("a disk keeps what was synced, and of the rest sometimes a part") {
  Random random(1);
  int kept = 0, lost = 0;
  for (int i = 0; i < 20; ++i) {
    SimDisk disk;
    Write(&disk, "synced", "here", true);
    Write(&disk, "written", "perhaps", false);
    disk.LosePower(&random);
    CHECK(disk.Read("synced") == "here");
    const std::string left = disk.Read("written");
    kept += left == "perhaps";
    lost += left.empty();
  }
  CHECK(kept > 0);
  CHECK(lost > 0);
}

TEST_CASE("a disk without power fails every call until it is back") {
  Random random(1);
  SimDisk disk;
  REQUIRE(disk.Replace("file", "old").ok());
  disk.LosePowerAt(2);
  CHECK_FALSE(disk.Replace("file", "new").ok());
  CHECK(disk.power_lost());
  CHECK_FALSE(disk.Replace("file", "new").ok());
  disk.LosePower(&random);
  CHECK(disk.Read("file") == "old");
  CHECK(disk.Replace("file", "new").ok());
  CHECK(disk.Read("file") == "new");
}

TEST_CASE("a forgetful disk loses what it said to be synced in the log, and only there") {
  Random random(1);
  SimDisk disk(true);
  Write(&disk, "other", "kept", true);
  Write(&disk, "log-0000000000000001", "begin", true);
  auto log = disk.files()->OpenForWriting(disk.folder() + "/log-0000000000000001");
  REQUIRE((*log)->Sync().ok());
  REQUIRE((*log)->WriteAt(5, "more").ok());
  REQUIRE((*log)->Sync().ok());
  CHECK(disk.Read("log-0000000000000001") == "beginmore");
  disk.LosePower(&random);
  CHECK(disk.Read("log-0000000000000001") == "begin");
  CHECK(disk.Read("other") == "kept");
}

TEST_CASE("a wiped disk is empty") {
  Random random(1);
  SimDisk disk;
  Write(&disk, "file", "bytes", true);
  disk.Wipe();
  CHECK(disk.Read("file").empty());
  disk.LosePower(&random);
  CHECK(disk.Read("file").empty());
}

TEST_CASE("a clock jumps, drifts, and is set right again; the monotonic one does not care") {
  SimNetwork network(1);
  SimClock clock(&network);
  network.RunFor(1'000);
  CHECK(clock.WallMilliseconds() == SimClock::kEpochMillis + 1'000);
  clock.Jump(-5'000);
  CHECK(clock.ahead() == -5'000);
  clock.SetDrift(100'000);
  network.RunFor(10'000);
  CHECK(clock.ahead() == -4'000);
  clock.SetDrift(-100'000);
  network.RunFor(10'000);
  CHECK(clock.ahead() == -5'000);
  clock.SetRight();
  network.RunFor(10'000);
  CHECK(clock.ahead() == 0);
  CHECK(clock.Monotonic().time_since_epoch() == std::chrono::milliseconds(31'000));
}

TEST_CASE("a call is answered once") {
  Pair pair;
  LinkFaults faults;
  faults.twice_per_million = 1'000'000;
  pair.network.SetFaults(faults);
  pair.Call(1'000);
  pair.network.RunFor(2'000);
  CHECK(pair.served == 2);
  CHECK(pair.answers == 1);
  CHECK(pair.answer == "xx");
}

TEST_CASE("a call that gets no answer ends at its deadline, or when its connection is lost") {
  Pair pair;
  SECTION("answers are lost") {
    LinkFaults lost;
    lost.loss_per_million = 1'000'000;
    pair.network.SetFaults(1, 0, lost);
    pair.Call(1'000);
    pair.network.RunFor(1'000);
    CHECK(pair.served == 1);
    CHECK((pair.code == StatusCode::kTimeout || pair.code == StatusCode::kUnavailable));
  }
  SECTION("nobody is there") {
    pair.network.Crash(1);
    pair.Call(1'000);
    pair.network.RunFor(10);
    CHECK(pair.code == StatusCode::kUnavailable);
  }
  SECTION("a cut takes as long as connecting may") {
    pair.network.Cut(1, 0);
    pair.Call(5'000);
    pair.network.RunFor(900);
    CHECK(pair.answers == 0);
    pair.network.RunFor(200);
    CHECK(pair.code == StatusCode::kUnavailable);
  }
  SECTION("whoever answers is stopped") {
    pair.network.Pause(1);
    pair.Call(1'000);
    pair.network.RunFor(1'000);
    CHECK(pair.code == StatusCode::kTimeout);
  }
  CHECK(pair.answers == 1);
}

TEST_CASE("a node that crashes hears no more of its calls") {
  Pair pair;
  pair.Call(1'000);
  pair.network.Crash(0);
  pair.calls.Forget(0);
  pair.network.Restart(0);
  pair.network.RunFor(2'000);
  CHECK(pair.answers == 0);
}

}  // namespace trifecta::sim
