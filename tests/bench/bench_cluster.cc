// A cluster of real daemons beside one node, and beside etcd, in the same run on the same cores.
#include <cstdio>
#include <exception>
#include <fstream>
#include <thread>

#include "tests/bench/cluster_round.h"
#include "tests/bench/common/die.h"
#include "tests/bench/common/flags.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/table.h"

namespace trifecta::bench {
namespace {

constexpr char kUsage[] = R"(usage: bench_cluster [FLAGS]

  --set NAME   words, paths, urls, codes or a file of sorted words (words)
  --keys N     at most so many words of it
  --rounds N   runs of which the medians are shown (3)
  --seconds N  of each measurement over time (3)
  --dir DIR    a folder on the disk to measure (the cache folder of the data sets)
  --quick      one round, 20,000 words, one second each: shows that it works, not how fast

1, 3 and 5 nodes, each in a zone of its own, with three copies of each word where there are three
nodes, reads and writes by quorum. All nodes and the clients share this machine. Searches have 10
results and go to a node that owns nothing of them where there are 5. etcd: 3 members, asked
through the JSON gateway of its HTTP port.
)";

constexpr size_t kQuickWords = 20'000;

struct Round {
  ClusterFigures one, three, five;
  EtcdFigures etcd;
};

class Report {
 public:
  explicit Report(std::vector<Round> rounds) : rounds_(std::move(rounds)) {}

  void Print() {
    Row("bulk load, words/s", &ClusterFigures::load_words_per_second, 0);
    Row("adds/s, 64 clients", &ClusterFigures::adds_64, 0);
    Row("the same while a node is repaired", &ClusterFigures::adds_64_repairing, 0);
    Row("searches/s, 64 clients", &ClusterFigures::searches_64, 0);
    Row("search p50, 4 clients, ms", &ClusterFigures::search_p50_ms, 3);
    Row("count of everything, ms", &ClusterFigures::count_ms, 2);
    table_.Print();
    std::printf("etcd, 3 members: %s adds/s, %s reads by prefix/s with 64 clients\n\n",
                Figure(Middle([](const Round& round) { return round.etcd.adds_64; }), 0).c_str(),
                Figure(Middle([](const Round& round) { return round.etcd.reads_64; }), 0).c_str());
    const double adds = Of(&Round::three, &ClusterFigures::adds_64);
    const double repairing = Of(&Round::three, &ClusterFigures::adds_64_repairing);
    Wanted("bulk load, 3 nodes", Of(&Round::three, &ClusterFigures::load_words_per_second), 150'000,
           true);
    Wanted("adds/s, 3 nodes", adds, 8'000, true);
    Wanted("adds/s, 3 nodes, above etcd's", adds,
           Middle([](const Round& round) { return round.etcd.adds_64; }), true);
    Wanted("adds/s while a node is repaired, of those without", repairing / adds, 0.8, true);
    Wanted("search p50, 5 nodes, ms", Of(&Round::five, &ClusterFigures::search_p50_ms), 1, false);
    Wanted("count, 3 nodes, ms", Of(&Round::three, &ClusterFigures::count_ms), 50, false);
    wanted_.Print();
  }

 private:
  template <typename Get>
  double Middle(const Get& get) const {
    std::vector<double> values;
    for (const Round& round : rounds_) values.push_back(get(round));
    return Median(values);
  }
  double Of(ClusterFigures Round::*nodes, double ClusterFigures::*figure) const {
    return Middle([&](const Round& round) { return round.*nodes.*figure; });
  }
  void Row(const std::string& name, double ClusterFigures::*figure, int decimals) {
    const auto shown = [&](ClusterFigures Round::*nodes) {
      const double value = Of(nodes, figure);
      return value == 0 ? std::string("-") : Figure(value, decimals);
    };
    table_.Add({name, shown(&Round::one), shown(&Round::three), shown(&Round::five)});
  }
  void Wanted(const std::string& name, double got, double wanted, bool at_least) {
    const bool reached = at_least ? got >= wanted : got < wanted;
    const int decimals = wanted < 10 ? 2 : 0;
    wanted_.Add({name, (at_least ? ">= " : "< ") + Figure(wanted, decimals), Figure(got, decimals),
                 reached ? "yes" : "NO"});
  }

  std::vector<Round> rounds_;
  Table table_{{"figure", "1 node", "3 nodes", "5 nodes"}};
  Table wanted_{{"figure", "wanted", "got", "reached"}};
};

std::string WordsFile(const WordList& list, const WorkFolder& folder) {
  const std::string path = folder.path() + "/words.txt";
  std::ofstream file(path);
  for (const std::string_view word : list.words()) file << word << '\n';
  if (!file.flush()) Die("cannot write " + path);
  return path;
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv, kUsage);
  const bool quick = flags.Has("quick");
  const std::string set = flags.Text("set", "words");
  const WordList list(DataSetFile(set), flags.Number("keys", quick ? kQuickWords : 0));
  const size_t count = flags.Number("rounds", quick ? 1 : 3);
  const WorkFolder folder(flags.Text("dir", ""), "run-cluster");
  const ClusterPlan plan{WordsFile(list, folder), &list, &folder,
                         static_cast<double>(flags.Number("seconds", quick ? 1 : 3))};
  std::printf("\nclusters, %s: %s words; medians of %zu; %u cores for all nodes and clients\n",
              set.c_str(), Figure(static_cast<double>(list.size())).c_str(), count,
              std::thread::hardware_concurrency());
  std::vector<Round> rounds;
  for (size_t round = 0; round < count; ++round) {
    rounds.push_back({MeasureCluster(plan, 1), MeasureCluster(plan, 3), MeasureCluster(plan, 5),
                      MeasureEtcd(plan, 3)});
  }
  Report(std::move(rounds)).Print();
  return 0;
}

}  // namespace
}  // namespace trifecta::bench

int main(int argc, char** argv) {
  try {
    return trifecta::bench::Main(argc, argv);
  } catch (const std::exception& fault) {  // of tests/support
    trifecta::bench::Die(fault.what());
  }
}
