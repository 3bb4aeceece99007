// Disks are full: of one node, and of all.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "storage/base/text.h"
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

using namespace std::chrono_literals;

// A disk of 64 MB for a node that is to run out of room; its data folder is a link to it.
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

// The cluster's nodes and the small disks of some of them, full but for what is written ahead.
class FullDisks {
 public:
  explicit FullDisks(const std::vector<size_t>& nodes)
      : scene_(Nodes(), Clients(), [&](FaultCluster* cluster) {
          for (const size_t node : nodes) {
            disks_.push_back(std::make_unique<SmallDisk>(cluster->data_folder(node)));
            REQUIRE(disks_.back()->mounted());
          }
        }) {
    for (auto& disk : disks_) disk->Fill();
  }

  Scene& scene() { return scene_; }

  // Writes words through node 0 until this one says that it has no room; true when all of the
  // batches were acknowledged.
  bool WriteUntilFull(size_t node) {
    bool all = true;
    for (int batch = 0; !IsFull(node); ++batch) {
      if (batch == 1'000) FAIL("it does not say that it is full" << scene_.cluster().Logs());
      Question question;
      question.action = sim::Action::kAdd;
      for (int i = 0; i < 200; ++i) {
        question.words.push_back(StrCat("full/", batch, "/", i, "/", std::string(900, 'x')));
      }
      all = client_.Ask(0, question).outcome == sim::Outcome::kOk && all;
      // It notices when it writes itself.
      question.words = {StrCat("at the full node/", batch)};
      client_.Ask(node, question);
    }
    return all;
  }

  // Every word of the crowd can be looked up at the node.
  void ReadsGoOnAt(size_t node) {
    for (const std::string& word : CrowdWords()) {
      Question question;
      question.words = {word};
      const sim::Record answer = client_.Ask(node, question);
      INFO("node " << node << ": " << answer.reason);
      CHECK(answer.outcome == sim::Outcome::kOk);
    }
  }

  void MakeRoom() {
    for (auto& disk : disks_) CHECK(disk->MakeRoom());
  }

 private:
  static FaultClusterOptions Nodes() {
    FaultClusterOptions options = Scene::OptionsOf(3);
    options.gossip_interval = 1s;  // as it is by default
    return options;
  }

  static CrowdOptions Clients() {
    CrowdOptions clients;
    clients.every_consistency = false;  // not all replicas can write
    return clients;
  }

  bool IsFull(size_t node) {
    return scene_.cluster().Log(node).find("is full: writes are refused") != std::string::npos;
  }

  std::vector<std::unique_ptr<SmallDisk>> disks_;
  Scene scene_;
  FaultClient client_{&scene_.cluster(), &scene_.recorder()};
};

TEST_CASE("a node's disk is full: all is read, all is written by quorum, and it heals", "[disk]") {
  if (!CanCut()) return;
  FullDisks disks({1});
  CHECK(disks.WriteUntilFull(1));
  disks.scene().Hold(3s);
  disks.scene().ServesAt({0, 2});
  disks.ReadsGoOnAt(1);
  disks.MakeRoom();
  disks.scene().ServesAt(disks.scene().AllNodes());
  disks.scene().EndAnswered();
}

TEST_CASE("all disks are full: all is read, nobody is taken for dead, and writes come back",
          "[disk]") {
  if (!CanCut()) return;
  FullDisks disks({0, 1, 2});
  for (const size_t node : {0, 1, 2}) disks.WriteUntilFull(node);
  for (const size_t node : {0, 1, 2}) {
    disks.ReadsGoOnAt(node);
    FaultClient client(&disks.scene().cluster(), &disks.scene().recorder());
    Question question;
    question.action = sim::Action::kAdd;
    question.words = {std::string(900, 'y')};
    const sim::Record answer = client.Ask(node, question);
    INFO(answer.reason);
    CHECK(answer.outcome != sim::Outcome::kOk);
  }
  disks.scene().Hold(5s);
  CHECK_FALSE(disks.scene().cluster().AnyTakenForDead());
  disks.MakeRoom();
  disks.scene().EndAnswered();
}

}  // namespace
}  // namespace trifecta::faults
