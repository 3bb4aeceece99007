// One node's disk is full.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "storage/base/text.h"
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

using namespace std::chrono_literals;

constexpr size_t kFullNode = 1;

// A disk of 64 MB for the node that is to run out of room; its data folder is a link to it.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& data_folder) : path_(data_folder + "-disk") {
    mkdir(path_.c_str(), 0755);
    mounted_ = mount("trifecta-small", path_.c_str(), "tmpfs", 0, "size=64m") == 0;
    std::filesystem::create_directory(path_ + "/data");
    std::filesystem::create_directory_symlink(path_ + "/data", data_folder);
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }

  bool mounted() const { return mounted_; }

  void Fill() {
    const std::vector<char> block(4096);
    std::ofstream file(path_ + "/ballast", std::ios::binary);
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  bool MakeRoom() {
    return mount("trifecta-small", path_.c_str(), "tmpfs", MS_REMOUNT, "size=1g") == 0;
  }

 private:
  const std::string path_;
  bool mounted_;
};

// Writes words until the node has no room for them.
bool WriteUntilFull(Scene* scene) {
  FaultClient client(&scene->cluster(), &scene->recorder());
  for (int batch = 0; batch < 400; ++batch) {
    Question question;
    question.action = sim::Action::kAdd;
    for (int i = 0; i < 200; ++i) {
      question.words.push_back(StrCat("full/", batch, "/", i, "/", std::string(900, 'x')));
    }
    // By quorum, through a node that has room: it is acknowledged without the full one.
    const sim::Record answer = client.Ask(0, question);
    INFO(answer.reason);
    CHECK(answer.outcome == sim::Outcome::kOk);
    Question one;
    one.action = sim::Action::kAdd;
    one.words = {StrCat("at the full node/", batch)};
    client.Ask(kFullNode, one);
    if (scene->cluster().Log(kFullNode).find("is full: writes are refused") != std::string::npos)
      return true;
  }
  return false;
}

TEST_CASE("a node's disk is full: all is read, all is written by quorum, and it heals", "[disk]") {
  if (!CanCut()) return;
  FaultCluster* made = nullptr;
  std::unique_ptr<SmallDisk> disk;
  CrowdOptions clients;
  clients.every_consistency = false;  // not all replicas can write
  Scene scene(Scene::OptionsOf(3), clients, [&](FaultCluster* cluster) {
    made = cluster;
    disk = std::make_unique<SmallDisk>(cluster->data_folder(kFullNode));
  });
  REQUIRE(disk->mounted());
  disk->Fill();
  if (!WriteUntilFull(&scene)) FAIL("it does not say that it is full" << made->Logs());
  scene.Hold(3s);
  scene.ServesAt({0, 2});
  // Reads go on at the full node as well.
  FaultClient client(&scene.cluster(), &scene.recorder());
  for (const std::string& word : CrowdWords()) {
    Question question;
    question.words = {word};
    const sim::Record answer = client.Ask(kFullNode, question);
    INFO(answer.reason);
    CHECK(answer.outcome == sim::Outcome::kOk);
  }
  CHECK(disk->MakeRoom());
  scene.ServesAt(scene.AllNodes());
  scene.End();
}

}  // namespace
}  // namespace trifecta::faults
