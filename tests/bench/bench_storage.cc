// Our store beside the stores that Debian packages: the same words, one run, one table a data set.
#include <cstdio>
#include <map>
#include <thread>

#include "tests/bench/common/die.h"
#include "tests/bench/common/flags.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/table.h"
#include "tests/bench/engine_run.h"

namespace trifecta::bench {
namespace {

constexpr char kUsage[] = R"(usage: bench_storage [FLAGS]

  --set NAMES      words, paths, urls, codes or files of sorted words (words,codes,paths,urls)
  --keys N         at most so many words of each set
  --engines NAMES  trifecta, lmdb, leveldb, rocksdb, sqlite, marisa, redis (all)
  --rounds N       runs of which the medians are shown; the order of engines rotates (3)
  --queries N      lookups and completions a run (1m)
  --dir DIR        a folder on the disk to measure (the cache folder of the data sets)
  --quick          one round, 20,000 words and queries: shows that it works, not how fast

In the table: bytes a key on disk, closed and compacted; a lookup of a word that is there and of one
that is not; the first 10 words that begin with half a word; keys a second added to an empty store in
durable batches of 10,000, in order and shuffled; added again, shuffled, to the full store, and
deleted from it, shuffled, which find the same words there; read in order; opening with files
cached; anonymous memory after the reads. Peers store no versions; those with a cache get 512 MiB.
redis-server: appendfsync=always, one round trip on a unix socket for each lookup.
)";

constexpr uint64_t kSeed = 1;
constexpr size_t kQuickWords = 20'000;

struct Column {
  const char* title;
  double EngineFigures::*value;
  double unit;
  int decimals;
};

constexpr Column kColumns[] = {
    {"bytes/key", &EngineFigures::bytes_per_key, 1, 2},
    {"hit ns", &EngineFigures::hit_ns, 1, 0},
    {"miss ns", &EngineFigures::miss_ns, 1, 0},
    {"prefix-10 us", &EngineFigures::prefix_us, 1, 2},
    {"load M/s", &EngineFigures::load_sorted, 1e6, 3},
    {"shuffled M/s", &EngineFigures::load_shuffled, 1e6, 3},
    {"again M/s", &EngineFigures::add_again, 1e6, 3},
    {"delete M/s", &EngineFigures::delete_shuffled, 1e6, 3},
    {"scan M/s", &EngineFigures::scan, 1e6, 1},
    {"open ms", &EngineFigures::open_ms, 1, 2},
    {"memory MiB", &EngineFigures::memory_mib, 1, 1},
};

using Rounds = std::map<std::string, std::vector<EngineFigures>>;

std::vector<NamedEngine> ChosenEngines(const Flags& flags) {
  std::vector<NamedEngine> chosen;
  if (!flags.Has("engines")) return Engines();
  for (const std::string& name : flags.List("engines", "")) {
    const size_t before = chosen.size();
    for (const NamedEngine& engine : Engines()) {
      if (engine.name == name) chosen.push_back(engine);
    }
    if (chosen.size() == before) Die("there is no engine '" + name + "'; see --help");
  }
  return chosen;
}

std::vector<std::string> Row(const std::string& name, const std::vector<EngineFigures>& rounds) {
  std::vector<std::string> row{name};
  for (const Column& column : kColumns) {
    std::vector<double> values;
    for (const EngineFigures& figures : rounds) values.push_back(figures.*column.value);
    row.push_back(rounds.empty() ? "failed"
                                 : Figure(Median(values) / column.unit, column.decimals));
  }
  return row;
}

void PrintTable(const std::vector<NamedEngine>& engines, const Rounds& rounds) {
  std::vector<std::string> header{"engine"};
  for (const Column& column : kColumns) header.push_back(column.title);
  Table table(header);
  for (const NamedEngine& engine : engines) {
    const auto found = rounds.find(engine.name);
    table.Add(
        Row(engine.name, found == rounds.end() ? std::vector<EngineFigures>() : found->second));
  }
  table.Print();
}

Workload MakeWorkload(const WordList& list, size_t queries) {
  Workload work{&list, {}, Shuffled(list, kSeed), DrawQueries(list, queries, kSeed)};
  for (const std::string_view word : list.words()) work.sorted.Add(word);
  return work;
}

bool RunSet(const std::string& set, const Flags& flags) {
  const bool quick = flags.Has("quick");
  const WordList list(DataSetFile(set), flags.Number("keys", quick ? kQuickWords : 0));
  const size_t count = flags.Number("rounds", quick ? 1 : 3);
  const Workload work =
      MakeWorkload(list, flags.Number("queries", quick ? kQuickWords : 1'000'000));
  const std::vector<NamedEngine> engines = ChosenEngines(flags);
  const WorkFolder folder(flags.Text("dir", ""), "run-storage");
  std::printf(
      "\n%s: %s words of %s bytes on average; medians of %zu; %u cores\n", set.c_str(),
      Figure(static_cast<double>(list.size())).c_str(),
      Figure(static_cast<double>(list.bytes()) / static_cast<double>(list.size()), 1).c_str(),
      count, std::thread::hardware_concurrency());
  Rounds rounds;
  bool ok = true;
  for (size_t round = 0; round < count; ++round) {
    for (size_t i = 0; i < engines.size(); ++i) {
      const NamedEngine& engine = engines[(i + round) % engines.size()];
      EngineFigures figures;
      if (MeasureEngine(engine, work, folder, &figures)) {
        rounds[engine.name].push_back(figures);
      } else {
        ok = false;
      }
    }
  }
  PrintTable(engines, rounds);
  return ok;
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv, kUsage);
  bool ok = true;
  for (const std::string& set : flags.List("set", "words,codes,paths,urls")) {
    ok = RunSet(set, flags) && ok;
  }
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace trifecta::bench

int main(int argc, char** argv) { return trifecta::bench::Main(argc, argv); }
