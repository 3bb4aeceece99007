#include "daemon/metrics.h"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace trifecta::daemon {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

double Number(uint64_t value) { return static_cast<double>(value); }

// From a search that finds everything in memory to the longest an ordinary request may take, in
// seconds; streams go beyond.
const prometheus::Histogram::BucketBoundaries kDurationBuckets = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};

constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD",   "POST",
                                                      "PUT", "DELETE", "OPTIONS"};
constexpr std::array<std::string_view, 4> kWordResults = {"added", "existing", "deleted",
                                                          "missing"};

// Clients must not be able to make up labels.
std::string_view MethodLabel(std::string_view method) {
  const auto known = std::find(kMethods.begin(), kMethods.end(), method);
  return known == kMethods.end() ? "other" : *known;
}

// One series of the request histogram.
struct SeriesKey {
  std::string_view route, method;
  int code;
  bool operator==(const SeriesKey&) const = default;
};

struct SeriesHash {
  size_t operator()(const SeriesKey& key) const {
    const std::hash<std::string_view> hash;
    return hash(key.route) * 31 + hash(key.method) * 17 + static_cast<size_t>(key.code);
  }
};

// A family of one value that is read at this moment rather than kept.
void Append(std::vector<MetricFamily>* to, std::string name, std::string help, MetricType type,
            double value) {
  MetricFamily& family = to->emplace_back();
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  prometheus::ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

void AppendGauge(std::vector<MetricFamily>* to, std::string name, std::string help, double value) {
  Append(to, std::move(name), std::move(help), MetricType::Gauge, value);
}

void AppendCounter(std::vector<MetricFamily>* to, std::string name, std::string help,
                   double value) {
  Append(to, std::move(name), std::move(help), MetricType::Counter, value);
}

void AppendStore(const storage::StoreStats& stats, std::vector<MetricFamily>* to) {
  AppendGauge(to, "trifecta_words", "Live words stored on this node.", Number(stats.words));
  AppendGauge(to, "trifecta_memtable_entries", "Entries newer than the base files.",
              Number(stats.memtable_entries));
  AppendGauge(to, "trifecta_memtable_bytes", "Memory of the entries newer than the base files.",
              Number(stats.memtable_bytes));
  AppendGauge(to, "trifecta_tablets", "Base files in use.", Number(stats.tablets));
  AppendGauge(to, "trifecta_base_bytes", "Bytes of the base files in use.",
              Number(stats.base_bytes));
  AppendGauge(to, "trifecta_base_entries", "Entries in the base files, tombstones included.",
              Number(stats.base_entries));
  AppendGauge(to, "trifecta_wal_bytes", "Bytes of the write-ahead log.", Number(stats.log_bytes));
  AppendGauge(to, "trifecta_wal_segments", "Segments of the write-ahead log.",
              Number(stats.log_segments));
  AppendCounter(to, "trifecta_wal_syncs_total", "Syncs of the write-ahead log.",
                Number(stats.syncs));
  AppendCounter(to, "trifecta_wal_sync_seconds_total", "Time spent in syncs of the log.",
                Number(stats.sync_seconds_e6) / 1e6);
  AppendCounter(to, "trifecta_written_bytes_total",
                "Bytes written to log, base files and manifests.", Number(stats.written_bytes));
  AppendCounter(to, "trifecta_checkpoints_total", "Checkpoints done.", Number(stats.checkpoints));
  AppendCounter(to, "trifecta_checkpoint_failures_total", "Checkpoints that failed.",
                Number(stats.checkpoint_failures));
  AppendGauge(to, "trifecta_storage_damaged", "1 when damage was met in the data folder.",
              stats.damaged ? 1 : 0);
  AppendGauge(to, "trifecta_storage_disk_full", "1 when there was no room for the last write.",
              stats.disk_full ? 1 : 0);
}

// A counter of each peer; one that nothing was sent to for long is not there any more.
void AppendPeers(const std::vector<net::PeerStats>& peers, std::string name, std::string help,
                 uint64_t net::PeerStats::*counter, std::vector<MetricFamily>* to) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = MetricType::Counter;
  // A peer may be known by its address first, and by its id later: one series of both.
  std::map<std::string, uint64_t> by_address;
  for (const net::PeerStats& peer : peers) by_address[peer.peer.address] += peer.*counter;
  for (const auto& [address, value] : by_address) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.label.push_back({"peer", address});
    metric.counter.value = Number(value);
  }
  to->push_back(std::move(family));
}

