#include "tests/bench/cluster_round.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <vector>

#include "net/http_client.h"
#include "net/url.h"
#include "tests/bench/common/die.h"
#include "tests/bench/common/free_port.h"
#include "tests/bench/common/load_generator.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/searches.h"
#include "tests/support/daemon_process.h"
#include "tests/support/raw_client.h"

namespace trifecta::bench {
namespace {

constexpr size_t kManyClients = 64;
constexpr size_t kFewClients = 4;
constexpr std::chrono::seconds kLoadPatience{600};
constexpr double kWarmUp = 0.2;
constexpr size_t kCounts = 21;
// Searches that the node asked owns nothing of: enough for a measurement, few enough to ask for the
// owners of each.
constexpr size_t kForeignSearches = 2'000;

class Cluster {
 public:
  Cluster(const ClusterPlan& plan, size_t nodes) : plan_(plan) {
    for (size_t i = 0; i < nodes; ++i) {
      test::DaemonProcessOptions options;
      options.data_dir = plan.folder->Fresh("node" + std::to_string(i));
      options.flags = {"--zone", "z" + std::to_string(i)};
      if (i > 0) options.flags.insert(options.flags.end(), {"--seeds", nodes_[0]->address()});
      nodes_.push_back(std::make_unique<test::DaemonProcess>(options));
      if (!nodes_.back()->running()) Die("a node did not start: " + nodes_.back()->Wait().error);
    }
  }

  ClusterFigures Run() {
    Load();
    Count();
    Search();
    figures_.adds_64 = Measure(0, kManyClients, Adds()).rate();
    if (nodes_.size() > 2) AddWhileRepairing();
    return figures_;
  }

 private:
  LoadResult Measure(size_t node, size_t clients,
                     const std::function<void(std::string*)>& request) {
    LoadPlan load{nodes_[node]->port(), clients, plan_.seconds * kWarmUp, {}, request};
    GenerateLoad(load);
    load.seconds = plan_.seconds;
    LoadResult result = GenerateLoad(load);
    if (result.failures > 0) Die("an answer was not 2xx: " + result.first_failure);
    return result;
  }

  std::function<void(std::string*)> Adds() {
    return [this](std::string* text) {
      const std::string word = "added-" + std::to_string(++added_);
      AppendPost("/api/v1/words", R"({"word":")" + word + R"("})", text);
    };
  }

  void LoadFile(const std::string& file) {
    test::ProcessOptions options;
    options.command = {std::string(TRIFECTA_BIN) + "/trifecta",
                       "--config",
                       "/dev/null",
                       "--node",
                       nodes_[0]->address(),
                       "load",
                       "--progress",
                       "none",
                       file};
    const test::ProcessResult load = test::Run(options, kLoadPatience);
    if (load.status != 0) Die("trifecta load failed: " + load.error);
  }

  void Load() {
    const Timer timer;
    LoadFile(plan_.words_file);
    figures_.load_words_per_second = static_cast<double>(plan_.words->size()) / timer.Seconds();
  }

  void Count() {
    const std::string right = "\"count\":" + std::to_string(plan_.words->size()) + "}";
    test::RawClient client(nodes_.back()->port());
    std::vector<double> times;
    for (size_t i = 0; i < kCounts; ++i) {
      const Timer timer;
      const test::RawAnswer answer = client.Get("/api/v1/count?q=");
      times.push_back(timer.Milliseconds());
      if (!answer.body.ends_with(right)) Die("a count was wrong: " + answer.body);
    }
    figures_.count_ms = Median(times);
  }

  // Searches for shards that the last node has no copy of; any where it has all of them.
  std::vector<std::string> Targets() {
    std::vector<std::string> all = DrawSearches(*plan_.words);
    if (nodes_.size() <= 3) return all;
    std::vector<std::string> foreign;
    test::RawClient client(nodes_.back()->port());
    for (const std::string& target : all) {
      const std::string owners = client.Get("/search/nodes" + target.substr(7)).body;
      if (owners.find(nodes_.back()->address() + "\"") == std::string::npos) {
        foreign.push_back(target);
      }
      if (foreign.size() == kForeignSearches) break;
    }
    if (foreign.empty()) Die("the last node owns everything");
    return foreign;
  }

  void Search() {
    const std::vector<std::string> targets = Targets();
    const auto searches = [&targets, next = size_t{0}](std::string* text) mutable {
      AppendGet(targets[next++ % targets.size()], text);
    };
    const size_t node = nodes_.size() - 1;
    figures_.search_p50_ms = Measure(node, kFewClients, searches).latencies.Percentile(0.5) / 1e6;
    figures_.searches_64 = Measure(node, kManyClients, searches).rate();
  }

