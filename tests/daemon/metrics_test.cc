#include "daemon/metrics.h"

#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace trifecta::test {
namespace {

using daemon::Metrics;
using daemon::WordResult;

bool Has(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

void Observe(Metrics* metrics, std::string_view pattern, std::string_view method, int status,
             std::chrono::microseconds duration) {
  metrics->Observe({method, pattern, net::Lane::kClient, status, duration});
}

}  // namespace

TEST_CASE("Requests are a histogram by route, method and code, in seconds") {
  Metrics metrics("1");
  const std::string route = "/search";  // goes before the text is made
  Observe(&metrics, route, "GET", 200, std::chrono::microseconds(200));
  Observe(&metrics, std::string("/search"), "GET", 200, std::chrono::milliseconds(20));
  Observe(&metrics, route, "GET", 503, std::chrono::seconds(20));
  const std::string text = metrics.Text(true, nullptr);
  const std::string name = "trifecta_http_request_duration_seconds";
  CHECK(Has(text, "# TYPE " + name + " histogram"));
  const auto series = [&](const std::string& suffix, const std::string& labels) {
    return name + suffix + "{code=\"200\",method=\"GET\",route=\"/search\"" + labels + "} ";
  };
  CHECK(Has(text, series("_count", "") + "2"));
  CHECK(Has(text, series("_bucket", ",le=\"0.0001\"") + "0"));
  CHECK(Has(text, series("_bucket", ",le=\"0.00025\"") + "1"));
  CHECK(Has(text, series("_bucket", ",le=\"+Inf\"") + "2"));
  CHECK(text.find("code=\"503\"") != std::string::npos);
}

TEST_CASE("Clients cannot make up labels") {
  Metrics metrics("1");
  Observe(&metrics, "", "BREW", 404, std::chrono::microseconds(5));
  Observe(&metrics, "", "STEEP", 404, std::chrono::microseconds(5));
  CHECK(Has(metrics.Text(true, nullptr),
            "trifecta_http_request_duration_seconds_count{code=\"404\",method=\"other\","
            "route=\"none\"} 2"));
}

TEST_CASE("Words written are counted by what was found") {
  Metrics metrics("1");
  metrics.CountWords(WordResult::kAdded, 5);
  metrics.CountWords(WordResult::kAdded, 2);
  metrics.CountWords(WordResult::kMissing, 1);
  const std::string text = metrics.Text(true, nullptr);
  CHECK(Has(text, "trifecta_words_written_total{result=\"added\"} 7"));
  CHECK(Has(text, "trifecta_words_written_total{result=\"existing\"} 0"));
  CHECK(Has(text, "trifecta_words_written_total{result=\"missing\"} 1"));
}

TEST_CASE("Store and process are shown as they are at that moment") {
  Metrics metrics("7.8.9");
  storage::StoreStats stats;
  stats.words = 676'000;
  stats.syncs = 3;
  stats.sync_seconds_e6 = 1'500'000;
  const std::string text = metrics.Text(true, &stats);
  CHECK(Has(text, "trifecta_words 676000"));
  CHECK(Has(text, "trifecta_wal_syncs_total 3"));
  CHECK(Has(text, "trifecta_wal_sync_seconds_total 1.5"));
  CHECK(Has(text, "trifecta_build_info{version=\"7.8.9\"} 1"));
  CHECK(Has(text, "trifecta_ready 1"));
  for (const char* name :
       {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_open_fds ",
        "process_max_fds ", "process_start_time_seconds "}) {
    CHECK(text.find(std::string("\n") + name) != std::string::npos);
  }
  CHECK(metrics.Text(false, nullptr).find("\ntrifecta_words ") == std::string::npos);
}

TEST_CASE("The cluster is shown as this node sees it, and its traffic by peer") {
  Metrics metrics("1");
  daemon::ClusterStats stats;
  stats.members = 5;
  stats.members_live = 4;
  stats.ring_epoch = 17;
  stats.hints = 300;
  stats.pulled = 12;
  stats.peers.resize(3);
  for (net::PeerStats& peer : stats.peers) peer.items = 10;
  stats.peers[0].peer.address = stats.peers[1].peer.address = "10.0.0.2:8000";
  stats.peers[2].peer.address = "10.0.0.3:8000";
  stats.peers[2].failures = 2;
  const std::string text = metrics.Text(true, nullptr, &stats);
  CHECK(Has(text, "trifecta_cluster_members 5"));
  CHECK(Has(text, "trifecta_cluster_members_live 4"));
  CHECK(Has(text, "trifecta_ring_epoch 17"));
  CHECK(Has(text, "trifecta_hints 300"));
  CHECK(Has(text, "trifecta_anti_entropy_pulled_total 12"));
  CHECK(Has(text, "trifecta_peer_items_total{peer=\"10.0.0.2:8000\"} 20"));
  CHECK(Has(text, "trifecta_peer_failures_total{peer=\"10.0.0.3:8000\"} 2"));
  CHECK(metrics.Text(true, nullptr).find("trifecta_ring_epoch") == std::string::npos);
}

TEST_CASE("Threads count together without losing one") {
  Metrics metrics("1");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&metrics, t] {
      for (int i = 0; i < 1000; ++i) {
        Observe(&metrics, i % 2 == 0 ? "/a" : "/b", "GET", 200 + t, std::chrono::microseconds(1));
      }
      metrics.Text(true, nullptr);
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string text = metrics.Text(true, nullptr);
  for (const char* code : {"200", "201", "202", "203"}) {
    CHECK(Has(text, std::string("trifecta_http_request_duration_seconds_count{code=\"") + code +
                        "\",method=\"GET\",route=\"/a\"} 500"));
  }
}

}  // namespace trifecta::test