void AppendCluster(const ClusterStats& stats, std::vector<MetricFamily>* to) {
  AppendGauge(to, "trifecta_cluster_members", "Members of the cluster that have not left.",
              Number(stats.members));
  AppendGauge(to, "trifecta_cluster_members_live", "Members that this node believes to be alive.",
              Number(stats.members_live));
  AppendGauge(to, "trifecta_ring_epoch", "Epoch of the ring document in force.",
              Number(stats.ring_epoch));
  AppendGauge(to, "trifecta_operations", "Operations on the cluster under way on this node.",
              Number(stats.operations));
  AppendGauge(to, "trifecta_hints", "Writes kept for nodes that are away.", Number(stats.hints));
  AppendGauge(to, "trifecta_streams_left", "Partitions that this node has still to fetch.",
              Number(stats.streams_left));
  AppendGauge(to, "trifecta_lost_ranges",
              "Ranges of words lost with damaged files, being fetched from other nodes.",
              Number(stats.lost_ranges));
  AppendCounter(to, "trifecta_anti_entropy_exchanges_total", "Comparisons with a peer.",
                Number(stats.exchanges));
  AppendCounter(to, "trifecta_anti_entropy_failures_total", "Comparisons that ended early.",
                Number(stats.exchange_failures));
  AppendCounter(to, "trifecta_anti_entropy_pulled_total",
                "Entries that this node lacked and has taken from a peer.", Number(stats.pulled));
  AppendCounter(to, "trifecta_anti_entropy_pushed_total",
                "Entries that a peer lacked and has taken from this node.", Number(stats.pushed));
  AppendPeers(stats.peers, "trifecta_peer_requests_total", "Requests sent to a peer.",
              &net::PeerStats::requests, to);
  AppendPeers(stats.peers, "trifecta_peer_items_total", "Items sent in them.",
              &net::PeerStats::items, to);
  AppendPeers(stats.peers, "trifecta_peer_failures_total",
              "Items that got no answer, were refused or dropped.", &net::PeerStats::failures, to);
  AppendPeers(stats.peers, "trifecta_peer_sent_bytes_total", "Bytes sent to a peer.",
              &net::PeerStats::bytes_sent, to);
  AppendPeers(stats.peers, "trifecta_peer_received_bytes_total", "Bytes received from a peer.",
              &net::PeerStats::bytes_received, to);
}

double ResidentBytes() {
  double pages = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%*s %lf", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double OpenDescriptors() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = -3;  // ".", ".." and the folder itself
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// The names that every Prometheus client library uses.
void AppendProcess(double started, std::vector<MetricFamily>* to) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  AppendCounter(to, "process_cpu_seconds_total", "CPU time, user and system.",
                seconds(usage.ru_utime) + seconds(usage.ru_stime));
  AppendGauge(to, "process_resident_memory_bytes", "Resident memory, mapped files included.",
              ResidentBytes());
  AppendGauge(to, "process_open_fds", "Open file descriptors.", OpenDescriptors());
  AppendGauge(to, "process_max_fds", "File descriptors that may be open.",
              static_cast<double>(descriptors.rlim_cur));
  AppendGauge(to, "process_start_time_seconds", "When the process started, since 1970.", started);
}

double SecondsSince1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace

class Metrics::Impl {
 public:
  explicit Impl(std::string_view version)
      : version_(version),
        requests_(prometheus::BuildHistogram()
                      .Name("trifecta_http_request_duration_seconds")
                      .Help("Requests by route, method and status, from first byte to last.")
                      .Register(registry_)),
        words_(prometheus::BuildCounter()
                   .Name("trifecta_words_written_total")
                   .Help("Words written by clients, by what was found in their place.")
                   .Register(registry_)) {
    for (size_t i = 0; i < kWordResults.size(); ++i) {
      word_results_[i] = &words_.Add({{"result", std::string(kWordResults[i])}});
    }
  }

  // `key.method` is one of the labels above.
  prometheus::Histogram& Series(SeriesKey key) {
    {
      std::shared_lock lock(mutex_);
      const auto found = series_.find(key);
      if (found != series_.end()) return *found->second;
    }
    std::unique_lock lock(mutex_);
    if (const auto found = series_.find(key); found != series_.end()) return *found->second;
    key.route = *routes_.emplace(key.route).first;
    prometheus::Histogram& histogram = requests_.Add({{"route", std::string(key.route)},
                                                      {"method", std::string(key.method)},
                                                      {"code", std::to_string(key.code)}},
                                                     kDurationBuckets);
    series_.emplace(key, &histogram);
    return histogram;
  }

  void CountWords(WordResult result, uint64_t words) {
    word_results_[static_cast<size_t>(result)]->Increment(static_cast<double>(words));
  }

  std::string Text(bool ready, const storage::StoreStats* store,
                   const ClusterStats* cluster) const {
    std::vector<MetricFamily> families = registry_.Collect();
    AppendGauge(&families, "trifecta_build_info", "1, with the version as a label.", 1);
    families.back().metric[0].label.push_back({"version", version_});
    AppendGauge(&families, "trifecta_ready", "1 when the node takes requests.", ready ? 1 : 0);
    if (store != nullptr) AppendStore(*store, &families);
    if (cluster != nullptr) AppendCluster(*cluster, &families);
    AppendProcess(started_, &families);
    return prometheus::TextSerializer().Serialize(families);
  }

 private:
  const std::string version_;
  const double started_ = SecondsSince1970();
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Histogram>& requests_;
  prometheus::Family<prometheus::Counter>& words_;
  std::array<prometheus::Counter*, kWordResults.size()> word_results_;

  std::shared_mutex mutex_;  // guards what follows
  std::unordered_map<SeriesKey, prometheus::Histogram*, SeriesHash> series_;
  std::set<std::string> routes_;  // what the keys look at
};

Metrics::Metrics(std::string_view version) : impl_(std::make_unique<Impl>(version)) {}

Metrics::~Metrics() = default;

void Metrics::Observe(const net::AccessRecord& record) {
  const std::string_view route = record.pattern.empty() ? "none" : record.pattern;
  impl_->Series({route, MethodLabel(record.method), record.status})
      .Observe(std::chrono::duration<double>(record.duration).count());
}

void Metrics::CountWords(WordResult result, uint64_t words) { impl_->CountWords(result, words); }

std::string Metrics::Text(bool ready, const storage::StoreStats* store,
                          const ClusterStats* cluster) const {
  return impl_->Text(ready, store, cluster);
}

}  // namespace trifecta::daemon
