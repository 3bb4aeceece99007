// A real node of a cluster whose disk has damaged a file: it goes on, gives the damage up, and is
// whole again.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/daemon_process.h"
#include "tests/support/process.h"
#include "tests/support/raw_client.h"

namespace trifecta::test {
namespace {

constexpr int kWords = 20'000;

std::unique_ptr<DaemonProcess> StartNode(const std::string& zone, const std::string& seeds = "") {
  DaemonProcessOptions options;
  options.flags = {"--zone", zone, "--gossip-interval", "100ms", "--partitions", "16"};
  if (!seeds.empty()) options.flags.insert(options.flags.end(), {"--seeds", seeds});
  return std::make_unique<DaemonProcess>(std::move(options));
}

std::string Get(DaemonProcess& node, const std::string& target) {
  return RawClient(node.port()).Get(target).body;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool GetUntil(DaemonProcess& node, const std::string& target, std::string_view part) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!Has(Get(node, target), part)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
  }
  return true;
}

void Load(DaemonProcess& node, const std::string& target = "/api/v1/bulk") {
  std::string words;
  for (int i = 0; i < kWords; ++i) words += StrCat("word", i * 7919 % kWords, "x", i, "\n");
  RawClient client(node.port());
  REQUIRE(
      client.Ask("POST", target, StrCat("Content-Length: ", words.size(), "\r\n"), words).status ==
      200);
}

// Of each base file, one byte in its middle.
int FlipBytes(const std::string& folder) {
  int flipped = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("base-")) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(entry.file_size() / 2);
    file.seekg(middle);
    const char byte = static_cast<char>(file.get());
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 0x10));
    ++flipped;
  }
  return flipped;
}

struct Nodes {
  std::unique_ptr<DaemonProcess> first, second, third;
};

Nodes LoadedCluster() {
  Nodes nodes;
  nodes.first = StartNode("a");
  REQUIRE(nodes.first->running());
  nodes.second = StartNode("b", nodes.first->address());
  REQUIRE(nodes.second->running());
  nodes.third = StartNode("c", StrCat(nodes.first->address(), ",", nodes.second->address()));
  REQUIRE(nodes.third->running());
  Load(*nodes.first);
  return nodes;
}

TEST_CASE("a node whose file is damaged is rebuilt from the others, while the cluster goes on") {
  auto [first, second, third] = LoadedCluster();
  const std::string count = StrCat("\"count\":", kWords, "}");
  CHECK(Has(Get(*third, "/api/v1/count?q=&consistency=all"), count));

  // A stop checkpoints, so that all is in the base files.
  REQUIRE(third->Stop().status == 0);
  SECTION("whose log has nothing more") {}
  SECTION("that was killed, so that it meets the damage in its log") {
    third->Start();
    REQUIRE(third->running());
    // The same words, deleted and added again.
    Load(*third, "/api/v1/bulk?op=delete&consistency=all");
    Load(*third, "/api/v1/bulk?consistency=all");
    third->Kill();
  }
  REQUIRE(FlipBytes(third->data_dir()) > 0);
  third->Start();
  REQUIRE(third->running());
  CHECK(Has(Get(*third, "/api/v1/count?q="), count));
  CHECK_FALSE(third->process().WaitForError("is here again").empty());
  CHECK(Has(Get(*third, "/metrics"), "\ntrifecta_storage_damaged 0\n"));
  CHECK(GetUntil(*third, "/api/v1/count?q=&consistency=all", count));
  CHECK(GetUntil(*first, "/api/v1/cluster", "\"health\":\"healthy\""));
  // It has all of its words, without the others.
  CHECK(Has(Get(*third, "/api/v1/count?q=&consistency=one"), count));

  REQUIRE(third->Stop().status == 0);
  ProcessOptions command;
  command.command = {TRIFECTA_BIN "/trifecta", "check", third->data_dir()};
  const ProcessResult check = Run(std::move(command));
  INFO(check.output << check.error);
  CHECK(check.status == 0);
}

TEST_CASE("a rebuild that lacks an owner waits for it, over a restart, and gives no wrong answer") {
  auto [first, second, third] = LoadedCluster();
  const std::string count = StrCat("\"count\":", kWords, "}");
  REQUIRE(third->Stop().status == 0);
  REQUIRE(FlipBytes(third->data_dir()) > 0);
  second->Kill();
  third->Start();
  REQUIRE(third->running());
  CHECK_FALSE(third->process().WaitForError("given up; ").empty());
  for (int i = 0; i < 2; ++i) {
    for (DaemonProcess* node : {first.get(), third.get()}) {
      const RawAnswer counted = RawClient(node->port()).Get("/api/v1/count?q=");
      CHECK((counted.status == 503 || Has(counted.body, count)));
      CHECK(Has(Get(*node, "/api/v1/count?q=&consistency=one"), count));
    }
    if (i == 1) break;
    third->Kill();
    third->Start();
    REQUIRE(third->running());
  }
  CHECK_FALSE(Has(Get(*third, "/metrics"), "\ntrifecta_lost_ranges 0\n"));
  second->Start();
  REQUIRE(second->running());
  CHECK_FALSE(third->process().WaitForError("is here again").empty());
  CHECK(GetUntil(*third, "/api/v1/count?q=&consistency=all", count));
  CHECK(Has(Get(*third, "/metrics"), "\ntrifecta_lost_ranges 0\n"));
}

}  // namespace
}  // namespace trifecta::test
