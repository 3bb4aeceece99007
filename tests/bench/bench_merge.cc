// What merging costs: bytes written for random inserts, adds that wait during checkpoints, and a
// long mix of adds, deletes and searches that must not make files or memory grow.
#include <atomic>
#include <cstdio>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/bench/common/die.h"
#include "tests/bench/common/flags.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/random_words.h"
#include "tests/bench/common/store_writer.h"
#include "tests/bench/common/table.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/common/work_folder.h"

namespace trifecta::bench {
namespace {

constexpr char kUsage[] = R"(usage: bench_merge [FLAGS]

  --keys N         random inserts (10m)
  --memtable-mib N the memtable's bound, tablets smaller in proportion; what counts is how often they
                   go into the keys, so that an eighth shows what eight times the keys do: 12500000
                   keys with 16 are like 100 million (the store's own, 128)
  --seconds N      of single adds during checkpoints (20)
  --mix-seconds N  of adds, deletes and searches (600)
  --mix-keys N     words that they are about (1m)
  --dir DIR        a folder on the disk to measure (the cache folder of the data sets)
  --quick          200,000 inserts and a few seconds: shows that it works, not how fast

Words are random base62 of 11 characters, written in durable batches of 1,000. Write amplification
is what the store wrote (log, base files, manifests) by what it was given: the word and 8 bytes of
version. The second figure is what the kernel sent to the disk (/proc/self/io), blocks and all.
)";

constexpr size_t kBatchWords = 1000;
constexpr double kVersionBytes = 8;
constexpr double kWordBytes = 11;
constexpr int kRows = 10;
constexpr size_t kCompletions = 10;

// Words by their numbers; the views live until the next call.
class Batch {
 public:
  std::span<const std::string_view> Of(size_t count, const std::function<uint64_t()>& number) {
    words_.Clear();
    for (size_t i = 0; i < count; ++i) {
      RandomCode(number(), &word_);
      words_.Add(word_);
    }
    views_ = words_.Slice(0, count);
    return views_;
  }