  // The last node is killed, misses a load of as many words again, and is back.
  void AddWhileRepairing() {
    test::DaemonProcess& last = *nodes_.back();
    last.Kill();
    const std::string path = plan_.folder->path() + "/missed.txt";
    std::ofstream file(path);
    for (const std::string_view word : plan_.words->words()) file << word << "-missed\n";
    if (!file.flush()) Die("cannot write " + path);
    LoadFile(path);
    last.Start();
    if (!last.running()) Die("a node did not start again");
    figures_.adds_64_repairing = Measure(0, kManyClients, Adds()).rate();
  }

  const ClusterPlan& plan_;
  std::vector<std::unique_ptr<test::DaemonProcess>> nodes_;
  ClusterFigures figures_;
  uint64_t added_ = 0;
};

// etcd ---------------------------------------------------------------------------------------

std::string Base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t j = 0; j < 3; ++j) {
      three = three << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) {
      text.push_back(i + j <= bytes.size() ? kDigits[three >> (18 - 6 * j) & 63] : '=');
    }
  }
  return text;
}

class Etcd {
 public:
  Etcd(const ClusterPlan& plan, size_t nodes) : plan_(plan) {
    std::vector<uint16_t> peers;
    for (size_t i = 0; i < nodes; ++i) {
      ports_.push_back(FreePort());
      peers.push_back(FreePort());
    }
    std::string members;
    for (size_t i = 0; i < nodes; ++i) {
      members += (i == 0 ? "e" : ",e") + std::to_string(i) +
                 "=http://127.0.0.1:" + std::to_string(peers[i]);
    }
    for (size_t i = 0; i < nodes; ++i) Start(i, peers[i], members);
    WaitUntilHealthy();
  }

  EtcdFigures Run() {
    EtcdFigures figures;
    const std::vector<std::string_view>& words = plan_.words->words();
    size_t next = 0;
    const auto put = [&](std::string* text) {
      const std::string word(words[next++ % words.size()]);
      AppendPost("/v3/kv/put", R"({"key":")" + Base64(word) + R"("})", text);
    };
    figures.adds_64 = Measure(put);
    const std::vector<std::string> prefixes = DrawPrefixes(*plan_.words);
    figures.reads_64 = Measure([&](std::string* text) {
      const std::string& prefix = prefixes[next++ % prefixes.size()];
      std::string end = prefix;
      if (!end.empty()) ++end.back();
      AppendPost(
          "/v3/kv/range",
          R"({"key":")" + Base64(prefix) + R"(","range_end":")" + Base64(end) + R"(","limit":10})",
          text);
    });
    return figures;
  }

 private:
  void Start(size_t i, uint16_t peer, const std::string& members) {
    const std::string client = "http://127.0.0.1:" + std::to_string(ports_[i]);
    const std::string own = "http://127.0.0.1:" + std::to_string(peer);
    test::ProcessOptions options;
    options.command = {"/usr/bin/etcd",
                       "--name=e" + std::to_string(i),
                       "--data-dir=" + plan_.folder->Fresh("etcd" + std::to_string(i)),
                       "--listen-client-urls=" + client,
                       "--advertise-client-urls=" + client,
                       "--listen-peer-urls=" + own,
                       "--initial-advertise-peer-urls=" + own,
                       "--initial-cluster=" + members,
                       "--log-level=error"};
    nodes_.push_back(std::make_unique<test::Process>(options));
  }

  void WaitUntilHealthy() {
    const auto end = std::chrono::steady_clock::now() + test::kPatience;
    net::HttpClient client({"127.0.0.1", ports_[0]}, {});
    net::HttpCall put;
    put.method = "POST";
    put.target = "/v3/kv/put";
    put.body = R"({"key":"YQ=="})";
    while (std::chrono::steady_clock::now() < end) {
      if (const auto reply = client.Send(put); reply.ok() && reply->status == 200) return;
    }
    Die("etcd did not become healthy");
  }

  double Measure(const std::function<void(std::string*)>& request) {
    LoadPlan load{ports_[0], kManyClients, plan_.seconds * kWarmUp, {}, request};
    GenerateLoad(load);
    load.seconds = plan_.seconds;
    const LoadResult result = GenerateLoad(load);
    if (result.failures > 0) Die("etcd: an answer was not 2xx: " + result.first_failure);
    return result.rate();
  }

  const ClusterPlan& plan_;
  std::vector<uint16_t> ports_;
  std::vector<std::unique_ptr<test::Process>> nodes_;
};

}  // namespace

ClusterFigures MeasureCluster(const ClusterPlan& plan, size_t nodes) {
  return Cluster(plan, nodes).Run();
}

EtcdFigures MeasureEtcd(const ClusterPlan& plan, size_t nodes) { return Etcd(plan, nodes).Run(); }

}  // namespace trifecta::bench
