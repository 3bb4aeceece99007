// The real daemon on one node beside what the disk and the HTTP layer can do at all, measured in
// the same run.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <thread>

#include "tests/bench/common/die.h"
#include "tests/bench/common/flags.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/table.h"
#include "tests/bench/daemon_round.h"
#include "tests/bench/fixed_server.h"

namespace trifecta::bench {
namespace {

constexpr char kUsage[] = R"(usage: bench_daemon [FLAGS]

  --set NAME   words, paths, urls, codes or a file of sorted words (words)
  --keys N     at most so many words of it
  --rounds N   runs of which the medians are shown (3)
  --seconds N  of each measurement over time (3)
  --dir DIR    a folder on the disk to measure (the cache folder of the data sets)
  --quick      one round, 20,000 words, one second each: shows that it works, not how fast

The disk's rate: writes of 4 KiB to a file written before, each with fdatasync. Fixed answers come
from a server on the daemon's HTTP layer whose one handler answers the same bytes each time.
)";

constexpr size_t kQuickWords = 20'000;

using Field = double DaemonFigures::*;

class Report {
 public:
  explicit Report(std::vector<DaemonFigures> rounds) : rounds_(std::move(rounds)) {}

  void Print() {
    const double syncs = Value(&DaemonFigures::syncs_per_second);
    const double posts = Value(&DaemonFigures::fixed_posts_64);
    const double gets = Value(&DaemonFigures::fixed_gets_64);
    Add("bulk load, words/s", &DaemonFigures::load_words_per_second, 0, 500'000, true);
    Add("adds/s, 1 client (0.6 of the disk's syncs)", &DaemonFigures::adds_1, 0, 0.6 * syncs, true);
    Add("adds/s, 64 clients (4 x syncs or 0.5 of fixed POSTs)", &DaemonFigures::adds_64, 0,
        std::min(4 * syncs, 0.5 * posts), true);
    Add("searches/s, 64 clients (0.6 of fixed GETs)", &DaemonFigures::searches_64, 0, 0.6 * gets,
        true);
    Add("anonymous memory, MiB", &DaemonFigures::memory_mib, 1, 150, false);
    Add("data folder, bytes/word", &DaemonFigures::bytes_per_word, 2, 8, false);
    Add("search p99 during a load, 4 clients, ms", &DaemonFigures::search_p99_ms, 3, 5, false);
    Add("restart after kill -9 in a load, ms", &DaemonFigures::restart_ms, 0, 2000, false);
    table_.Add({"beside them:"});
    Beside("disk, syncs/s", syncs, 0);
    Beside("fixed POST, 64 clients, /s", posts, 0);
    Beside("fixed GET, 64 clients, /s", gets, 0);
    Beside("search p99 without a load, 4 clients, ms", Value(&DaemonFigures::search_quiet_p99_ms),
           3);
    table_.Print();
  }

 private:
  double Value(Field field) const {
    std::vector<double> values;
    for (const DaemonFigures& figures : rounds_) values.push_back(figures.*field);
    return Median(values);
  }

  // `ratio`: of what was got to what was wanted.
  void Add(const std::string& name, Field field, int decimals, double wanted, bool at_least) {
    const double got = Value(field);
    const bool reached = at_least ? got >= wanted : got < wanted;
    table_.Add({name, (at_least ? ">= " : "< ") + Figure(wanted), Figure(got, decimals),
                Figure(got / wanted, 2), reached ? "yes" : "NO"});
  }

  void Beside(const std::string& name, double got, int decimals) {
    table_.Add({"  " + name, "", Figure(got, decimals)});
  }

  std::vector<DaemonFigures> rounds_;
  Table table_{{"figure", "wanted", "got", "ratio", "reached"}};
};

// The words as a file: thinned ones are written anew.
std::string WordsFile(const WordList& list, const WorkFolder& folder) {
  const std::string path = folder.path() + "/words.txt";
  std::ofstream file(path);
  for (const std::string_view word : list.words()) file << word << '\n';
  if (!file.flush()) Die("cannot write " + path);
  return path;
}

int Main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == kServeFixedFlag) return ServeFixed(std::stoul(argv[2]));
  const Flags flags(argc, argv, kUsage);
  const bool quick = flags.Has("quick");
  const std::string set = flags.Text("set", "words");
  const WordList list(DataSetFile(set), flags.Number("keys", quick ? kQuickWords : 0));
  const size_t count = flags.Number("rounds", quick ? 1 : 3);
  const WorkFolder folder(flags.Text("dir", ""), "run-daemon");
  DaemonPlan plan{WordsFile(list, folder), &list, &folder,
                  static_cast<double>(flags.Number("seconds", quick ? 1 : 3))};
  std::printf("\none node, %s: %s words; medians of %zu; %u cores, shared with the clients\n",
              set.c_str(), Figure(static_cast<double>(list.size())).c_str(), count,
              std::thread::hardware_concurrency());
  std::vector<DaemonFigures> rounds;
  for (size_t round = 0; round < count; ++round) rounds.push_back(MeasureDaemon(plan));
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
