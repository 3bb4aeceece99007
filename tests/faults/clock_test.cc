// One node's clock is wrong. Only its calendar: the monotonic clock is the machine's.
#include <unistd.h>

#include <iostream>

#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

using namespace std::chrono_literals;

constexpr const char* kLibraries[] = {
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
};

std::string Library() {
  for (const char* path : kLibraries) {
    if (access(path, R_OK) == 0) return path;
  }
  std::cout << "skipped: there is no libfaketime (package faketime)\n";
  return "";
}

// Another node shows about that offset of the node's clock: it is wrong indeed, and people can see
// it.
bool SeesOffset(Scene* scene, size_t node, int64_t milliseconds) {
  const net::JsonValue status = scene->cluster().Status(node == 2 ? 0 : 2);
  for (const net::JsonValue& one : status["nodes"].array()) {
    if (one["address"].string() != scene->cluster().address(node)) continue;
    const double off = one["clock_offset_ms"].real() - static_cast<double>(milliseconds);
    return off > -2'000 && off < 2'000;
  }
  return false;
}

// The node is started again with a clock that is off by so much, serves for a while, and is put
// right by another start.
void RunWithClock(const std::string& offset, int64_t milliseconds) {
  const std::string library = Library();
  if (library.empty()) return;
  Scene scene(3);
  for (const size_t node : {size_t{1}, size_t{0}}) {
    scene.cluster().Kill(node);
    scene.cluster().Start(node, {{"LD_PRELOAD", library},
                                 {"FAKETIME", offset},
                                 {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
                                 {"FAKETIME_DISABLE_SHM", "1"}});
    scene.AwaitReady(node);
    scene.ServesAt(scene.AllNodes());
    CHECK(Await([&] { return SeesOffset(&scene, node, milliseconds); }));
    scene.Hold(2s);
    scene.ServesAt(scene.AllNodes());
    scene.cluster().Kill(node);
    scene.cluster().Start(node, {});
    scene.AwaitReady(node);
    scene.ServesAt(scene.AllNodes());
  }
  scene.End();
}

TEST_CASE("a clock is 5 s ahead", "[clock]") { RunWithClock("+5s", 5'000); }
TEST_CASE("a clock is 5 s behind", "[clock]") { RunWithClock("-5s", -5'000); }
TEST_CASE("a clock is 10 minutes ahead", "[clock]") { RunWithClock("+10m", 600'000); }
TEST_CASE("a clock is 10 minutes behind", "[clock]") { RunWithClock("-10m", -600'000); }

}  // namespace
}  // namespace trifecta::faults
