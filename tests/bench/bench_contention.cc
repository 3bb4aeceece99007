// What lookups and completions cost while a writer and checkpoints run without pause, beside what
// they cost when nothing else happens.
#include <atomic>
#include <cstdio>
#include <thread>

#include "tests/bench/common/die.h"
#include "tests/bench/common/flags.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/store_writer.h"
#include "tests/bench/common/table.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/common/work_folder.h"

namespace trifecta::bench {
namespace {

constexpr char kUsage[] = R"(usage: bench_contention [FLAGS]

  --set NAME    words, paths, urls, codes or a file of sorted words (words)
  --keys N      at most so many words of it
  --batch N     words of one write (1000)
  --rounds N    quiet and busy turns of which the medians are shown (3)
  --seconds N   of each turn (5)
  --dir DIR     a folder on the disk to measure (the cache folder of the data sets)
  --quick       one round of a second on 20,000 words: shows that it works, not how fast

One thread reads, a lookup and the first 10 words of a prefix in turn, each timed by itself. Busy:
another adds and deletes new words, a tenth as many, in durable batches; a third calls for one checkpoint after the other.
)";

constexpr size_t kQuickWords = 20'000;
constexpr size_t kQueries = 200'000;
constexpr size_t kCompletions = 10;

struct ReadLatencies {
  Latencies lookups, completions;
};

ReadLatencies ReadFor(const storage::Store& store, const Queries& queries, double seconds) {
  using Clock = std::chrono::steady_clock;
  ReadLatencies latencies;
  storage::Page page;
  storage::SearchOptions options;
  options.limit = kCompletions;
  const Timer timer;
  for (size_t i = 0; timer.Seconds() < seconds; i = (i + 1) % queries.hits.size()) {
    options.prefix = queries.prefixes[i];
    const auto begin = Clock::now();
    if (!Must(store.Get(queries.hits[i])).live) Die("a word is missing");
    const auto between = Clock::now();
    Must(store.Search(options, &page));
    latencies.completions.Add(Clock::now() - between);
    latencies.lookups.Add(between - begin);
  }
  return latencies;
}

// Writes and checkpoints for as long as it lives.
class Busy {
 public:
  Busy(storage::Store* store, const WordList& list, size_t batch)
      : writer_([=, this, &list] { Write(store, list, batch); }),
        checkpoints_([=, this] { Checkpoint(store); }) {}
  ~Busy() {
    stop_ = true;
    writer_.join();
    ++writes_;
    writes_.notify_one();
    checkpoints_.join();
  }

  double writes() const { return static_cast<double>(writes_); }

 private:
  // Adds and deletes, over and over, one new word beside every tenth of the list.
  void Write(storage::Store* store, const WordList& list, size_t batch) {
    StoreWriter writer(store, 2);
    PackedWords words;
    const size_t places = list.size() / 10;
    for (size_t i = 0; !stop_;) {
      words.Clear();
      for (size_t k = 0; k < batch; ++k, i += 7919) {  // a prime: spread over the whole list
        words.Add(std::string(list.words()[i % places * 10]) + "~");
      }
      writer.Add(words.Slice(0, batch));
      writer.Delete(words.Slice(0, batch));
      writes_ += 2 * batch;
      writes_.notify_one();
    }
  }

  // Again as soon as something was written since: one with nothing to do would only burn a core.
  void Checkpoint(storage::Store* store) {
    for (uint64_t seen = 0; !stop_; seen = writes_) {
      writes_.wait(seen);
      Must(store->Checkpoint());
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> writes_ = 0;
  std::thread writer_, checkpoints_;
};

// Percentiles of each round, in nanoseconds.
struct Percentiles {
  std::vector<double> p50, p999;
  void Add(const Latencies& latencies) {
    p50.push_back(latencies.Percentile(0.5));
    p999.push_back(latencies.Percentile(0.999));
  }
};

std::vector<std::string> Row(const char* name, const Percentiles& quiet, const Percentiles& busy) {
  const double ratio = Median(busy.p50) / Median(quiet.p50);
  const double worst_ms = Median(busy.p999) / 1e6;
  return {name,
          Figure(Median(quiet.p50)),
          Figure(Median(busy.p50)),
          Figure(ratio, 2),
          ratio <= 1.3 ? "yes" : "NO",
          Figure(Median(quiet.p999) / 1e6, 3),
          Figure(worst_ms, 3),
          worst_ms < 5 ? "yes" : "NO"};
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv, kUsage);
  const bool quick = flags.Has("quick");
  const std::string set = flags.Text("set", "words");
  const WordList list(DataSetFile(set), flags.Number("keys", quick ? kQuickWords : 0));
  const auto seconds = static_cast<double>(flags.Number("seconds", quick ? 1 : 5));
  const Queries queries = DrawQueries(list, std::min(kQueries, 10 * list.size()), 1);
  const WorkFolder folder(flags.Text("dir", ""), "run-contention");
  const auto store = OpenStore(folder.path());
  LoadStore(store.get(), list.words());

  Percentiles quiet_lookups, quiet_completions, busy_lookups, busy_completions;
  std::vector<double> writes, checkpoints;
  ReadFor(*store, queries, seconds / 5);  // warms caches
  for (size_t round = 0; round < flags.Number("rounds", quick ? 1 : 3); ++round) {
    const ReadLatencies quiet = ReadFor(*store, queries, seconds);
    quiet_lookups.Add(quiet.lookups);
    quiet_completions.Add(quiet.completions);
    const uint64_t before = store->Stats().checkpoints;
    {
      const Busy busy(store.get(), list, flags.Number("batch", 1000));
      const ReadLatencies reads = ReadFor(*store, queries, seconds);
      busy_lookups.Add(reads.lookups);
      busy_completions.Add(reads.completions);
      writes.push_back(busy.writes() / seconds);
    }
    checkpoints.push_back(static_cast<double>(store->Stats().checkpoints - before) / seconds);
    Must(store->Checkpoint());
  }
  std::printf(
      "\nreads beside writes, %s: %s words; %u cores; busy: %s writes/s, %s checkpoints/s\n",
      set.c_str(), Figure(static_cast<double>(list.size())).c_str(),
      std::thread::hardware_concurrency(), Figure(Median(writes)).c_str(),
      Figure(Median(checkpoints), 1).c_str());
  Table table({"operation", "quiet p50 ns", "busy p50 ns", "ratio", "<= 1.3", "quiet p99.9 ms",
               "busy p99.9 ms", "< 5 ms"});
  table.Add(Row("lookup", quiet_lookups, busy_lookups));
  table.Add(Row("prefix-10", quiet_completions, busy_completions));
  table.Print();
  return 0;
}

}  // namespace
}  // namespace trifecta::bench

int main(int argc, char** argv) { return trifecta::bench::Main(argc, argv); }