 private:
  PackedWords words_;
  std::string word_;
  std::vector<std::string_view> views_;
};

double BytesSentToDisk() {
  std::ifstream io("/proc/self/io");
  for (std::string name; io >> name;) {
    double value = 0;
    io >> value;
    if (name == "write_bytes:") return value;
  }
  return 0;
}

std::string Mebibytes(double bytes) { return Figure(bytes / 0x1p20, 1); }

std::string Checked(double got, double wanted, int decimals) {
  return Figure(got, decimals) + (got < wanted ? "" : " NO");
}

void MeasureAmplification(const WorkFolder& folder, uint64_t keys, uint64_t memtable_bytes) {
  const std::string path = folder.Fresh("inserts");
  storage::StoreOptions options;
  if (memtable_bytes != 0) {
    options.tablet_bytes = options.tablet_bytes * memtable_bytes / options.memtable_bytes;
    options.memtable_bytes = memtable_bytes;
  }
  const auto store = OpenStore(path, options);
  StoreWriter writer(store.get(), 1);
  Batch batch;
  uint64_t number = 0;
  const double disk_before = BytesSentToDisk();
  Table table({"inserts", "inserts/s", "amplification (wanted < 10)", "on the disk", "checkpoints",
               "folder MiB"});
  const Timer timer;
  for (int row = 1; row <= kRows; ++row) {
    const uint64_t end = keys * static_cast<uint64_t>(row) / kRows;
    while (number < end) {
      writer.Add(batch.Of(std::min<uint64_t>(kBatchWords, end - number), [&] { return number++; }));
    }
    const double seconds = timer.Seconds();
    const double given = static_cast<double>(number) * (kWordBytes + kVersionBytes);
    const storage::StoreStats stats = store->Stats();
    table.Add({Figure(static_cast<double>(number)), Figure(static_cast<double>(number) / seconds),
               Checked(static_cast<double>(stats.written_bytes) / given, 10, 2),
               Figure((BytesSentToDisk() - disk_before) / given, 2),
               Figure(static_cast<double>(stats.checkpoints)),
               Mebibytes(static_cast<double>(SizeOfFolder(path).bytes))});
  }
  std::printf("\nrandom inserts\n");
  table.Print();
}

// Runs `work` on a thread of its own again and again until it is destroyed.
class Repeat {
 public:
  explicit Repeat(std::function<void()> work)
      : thread_([this, work = std::move(work)] {
          while (!stop_) work();
        }) {}
  ~Repeat() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

void MeasureAddsDuringCheckpoints(const WorkFolder& folder, double seconds) {
  const auto store = OpenStore(folder.Fresh("adds"));
  uint64_t number = 0, single = 1ull << 40;
  Batch bulk_batch, batch;
  StoreWriter bulk(store.get(), 1), writer(store.get(), 2);
  Latencies latencies;
  {
    // The bulk writer gives every checkpoint something to merge.
    const Repeat writes([&] { bulk.Add(bulk_batch.Of(kBatchWords, [&] { return number++; })); });
    const Repeat checkpoints([&] { Must(store->Checkpoint()); });
    for (const Timer timer; timer.Seconds() < seconds;) {
      const auto word = batch.Of(1, [&] { return single++; });
      const auto begin = std::chrono::steady_clock::now();
      writer.Add(word);
      latencies.Add(std::chrono::steady_clock::now() - begin);
    }
  }
  std::printf("\nsingle durable adds beside batches of %zu, one checkpoint after the other\n",
              kBatchWords);
  Table table({"adds", "checkpoints", "p50 ms", "p99 ms", "p99.9 ms (wanted < 20)", "max ms"});
  table.Add({Figure(static_cast<double>(latencies.size())),
             Figure(static_cast<double>(store->Stats().checkpoints)),
             Figure(latencies.Percentile(0.5) / 1e6, 3),
             Figure(latencies.Percentile(0.99) / 1e6, 3),
             Checked(latencies.Percentile(0.999) / 1e6, 20, 3),
             Figure(latencies.Percentile(1) / 1e6, 3)});
  table.Print();
}

// Searches for the words with the first characters of random ones until the time is over; how many.
uint64_t SearchFor(const storage::Store& store, double seconds, uint64_t* number) {
  storage::Page page;
  storage::SearchOptions options;
  options.limit = kCompletions;
  std::string word;
  uint64_t searches = 0;
  for (const Timer timer; timer.Seconds() < seconds; ++searches) {
    RandomCode(Scatter(++*number), &word);
    options.prefix = std::string_view(word).substr(0, 2);
    Must(store.Search(options, &page));
  }
  return searches;
}

void MeasureMix(const WorkFolder& folder, double seconds, uint64_t keys) {
  const std::string path = folder.Fresh("mix");
  const auto store = OpenStore(path);
  StoreWriter writer(store.get(), 1);
  Batch batch;
  uint64_t draws = 0, searched = 0;
  std::atomic<uint64_t> written = 0;
  const auto any = [&] { return Scatter(++draws) % keys; };
  // As many adds as deletes: half of the words are there once it has settled.
  const Repeat writes([&] {
    writer.Add(batch.Of(kBatchWords / 10, any));
    writer.Delete(batch.Of(kBatchWords / 10, any));
    written += 2 * (kBatchWords / 10);
  });
  std::printf("\nadds, deletes and searches about %s words\n",
              Figure(static_cast<double>(keys)).c_str());
  Table table(
      {"second", "words", "writes/s", "searches/s", "files", "folder MiB", "anonymous MiB"});
  uint64_t before = 0;
  for (int row = 1; row <= kRows; ++row) {
    const uint64_t searches = SearchFor(*store, seconds / kRows, &searched);
    const uint64_t now = written;
    const FolderSize size = SizeOfFolder(path);
    table.Add({Figure(seconds * row / kRows, 1), Figure(static_cast<double>(store->Stats().words)),
               Figure(static_cast<double>(now - before) * kRows / seconds),
               Figure(static_cast<double>(searches) * kRows / seconds),
               Figure(static_cast<double>(size.files)), Mebibytes(static_cast<double>(size.bytes)),
               Mebibytes(static_cast<double>(AnonymousBytes()))});
    before = now;
  }
  table.Print();
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv, kUsage);
  const bool quick = flags.Has("quick");
  const WorkFolder folder(flags.Text("dir", ""), "run-merge");
  MeasureAmplification(folder, flags.Number("keys", quick ? 200'000 : 10'000'000),
                       flags.Number("memtable-mib", 0) << 20);
  MeasureAddsDuringCheckpoints(folder,
                               static_cast<double>(flags.Number("seconds", quick ? 2 : 20)));
  MeasureMix(folder, static_cast<double>(flags.Number("mix-seconds", quick ? 5 : 600)),
             flags.Number("mix-keys", quick ? 20'000 : 1'000'000));
  return 0;
}

}  // namespace
}  // namespace trifecta::bench

int main(int argc, char** argv) { return trifecta::bench::Main(argc, argv); }
