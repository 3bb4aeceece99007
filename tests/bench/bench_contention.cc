// What lookups and completions cost while a writer and checkpoints run without pause, beside what
// they cost when nothing else happens.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <vector>

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
  --rounds N    turns of each row, of which the medians are shown (3)
  --seconds N   of each turn (3)
  --dir DIR     a folder on the disk to measure (the cache folder of the data sets)
  --quick       one round of half a second on 20,000 words: shows that it works, not how fast

One thread reads, a lookup and the first 10 words of a prefix in turn, each timed by itself; the
ratios are to the first row. Beside it:

  nothing             all words are in the base file
  entries in memory   a tenth as many new words are in the memtable, and nobody writes
  another store       as the last row, but in another store: what the machine itself takes
  writes of N words   one thread adds and deletes those new words in durable writes of N at a time;
                      a third calls for one checkpoint after the other
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

// New words, one beside every tenth of the list, in an order that is spread over all of it.
PackedWords NewWords(const WordList& list) {
  constexpr size_t kStride = 7919;  // a prime
  PackedWords words;
  const size_t places = std::max<size_t>(1, list.size() / 10);
  for (size_t i = 0; i < places; ++i) {
    words.Add(std::string(list.words()[i * kStride % places * 10]) + "~");
  }
  return words;
}

void ForBatches(const PackedWords& words, const auto& write) {
  constexpr size_t kBatch = 1000;
  for (size_t i = 0; i < words.size(); i += kBatch) {
    write(words.Slice(i, std::min(kBatch, words.size() - i)));
  }
}

// Writes and checkpoints for as long as it lives.
class Busy {
 public:
  Busy(storage::Store* store, const PackedWords* words, size_t batch)
      : writer_([=, this] { Write(store, *words, batch); }),
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
  void Write(storage::Store* store, const PackedWords& words, size_t batch) {
    StoreWriter writer(store, 2);
    for (size_t i = 0; !stop_; i = i + batch < words.size() ? i + batch : 0) {
      const auto slice = words.Slice(i, std::min(batch, words.size() - i));
      writer.Add(slice);
      writer.Delete(slice);
      writes_ += 2 * slice.size();
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

// What was measured beside one thing, a value a round.
struct Row {
  std::string beside;
  size_t batch = 0;    // 0: nobody writes
  bool other = false;  // the writes go to another store
  bool entries = false;
  std::vector<double> writes{}, checkpoints{};                           // a second
  std::vector<double> lookup{}, lookup_tail{}, prefix{}, prefix_tail{};  // ns: p50 and p99.9
};

// So that every row begins with the same entries in the base file, and none in memory.
void DeleteAll(storage::Store* store, const PackedWords& words) {
  StoreWriter writer(store, 2);
  ForBatches(words, [&](auto batch) { writer.Delete(batch); });
  Must(store->Checkpoint());
}

void Measure(storage::Store* store, storage::Store* other, const Queries& queries,
             const PackedWords& words, double seconds, Row* row) {
  storage::Store* const written = row->other ? other : store;
  if (row->entries) {
    StoreWriter writer(store, 2);
    ForBatches(words, [&](auto batch) { writer.Add(batch); });
  }
  const uint64_t before = written->Stats().checkpoints;
  std::optional<Busy> busy;
  if (row->batch > 0) busy.emplace(written, &words, row->batch);
  const ReadLatencies reads = ReadFor(*store, queries, seconds);
  row->writes.push_back(busy.has_value() ? busy->writes() / seconds : 0);
  busy.reset();
  row->checkpoints.push_back(static_cast<double>(written->Stats().checkpoints - before) / seconds);
  row->lookup.push_back(reads.lookups.Percentile(0.5));
  row->lookup_tail.push_back(reads.lookups.Percentile(0.999));
  row->prefix.push_back(reads.completions.Percentile(0.5));
  row->prefix_tail.push_back(reads.completions.Percentile(0.999));
  DeleteAll(store, words);
  DeleteAll(other, words);
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv, kUsage);
  const bool quick = flags.Has("quick");
  const std::string set = flags.Text("set", "words");
  const WordList list(DataSetFile(set), flags.Number("keys", quick ? kQuickWords : 0));
  const double seconds = quick ? 0.5 : static_cast<double>(flags.Number("seconds", 3));
  const Queries queries = DrawQueries(list, std::min(kQueries, 10 * list.size()), 1);
  const PackedWords words = NewWords(list);
  const WorkFolder folder(flags.Text("dir", ""), "run-contention");
  const WorkFolder other_folder(flags.Text("dir", ""), "run-contention-other");
  const auto store = OpenStore(folder.path()), other = OpenStore(other_folder.path());
  for (storage::Store* each : {store.get(), other.get()}) LoadStore(each, list.words());
  DeleteAll(store.get(), words);

  std::vector<Row> rows = {{.beside = "nothing"},
                           {.beside = "entries in memory", .entries = true},
                           {.beside = "another store", .batch = 1000, .other = true},
                           {.beside = "writes of 1 word", .batch = 1},
                           {.beside = "writes of 32 words", .batch = 32},
                           {.beside = "writes of 1,000 words", .batch = 1000}};
  ReadFor(*store, queries, seconds / 5);  // warms caches
  for (size_t round = 0; round < flags.Number("rounds", quick ? 1 : 3); ++round) {
    for (Row& row : rows) Measure(store.get(), other.get(), queries, words, seconds, &row);
  }
  std::printf("\nreads beside writes, %s: %s words; %u cores\n", set.c_str(),
              Figure(static_cast<double>(list.size())).c_str(),
              std::thread::hardware_concurrency());
  Table table({"beside", "writes/s", "checkpoints/s", "lookup ns", "ratio", "p99.9 us",
               "prefix-10 ns", "ratio", "p99.9 us"});
  for (const Row& row : rows) {
    const double lookup = Median(row.lookup), prefix = Median(row.prefix);
    table.Add({row.beside, Figure(Median(row.writes)), Figure(Median(row.checkpoints), 1),
               Figure(lookup), Figure(lookup / Median(rows[0].lookup), 2),
               Figure(Median(row.lookup_tail) / 1e3, 1), Figure(prefix),
               Figure(prefix / Median(rows[0].prefix), 2),
               Figure(Median(row.prefix_tail) / 1e3, 1)});
  }
  table.Print();
  return 0;
}

}  // namespace
}  // namespace trifecta::bench

int main(int argc, char** argv) { return trifecta::bench::Main(argc, argv); }
